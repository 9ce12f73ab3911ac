//! The control database, `souk.db`: its pool, and the transactions on it.

use std::path::Path;
use std::time::Duration;

use parking_lot::Mutex;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::generations::Generation;
use super::schema::{self, Age, Kind, Stamp};
use super::settings;
use crate::error::{Error, Result};

const CONNECTIONS: u32 = 8;

pub struct Control {
    pool: r2d2::Pool<SqliteConnectionManager>,
    /// Only watches. SQLite's number of the data is one connection's view of all others' commits.
    watch: Mutex<Connection>,
    busy: Duration,
}

impl Control {
    /// Makes the file if there is none, and brings an older one up to date.
    pub fn open(path: &Path, busy: Duration) -> Result<Self> {
        prepare_file(path, busy)?;
        let manager = SqliteConnectionManager::file(path)
            .with_flags(settings::OPEN_EXISTING)
            .with_init(move |connection| {
                settings::harden(connection, busy)?;
                settings::make_durable(connection, "main")
            });
        let pool = r2d2::Pool::builder()
            .max_size(CONNECTIONS)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .max_lifetime(None)
            .idle_timeout(None)
            .connection_timeout(busy)
            .build(manager)
            .map_err(|error| Error::internal("cannot open the control database", error))?;
        let watch = settings::open_file(path, settings::OPEN_EXISTING, busy)?;
        Ok(Self {
            pool,
            watch: Mutex::new(watch),
            busy,
        })
    }

    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        work(&*self.connection()?)
    }

    /// Differs after any commit to the file, by whomever.
    pub fn generation(&self) -> Result<Generation> {
        let watch = self.watch.lock();
        let version = watch
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        Ok(Generation(version))
    }

    pub fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let connection = self.connection()?;
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    fn connection(&self) -> Result<r2d2::PooledConnection<SqliteConnectionManager>> {
        self.pool.get().map_err(|_| Error::Busy {
            message: "The control database is busy; try again".to_owned(),
            retry_after: self.busy,
        })
    }
}

fn prepare_file(path: &Path, busy: Duration) -> Result<()> {
    let mut connection = settings::open_file(path, settings::OPEN_OR_CREATE, busy)?;
    if schema::is_blank(&connection)? {
        return Kind::Control.create(&connection);
    }
    match Kind::Control.judge(Stamp::read(&connection, None)?, &path.display().to_string())? {
        Age::Current => Ok(()),
        Age::Old => Kind::Control.migrate(&mut connection),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: Duration = Duration::from_millis(200);
    const INSERT: &str =
        "INSERT INTO rate_limit_windows VALUES ('a', 'b', '2026-11-24T07:00:00.000Z', 1)";

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let control = Control::open(&folder.path().join("souk.db"), BUSY).unwrap();
        let refused: Result<()> = control.write(|transaction| {
            transaction.execute(INSERT, [])?;
            Err(Error::NotFound("no".to_owned()))
        });
        assert!(refused.is_err());
        let rows = |control: &Control| {
            control
                .read(|c| {
                    Ok(
                        c.query_row("SELECT count(*) FROM rate_limit_windows", [], |row| {
                            row.get::<_, i64>(0)
                        })?,
                    )
                })
                .unwrap()
        };
        assert_eq!(rows(&control), 0);
        control
            .write(|transaction| Ok(transaction.execute(INSERT, [])?))
            .unwrap();
        drop(control);
        assert_eq!(
            rows(&Control::open(&folder.path().join("souk.db"), BUSY).unwrap()),
            1
        );
    }

    #[test]
    fn the_generation_changes_with_every_commit_by_whomever_and_with_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("souk.db");
        let control = Control::open(&path, BUSY).unwrap();
        let first = control.generation().unwrap();
        control.read(|c| Ok(c.execute_batch("SELECT 1")?)).unwrap();
        assert_eq!(first, control.generation().unwrap());
        control.write(|t| Ok(t.execute(INSERT, [])?)).unwrap();
        let second = control.generation().unwrap();
        assert_ne!(first, second);
        Connection::open(&path)
            .unwrap()
            .execute("DELETE FROM rate_limit_windows", [])
            .unwrap();
        assert_ne!(second, control.generation().unwrap());
    }

    #[test]
    fn a_file_of_another_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("souk.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE theirs (a)")
            .unwrap();
        let refusal = Control::open(&path, BUSY).err().unwrap().to_string();
        assert!(
            refusal.contains("is not a control database of Souk"),
            "{refusal}"
        );
    }

    #[test]
    fn connections_are_durable_and_defensive() {
        let folder = tempfile::tempdir().unwrap();
        let control = Control::open(&folder.path().join("souk.db"), BUSY).unwrap();
        control
            .read(|c| {
                let text = |pragma| {
                    c.pragma_query_value(None, pragma, |row| {
                        row.get::<_, rusqlite::types::Value>(0)
                    })
                };
                assert_eq!(text("journal_mode")?, "wal".to_owned().into());
                assert_eq!(text("synchronous")?, 2.into());
                assert_eq!(text("foreign_keys")?, 1.into());
                assert_eq!(text("trusted_schema")?, 0.into());
                Ok(())
            })
            .unwrap();
    }
}
