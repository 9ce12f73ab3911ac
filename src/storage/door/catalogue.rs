//! Who owns what in a tenant's file: `plugin_objects` held against `sqlite_schema`.
//! Names are compared as SQLite compares them, without ASCII case.

use std::collections::{HashMap, HashSet};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};

use super::{Refusal, names};
use crate::plugin_key::PluginKey;
use crate::tenant::TenantId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Table,
    Index,
}

/// What one plugin sees of a tenant's file at one version of its schema.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// SQLite's schema cookie.
    pub version: i64,
    /// The name under which the tenant's file is attached.
    pub schema: String,
    owned: HashMap<String, Kind>,
    others: HashSet<String>,
    roots: HashSet<i64>,
    /// Where AUTOINCREMENT keeps its counters, for all tables together.
    sequence_root: Option<i64>,
}

impl Catalogue {
    pub fn load(
        connection: &Connection,
        tenant: &TenantId,
        plugin: &PluginKey,
    ) -> rusqlite::Result<Self> {
        let mut catalogue = Self {
            version: version(connection, tenant)?,
            schema: tenant.as_str().to_owned(),
            ..Self::default()
        };
        // sqlite_schema without its schema would be that of the empty `main`. A TenantId is safe in quotes.
        let sql = format!(
            "SELECT s.type, s.name, s.rootpage, EXISTS (
               SELECT 1 FROM plugin_objects o WHERE o.plugin_key = ?1 AND o.kind = 'table' AND o.name = s.tbl_name)
             FROM {}.sqlite_schema s",
            tenant.quoted()
        );
        let mut rows = connection.prepare_cached(&sql)?;
        let mut rows = rows.query([plugin.as_str()])?;
        while let Some(row) = rows.next()? {
            let kind = if row.get_ref(0)?.as_str()? == "table" {
                Kind::Table
            } else {
                Kind::Index
            };
            let name = row.get_ref(1)?.as_str()?.to_ascii_lowercase();
            let root = row.get(2)?;
            if name == "sqlite_sequence" {
                catalogue.sequence_root = Some(root);
            }
            if row.get(3)? {
                catalogue.owned.insert(name, kind);
                catalogue.roots.insert(root);
            } else {
                catalogue.others.insert(name);
            }
        }
        Ok(catalogue)
    }

    pub fn owns_table(&self, name: &str) -> bool {
        self.owned.get(&name.to_ascii_lowercase()) == Some(&Kind::Table)
    }

    pub fn owns(&self, name: &str, kind: Kind) -> bool {
        self.owned.get(&name.to_ascii_lowercase()) == Some(&kind)
    }

    /// True for what exists and is the host's or another plugin's.
    pub fn is_anothers(&self, name: &str) -> bool {
        self.others.contains(&name.to_ascii_lowercase())
    }

    pub fn owns_root(&self, root: i64) -> bool {
        self.roots.contains(&root)
    }

    pub fn is_sequence(&self, root: i64) -> bool {
        self.sequence_root == Some(root)
    }

    /// A name that is to be made: free, or this plugin's own of the same kind (`IF NOT EXISTS` decides then).
    pub fn check_new(&self, name: &str, kind: Kind) -> Result<(), Refusal> {
        if name.is_empty() || names::is_built_in(name) || names::is_table_function(name) {
            return Err(Refusal::Wall(format!(
                "the name '{name}' is reserved by SQLite"
            )));
        }
        let taken = self
            .owned
            .get(&name.to_ascii_lowercase())
            .is_some_and(|owned| *owned != kind);
        if taken {
            return Err(Refusal::Mistake(format!(
                "the name '{name}' is taken by a table or an index of this plugin"
            )));
        }
        if self.is_anothers(name) || names::is_host_table(name) {
            return Err(taken_by_another(name));
        }
        Ok(())
    }

    /// A table that is changed or referred to: this plugin's own, or one that is not there
    /// (SQLite says that better, or `IF EXISTS` does not mind).
    pub fn check_used(&self, name: &str) -> Result<(), String> {
        let free = !self.is_anothers(name) && !names::is_host_table(name);
        if free {
            Ok(())
        } else {
            Err(names::refusal(name))
        }
    }
}

pub fn taken_by_another(name: &str) -> Refusal {
    Refusal::Wall(format!(
        "the name '{name}' is taken by the host or another plugin; choose another"
    ))
}

pub fn version(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<i64> {
    // Asked for each statement, so it is worth its place among the compiled ones.
    let sql = format!("PRAGMA {}.schema_version", tenant.quoted());
    connection
        .prepare_cached(&sql)?
        .query_row([], |row| row.get(0))
}

pub fn record(
    connection: &Connection,
    plugin: &PluginKey,
    kind: Kind,
    name: &str,
) -> rusqlite::Result<()> {
    let kind = match kind {
        Kind::Table => "table",
        Kind::Index => "index",
    };
    let sql = "INSERT INTO plugin_objects (plugin_key, kind, name) VALUES (?1, ?2, ?3)";
    connection
        .prepare_cached(sql)?
        .execute(params![plugin.as_str(), kind, name])?;
    Ok(())
}

pub fn rename(
    connection: &Connection,
    plugin: &PluginKey,
    from: &str,
    to: &str,
) -> rusqlite::Result<()> {
    let sql = "UPDATE plugin_objects SET name = ?3 WHERE plugin_key = ?1 AND name = ?2";
    connection
        .prepare_cached(sql)?
        .execute([plugin.as_str(), from, to])?;
    Ok(())
}

/// Forgets what is gone: a dropped table takes its indexes with it.
pub fn forget_dropped(
    connection: &Connection,
    tenant: &TenantId,
    plugin: &PluginKey,
) -> rusqlite::Result<()> {
    let sql = format!(
        "DELETE FROM plugin_objects WHERE plugin_key = ?1 AND NOT EXISTS (
           SELECT 1 FROM {}.sqlite_schema s WHERE s.name = plugin_objects.name COLLATE NOCASE)",
        tenant.quoted()
    );
    connection
        .prepare_cached(&sql)?
        .execute([plugin.as_str()])?;
    Ok(())
}

/// Whether a foreign key of a table that is not the plugin's names this one, be it there or not.
pub fn is_referred_to_by_others(
    connection: &Connection,
    tenant: &TenantId,
    plugin: &PluginKey,
    name: &str,
) -> rusqlite::Result<bool> {
    let sql = format!(
        "SELECT EXISTS (
           SELECT 1 FROM {}.sqlite_schema s, pragma_foreign_key_list(s.name, ?2) f
           WHERE s.type = 'table' AND f.\"table\" = ?3 COLLATE NOCASE AND s.name <> ?3 COLLATE NOCASE
             AND NOT EXISTS (SELECT 1 FROM plugin_objects o
                             WHERE o.plugin_key = ?1 AND o.kind = 'table' AND o.name = s.name))",
        tenant.quoted()
    );
    connection
        .prepare_cached(&sql)?
        .query_row([plugin.as_str(), tenant.as_str(), name], |row| row.get(0))
}

/// Whether AUTOINCREMENT has given out its last id in a table of the plugin.
pub fn has_spent_counter(
    connection: &Connection,
    tenant: &TenantId,
    plugin: &PluginKey,
) -> rusqlite::Result<bool> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM {}.sqlite_sequence s JOIN plugin_objects o ON o.name = s.name COLLATE NOCASE
                        WHERE o.plugin_key = ?1 AND s.seq = ?2)",
        tenant.quoted()
    );
    connection
        .prepare(&sql)?
        .query_row(params![plugin.as_str(), i64::MAX], |row| row.get(0))
}

/// Drops all that the plugin owns, newest first, with its rows here and its count. Returns the names, in that order.
///
/// Foreign keys are not asked: they may be broken, or of tables that no order of dropping satisfies,
/// and all that could break them goes.
pub fn drop_all(
    connection: &Connection,
    tenant: &TenantId,
    plugin: &PluginKey,
) -> rusqlite::Result<Vec<String>> {
    // The pragma of the same meaning does nothing inside a transaction.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
    let dropped = drop_unasked(connection, tenant, plugin);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    dropped
}

fn drop_unasked(
    connection: &Connection,
    tenant: &TenantId,
    plugin: &PluginKey,
) -> rusqlite::Result<Vec<String>> {
    let owned = "SELECT kind, name FROM plugin_objects WHERE plugin_key = ?1 ORDER BY seq DESC";
    let objects: Vec<(String, String)> = connection
        .prepare_cached(owned)?
        .query_map([plugin.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (kind, name) in &objects {
        let what = if kind == "table" { "TABLE" } else { "INDEX" };
        let name = name.replace('"', "\"\"");
        connection.execute_batch(&format!(
            "DROP {what} IF EXISTS {}.\"{name}\"",
            tenant.quoted()
        ))?;
    }
    for sql in [
        "DELETE FROM plugin_objects WHERE plugin_key = ?1",
        "DELETE FROM plugin_usage WHERE plugin_key = ?1",
    ] {
        connection.execute(sql, [plugin.as_str()])?;
    }
    Ok(objects.into_iter().map(|(_, name)| name).collect())
}
