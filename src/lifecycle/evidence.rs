//! The runs of an installation: each is kept with its account, a plugin that fails again and again is
//! paused, and Admins read the one and end the other.

use serde_json::Value as Json;

use super::permissions::wishes_of;
use super::{Installed, Lifecycle, shown};
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::plugin_key::PluginKey;
use crate::runs::{self, Kind, Place, Run, Verdict, Wanted};
use crate::script::{Account, Hook, Program};
use crate::session::Caller;
use crate::tenant::TenantId;

/// Runs of hooks, until it is known for which installation they are kept.
#[derive(Default)]
pub struct HookRuns(Vec<Run>);

impl HookRuns {
    pub fn add(&mut self, caller: &Caller, program: &Program, hook: Hook, account: Account) {
        self.0.push(Run {
            kind: Kind::Hook,
            name: hook.name().to_owned(),
            user_id: caller.user_id,
            engine: program.engine(),
            status: None,
            is_chosen: false,
            account,
        });
    }
}

impl Lifecycle {
    /// A page of an installation's runs; a foreign id is answered like one that never was.
    pub fn runs(&self, caller: &Caller, id: i64, wanted: Wanted) -> Result<runs::Page> {
        self.storage
            .tenant(&caller.tenant, |conn| Installation::with_id(conn, id))?;
        Ok(self.runs.page(&place(&caller.tenant, id), wanted))
    }

    /// Lets a paused plugin run again; one that is not paused stays as it is.
    pub fn resume(&self, caller: &Caller, id: i64) -> Result<Json> {
        let row = self
            .storage
            .tenant_write(&caller.tenant, |conn| Installation::resume(conn, id))?;
        self.runs.forgive(&place(&caller.tenant, id));
        tracing::info!(plugin = %row.plugin_key, tenant = %caller.tenant, user = caller.user_id, "[PluginService] a plugin was resumed");
        let listing = self.listing_of(&row);
        let wishes = listing.map(|listing| wishes_of(&listing));
        Ok(shown(&row, &wishes.unwrap_or_default()))
    }

    pub(super) fn keep_hooks(&self, tenant: &TenantId, installation: i64, ran: HookRuns) {
        let place = place(tenant, installation);
        for run in ran.0 {
            self.runs.keep(&place, run);
        }
    }

    /// Keeps a route's run, and pauses the plugin when that was one failure too many. Nothing of the call may
    /// be open any more: the tenant's file is written.
    pub(super) fn keep_route(&self, tenant: &TenantId, installed: &Installed, run: Run) {
        let installation = &installed.installation;
        let place = place(tenant, installation.id);
        let verdict = self.runs.judge(&place, &run);
        self.runs.keep(&place, run);
        let Verdict::Pause(reason) = verdict else {
            return;
        };
        let key = &installation.plugin_key;
        let paused = self.storage.tenant_write(tenant, |conn| {
            Installation::pause(conn, installation.id, &reason)
        });
        match paused {
            Ok(true) => {
                self.metrics.plugin_paused(key);
                tracing::error!(plugin = %key, %tenant, reason, "[PluginService] a plugin was paused");
            }
            // Another run of it was first, or it is uninstalled.
            Ok(false) => {}
            Err(error) => {
                tracing::error!(plugin = %key, %tenant, %error, "[PluginService] a failing plugin cannot be paused");
            }
        }
    }

    pub(super) fn forget_runs(&self, tenant: &TenantId, installation: i64) {
        self.runs.forget(&place(tenant, installation));
    }
}

/// Routes of a paused plugin do not run.
pub fn refuse_paused(key: &PluginKey, row: &Installation) -> Result<()> {
    match &row.paused {
        Some(paused) => Err(Error::Paused(format!(
            "Plugin '{key}' is paused: {}; an Admin can resume it",
            paused.reason
        ))),
        None => Ok(()),
    }
}

fn place(tenant: &TenantId, installation: i64) -> Place {
    Place {
        tenant: tenant.clone(),
        installation,
    }
}
