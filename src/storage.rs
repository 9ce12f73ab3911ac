//! Databases: the appliance's own, and one file per tenant.
//!
//! Two promises are kept here and nowhere else. One transaction writes one file, because SQLite's
//! commit over several files in WAL mode is not atomic. And a connection for tenant work reaches
//! exactly one tenant's file, so that no statement, however clever, can name another's.
//!
//! Host SQL is constant text with unqualified names: `main` is empty, so they mean the tenant's file.
//! What a plugin writes comes through [`plugin_db`] and its [`door`].

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::data_dir::DataDir;
use crate::error::Result;
use crate::tenant::TenantId;

mod aside;
mod control;
mod evidence;
mod generations;
mod health;
mod tenant_files;

mod inserted;
mod memory;
mod slot;
mod stopwatch;
mod tenant_pool;
mod writers;

mod schema;
mod settings;

pub mod door;
pub mod plugin_db;

pub use aside::Aside;
pub use evidence::open_evidence;
pub use generations::Generation;
pub use health::Ownership;
pub use memory::was_hungry;
pub use plugin_db::{DbError, Executed, Params, PluginDb, RowLimits};
pub use tenant_pool::PoolStats as StorageStats;

/// Twice the workers of a common machine; a slot costs 32 kB and three descriptors.
const TENANT_SLOTS: u32 = 32;
/// How long a write waits for its tenant's writer, and anything for a connection.
const BUSY: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub struct StorageOptions {
    /// Connections for tenant work; fewer are made where the process may open few files.
    pub tenant_slots: u32,
    pub busy: Duration,
    /// How many pages of a tenant's file one plugin may hold.
    pub plugin_pages: i64,
}

impl StorageOptions {
    /// A request may hold two connections, and a plugin holds its own for as long as its code runs: with fewer,
    /// requests that run no plugin would wait for those that do.
    pub fn for_workers(workers: usize) -> Self {
        let slots = u32::try_from(workers * 2).unwrap_or(u32::MAX);
        Self {
            tenant_slots: TENANT_SLOTS.max(slots),
            ..Self::default()
        }
    }
}

impl Default for StorageOptions {
    fn default() -> Self {
        Self {
            tenant_slots: TENANT_SLOTS,
            busy: BUSY,
            plugin_pages: settings::PLUGIN_PAGES,
        }
    }
}

/// All databases of one data folder. One per process.
pub struct Storage {
    data: Arc<DataDir>,
    control: control::Control,
    files: tenant_files::TenantFiles,
    tenants: Arc<tenant_pool::TenantPool>,
    writers: writers::Writers,
    generations: generations::Generations,
    statements: door::known::Known,
    plugin_pages: i64,
}

impl Storage {
    pub fn open(data: &Arc<DataDir>, options: &StorageOptions) -> Result<Self> {
        Ok(Self {
            control: control::Control::open(&data.control_database(), options.busy)?,
            files: tenant_files::TenantFiles::open(Arc::clone(data), options.busy)?,
            tenants: tenant_pool::TenantPool::open(
                Arc::clone(data),
                options.tenant_slots,
                options.busy,
            )?,
            writers: writers::Writers::new(options.busy),
            generations: generations::Generations::default(),
            statements: door::known::Known::default(),
            plugin_pages: options.plugin_pages,
            data: Arc::clone(data),
        })
    }

    /// Reads of the control database.
    pub fn control<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.control.read(work)
    }

    /// One transaction on the control database: committed if `work` succeeds, undone if not.
    pub fn control_write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.control.write(work)
    }

    /// Changes with every write to the control database; ask before reading what is to be kept.
    pub fn control_generation(&self) -> Result<Generation> {
        self.control.generation()
    }

    /// Makes the tenants' files unless they exist. The rows in `tenants` come after them.
    pub fn create_tenants(&self, tenants: &[TenantId]) -> Result<()> {
        self.files.create(tenants)
    }

    /// Reads of one tenant's data.
    pub fn tenant<T>(
        &self,
        tenant: &TenantId,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        work(&self.tenants.lease(tenant)?.slot().connection)
    }

    /// One transaction on one tenant's data: committed if `work` succeeds, undone if not.
    pub fn tenant_write<T>(
        &self,
        tenant: &TenantId,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        // The writer's turn comes first, so that those who wait for it hold no connection.
        let _writer = self.writers.lock(tenant)?;
        let mut lease = self.tenants.lease(tenant)?;
        // A plugin's narrower limit may still be set.
        lease
            .slot_mut()
            .limit_pages(tenant, settings::TENANT_PAGES)?;
        let transaction =
            Transaction::new_unchecked(&lease.slot().connection, TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        let committed = transaction.commit();
        // Also after a failure: a commit that reports one may have been made.
        self.generations.bump_tenant(tenant);
        committed?;
        Ok(result)
    }

    /// Changes with every write of the host to the tenant's file; ask before reading what is to be kept.
    pub fn tenant_generation(&self, tenant: &TenantId) -> Generation {
        self.generations.tenant(tenant)
    }

    pub fn stats(&self) -> StorageStats {
        self.tenants.stats()
    }
}

#[cfg(test)]
pub(crate) use settings::open_in_memory;

#[cfg(test)]
pub(crate) mod tests;
