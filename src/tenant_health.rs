//! What the last look at each tenant's file found: how far the round has come, and which files are
//! not as they should be. Kept in memory: each start looks anew. Looking is `housekeeping`'s work.

use std::collections::BTreeSet;

use parking_lot::Mutex;

use crate::tenant::TenantId;

#[derive(Default)]
pub struct TenantHealth {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tenants: u64,
    checked: u64,
    degraded: BTreeSet<TenantId>,
}

/// How the current round stands, or how the last one ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub tenants: u64,
    pub checked: u64,
    /// Of all tenants, those whose file failed its last check.
    pub degraded: u64,
}

impl TenantHealth {
    pub fn begin_round(&self, tenants: u64) {
        let mut state = self.state.lock();
        state.tenants = tenants;
        state.checked = 0;
    }

    pub fn checked(&self, tenant: &TenantId, is_whole: bool) {
        let mut state = self.state.lock();
        state.checked += 1;
        if is_whole {
            state.degraded.remove(tenant);
        } else {
            state.degraded.insert(tenant.clone());
        }
    }

    pub fn is_degraded(&self, tenant: &TenantId) -> bool {
        self.state.lock().degraded.contains(tenant)
    }

    pub fn progress(&self) -> Progress {
        let state = self.state.lock();
        Progress {
            tenants: state.tenants,
            checked: state.checked,
            degraded: state.degraded.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_that_is_whole_again_is_no_longer_degraded() {
        let health = TenantHealth::default();
        let tenant = TenantId::of_organization(1);
        for (is_whole, degraded) in [(false, 1), (false, 1), (true, 0)] {
            health.begin_round(1);
            health.checked(&tenant, is_whole);
            assert_eq!(
                health.progress(),
                Progress {
                    tenants: 1,
                    checked: 1,
                    degraded
                }
            );
            assert_eq!(health.is_degraded(&tenant), !is_whole);
        }
    }
}
