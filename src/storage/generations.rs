//! Numbers that a write of the host changes, so that what was read before it can be kept until then.
//!
//! A reader takes the number first and reads then: what it keeps under that number is at least as new.
//! Tenants share a fixed number of counters; two that meet in one only read again more often. The control
//! database has SQLite's own number, which tells of writers outside of this process too.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};

use crate::tenant::TenantId;

const COUNTERS: usize = 1024;

/// The state of some data that a number stands for. Compare it with a newer one, nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generation(pub(super) i64);

pub struct Generations {
    tenants: Vec<AtomicI64>,
    hasher: RandomState,
}

impl Default for Generations {
    fn default() -> Self {
        Self {
            tenants: (0..COUNTERS).map(|_| AtomicI64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Generations {
    /// What the host keeps for `tenant`; plugins' own tables are not meant.
    pub fn tenant(&self, tenant: &TenantId) -> Generation {
        Generation(self.of(tenant).load(Ordering::SeqCst))
    }

    pub fn bump_tenant(&self, tenant: &TenantId) {
        self.of(tenant).fetch_add(1, Ordering::SeqCst);
    }

    fn of(&self, tenant: &TenantId) -> &AtomicI64 {
        let place = usize::try_from(self.hasher.hash_one(tenant) % COUNTERS as u64).unwrap_or(0);
        #[expect(clippy::indexing_slicing, reason = "a remainder of the length")]
        &self.tenants[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_ends_what_was_kept_before_it() {
        let generations = Generations::default();
        let tenant = TenantId::of_organization(1);
        let before = generations.tenant(&tenant);
        assert_eq!(before, generations.tenant(&tenant));
        generations.bump_tenant(&tenant);
        assert_ne!(before, generations.tenant(&tenant));
    }
}
