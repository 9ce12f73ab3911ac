//! One connection for tenant work: an empty `main` in memory that refuses writes, and at most one
//! tenant file attached under its tenant id. That makes another tenant unreachable by construction.
//!
//! The authorizer and the progress handler are installed once and read shared state, because
//! installing an authorizer again would expire every cached statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use super::door::{Rule, Verdicts, functions};
use super::inserted::Inserted;
use super::schema::{Age, Kind, Stamp};
use super::settings::{self, Work};
use super::stopwatch::Stopwatch;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::keyed_lock::KeyedLock;
use crate::tenant::TenantId;

/// SQLite calls the progress handler after so many instructions: some tens of microseconds.
const OPS_PER_LOOK: i32 = 1_000;
const FIRST_ATTACHED: usize = 2;
/// A migration that others wait for.
const RETRY_AFTER: Duration = Duration::from_secs(1);

pub struct Slot {
    pub connection: Connection,
    pub rule: Arc<Rule>,
    pub stopwatch: Arc<Stopwatch>,
    pub inserted: Arc<Inserted>,
    pub verdicts: Verdicts,
    attached: Option<TenantId>,
    /// How many pages the attached file may have, as SQLite was told last.
    page_limit: i64,
    /// A plugin changed the schema: only then can temporary objects have come.
    suspect: bool,
    broken: bool,
}

/// Attaches tenants to slots; holds what that needs.
pub struct Attacher {
    data: Arc<DataDir>,
    busy: Duration,
    /// Two slots may meet the same old file.
    migrating: KeyedLock<TenantId>,
    migrated: AtomicU64,
}

impl Slot {
    pub fn open(busy: Duration) -> rusqlite::Result<Self> {
        let connection = settings::open_in_memory()?;
        settings::harden(&connection, busy)?;
        settings::close_main(&connection)?;
        functions::install(&connection)?;
        let rule = Arc::new(Rule::default());
        connection.authorizer(Some(Rule::hook(&rule)))?;
        let stopwatch = Arc::new(Stopwatch::default());
        connection.progress_handler(OPS_PER_LOOK, Some(Stopwatch::hook(&stopwatch)))?;
        let inserted = Arc::new(Inserted::default());
        connection.update_hook(Some(Inserted::hook(&inserted)))?;
        Ok(Self {
            connection,
            rule,
            stopwatch,
            inserted,
            verdicts: Verdicts::default(),
            attached: None,
            page_limit: 0,
            suspect: false,
            broken: false,
        })
    }

    pub fn attached(&self) -> Option<&TenantId> {
        self.attached.as_ref()
    }

    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// How far the attached file may grow; at most to the tenant's quota.
    pub fn limit_pages(&mut self, tenant: &TenantId, pages: i64) -> rusqlite::Result<()> {
        let pages = pages.min(settings::TENANT_PAGES);
        if pages != self.page_limit {
            settings::limit_pages(&self.connection, tenant.as_str(), pages)?;
            self.page_limit = pages;
        }
        Ok(())
    }

    /// The next cleaning looks for temporary objects too.
    pub fn look_closely(&mut self) {
        self.suspect = true;
    }

    /// Leaves nothing of one use for the next. A connection that cannot be trusted is given up.
    pub fn clean(&mut self) {
        self.rule.back_to_host();
        self.stopwatch.clear();
        let rolled_back =
            self.connection.is_autocommit() || self.connection.execute_batch("ROLLBACK").is_ok();
        let limited = settings::limit(&self.connection, Work::Host).is_ok();
        self.broken |= !rolled_back || !limited || !self.is_as_expected().unwrap_or(false);
    }

    /// Exactly the files attached that we attached, and no temporary objects.
    fn is_as_expected(&mut self) -> rusqlite::Result<bool> {
        // SQLite's list begins with main and temp, in use or not.
        let attached: Vec<String> = (FIRST_ATTACHED..)
            .map_while(|index| self.connection.db_name(index).ok())
            .collect();
        let names = attached.iter().map(String::as_str);
        if !names.eq(self.attached().map(TenantId::as_str)) {
            return Ok(false);
        }
        if !std::mem::take(&mut self.suspect) {
            return Ok(true);
        }
        let count = "SELECT count(*) FROM sqlite_temp_schema";
        let objects: i64 = self.connection.query_row(count, [], |row| row.get(0))?;
        Ok(objects == 0)
    }
}

impl Attacher {
    pub fn new(data: Arc<DataDir>, busy: Duration) -> Self {
        Self {
            data,
            busy,
            migrating: KeyedLock::new(),
            migrated: AtomicU64::new(0),
        }
    }

    /// A slot beside the pool's.
    pub fn open(&self) -> Result<Slot> {
        Ok(Slot::open(self.busy)?)
    }

    /// Files that were migrated since the start.
    pub fn migrated(&self) -> u64 {
        self.migrated.load(Ordering::Relaxed)
    }

    /// Makes `tenant` the one attached file of the slot, set in every way that SQLite keeps per file.
    pub fn attach(&self, slot: &mut Slot, tenant: &TenantId) -> Result<()> {
        if slot.attached.as_ref() == Some(tenant) {
            return Ok(());
        }
        self.detach(slot)?;
        self.attach_file(slot, tenant)?;
        if self.judge(slot, tenant)? == Age::Old {
            detach(slot, tenant)?;
            self.migrate(tenant)?;
            self.attach_file(slot, tenant)?;
        }
        settings::make_durable(&slot.connection, tenant.as_str())?;
        slot.page_limit = 0;
        slot.limit_pages(tenant, settings::TENANT_PAGES)?;
        slot.attached = Some(tenant.clone());
        Ok(())
    }

    /// Leaves no file attached to the slot.
    pub fn detach(&self, slot: &mut Slot) -> Result<()> {
        slot.verdicts.clear();
        if let Some(attached) = slot.attached.take() {
            slot.connection.flush_prepared_statement_cache();
            detach(slot, &attached)?;
        }
        Ok(())
    }

    fn attach_file(&self, slot: &mut Slot, tenant: &TenantId) -> Result<()> {
        let path = self.data.tenant_database(tenant);
        let Some(path) = path.to_str() else {
            return Err(Error::Internal(
                "the data folder's path is not UTF-8; choose another with --data".to_owned(),
            ));
        };
        // The connection may not create files, so an unknown tenant fails here and leaves no trace.
        let attached = slot
            .connection
            .execute("ATTACH ? AS ?", [path, tenant.as_str()]);
        attached.map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::CannotOpen) => {
                Error::NotFound(format!("tenant {tenant} has no database"))
            }
            _ => Error::from(error),
        })?;
        Ok(())
    }

    /// Detaches again what is not ours, so that the slot stays usable.
    fn judge(&self, slot: &mut Slot, tenant: &TenantId) -> Result<Age> {
        let stamp = Stamp::read(&slot.connection, Some(tenant.as_str()));
        let verdict = stamp
            .and_then(|stamp| Kind::Tenant.judge(stamp, &format!("the file of tenant {tenant}")));
        if verdict.is_err() {
            detach(slot, tenant)?;
        }
        verdict
    }

    fn migrate(&self, tenant: &TenantId) -> Result<()> {
        let _alone = self
            .migrating
            .lock(tenant.clone(), self.busy)
            .ok_or_else(|| Error::Busy {
                message: "This organization's data is being brought up to date; try again"
                    .to_owned(),
                retry_after: RETRY_AFTER,
            })?;
        let mut file = settings::open_file(
            &self.data.tenant_database(tenant),
            settings::OPEN_EXISTING,
            self.busy,
        )?;
        Kind::Tenant.migrate(&mut file)?;
        self.migrated.fetch_add(1, Ordering::Relaxed);
        tracing::info!(%tenant, "a tenant's database was brought up to date");
        Ok(())
    }
}

fn detach(slot: &mut Slot, tenant: &TenantId) -> Result<()> {
    let detached = slot.connection.execute("DETACH ?", [tenant.as_str()]);
    slot.broken |= detached.is_err();
    Ok(detached.map(|_| ())?)
}
