//! One operation at a time per tenant and plugin: of fifty installs at once, one works and the others find it done.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{ArcMutexGuard, Mutex, RawMutex};

use crate::error::{Error, Result};
use crate::plugin_key::PluginKey;
use crate::tenant::TenantId;

/// A waiter keeps a worker; whoever waits longer is asked to come again.
const PATIENCE: Duration = Duration::from_secs(5);

type Lock = Arc<Mutex<()>>;

#[derive(Default)]
pub struct Operations {
    locks: Mutex<HashMap<(TenantId, PluginKey), Lock>>,
}

/// Held while an operation runs.
pub type Operation = ArcMutexGuard<RawMutex, ()>;

impl Operations {
    /// The turn, or `None` while another operation on the plugin runs.
    pub fn try_begin(&self, tenant: &TenantId, plugin: &PluginKey) -> Option<Operation> {
        self.lock(tenant, plugin).try_lock_arc()
    }

    /// The turn, after a short wait if need be.
    pub fn begin(&self, tenant: &TenantId, plugin: &PluginKey) -> Result<Operation> {
        self.lock(tenant, plugin)
            .try_lock_arc_for(PATIENCE)
            .ok_or_else(|| Error::Busy {
                message: format!("Another operation on plugin '{plugin}' is still running"),
                retry_after: PATIENCE,
            })
    }

    fn lock(&self, tenant: &TenantId, plugin: &PluginKey) -> Lock {
        let mut locks = self.locks.lock();
        // A lock that nobody else holds a reference to is free: dropping it here keeps the map small.
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry((tenant.clone(), plugin.clone())).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_on_one_plugin_follow_each_other_and_leave_nothing_behind() {
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
        drop(other);
        drop(
            operations
                .begin(&TenantId::of_organization(2), &plugin)
                .unwrap(),
        );
        assert!(operations.locks.lock().len() <= 1);
    }
}
