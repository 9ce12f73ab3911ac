//! One writer per tenant at a time. SQLite would also make writers wait, but by sleeping and
//! polling; a queue in the process is fair, exact about its time-out, and costs no connection.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::keyed_lock::{KeyedGuard, KeyedLock};
use crate::tenant::TenantId;

const RETRY_AFTER: Duration = Duration::from_secs(1);

pub type WriterGuard = KeyedGuard;

pub struct Writers {
    locks: KeyedLock<TenantId>,
    wait: Duration,
}

impl Writers {
    pub fn new(wait: Duration) -> Self {
        Self {
            locks: KeyedLock::new(),
            wait,
        }
    }

    pub fn lock(&self, tenant: &TenantId) -> Result<WriterGuard> {
        self.locks
            .lock(tenant.clone(), self.wait)
            .ok_or_else(|| Error::Busy {
                message: "Another write to this organization's data is still running; try again"
                    .to_owned(),
                retry_after: RETRY_AFTER,
            })
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
}
