//! Which plugins a tenant has, kept until the host writes to the tenant's file again: every request to a
//! plugin asks for its row first.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::Result;
use crate::installation::Installation;
use crate::plugin_key::PluginKey;
use crate::recent::Recent;
use crate::storage::{Generation, Storage};
use crate::tenant::TenantId;

/// Rows in memory; beyond that the one unused for longest is read again when needed.
const MOST: usize = 4096;

pub struct Installations {
    storage: Arc<Storage>,
    kept: Mutex<Recent<(TenantId, PluginKey), Kept>>,
}

#[derive(Clone)]
struct Kept {
    generation: Generation,
    row: Arc<Installation>,
}

impl Installations {
    pub fn new(storage: Arc<Storage>) -> Self {
        Self {
            storage,
            kept: Mutex::new(Recent::new(MOST)),
        }
    }

    /// The row as it stands now; `None` where the plugin is not installed.
    pub fn find(&self, tenant: &TenantId, plugin: &PluginKey) -> Result<Option<Arc<Installation>>> {
        let generation = self.storage.tenant_generation(tenant);
        let key = (tenant.clone(), plugin.clone());
        if let Some(kept) = self.kept.lock().find(&key)
            && kept.generation == generation
        {
            return Ok(Some(kept.row));
        }
        let row = self
            .storage
            .tenant(tenant, |conn| Installation::of_plugin(conn, plugin))?
            .map(Arc::new);
        // What is not there is not kept: anybody can ask for names that nobody has.
        if let Some(row) = &row {
            let kept = Kept {
                generation,
                row: Arc::clone(row),
            };
            self.kept.lock().keep(key, kept);
        }
        Ok(row)
    }
}
