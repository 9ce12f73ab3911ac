//! What a plugin keeps by `secret.set`: one sealed row a name, which opens for this tenant, plugin and name alone.

use rusqlite::{Connection, OptionalExtension as _, named_params};
use zeroize::Zeroizing;

use crate::clock;
use crate::error::Result;
use crate::plugin_key::PluginKey;
use crate::secret::SecretBox;
use crate::tenant::TenantId;

pub const MOST_NAMES: i64 = 100;
pub const LONGEST_NAME: usize = 64;
pub const LONGEST_VALUE: usize = 8 * 1024;

/// Whose secrets.
#[derive(Clone, Copy)]
pub struct Keeper<'a> {
    pub tenant: &'a TenantId,
    pub plugin: &'a PluginKey,
}

/// Letters, digits and `_ . -`, as in the names of settings.
pub fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

impl Keeper<'_> {
    pub fn get(
        &self,
        conn: &Connection,
        secrets: &SecretBox,
        name: &str,
    ) -> Result<Option<Zeroizing<String>>> {
        let sealed: Option<String> = conn
            .prepare_cached(
                "SELECT sealed FROM plugin_secrets WHERE plugin_key = :plugin AND name = :name",
            )?
            .query_row(
                named_params! { ":plugin": self.plugin.as_str(), ":name": name },
                |row| row.get(0),
            )
            .optional()?;
        sealed
            .map(|sealed| secrets.unseal_text(&self.place(name), &sealed))
            .transpose()
    }

    /// False when there are as many names as there may be, and this would be one more.
    pub fn set(
        &self,
        conn: &Connection,
        secrets: &SecretBox,
        name: &str,
        value: &str,
    ) -> Result<bool> {
        let others: i64 = conn.query_row(
            "SELECT count(*) FROM plugin_secrets WHERE plugin_key = :plugin AND name <> :name",
            named_params! { ":plugin": self.plugin.as_str(), ":name": name },
            |row| row.get(0),
        )?;
        if others >= MOST_NAMES {
            return Ok(false);
        }
        conn.execute(
            "INSERT INTO plugin_secrets (plugin_key, name, sealed, updated_at)
             VALUES (:plugin, :name, :sealed, :now)
             ON CONFLICT (plugin_key, name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at",
            named_params! {
                ":plugin": self.plugin.as_str(), ":name": name,
                ":sealed": secrets.seal_text(&self.place(name), value)?, ":now": clock::now_iso(),
            },
        )?;
        Ok(true)
    }

    pub fn remove(&self, conn: &Connection, name: &str) -> Result<()> {
        conn.execute(
            "DELETE FROM plugin_secrets WHERE plugin_key = :plugin AND name = :name",
            named_params! { ":plugin": self.plugin.as_str(), ":name": name },
        )?;
        Ok(())
    }

    /// With the installation.
    pub fn remove_all(&self, conn: &Connection) -> Result<()> {
        conn.execute(
            "DELETE FROM plugin_secrets WHERE plugin_key = :plugin",
            named_params! { ":plugin": self.plugin.as_str() },
        )?;
        Ok(())
    }

    /// No configuration's place looks like this: there a slash follows the key.
    fn place(&self, name: &str) -> String {
        format!("{}/{}:{name}", self.tenant, self.plugin)
    }
}

/// A row of a tenant's file whose value is not yet sealed with the newest key.
pub struct Outdated {
    plugin: PluginKey,
    name: String,
    renewed: String,
}

impl Outdated {
    /// All of a tenant, sealed anew but not yet written.
    pub fn all(conn: &Connection, secrets: &SecretBox, tenant: &TenantId) -> Result<Vec<Self>> {
        let mut select =
            conn.prepare_cached("SELECT plugin_key, name, sealed FROM plugin_secrets")?;
        let rows = select.query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
            ))
        })?;
        let mut outdated = Vec::new();
        for row in rows {
            let (plugin, name, sealed) = row?;
            let plugin = PluginKey::parse(&plugin)?;
            let place = Keeper {
                tenant,
                plugin: &plugin,
            }
            .place(&name);
            if let Some(renewed) = secrets.reseal_text(&place, &sealed)? {
                outdated.push(Self {
                    plugin,
                    name,
                    renewed,
                });
            }
        }
        Ok(outdated)
    }

    pub fn write(&self, conn: &Connection) -> Result<()> {
        conn.execute(
            "UPDATE plugin_secrets SET sealed = :sealed WHERE plugin_key = :plugin AND name = :name",
            named_params! {
                ":sealed": self.renewed, ":plugin": self.plugin.as_str(), ":name": self.name,
            },
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::open_in_memory;

    fn table() -> Connection {
        let conn = open_in_memory().unwrap();
        let schema = include_str!("../schema.sql");
        let at = schema.find("CREATE TABLE plugin_secrets").unwrap();
        let end = at + schema[at..].find(';').unwrap();
        conn.execute_batch(&schema[at..end]).unwrap();
        conn
    }

    #[test]
    fn a_secret_opens_for_its_own_tenant_plugin_and_name_alone() {
        let (conn, secrets) = (table(), SecretBox::sample());
        let tenants = [TenantId::of_organization(1), TenantId::of_organization(2)];
        let plugins = ["slack", "jira"].map(|key| PluginKey::parse(key).unwrap());
        let keeper = |tenant: usize, plugin: usize| Keeper {
            tenant: &tenants[tenant],
            plugin: &plugins[plugin],
        };
        assert!(keeper(0, 0).set(&conn, &secrets, "token", "hush").unwrap());
        let read = |keeper: Keeper<'_>, name: &str| keeper.get(&conn, &secrets, name);
        assert_eq!(
            read(keeper(0, 0), "token").unwrap().unwrap().as_str(),
            "hush"
        );
        assert!(read(keeper(0, 1), "token").unwrap().is_none());
        assert!(read(keeper(0, 0), "other").unwrap().is_none());
        assert!(
            read(keeper(1, 0), "token").is_err(),
            "the file of another tenant"
        );
        for change in ["name = 'other'", "plugin_key = 'jira', name = 'token'"] {
            conn.execute(&format!("UPDATE plugin_secrets SET {change}"), [])
                .unwrap();
        }
        assert!(read(keeper(0, 1), "token").is_err(), "a moved row");
        keeper(0, 1).remove_all(&conn).unwrap();
        assert!(read(keeper(0, 1), "token").unwrap().is_none());
    }

    #[test]
    fn there_are_a_hundred_names_and_no_more_and_one_can_be_written_again() {
        let (conn, secrets) = (table(), SecretBox::sample());
        let (tenant, plugin) = (TenantId::of_organization(1), PluginKey::parse("p").unwrap());
        let keeper = Keeper {
            tenant: &tenant,
            plugin: &plugin,
        };
        for number in 0..MOST_NAMES {
            assert!(
                keeper
                    .set(&conn, &secrets, &format!("n{number}"), "v")
                    .unwrap()
            );
        }
        assert!(!keeper.set(&conn, &secrets, "more", "v").unwrap());
        assert!(keeper.set(&conn, &secrets, "n7", "new").unwrap());
        assert_eq!(
            keeper.get(&conn, &secrets, "n7").unwrap().unwrap().as_str(),
            "new"
        );
        keeper.remove(&conn, "n7").unwrap();
        assert!(keeper.set(&conn, &secrets, "more", "v").unwrap());
    }

    #[test]
    fn names_are_plain_words() {
        for good in ["token", "a", "Slack.bot-token_2", &"n".repeat(LONGEST_NAME)] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            "/token",
            "a b",
            "ü",
            "a:b",
            "a\n",
            &"n".repeat(LONGEST_NAME + 1),
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
