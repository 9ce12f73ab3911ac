//! Slots for tenant work: made and discarded by r2d2, chosen here. r2d2 cannot choose a slot, so it
//! hands each out once and this pool keeps the idle ones, least recently used first. Asked for a
//! tenant it prefers the slot already attached to it (3 µs), then one attached to nothing, then a
//! new one, and last the slot idle for longest, which is attached anew (0.3 ms).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use r2d2::{ManageConnection, PooledConnection};

use super::slot::{Attacher, Slot};
use crate::data_dir::DataDir;
use crate::descriptors::descriptor_limit;
use crate::error::{Error, Result};
use crate::tenant::TenantId;

/// The database, its WAL and the shared memory file.
const DESCRIPTORS_PER_SLOT: usize = 3;
/// Slots take at most this share of the process's descriptors; the rest is for clients.
const SHARE_OF_DESCRIPTORS: usize = 4;

pub struct TenantPool {
    slots: r2d2::Pool<Slots>,
    attacher: Arc<Attacher>,
    shelf: Mutex<Shelf>,
    returned: Condvar,
    most: usize,
    wait: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    pub slots: usize,
    pub in_use: usize,
    /// Uses that found their tenant attached.
    pub hits: u64,
    pub misses: u64,
    /// Files brought up to date since the start, by a request or in the background.
    pub migrated: u64,
}

/// A slot in use, with one tenant attached; cleaned and given back when dropped.
pub struct Lease {
    /// Empty only while dropping.
    slot: Option<PooledConnection<Slots>>,
    pool: Arc<TenantPool>,
}

#[derive(Default)]
struct Shelf {
    idle: VecDeque<PooledConnection<Slots>>,
    in_use: usize,
    hits: u64,
    misses: u64,
}

struct Slots {
    busy: Duration,
}

impl ManageConnection for Slots {
    type Connection = Slot;
    type Error = rusqlite::Error;

    fn connect(&self) -> rusqlite::Result<Slot> {
        Slot::open(self.busy)
    }

    fn is_valid(&self, _: &mut Slot) -> rusqlite::Result<()> {
        Ok(())
    }

    fn has_broken(&self, slot: &mut Slot) -> bool {
        slot.is_broken()
    }
}

impl TenantPool {
    pub fn open(data: Arc<DataDir>, slots: u32, busy: Duration) -> Result<Arc<Self>> {
        let most = slots.min(affordable_slots()).max(1);
        let pool = r2d2::Pool::builder()
            .max_size(most)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .max_lifetime(None)
            .idle_timeout(None)
            .connection_timeout(busy)
            .build(Slots { busy })
            .map_err(|error| Error::internal("cannot open connections for tenants", error))?;
        Ok(Arc::new(Self {
            slots: pool,
            attacher: Arc::new(Attacher::new(data, busy)),
            shelf: Mutex::default(),
            returned: Condvar::new(),
            most: most as usize,
            wait: busy,
        }))
    }

    /// Takes a slot and attaches `tenant`, waiting for one if all are in use.
    pub fn lease(self: &Arc<Self>, tenant: &TenantId) -> Result<Lease> {
        let slot = self.take(tenant)?;
        let mut lease = Lease {
            slot: Some(slot),
            pool: Arc::clone(self),
        };
        self.attacher.attach(lease.slot_mut(), tenant)?;
        Ok(lease)
    }

    pub fn stats(&self) -> PoolStats {
        let shelf = self.shelf.lock();
        PoolStats {
            slots: shelf.idle.len() + shelf.in_use,
            in_use: shelf.in_use,
            hits: shelf.hits,
            misses: shelf.misses,
            migrated: self.attacher.migrated(),
        }
    }

    pub fn attacher(&self) -> Arc<Attacher> {
        Arc::clone(&self.attacher)
    }

    fn take(&self, tenant: &TenantId) -> Result<PooledConnection<Slots>> {
        let end = Instant::now() + self.wait;
        let mut shelf = self.shelf.lock();
        while shelf.in_use >= self.most {
            if self.returned.wait_until(&mut shelf, end).timed_out() {
                return Err(self.busy());
            }
        }
        let idle = shelf.choose(tenant, self.most);
        let hit = idle
            .as_ref()
            .is_some_and(|slot| slot.attached() == Some(tenant));
        shelf.hits += u64::from(hit);
        shelf.misses += u64::from(!hit);
        shelf.in_use += 1;
        drop(shelf);
        if let Some(slot) = idle {
            return Ok(slot);
        }
        self.slots.get().map_err(|_| {
            self.shelf.lock().in_use -= 1;
            self.busy()
        })
    }

    fn give_back(&self, mut slot: PooledConnection<Slots>) {
        slot.clean();
        let mut shelf = self.shelf.lock();
        shelf.in_use -= 1;
        // A broken one goes back to r2d2, which closes it.
        if !slot.is_broken() {
            shelf.idle.push_back(slot);
        }
        drop(shelf);
        self.returned.notify_one();
    }

    fn busy(&self) -> Error {
        Error::Busy {
            message: "All database connections are in use; try again".to_owned(),
            retry_after: self.wait,
        }
    }
}

impl Shelf {
    /// `None` asks for a new slot.
    fn choose(&mut self, tenant: &TenantId, most: usize) -> Option<PooledConnection<Slots>> {
        let attached_to = |wanted: Option<&TenantId>| {
            self.idle.iter().rposition(|slot| slot.attached() == wanted)
        };
        let found = attached_to(Some(tenant)).or_else(|| attached_to(None));
        let full = self.idle.len() + self.in_use >= most;
        self.idle.remove(found.or_else(|| full.then_some(0))?)
    }
}

impl Lease {
    pub fn slot(&self) -> &Slot {
        #[expect(clippy::expect_used, reason = "taken only by drop")]
        self.slot.as_ref().expect("a lease holds its slot")
    }

    pub fn slot_mut(&mut self) -> &mut Slot {
        #[expect(clippy::expect_used, reason = "taken only by drop")]
        self.slot.as_mut().expect("a lease holds its slot")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.pool.give_back(slot);
        }
    }
}

fn affordable_slots() -> u32 {
    let slots = descriptor_limit() / SHARE_OF_DESCRIPTORS / DESCRIPTORS_PER_SLOT;
    u32::try_from(slots).unwrap_or(u32::MAX)
}
