//! The row that says: this tenant has this plugin, at this version, with this configuration.

use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use serde_json::{Map, Value, json};

use crate::clock;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::permission::Granted;
use crate::plugin_key::PluginKey;

pub struct Installation {
    pub id: i64,
    pub plugin_key: PluginKey,
    pub status: String,
    pub installed_at: String,
    pub uninstalled_at: Option<String>,
    pub error_message: Option<String>,
    /// Beyond what every installation has.
    pub granted: Granted,
    /// As stored: secrets are sealed (see `configuration`).
    pub configuration: Map<String, Value>,
    pub metadata: Option<Value>,
    pub version: String,
    pub package_digest: Digest,
    pub installed_by: Option<i64>,
    pub created_at: String,
    pub updated_at: String,
    pub paused: Option<Paused>,
}

/// Why the plugin's routes do not run at the moment.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Paused {
    pub at: String,
    pub reason: String,
}

pub struct NewInstallation<'a> {
    pub plugin_key: &'a PluginKey,
    pub configuration: &'a Map<String, Value>,
    pub version: &'a str,
    pub package_digest: &'a Digest,
    pub granted: &'a Granted,
    pub installed_by: i64,
}

const SELECT: &str = "SELECT id, plugin_key, status, installed_at, uninstalled_at, error_message, configuration, metadata,
       version, package_digest, installed_by, created_at, updated_at, granted, paused_at, paused_reason
  FROM plugin_installations";

impl Installation {
    /// Inserts the row; a second one of the same plugin is a conflict.
    pub fn insert(conn: &Connection, new: &NewInstallation<'_>) -> Result<Self> {
        let inserted = conn.execute(
            "INSERT INTO plugin_installations
               (plugin_key, status, installed_at, configuration, version, package_digest, granted, installed_by, created_at, updated_at)
             VALUES (:key, 'installed', :now, :configuration, :version, :digest, :granted, :by, :now, :now)
             ON CONFLICT (plugin_key) DO NOTHING",
            named_params! {
                ":key": new.plugin_key.as_str(), ":now": clock::now_iso(),
                ":configuration": Value::Object(new.configuration.clone()).to_string(),
                ":version": new.version, ":digest": new.package_digest,
                ":granted": new.granted.to_text(), ":by": new.installed_by,
            },
        )?;
        if inserted == 0 {
            return Err(already_installed());
        }
        Self::with_id(conn, conn.last_insert_rowid())
    }

    /// The row of this tenant with that id; a foreign id is answered like one that never was.
    pub fn with_id(conn: &Connection, id: i64) -> Result<Self> {
        let sql = format!("{SELECT} WHERE id = :id");
        conn.prepare_cached(&sql)?
            .query_row(named_params! { ":id": id }, Self::from_row)
            .optional()?
            .ok_or_else(|| Error::NotFound("Plugin installation not found".to_owned()))
    }

    pub fn of_plugin(conn: &Connection, key: &PluginKey) -> Result<Option<Self>> {
        let sql = format!("{SELECT} WHERE plugin_key = :key");
        Ok(conn
            .prepare_cached(&sql)?
            .query_row(named_params! { ":key": key.as_str() }, Self::from_row)
            .optional()?)
    }

    /// Newest first.
    pub fn list(conn: &Connection) -> Result<Vec<Self>> {
        let sql = format!("{SELECT} ORDER BY installed_at DESC, id DESC");
        let rows = conn
            .prepare_cached(&sql)?
            .query_map([], Self::from_row)?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    pub fn count(conn: &Connection) -> Result<i64> {
        Ok(
            conn.query_row("SELECT count(*) FROM plugin_installations", [], |row| {
                row.get(0)
            })?,
        )
    }

    pub fn set_configuration(
        conn: &Connection,
        id: i64,
        configuration: &Map<String, Value>,
    ) -> Result<Self> {
        conn.execute(
            "UPDATE plugin_installations SET configuration = :configuration, updated_at = :now WHERE id = :id",
            named_params! {
                ":configuration": Value::Object(configuration.clone()).to_string(),
                ":now": clock::now_iso(), ":id": id,
            },
        )?;
        Self::with_id(conn, id)
    }

    pub fn set_granted(conn: &Connection, id: i64, granted: &Granted) -> Result<Self> {
        conn.execute(
            "UPDATE plugin_installations SET granted = :granted, updated_at = :now WHERE id = :id",
            named_params! { ":granted": granted.to_text(), ":now": clock::now_iso(), ":id": id },
        )?;
        Self::with_id(conn, id)
    }

    /// The same configuration, sealed anew: nothing that a person would call a change.
    pub fn replace_sealed(
        conn: &Connection,
        id: i64,
        configuration: &Map<String, Value>,
    ) -> Result<()> {
        conn.execute(
            "UPDATE plugin_installations SET configuration = :configuration WHERE id = :id",
            named_params! { ":configuration": Value::Object(configuration.clone()).to_string(), ":id": id },
        )?;
        Ok(())
    }

    /// False when it is paused already, or gone.
    pub fn pause(conn: &Connection, id: i64, reason: &str) -> Result<bool> {
        let paused = conn.execute(
            "UPDATE plugin_installations SET paused_at = :now, paused_reason = :reason
              WHERE id = :id AND paused_at IS NULL",
            named_params! { ":now": clock::now_iso(), ":reason": reason, ":id": id },
        )?;
        Ok(paused == 1)
    }

    pub fn resume(conn: &Connection, id: i64) -> Result<Self> {
        conn.execute(
            "UPDATE plugin_installations SET paused_at = NULL, paused_reason = NULL WHERE id = :id",
            named_params! { ":id": id },
        )?;
        Self::with_id(conn, id)
    }

    /// False when there was no such row.
    pub fn delete(conn: &Connection, id: i64) -> Result<bool> {
        let deleted = conn.execute(
            "DELETE FROM plugin_installations WHERE id = :id",
            named_params! { ":id": id },
        )?;
        Ok(deleted == 1)
    }

    /// The seed's `toJSON`, with the configuration as the caller may see it.
    pub fn to_json(&self, configuration: &Map<String, Value>) -> Value {
        json!({
            "id": self.id,
            "pluginKey": self.plugin_key,
            "status": self.status,
            "installedAt": self.installed_at,
            "uninstalledAt": self.uninstalled_at,
            "errorMessage": self.error_message,
            "configuration": configuration,
            "metadata": self.metadata,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "version": self.version,
            "packageDigest": self.package_digest.to_string(),
            "installedBy": self.installed_by,
            "paused": self.paused,
        })
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            plugin_key: parsed(row, 1, |text| {
                PluginKey::parse(&text).map_err(|error| error.to_string())
            })?,
            status: row.get(2)?,
            installed_at: row.get(3)?,
            uninstalled_at: row.get(4)?,
            error_message: row.get(5)?,
            configuration: parsed(row, 6, |text| {
                serde_json::from_str(&text).map_err(|error| error.to_string())
            })?,
            metadata: row
                .get::<_, Option<String>>(7)?
                .and_then(|text| serde_json::from_str(&text).ok()),
            version: row.get(8)?,
            package_digest: row.get(9)?,
            installed_by: row.get(10)?,
            created_at: row.get(11)?,
            updated_at: row.get(12)?,
            // Installed before there were grants: nothing beyond what every installation has.
            granted: match row.get::<_, Option<String>>(13)? {
                None => Granted::default(),
                Some(_) => parsed(row, 13, |text| Granted::parse(&text))?,
            },
            paused: match (row.get(14)?, row.get(15)?) {
                (Some(at), Some(reason)) => Some(Paused { at, reason }),
                _ => None,
            },
        })
    }
}

pub fn already_installed() -> Error {
    Error::Conflict("Plugin is already installed".to_owned())
}

fn parsed<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl Fn(String) -> Result<T, String>,
) -> rusqlite::Result<T> {
    parse(row.get(column)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
