//! One operation at a time per tenant and plugin: of fifty installs at once, one works and the others find it done.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::keyed_lock::{KeyedGuard, KeyedLock};
use crate::plugin_key::PluginKey;
use crate::tenant::TenantId;

/// Longer than any hook may take, so that a waiter gives up only when something is wrong.
const PATIENCE: Duration = Duration::from_secs(40);
const RETRY_AFTER: Duration = Duration::from_secs(5);

#[derive(Default)]
pub struct Operations {
    locks: KeyedLock<(TenantId, PluginKey)>,
}

/// Held while an operation runs.
pub type Operation = KeyedGuard;

impl Operations {
    pub fn begin(&self, tenant: &TenantId, plugin: &PluginKey) -> Result<Operation> {
        self.locks
            .lock((tenant.clone(), plugin.clone()), PATIENCE)
            .ok_or_else(|| Error::Busy {
                message: format!("Another operation on plugin '{plugin}' is still running"),
                retry_after: RETRY_AFTER,
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
