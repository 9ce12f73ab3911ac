//! `runs.db`: one file for the runs of all tenants. None of them is acknowledged state, so it is written
//! without waiting for the disk, and a file that cannot be read is thrown away.

use std::path::PathBuf;

use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Transaction, TransactionBehavior, named_params,
};

use super::pending::Batch;
use super::{MOST_NOTABLE, MOST_RUNS, Page, Place, Wanted};
use crate::error::Error;
use crate::storage;

/// A file of another layout is begun anew.
const VERSION: i32 = 1;

const SCHEMA: &str = "CREATE TABLE runs (
  tenant       TEXT NOT NULL,
  installation INTEGER NOT NULL,
  id           INTEGER NOT NULL,
  notable      INTEGER NOT NULL,
  record       TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX runs_in_order ON runs (tenant, installation, id, notable);";

const INSERT: &str = "INSERT OR REPLACE INTO runs (tenant, installation, id, notable, record)
  VALUES (:tenant, :installation, :id, :notable, :record)";

/// The oldest of the last runs, and the oldest of the notable ones before it.
const LAST: &str = "SELECT id FROM runs WHERE tenant = :tenant AND installation = :installation
  ORDER BY id DESC LIMIT 1 OFFSET :skip";
const LAST_NOTABLE: &str =
    "SELECT id FROM runs WHERE tenant = :tenant AND installation = :installation
  AND id < :before AND notable ORDER BY id DESC LIMIT 1 OFFSET :skip";
/// Ordinary runs before the last ones go, notable ones when there are too many of them.
const TRIM: &str = "DELETE FROM runs WHERE tenant = :tenant AND installation = :installation
  AND id < :before AND (NOT notable OR id < :notable_before)";

const PAGE: &str = "SELECT record FROM runs WHERE tenant = :tenant AND installation = :installation
  AND (notable OR NOT :only_notable) ORDER BY id DESC LIMIT :most OFFSET :skip";
const COUNT: &str =
    "SELECT count(*) FROM runs WHERE tenant = :tenant AND installation = :installation
  AND (notable OR NOT :only_notable)";
const FORGET: &str = "DELETE FROM runs WHERE tenant = :tenant AND installation = :installation";

pub struct RunsFile {
    path: PathBuf,
    open: Option<Connection>,
}

impl RunsFile {
    pub fn new(path: PathBuf) -> Self {
        Self { path, open: None }
    }

    /// All of it or nothing; each installation keeps what it may.
    pub fn write(&mut self, batch: &Batch) -> Result<(), Error> {
        self.with(|connection| {
            let transaction =
                Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            for (place, records) in batch.iter() {
                let mut insert = transaction.prepare_cached(INSERT)?;
                for record in records {
                    insert.execute(named_params! {
                        ":tenant": place.tenant, ":installation": place.installation, ":id": record.id,
                        ":notable": record.run.is_notable(), ":record": record.to_json().to_string(),
                    })?;
                }
                trim(&transaction, place)?;
            }
            transaction.commit()
        })
    }

    pub fn page(&mut self, place: &Place, wanted: Wanted) -> Result<Page, Error> {
        if self.open.is_none() && !self.path.exists() {
            return Ok(Page::default());
        }
        self.with(|connection| {
            let total = connection.prepare_cached(COUNT)?.query_row(
                named_params! {
                    ":tenant": place.tenant, ":installation": place.installation,
                    ":only_notable": wanted.only_notable,
                },
                |row| row.get::<_, i64>(0),
            )?;
            let items = connection
                .prepare_cached(PAGE)?
                .query_map(
                    named_params! {
                        ":tenant": place.tenant, ":installation": place.installation,
                        ":only_notable": wanted.only_notable,
                        ":most": number(wanted.most), ":skip": number(wanted.skip),
                    },
                    |row| row.get(0),
                )?
                .collect::<Result<_, _>>()?;
            Ok(Page {
                items,
                total: usize::try_from(total).unwrap_or(0),
            })
        })
    }

    pub fn forget(&mut self, place: &Place) -> Result<(), Error> {
        if self.open.is_none() && !self.path.exists() {
            return Ok(());
        }
        self.with(|connection| {
            connection.prepare_cached(FORGET)?.execute(
                named_params! { ":tenant": place.tenant, ":installation": place.installation },
            )?;
            Ok(())
        })
    }

    /// A damaged file is removed: the work fails, and the next begins with a new one.
    fn with<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let result = self.opened().and_then(work);
        if let Err(error) = &result
            && is_damage(error)
        {
            tracing::error!(%error, file = %self.path.display(), "the file of runs is damaged: it is begun anew, and earlier runs are gone");
            self.begin_anew();
        }
        result.map_err(Error::from)
    }

    fn opened(&mut self) -> rusqlite::Result<&Connection> {
        let connection = match self.open.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        Ok(self.open.insert(connection))
    }

    fn connect(&mut self) -> rusqlite::Result<Connection> {
        let connection = storage::open_evidence(&self.path)?;
        match version(&connection)? {
            VERSION => return Ok(connection),
            0 => {}
            other => {
                tracing::warn!(
                    version = other,
                    "the file of runs is of another version of Souk: it is begun anew"
                );
                drop(connection);
                self.begin_anew();
                return self.made(storage::open_evidence(&self.path)?);
            }
        }
        self.made(connection)
    }

    fn made(&self, connection: Connection) -> rusqlite::Result<Connection> {
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
        Ok(connection)
    }

    fn begin_anew(&mut self) {
        self.open = None;
        for ending in ["", "-wal", "-shm"] {
            let mut path = self.path.clone().into_os_string();
            path.push(ending);
            // What is not there need not be removed; what cannot be is met again by the next write.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn trim(transaction: &Transaction<'_>, place: &Place) -> rusqlite::Result<()> {
    let last = transaction
        .prepare_cached(LAST)?
        .query_row(
            named_params! {
                ":tenant": place.tenant, ":installation": place.installation,
                ":skip": number(MOST_RUNS - 1),
            },
            |row| row.get::<_, i64>(0),
        )
        .optional()?;
    let Some(last) = last else {
        return Ok(());
    };
    let last_notable = transaction
        .prepare_cached(LAST_NOTABLE)?
        .query_row(
            named_params! {
                ":tenant": place.tenant, ":installation": place.installation,
                ":before": last, ":skip": number(MOST_NOTABLE - 1),
            },
            |row| row.get::<_, i64>(0),
        )
        .optional()?;
    transaction.prepare_cached(TRIM)?.execute(named_params! {
        ":tenant": place.tenant, ":installation": place.installation,
        ":before": last, ":notable_before": last_notable.unwrap_or(i64::MIN),
    })?;
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn is_damage(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        // The last is what SQLite says of a table or column that is not there.
        Some(code) => matches!(
            code,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown
        ),
        // A number where a text should be: somebody else's file under our name.
        None => true,
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
