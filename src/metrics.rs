//! What the appliance counts: the seed's five plugin metrics, requests, pools and the edge.

use std::time::Duration;

use prometheus::{
    HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::error::{Error, Result};
use crate::plugin_key::PluginKey;

/// Seconds. From a static file to a route at its longest wall time.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];

pub struct Metrics {
    registry: Registry,
    installs: IntCounterVec,
    uninstalls: IntCounterVec,
    errors: IntCounterVec,
    ui_load: HistogramVec,
    api_response: HistogramVec,
    requests: HistogramVec,
    tenants_checked: IntCounterVec,
    tenant_orphans: IntGauge,
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

/// Figures that are read from their owners when `/metrics` is asked for.
struct Gauges {
    tenant_slots: IntGauge,
    tenant_slots_in_use: IntGauge,
    tenant_slot_hits: IntGauge,
    tenant_slot_misses: IntGauge,
    plugin_calls_running: IntGauge,
    plugin_calls_waiting: IntGauge,
    edge_open: IntGauge,
    edge_accepted: IntGauge,
    edge_forwarded: IntGauge,
    edge_refused: IntGauge,
}

/// A reading of the figures that others own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    pub tenant_slots: i64,
    pub tenant_slots_in_use: i64,
    pub tenant_slot_hits: i64,
    pub tenant_slot_misses: i64,
    pub plugin_calls_running: i64,
    pub plugin_calls_waiting: i64,
    pub edge_open: i64,
    pub edge_accepted: i64,
    pub edge_forwarded: i64,
    pub edge_refused: i64,
}

impl Metrics {
    pub fn new() -> Result<Self> {
        Self::build().map_err(|error| Error::internal("metrics", error))
    }

    fn build() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| -> prometheus::Result<IntCounterVec> {
            let counter = IntCounterVec::new(Opts::new(name, help), &["plugin"])?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let histogram =
            |name: &str, help: &str, labels: &[&str]| -> prometheus::Result<HistogramVec> {
                let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
                let histogram = HistogramVec::new(options, labels)?;
                registry.register(Box::new(histogram.clone()))?;
                Ok(histogram)
            };
        let gauge = |name: &str, help: &str| -> prometheus::Result<IntGauge> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        Ok(Self {
            installs: counter("plugin_installs_total", "Plugin installations")?,
            uninstalls: counter("plugin_uninstalls_total", "Plugin uninstallations")?,
            errors: counter("plugin_errors_total", "Plugin operation errors")?,
            ui_load: histogram(
                "plugin_ui_load_time",
                "Seconds to load a UI bundle",
                &["plugin", "ok"],
            )?,
            api_response: histogram(
                "plugin_api_response_time",
                "Seconds a plugin route took",
                &["plugin"],
            )?,
            requests: histogram(
                "http_request_duration_seconds",
                "Seconds a request took",
                &["route", "method", "status"],
            )?,
            tenants_checked: {
                let options = Opts::new("tenants_checked_total", "Tenants' files checked");
                let counter = IntCounterVec::new(options, &["result"])?;
                registry.register(Box::new(counter.clone()))?;
                counter
            },
            tenant_orphans: gauge(
                "tenant_orphans",
                "Tables and indexes that belong to no plugin, as the last check of all tenants found",
            )?,
            gauges: Gauges {
                tenant_slots: gauge("tenant_slots", "Connections for tenant work")?,
                tenant_slots_in_use: gauge("tenant_slots_in_use", "Connections at work")?,
                tenant_slot_hits: gauge(
                    "tenant_slot_hits_total",
                    "Check-outs that found their tenant attached",
                )?,
                tenant_slot_misses: gauge(
                    "tenant_slot_misses_total",
                    "Check-outs that had to attach",
                )?,
                plugin_calls_running: gauge("plugin_calls_running", "Plugin requests at work")?,
                plugin_calls_waiting: gauge(
                    "plugin_calls_waiting",
                    "Plugin requests waiting for a worker",
                )?,
                edge_open: gauge("edge_connections_open", "Client connections")?,
                edge_accepted: gauge(
                    "edge_connections_accepted_total",
                    "Client connections accepted",
                )?,
                edge_forwarded: gauge("edge_requests_forwarded_total", "Requests handed on")?,
                edge_refused: gauge(
                    "edge_requests_refused_total",
                    "Requests refused at the edge",
                )?,
            },
            registry,
        })
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
        let gauges = &self.gauges;
        gauges.tenant_slots.set(reading.tenant_slots);
        gauges.tenant_slots_in_use.set(reading.tenant_slots_in_use);
        gauges.tenant_slot_hits.set(reading.tenant_slot_hits);
        gauges.tenant_slot_misses.set(reading.tenant_slot_misses);
        gauges
            .plugin_calls_running
            .set(reading.plugin_calls_running);
        gauges
            .plugin_calls_waiting
            .set(reading.plugin_calls_waiting);
        gauges.edge_open.set(reading.edge_open);
        gauges.edge_accepted.set(reading.edge_accepted);
        gauges.edge_forwarded.set(reading.edge_forwarded);
        gauges.edge_refused.set(reading.edge_refused);
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(|error| Error::internal("metrics", error))
    }
}
