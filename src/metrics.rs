//! What the appliance counts: the seed's five plugin metrics, requests, scripts, pools and the edge.

mod readings;
mod scripts;

use std::sync::Arc;
use std::time::Duration;

use prometheus::{
    HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::error::{Error, Result};
use crate::plugin_key::PluginKey;
use readings::Gauges;
pub use readings::Reading;
pub use scripts::Scripts;

/// Seconds. From a static file to a route at its longest wall time.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];

pub struct Metrics {
    registry: Registry,
    installs: IntCounterVec,
    uninstalls: IntCounterVec,
    errors: IntCounterVec,
    pauses: IntCounterVec,
    ui_load: HistogramVec,
    api_response: HistogramVec,
    requests: HistogramVec,
    tenants_checked: IntCounterVec,
    tenant_orphans: IntGauge,
    scripts: Arc<Scripts>,
    gauges: Gauges,
}

/// What the check of one tenant's file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantCheck {
    Whole,
    /// Its tables are not those of its catalogue.
    Faulty,
    /// It could not be read.
    Failed,
}

impl Metrics {
    pub fn new() -> Result<Self> {
        Self::build().map_err(|error| Error::internal("metrics", error))
    }

    fn build() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let r = &registry;
        Ok(Self {
            installs: counter(
                r,
                "plugin_installs_total",
                "Plugin installations",
                &["plugin"],
            )?,
            uninstalls: counter(
                r,
                "plugin_uninstalls_total",
                "Plugin uninstallations",
                &["plugin"],
            )?,
            errors: counter(
                r,
                "plugin_errors_total",
                "Plugin operation errors",
                &["plugin"],
            )?,
            pauses: counter(
                r,
                "plugin_pauses_total",
                "Plugins paused because they failed repeatedly",
                &["plugin"],
            )?,
            ui_load: histogram(
                r,
                "plugin_ui_load_time",
                "Seconds to load a UI bundle",
                &["plugin", "ok"],
            )?,
            api_response: histogram(
                r,
                "plugin_api_response_time",
                "Seconds a plugin route took",
                &["plugin"],
            )?,
            requests: histogram(
                r,
                "http_request_duration_seconds",
                "Seconds a request took",
                &["route", "method", "status"],
            )?,
            tenants_checked: counter(
                r,
                "tenants_checked_total",
                "Tenants' files checked",
                &["result"],
            )?,
            tenant_orphans: gauge(
                r,
                "tenant_orphans",
                "Tables and indexes that belong to no plugin, as the last check of all tenants found",
            )?,
            scripts: Arc::new(Scripts::new(r)?),
            gauges: Gauges::new(r)?,
            registry,
        })
    }

    /// Counts what scripts do.
    pub fn scripts(&self) -> Arc<Scripts> {
        Arc::clone(&self.scripts)
    }

    pub fn plugin_installed(&self, plugin: &PluginKey) {
        self.installs.with_label_values(&[plugin.as_str()]).inc();
    }

    pub fn plugin_uninstalled(&self, plugin: &PluginKey) {
        self.uninstalls.with_label_values(&[plugin.as_str()]).inc();
    }

    pub fn plugin_error(&self, plugin: &PluginKey) {
        self.errors.with_label_values(&[plugin.as_str()]).inc();
    }

    pub fn plugin_paused(&self, plugin: &PluginKey) {
        self.pauses.with_label_values(&[plugin.as_str()]).inc();
    }

    pub fn plugin_call(&self, plugin: &PluginKey, took: Duration) {
        self.api_response
            .with_label_values(&[plugin.as_str()])
            .observe(took.as_secs_f64());
    }

    pub fn ui_loaded(&self, plugin: &PluginKey, took: Duration, ok: bool) {
        let ok = if ok { "true" } else { "false" };
        self.ui_load
            .with_label_values(&[plugin.as_str(), ok])
            .observe(took.as_secs_f64());
    }

    /// `route` is the line of the route table, never the path: a client cannot grow the list.
    pub fn request(&self, route: &str, method: &str, status: u16, took: Duration) {
        self.requests
            .with_label_values(&[route, method, &status.to_string()])
            .observe(took.as_secs_f64());
    }

    pub fn tenant_checked(&self, result: TenantCheck) {
        let result = match result {
            TenantCheck::Whole => "whole",
            TenantCheck::Faulty => "faulty",
            TenantCheck::Failed => "failed",
        };
        self.tenants_checked.with_label_values(&[result]).inc();
    }

    /// In all tenants together.
    pub fn orphans_found(&self, orphans: usize) {
        self.tenant_orphans
            .set(i64::try_from(orphans).unwrap_or(i64::MAX));
    }

    /// Prometheus text.
    pub fn text(&self, reading: &Reading) -> Result<String> {
        self.gauges.set(reading);
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(|error| Error::internal("metrics", error))
    }
}

fn counter(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> prometheus::Result<IntCounterVec> {
    let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(counter.clone()))?;
    Ok(counter)
}

fn histogram(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> prometheus::Result<HistogramVec> {
    let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
    let histogram = HistogramVec::new(options, labels)?;
    registry.register(Box::new(histogram.clone()))?;
    Ok(histogram)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> prometheus::Result<IntGauge> {
    let gauge = IntGauge::new(name, help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}
