//! Configuring: validated first, then the hook and the row in one transaction; a refusal keeps the old configuration.

use serde_json::Value as Json;

use super::evidence::HookRuns;
use super::install::lost_database;
use super::refusal::{verdict, without_secrets};
use super::{Installed, Lifecycle, shown};
use crate::configuration::{Configuration, Owner};
use crate::error::Result;
use crate::installation::Installation;
use crate::script::Hook;
use crate::session::Caller;
use crate::value::Value;

impl Lifecycle {
    pub fn configure(&self, caller: &Caller, id: i64, incoming: &Configuration) -> Result<Json> {
        let row = self
            .storage
            .tenant(&caller.tenant, |conn| Installation::with_id(conn, id))?;
        let key = row.plugin_key.clone();
        let _operation = self.operations.begin(&caller.tenant, &key)?;
        let row = self
            .storage
            .tenant(&caller.tenant, |conn| Installation::with_id(conn, id))?;
        let installed = self.installed(&caller.tenant, row)?;
        let owner = Self::owner(&caller.tenant, &key, &installed.plugin);
        let plain = owner.merge(
            &self.secrets,
            incoming,
            &installed.installation.configuration,
        )?;
        let mut ran = HookRuns::default();
        let stored = self.store_configuration(caller, &installed, &owner, &plain, &mut ran);
        self.keep_hooks(&caller.tenant, id, ran);
        let row = stored.map_err(|error| without_secrets(error, &owner.redaction(&plain)))?;
        tracing::info!(plugin = %key, tenant = %caller.tenant, "[PluginService] Configured plugin: {key}");
        Ok(shown(&row, &installed.plugin.wishes))
    }

    fn store_configuration(
        &self,
        caller: &Caller,
        installed: &Installed,
        owner: &Owner<'_>,
        plain: &Configuration,
        ran: &mut HookRuns,
    ) -> Result<Installation> {
        let key = &installed.installation.plugin_key;
        let granted = &installed.installation.granted;
        self.validate(caller, key, &installed.plugin, granted, plain, ran)?;
        let stored = owner.seal(&self.secrets, plain)?;
        let mut db = self.db(&caller.tenant, key);
        db.enter_lifecycle();
        if installed.plugin.program.has(Hook::Configure) {
            let call = self.call(caller, owner, installed.rights(), plain, Some(db));
            let arguments = vec![
                Value::Int(caller.user_id),
                Value::from(caller.tenant.as_str()),
                call.configuration.clone(),
            ];
            let outcome = installed
                .plugin
                .program
                .run_hook(Hook::Configure, arguments, call);
            ran.add(
                caller,
                &installed.plugin.program,
                Hook::Configure,
                outcome.account,
            );
            let redaction = &outcome.call.redaction;
            outcome
                .result
                .map_err(|error| self.hook_refused(key, redaction, error))
                .and_then(|answer| verdict(&answer, "The plugin refused the configuration"))
                .map_err(|error| without_secrets(error, redaction))?;
            db = outcome.call.db.ok_or_else(lost_database)?;
        }
        let row = db.host(|conn| {
            Installation::set_configuration(conn, installed.installation.id, &stored)
        })?;
        db.commit_lifecycle()?;
        Ok(row)
    }
}
