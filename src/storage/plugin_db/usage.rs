//! How much of a tenant's file one plugin holds: pages, counted over its write transactions and kept
//! in `plugin_usage` with what they wrote. Only one transaction writes at a time, so what the file
//! has grown by since its begin is this plugin's doing.
//!
//! SQLite itself stops a statement at the limit that is set here. Pages that were free before are
//! reused beneath that limit, so the count is judged once more before the commit.

use rusqlite::{Connection, OptionalExtension, params};

use super::{DbError, Scope};
use crate::storage::settings;
use crate::storage::slot::Slot;
use crate::tenant::TenantId;

pub struct Usage {
    /// Pages in use when the transaction began.
    before: i64,
    /// What the plugin held then.
    held: i64,
    most: i64,
    /// By what the host's own statements have changed the file.
    host: i64,
    counts: bool,
}

impl Usage {
    /// Begins to count, and sets the limit.
    pub fn begin(slot: &mut Slot, scope: &Scope, most: i64) -> rusqlite::Result<Self> {
        let (pages, free) = pages(&slot.connection, &scope.tenant)?;
        let held: Option<i64> = slot
            .connection
            .prepare_cached("SELECT pages FROM plugin_usage WHERE plugin_key = ?")?
            .query_row([scope.plugin.as_str()], |row| row.get(0))
            .optional()?;
        let usage = Self {
            before: pages - free,
            held: held.unwrap_or(0),
            most,
            host: 0,
            counts: true,
        };
        usage.set_limit(slot, &scope.tenant)?;
        Ok(usage)
    }

    /// The file may grow by what the plugin has left. The number stays the same from one transaction
    /// of a plugin to its next, so it is seldom set.
    pub fn set_limit(&self, slot: &mut Slot, tenant: &TenantId) -> rusqlite::Result<()> {
        let (pages, _) = pages(&slot.connection, tenant)?;
        let limit = self.before + self.host + self.most - self.held;
        slot.limit_pages(tenant, limit.max(pages))
    }

    /// Runs the host's work under the tenant's limit alone, and does not count it.
    pub fn except<T>(
        &mut self,
        slot: &mut Slot,
        tenant: &TenantId,
        work: impl FnOnce(&Connection) -> T,
    ) -> rusqlite::Result<T> {
        let before = in_use(&slot.connection, tenant)?;
        slot.limit_pages(tenant, settings::TENANT_PAGES)?;
        let result = work(&slot.connection);
        // A transaction that has ended has nothing to count.
        if !slot.connection.is_autocommit() {
            self.host += in_use(&slot.connection, tenant)? - before;
            self.set_limit(slot, tenant)?;
        }
        Ok(result)
    }

    /// The plugin's tables and its row here are gone.
    pub fn forget(&mut self) {
        self.counts = false;
    }

    /// Judges and keeps the count; to be called last in the transaction.
    pub fn settle(&self, connection: &Connection, scope: &Scope) -> Result<(), DbError> {
        if !self.counts {
            return Ok(());
        }
        let now = in_use(connection, &scope.tenant).map_err(DbError::of_host)?;
        let grown = now - self.before - self.host;
        if grown > 0 && self.held + grown > self.most {
            return Err(self.full());
        }
        if grown == 0 {
            return Ok(());
        }
        let sql = "INSERT INTO plugin_usage (plugin_key, pages) VALUES (?1, max(0, ?2))
                   ON CONFLICT (plugin_key) DO UPDATE SET pages = max(0, pages + ?2)";
        connection
            .prepare_cached(sql)
            .and_then(|mut keep| keep.execute(params![scope.plugin.as_str(), grown]))
            .map_err(DbError::of_host)?;
        Ok(())
    }

    /// What to say when SQLite finds no room: it does not tell the quota from the disk.
    pub fn full(&self) -> DbError {
        DbError::Full {
            message: format!(
                "there is no room for this: a plugin may hold {} in an organization, and this one holds {}. Delete rows or drop tables, unless the server's disk is full",
                size(self.most),
                size(self.held)
            ),
        }
    }
}

/// All pages of the file, and those that are free.
fn pages(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<(i64, i64)> {
    let count = |what: &str| -> rusqlite::Result<i64> {
        connection
            .prepare_cached(&format!("PRAGMA {}.{what}", tenant.quoted()))?
            .query_row([], |row| row.get(0))
    };
    Ok((count("page_count")?, count("freelist_count")?))
}

fn in_use(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<i64> {
    let (pages, free) = pages(connection, tenant)?;
    Ok(pages - free)
}

/// Pages as people say them.
fn size(pages: i64) -> String {
    let bytes = pages * settings::PAGE_BYTES;
    match bytes {
        1_048_576.. => format!("{} MB", bytes / 1_048_576),
        _ => format!("{} KB", bytes / 1024),
    }
}
