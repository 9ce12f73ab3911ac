//! One operation at a time per tenant and plugin: of fifty installs at once, one works and the others find it done.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::keyed_lock::{KeyedGuard, KeyedLock};
use crate::plugin_key::PluginKey;
use crate::tenant::TenantId;

/// A waiter keeps a worker; whoever waits longer is asked to come again.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Default)]
pub struct Operations {
    locks: KeyedLock<(TenantId, PluginKey)>,
}

/// Held while an operation runs.
pub type Operation = KeyedGuard;

impl Operations {
    /// The turn, or `None` while another operation on the plugin runs.
    pub fn try_begin(&self, tenant: &TenantId, plugin: &PluginKey) -> Option<Operation> {
        self.locks
            .lock((tenant.clone(), plugin.clone()), Duration::ZERO)
    }

    /// The turn, after a short wait if need be.
    pub fn begin(&self, tenant: &TenantId, plugin: &PluginKey) -> Result<Operation> {
        self.locks
            .lock((tenant.clone(), plugin.clone()), PATIENCE)
            .ok_or_else(|| Error::Busy {
                message: format!("Another operation on plugin '{plugin}' is still running"),
                retry_after: PATIENCE,
            })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn operations_on_one_plugin_follow_each_other() {
        let operations = Arc::new(Operations::default());
        let tenant = TenantId::of_organization(1);
        let plugin = PluginKey::parse("notes").unwrap();
        let first = operations.begin(&tenant, &plugin).unwrap();
        let other = operations.begin(&tenant, &PluginKey::parse("mlflow").unwrap());
        assert!(other.is_ok());
        let waiter = {
            let (operations, tenant, plugin) =
                (Arc::clone(&operations), tenant.clone(), plugin.clone());
            std::thread::spawn(move || operations.begin(&tenant, &plugin).is_ok())
        };
        drop(first);
        assert!(waiter.join().unwrap());
    }
}
