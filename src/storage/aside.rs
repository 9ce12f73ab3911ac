//! One connection for work in the background that goes through all tenants. It is none of the pool's,
//! so a round takes no slot that a request waits for, and drives no busy tenant out of its own.

use std::sync::Arc;

use rusqlite::Connection;

use super::Storage;
use super::slot::{Attacher, Slot};
use crate::error::Result;
use crate::tenant::TenantId;

pub struct Aside {
    slot: Option<Slot>,
    attacher: Arc<Attacher>,
}

impl Storage {
    /// For one round; its three descriptors go with it.
    pub fn aside(&self) -> Aside {
        Aside {
            slot: None,
            attacher: self.tenants.attacher(),
        }
    }
}

impl Aside {
    /// Reads of one tenant's data; an old file is migrated first.
    pub fn tenant<T>(
        &mut self,
        tenant: &TenantId,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        let mut slot = match self.slot.take() {
            Some(slot) => slot,
            None => self.attacher.open()?,
        };
        let result = self
            .attacher
            .attach(&mut slot, tenant)
            .and_then(|()| work(&slot.connection));
        slot.clean();
        // One tenant's broken file must not be met again with the next.
        let detached = self.attacher.detach(&mut slot);
        if !slot.is_broken() && detached.is_ok() {
            self.slot = Some(slot);
        }
        result
    }
}
