//! One writer per tenant at a time. SQLite would also make writers wait, but by sleeping and
//! polling; a queue in the process is fair, exact about its time-out, and costs no connection.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{ArcMutexGuard, Mutex, RawMutex};

use crate::error::{Error, Result};
use crate::tenant::TenantId;

/// Above this many names, those that nobody holds or waits for are forgotten.
const REMEMBERED: usize = 256;
const RETRY_AFTER: Duration = Duration::from_secs(1);

pub type WriterGuard = ArcMutexGuard<RawMutex, ()>;

pub struct Writers {
    locks: Mutex<HashMap<TenantId, Arc<Mutex<()>>>>,
    wait: Duration,
}

impl Writers {
    pub fn new(wait: Duration) -> Self {
        Self {
            locks: Mutex::default(),
            wait,
        }
    }

    pub fn lock(&self, tenant: &TenantId) -> Result<WriterGuard> {
        self.lock_of(tenant)
            .try_lock_arc_for(self.wait)
            .ok_or_else(|| Error::Busy {
                message: "Another write to this organization's data is still running; try again"
                    .to_owned(),
                retry_after: RETRY_AFTER,
            })
    }

    fn lock_of(&self, tenant: &TenantId) -> Arc<Mutex<()>> {
        let mut locks = self.locks.lock();
        if locks.len() >= REMEMBERED {
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Arc::clone(locks.entry(tenant.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_of_one_tenant_waits_and_is_told_so() {
        let writers = Writers::new(Duration::from_millis(20));
        let (one, two) = (TenantId::of_organization(1), TenantId::of_organization(2));
        let first = writers.lock(&one).unwrap();
        assert!(writers.lock(&two).is_ok());
        assert!(matches!(writers.lock(&one), Err(Error::Busy { .. })));
        drop(first);
        assert!(writers.lock(&one).is_ok());
    }

    #[test]
    fn idle_names_are_forgotten_and_held_ones_are_not() {
        let writers = Writers::new(Duration::from_millis(5));
        let held = writers.lock(&TenantId::of_organization(0)).unwrap();
        for organization in 1..1_000 {
            drop(
                writers
                    .lock(&TenantId::of_organization(organization))
                    .unwrap(),
            );
        }
        assert!(writers.locks.lock().len() <= REMEMBERED);
        assert!(writers.lock(&TenantId::of_organization(0)).is_err());
        drop(held);
    }
}
