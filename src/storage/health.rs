//! Whether storage can do its work, and whether a tenant's file is what its catalogue says.

use rusqlite::Connection;

use super::door::HOST_TABLES;
use super::{Aside, Storage};
use crate::error::{Error, Result};
use crate::tenant::TenantId;

/// With less than this free the appliance calls itself not ready: SQLite still needs room to end its work.
#[cfg(unix)]
const LEAST_FREE_BYTES: u64 = 64 << 20;

/// `plugin_objects` held against what is there. Both lists are empty unless there is a bug.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// Tables and indexes that nobody owns.
    pub orphans: Vec<String>,
    /// Names that a plugin owns and that are not there, as `plugin: name`.
    pub missing: Vec<String>,
}

impl Storage {
    /// The control database answers.
    pub fn ready(&self) -> Result<()> {
        self.control(|connection| {
            Ok(
                connection.query_row("SELECT EXISTS (SELECT 1 FROM organizations)", [], |_| {
                    Ok(())
                })?,
            )
        })
    }

    /// The disk of the data folder has room.
    #[cfg(unix)]
    pub fn disk(&self) -> Result<()> {
        let disk = rustix::fs::statvfs(self.data.root()).map_err(|error| {
            Error::internal("cannot ask for the free space of the data folder", error)
        })?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < LEAST_FREE_BYTES {
            return Err(Error::Full(format!(
                "The disk is nearly full: {} MB are free, {} MB are needed",
                free >> 20,
                LEAST_FREE_BYTES >> 20
            )));
        }
        Ok(())
    }

    /// Elsewhere free space is not asked for: a full disk shows when something is written.
    #[cfg(not(unix))]
    pub fn disk(&self) -> Result<()> {
        Ok(())
    }
}

impl Aside {
    /// Opens the tenant's file (which migrates an old one) and looks for orphans.
    pub fn check(&mut self, tenant: &TenantId) -> Result<Ownership> {
        self.tenant(tenant, |connection| Ok(ownership(connection, tenant)?))
    }
}

fn ownership(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<Ownership> {
    let unowned = format!(
        "SELECT name, tbl_name FROM {}.sqlite_schema
         WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN (SELECT name FROM plugin_objects) ORDER BY name",
        tenant.quoted()
    );
    let is_host = |table: &String| HOST_TABLES.contains(&table.as_str());
    let mut found = Ownership::default();
    for row in connection
        .prepare(&unowned)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
    {
        let (name, table): (String, String) = row?;
        if !is_host(&table) {
            found.orphans.push(name);
        }
    }
    let missing = format!(
        "SELECT plugin_key || ': ' || name FROM plugin_objects
         WHERE name NOT IN (SELECT name COLLATE NOCASE FROM {}.sqlite_schema) ORDER BY seq",
        tenant.quoted()
    );
    found.missing = connection
        .prepare(&missing)?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}
