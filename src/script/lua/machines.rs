//! Idle machines of all programs. A machine with its libraries takes a quarter of a megabyte, and a
//! server has a program for each tenant's plugin, so they are bounded together: the one unused for
//! longest goes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::vm::Vm;

/// Several for each worker of a common machine.
const MOST: usize = 64;

/// Whose machine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(u64);

#[derive(Default)]
pub struct Machines {
    owners: AtomicU64,
    /// The one used last stands last.
    idle: Mutex<VecDeque<(Owner, Vm)>>,
}

impl Machines {
    pub fn owner(&self) -> Owner {
        Owner(self.owners.fetch_add(1, Ordering::Relaxed))
    }

    pub fn take(&self, owner: Owner) -> Option<Vm> {
        let mut idle = self.idle.lock();
        let at = idle.iter().rposition(|(known, _)| *known == owner)?;
        idle.remove(at).map(|(_, vm)| vm)
    }

    pub fn give_back(&self, owner: Owner, vm: Vm) {
        let mut idle = self.idle.lock();
        idle.push_back((owner, vm));
        let oldest = if idle.len() > MOST {
            idle.pop_front()
        } else {
            None
        };
        drop(idle);
        // Closing a machine takes longer than others should wait for.
        drop(oldest);
    }

    /// Closes the machines of a program that is gone.
    pub fn forget(&self, owner: Owner) {
        self.idle.lock().retain(|(known, _)| *known != owner);
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.idle.lock().len()
    }
}
