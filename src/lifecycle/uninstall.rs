//! Uninstalling: always works, offline too. The plugin's own hook runs if it can; the host drops the rest.

use super::install::lost_database;
use super::refusal::{verdict, without_secrets};
use super::{Installed, Lifecycle};
use crate::configuration::Configuration;
use crate::error::Result;
use crate::installation::Installation;
use crate::plugin_key::PluginKey;
use crate::plugin_secret::Keeper;
use crate::script::Hook;
use crate::session::Caller;
use crate::storage::plugin_db::PluginDb;
use crate::value::Value;

impl Lifecycle {
    /// Removes an installation with every table of its plugin.
    pub fn uninstall(&self, caller: &Caller, id: i64) -> Result<()> {
        let row = self
            .storage
            .tenant(&caller.tenant, |conn| Installation::with_id(conn, id))?;
        let key = row.plugin_key.clone();
        tracing::info!(plugin = %key, tenant = %caller.tenant, "[PluginService] Uninstalling plugin: {key}");
        let _operation = self.operations.begin(&caller.tenant, &key)?;
        // Two requests may have read the row; the one that waited finds it gone.
        let row = self
            .storage
            .tenant(&caller.tenant, |conn| Installation::with_id(conn, id))?;

        let db = match self.installed(&caller.tenant, row) {
            Ok(installed) => self.run_uninstall_hook(caller, &installed),
            Err(error) => {
                // Code that is missing or no longer loads must not keep its data alive.
                tracing::warn!(plugin = %key, %error, "[PluginService] uninstalling without the plugin's hook");
                self.metrics.plugin_error(&key);
                None
            }
        };
        let with_hook = db.and_then(|db| {
            remove(db, caller, &key, id)
                .inspect_err(|error| {
                    tracing::warn!(plugin = %key, %error, "[PluginService] what the uninstall hook did cannot be kept; its data is dropped without it");
                })
                .ok()
        });
        let leftover = match with_hook {
            Some(leftover) => leftover,
            None => {
                let mut db = self.db(&caller.tenant, &key);
                db.enter_lifecycle();
                remove(db, caller, &key, id)?
            }
        };
        if !leftover.is_empty() {
            tracing::info!(plugin = %key, tables = ?leftover, "[PluginService] dropped what the plugin left");
        }
        self.programs.forget(&caller.tenant, &key);
        self.forget_runs(&caller.tenant, id);
        self.metrics.plugin_uninstalled(&key);
        Ok(())
    }

    /// Runs the hook in the host's transaction. `None` when it failed: what it did is rolled back.
    fn run_uninstall_hook(&self, caller: &Caller, installed: &Installed) -> Option<PluginDb> {
        let key = &installed.installation.plugin_key;
        let owner = Self::owner(&caller.tenant, key, &installed.plugin);
        let plain = owner.unseal(&self.secrets, &installed.installation.configuration).unwrap_or_else(|error| {
            tracing::warn!(plugin = %key, %error, "[PluginService] the configuration cannot be read");
            Configuration::new()
        });
        let mut db = self.db(&caller.tenant, key);
        db.enter_lifecycle();
        let call = self.call(caller, &owner, installed.rights(), &plain, Some(db));
        let arguments = vec![
            Value::Int(caller.user_id),
            Value::from(caller.tenant.as_str()),
        ];
        let outcome = installed
            .plugin
            .program
            .run_hook(Hook::Uninstall, arguments, call);
        let redaction = &outcome.call.redaction;
        let done = outcome
            .result
            .map_err(|error| self.hook_refused(key, redaction, error))
            .and_then(|answer| verdict(&answer, "The plugin's uninstall hook refused"))
            .map_err(|error| without_secrets(error, redaction))
            .and_then(|()| outcome.call.db.ok_or_else(lost_database));
        done.inspect_err(|error| {
            tracing::warn!(plugin = %key, %error, "[PluginService] the uninstall hook failed; its data is dropped all the same");
        })
        .ok()
    }
}

/// Drops what the plugin owns, and forgets the installation. Returns the names of what was there.
fn remove(mut db: PluginDb, caller: &Caller, key: &PluginKey, id: i64) -> Result<Vec<String>> {
    let leftover = db.drop_objects()?;
    let kept = Keeper {
        tenant: &caller.tenant,
        plugin: key,
    };
    db.host(|conn| {
        kept.remove_all(conn)?;
        Installation::delete(conn, id)
    })?;
    db.commit_lifecycle()?;
    Ok(leftover)
}
