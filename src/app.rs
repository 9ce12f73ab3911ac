//! The program while it runs: every room opened once and lent to whoever needs it.

use std::sync::{Arc, OnceLock};

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::demo::sample_mlflow::SampleMlflow;
use crate::error::Result;
use crate::lifecycle::{Lifecycle, Rooms};
use crate::marketplace::Marketplace;
use crate::marketplace::source::Source;
use crate::metrics::{Metrics, Reading};
use crate::outbound::Outbound;
use crate::package::store::PackageStore;
use crate::readiness::Readiness;
use crate::runs::Runs;
use crate::script::{Limits, Runtime};
use crate::secret::SecretBox;
use crate::session::Sessions;
use crate::storage::{Storage, StorageOptions};
use crate::tenant_health::TenantHealth;

/// Adds the figures of a room above this one, such as the edge's, to a reading.
pub type MoreFigures = Box<dyn Fn(&mut Reading) + Send + Sync>;

pub struct App {
    pub config: Config,
    pub storage: Arc<Storage>,
    pub marketplace: Arc<Marketplace>,
    pub packages: Arc<PackageStore>,
    pub outbound: Arc<Outbound>,
    pub sessions: Sessions,
    pub lifecycle: Lifecycle,
    pub runs: Arc<Runs>,
    pub metrics: Arc<Metrics>,
    pub readiness: Readiness,
    pub tenant_health: TenantHealth,
    /// Only in the demo.
    pub sample_mlflow: Option<SampleMlflow>,
    pub more_figures: OnceLock<MoreFigures>,
    pub data: Arc<DataDir>,
}

impl App {
    pub fn open(
        config: Config,
        data: DataDir,
        sample_mlflow: Option<SampleMlflow>,
    ) -> Result<Arc<Self>> {
        Self::open_with_limits(config, data, sample_mlflow, Limits::default())
    }

    /// Only for the selftest: no setting of an operator changes what a script may use.
    pub fn open_with_limits(
        config: Config,
        data: DataDir,
        sample_mlflow: Option<SampleMlflow>,
        limits: Limits,
    ) -> Result<Arc<Self>> {
        let data = Arc::new(data);
        let secrets = Arc::new(SecretBox::open(&config.secret_key)?);
        let storage = Arc::new(Storage::open(
            &data,
            &StorageOptions::for_workers(config.workers),
        )?);
        let packages = Arc::new(PackageStore::new(&data));
        let outbound = Arc::new(Outbound::new(config.outbound_policy()?));
        let source = Source::parse(&config.marketplace)?;
        let marketplace = Arc::new(Marketplace::new(
            source,
            Arc::clone(&storage),
            Arc::clone(&outbound),
            Arc::clone(&packages),
        ));
        let metrics = Arc::new(Metrics::new()?);
        let runs = Arc::new(Runs::open(data.runs())?);
        let sessions = Sessions::open(Arc::clone(&storage), &secrets)?;
        let lifecycle = Lifecycle::new(Rooms {
            storage: Arc::clone(&storage),
            marketplace: Arc::clone(&marketplace),
            packages: Arc::clone(&packages),
            outbound: Arc::clone(&outbound),
            secrets,
            settings: Arc::new(config.plugin_settings.clone()),
            metrics: Arc::clone(&metrics),
            runs: Arc::clone(&runs),
            runtime: Runtime::new(limits).observed_by(metrics.scripts()),
        });
        Ok(Arc::new(Self {
            readiness: Readiness::new(Arc::clone(&storage), Arc::clone(&packages)),
            tenant_health: TenantHealth::default(),
            config,
            storage,
            marketplace,
            packages,
            outbound,
            sessions,
            lifecycle,
            runs,
            metrics,
            sample_mlflow,
            more_figures: OnceLock::new(),
            data,
        }))
    }

    /// All figures that are read rather than counted.
    pub fn reading(&self) -> Reading {
        let stats = self.storage.stats();
        let round = self.tenant_health.progress();
        let runs = self.runs.figures();
        let mut reading = Reading {
            runs_written: figure(runs.written),
            runs_lost: figure(runs.lost),
            run_write_errors: figure(runs.failed_writes),
            tenants: figure(round.tenants),
            tenants_checked: figure(round.checked),
            tenants_degraded: figure(round.degraded),
            tenants_migrated: figure(stats.migrated),
            tenant_slots: figure(stats.slots),
            tenant_slots_in_use: figure(stats.in_use),
            tenant_slot_hits: figure(stats.hits),
            tenant_slot_misses: figure(stats.misses),
            outbound_denied: self
                .outbound
                .denied()
                .into_iter()
                .map(|(reason, count)| (reason, figure(count)))
                .collect(),
            ..Reading::default()
        };
        if let Some(more) = self.more_figures.get() {
            more(&mut reading);
        }
        reading
    }
}

fn figure<T: TryInto<i64>>(count: T) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
