//! Installing: package first, then the hook and the row in one transaction.

use serde_json::Value as Json;

use super::evidence::HookRuns;
use super::permissions::wishes_of;
use super::refusal::{verdict, without_secrets};
use super::{Lifecycle, shown};
use crate::configuration::Configuration;
use crate::error::{Error, Result};
use crate::installation::{self, Installation, NewInstallation};
use crate::permission::{Granted, Wishes};
use crate::plugin_key::PluginKey;
use crate::script::Hook;
use crate::session::Caller;
use crate::value::Value;

/// What an Admin asked for, and agreed to.
pub struct InstallRequest<'a> {
    pub key: &'a PluginKey,
    pub configuration: Option<&'a Configuration>,
    /// Lines of the plugin's permissions that it shall not have.
    pub refused: Vec<String>,
    /// The permissions as they were shown; without it, as they are.
    pub permissions_digest: Option<&'a str>,
}

impl InstallRequest<'_> {
    /// The grant that the request means; a plugin whose permissions changed since they were shown gets none.
    fn consent(&self, wishes: &Wishes) -> Result<Granted> {
        if let Some(shown) = self.permissions_digest
            && shown != wishes.digest().to_string()
        {
            return Err(Error::Conflict(
                "What the plugin asks for has changed since it was shown; look at its permissions again"
                    .to_owned(),
            ));
        }
        wishes
            .without(&self.refused)
            .map_err(|why| Error::invalid("refused", why))
    }
}

impl Lifecycle {
    /// Installs a plugin for the caller's organization. Nothing is left behind by a failure.
    pub fn install(&self, caller: &Caller, request: &InstallRequest<'_>) -> Result<Json> {
        let key = request.key;
        tracing::info!(plugin = %key, tenant = %caller.tenant, "[PluginService] Installing plugin: {key}");
        let row = self.try_install(caller, request)?;
        self.metrics.plugin_installed(key);
        Ok(row)
    }

    fn try_install(&self, caller: &Caller, request: &InstallRequest<'_>) -> Result<Json> {
        let key = request.key;
        let snapshot = self.marketplace.registry()?;
        let listing = snapshot
            .registry
            .find(key)
            .ok_or_else(|| Error::NotFound("Plugin not found in marketplace".to_owned()))?;
        self.require_absent(caller, key)?;
        if let Err(reason) = &listing.installable {
            return Err(Error::refused(reason));
        }
        let granted = request.consent(&wishes_of(listing))?;
        // May ask a network, so before this plugin's turn is taken.
        let package = self.marketplace.package(listing)?;
        let _operation = self
            .operations
            .try_begin(&caller.tenant, key)
            .ok_or_else(|| {
                Error::Conflict("Plugin is already being installed or removed".to_owned())
            })?;
        self.require_absent(caller, key)?;
        let digest = package.digest();
        let loaded = self
            .programs
            .get(&caller.tenant, key, digest, || Ok(package))?;
        let owner = Self::owner(&caller.tenant, key, &loaded);

        // An install without one is the seed's `{}`: the hook must see that nothing was configured yet.
        // Kept with the installation: of an install that fails there is none, and the log has it.
        let mut ran = HookRuns::default();
        let plain = match request.configuration {
            Some(given) => {
                let plain = owner.merge(&self.secrets, given, &Configuration::new())?;
                self.validate(caller, key, &loaded, &granted, &plain, &mut ran)
                    .map_err(|error| without_secrets(error, &owner.redaction(&plain)))?;
                plain
            }
            None => Configuration::new(),
        };
        let stored = owner.seal(&self.secrets, &plain)?;

        let mut db = self.db(&caller.tenant, key);
        db.enter_lifecycle();
        let call = self.call(caller, &owner, loaded.rights(&granted), &plain, Some(db));
        let arguments = vec![
            Value::Int(caller.user_id),
            Value::from(caller.tenant.as_str()),
            call.configuration.clone(),
        ];
        let outcome = loaded.program.run_hook(Hook::Install, arguments, call);
        ran.add(caller, &loaded.program, Hook::Install, outcome.account);
        let redaction = &outcome.call.redaction;
        outcome
            .result
            .map_err(|error| self.hook_refused(key, redaction, error))
            .and_then(|answer| verdict(&answer, "The plugin refused to be installed"))
            .map_err(|error| without_secrets(error, redaction))?;
        let mut db = outcome.call.db.ok_or_else(lost_database)?;
        let row = db.host(|conn| {
            Installation::insert(
                conn,
                &NewInstallation {
                    plugin_key: key,
                    configuration: &stored,
                    version: &listing.version,
                    package_digest: &digest,
                    granted: &granted,
                    installed_by: caller.user_id,
                },
            )
        })?;
        db.commit_lifecycle()?;
        self.keep_hooks(&caller.tenant, row.id, ran);
        Ok(shown(&row, &loaded.wishes))
    }

    fn require_absent(&self, caller: &Caller, key: &PluginKey) -> Result<()> {
        let found = self
            .storage
            .tenant(&caller.tenant, |conn| Installation::of_plugin(conn, key))?;
        match found {
            Some(_) => Err(installation::already_installed()),
            None => Ok(()),
        }
    }
}

pub(super) fn lost_database() -> Error {
    Error::Internal("a hook's database was not handed back".to_owned())
}
