//! The two kinds of database, and how a file of each kind is made, recognised and brought up to date.
//! Knows no pool and no path.

use rusqlite::{Connection, Transaction, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use crate::error::{Error, Result};

const SCHEMA: &str = include_str!("../../schema.sql");
const CONTROL_MARKER: &str = "-- part: control\n";
const TENANT_MARKER: &str = "-- part: tenant\n";

/// Append-only: a file that was released is never edited again.
const CONTROL_MIGRATIONS: &[&str] = &[include_str!("migrations/control/0001_initial.sql")];
const TENANT_MIGRATIONS: &[&str] = &[
    include_str!("migrations/tenant/0001_initial.sql"),
    include_str!("migrations/tenant/0002_permissions.sql"),
];

/// `application_id` of the file header: "Souk" and "Tent" in ASCII.
const CONTROL_APPLICATION_ID: i32 = 0x536f_756b;
const TENANT_APPLICATION_ID: i32 = 0x5465_6e74;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Control,
    Tenant,
}

/// What a file says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub application_id: i32,
    pub version: i32,
}

/// How a file stands to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    Current,
    Old,
}

impl Kind {
    /// This kind's part of `schema.sql`.
    pub fn schema(self) -> &'static str {
        let (_, after_control) = SCHEMA.split_once(CONTROL_MARKER).unwrap_or_default();
        let (control, tenant) = after_control.split_once(TENANT_MARKER).unwrap_or_default();
        match self {
            Self::Control => control,
            Self::Tenant => tenant,
        }
    }

    pub fn application_id(self) -> i32 {
        match self {
            Self::Control => CONTROL_APPLICATION_ID,
            Self::Tenant => TENANT_APPLICATION_ID,
        }
    }

    pub fn newest_version(self) -> i32 {
        i32::try_from(self.migrations().len()).unwrap_or(i32::MAX)
    }

    /// Says whether a file may be used, must be migrated first, or is not ours.
    pub fn judge(self, stamp: Stamp, name: &str) -> Result<Age> {
        if stamp.application_id != self.application_id() {
            return Err(Error::Internal(format!(
                "{name} is not a {self} of Souk (application id {:#x}, expected {:#x}); \
                 move it away or restore the right file",
                stamp.application_id,
                self.application_id()
            )));
        }
        match stamp.version.cmp(&self.newest_version()) {
            std::cmp::Ordering::Equal => Ok(Age::Current),
            std::cmp::Ordering::Less => Ok(Age::Old),
            std::cmp::Ordering::Greater => Err(Error::Internal(format!(
                "{name} was written by a newer Souk (schema {}, this program knows {}); \
                 start the newer program",
                stamp.version,
                self.newest_version()
            ))),
        }
    }

    /// Makes an empty `main` current: the whole schema and its stamp, or nothing.
    pub fn create(self, connection: &Connection) -> Result<()> {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        transaction.execute_batch(self.schema())?;
        transaction.pragma_update(None, "application_id", self.application_id())?;
        transaction.pragma_update(None, "user_version", self.newest_version())?;
        Ok(transaction.commit()?)
    }

    /// Runs the migrations that `main` lacks, each in a transaction of its own.
    pub fn migrate(self, connection: &mut Connection) -> Result<()> {
        let steps = self.migrations().iter().map(|sql| M::up(sql)).collect();
        Migrations::new(steps)
            .to_latest(connection)
            .map_err(|error| Error::internal(&format!("cannot migrate a {self}"), error))
    }

    fn migrations(self) -> &'static [&'static str] {
        match self {
            Self::Control => CONTROL_MIGRATIONS,
            Self::Tenant => TENANT_MIGRATIONS,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Control => "control database",
            Self::Tenant => "tenant database",
        })
    }
}

impl Stamp {
    /// Reads the stamp of `main` or of an attached schema.
    pub fn read(connection: &Connection, schema: Option<&str>) -> Result<Self> {
        let number =
            |pragma| connection.pragma_query_value(schema, pragma, |row| row.get::<_, i32>(0));
        Ok(Self {
            application_id: number("application_id")?,
            version: number("user_version")?,
        })
    }
}

/// True for a file that nothing was ever written to.
pub fn is_blank(connection: &Connection) -> Result<bool> {
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let stamp = Stamp::read(connection, None)?;
    Ok(objects == 0
        && stamp
            == Stamp {
                application_id: 0,
                version: 0,
            })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::settings::open_in_memory;

    /// ALTER leaves other white space around commas and parentheses than a person does.
    fn objects(connection: &Connection) -> Vec<String> {
        connection
            .prepare("SELECT type || ' ' || name || ' on ' || tbl_name || ': ' || ifnull(sql, '') FROM sqlite_schema ORDER BY type, name")
            .unwrap()
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap()
            .map(|line| {
                let words = line.unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
                words.replace(" ,", ",").replace(" )", ")")
            })
            .collect()
    }

    #[test]
    fn a_migrated_database_equals_a_fresh_one() {
        for kind in [Kind::Control, Kind::Tenant] {
            let fresh = open_in_memory().unwrap();
            kind.create(&fresh).unwrap();
            let mut migrated = open_in_memory().unwrap();
            kind.migrate(&mut migrated).unwrap();
            assert_eq!(objects(&fresh), objects(&migrated), "{kind}");
            assert!(
                objects(&fresh).len() > 8,
                "{kind}: the markers of schema.sql were not found"
            );
            let version = |c| Stamp::read(c, None).unwrap().version;
            assert_eq!(version(&fresh), version(&migrated), "{kind}");
            assert_eq!(version(&fresh), kind.newest_version(), "{kind}");
        }
    }

    #[test]
    fn a_foreign_and_a_newer_file_are_refused_by_name() {
        let ours = Kind::Tenant.application_id();
        let judge = |application_id, version| {
            Kind::Tenant.judge(
                Stamp {
                    application_id,
                    version,
                },
                "x.db",
            )
        };
        assert_eq!(
            judge(ours, Kind::Tenant.newest_version()).unwrap(),
            Age::Current
        );
        assert_eq!(judge(ours, 0).unwrap(), Age::Old);
        assert!(
            judge(7, 1)
                .unwrap_err()
                .to_string()
                .contains("x.db is not a tenant database")
        );
        assert!(
            judge(ours, 9999)
                .unwrap_err()
                .to_string()
                .contains("newer Souk")
        );
    }

    #[test]
    fn only_an_untouched_file_is_blank() {
        let connection = open_in_memory().unwrap();
        assert!(is_blank(&connection).unwrap());
        Kind::Control.create(&connection).unwrap();
        assert!(!is_blank(&connection).unwrap());
    }
}
