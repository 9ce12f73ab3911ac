//! Figures that are read from their owners when `/metrics` is asked for, rather than counted here.

use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};

use super::gauge;

/// A reading of the figures that others own.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub tenants: i64,
    pub tenants_checked: i64,
    pub tenants_degraded: i64,
    pub tenants_migrated: i64,
    pub tenant_slots: i64,
    pub tenant_slots_in_use: i64,
    pub tenant_slot_hits: i64,
    pub tenant_slot_misses: i64,
    pub plugin_calls_running: i64,
    pub plugin_calls_waiting: i64,
    pub runs_written: i64,
    pub runs_lost: i64,
    pub run_write_errors: i64,
    pub edge_open: i64,
    pub edge_accepted: i64,
    pub edge_accept_errors: i64,
    pub edge_forwarded: i64,
    pub edge_upstreams_lost: i64,
    /// By the status that was answered.
    pub edge_refused: Vec<(u16, i64)>,
    /// By the wall that refused.
    pub outbound_denied: Vec<(&'static str, i64)>,
}

pub struct Gauges {
    tenants: IntGauge,
    tenants_checked: IntGauge,
    tenants_degraded: IntGauge,
    tenants_migrated: IntGauge,
    tenant_slots: IntGauge,
    tenant_slots_in_use: IntGauge,
    tenant_slot_hits: IntGauge,
    tenant_slot_misses: IntGauge,
    plugin_calls_running: IntGauge,
    plugin_calls_waiting: IntGauge,
    runs_written: IntGauge,
    runs_lost: IntGauge,
    run_write_errors: IntGauge,
    edge_open: IntGauge,
    edge_accepted: IntGauge,
    edge_accept_errors: IntGauge,
    edge_forwarded: IntGauge,
    edge_upstreams_lost: IntGauge,
    edge_refused: IntGaugeVec,
    outbound_denied: IntGaugeVec,
}

impl Gauges {
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let gauge = |name, help| gauge(registry, name, help);
        let edge_refused = IntGaugeVec::new(
            Opts::new(
                "edge_requests_refused_total",
                "Requests refused at the edge",
            ),
            &["status"],
        )?;
        registry.register(Box::new(edge_refused.clone()))?;
        let outbound_denied = IntGaugeVec::new(
            Opts::new(
                "outbound_denied_total",
                "Requests to the outside that were refused, by the wall in the way",
            ),
            &["reason"],
        )?;
        registry.register(Box::new(outbound_denied.clone()))?;
        Ok(Self {
            tenants: gauge(
                "tenants",
                "Tenants as the current or last check of all counted them",
            )?,
            tenants_checked: gauge("tenants_checked", "Of these, checked so far")?,
            tenants_degraded: gauge(
                "tenants_degraded",
                "Tenants whose file failed its last check; the log names them",
            )?,
            tenants_migrated: gauge(
                "tenants_migrated_total",
                "Tenants' files brought up to date since the start",
            )?,
            tenant_slots: gauge("tenant_slots", "Connections for tenant work")?,
            tenant_slots_in_use: gauge("tenant_slots_in_use", "Connections at work")?,
            tenant_slot_hits: gauge(
                "tenant_slot_hits_total",
                "Check-outs that found their tenant attached",
            )?,
            tenant_slot_misses: gauge("tenant_slot_misses_total", "Check-outs that had to attach")?,
            plugin_calls_running: gauge("plugin_calls_running", "Plugin requests at work")?,
            plugin_calls_waiting: gauge(
                "plugin_calls_waiting",
                "Plugin requests waiting for a worker",
            )?,
            runs_written: gauge("runs_written_total", "Run records written to disk")?,
            runs_lost: gauge(
                "runs_lost_total",
                "Run records that there was no room for until the next write",
            )?,
            run_write_errors: gauge(
                "run_write_errors_total",
                "Writes of run records that failed; calls go on",
            )?,
            edge_open: gauge("edge_connections_open", "Client connections")?,
            edge_accepted: gauge(
                "edge_connections_accepted_total",
                "Client connections accepted",
            )?,
            edge_accept_errors: gauge(
                "edge_accept_errors_total",
                "Failed accepts, as in a descriptor shortage",
            )?,
            edge_forwarded: gauge("edge_requests_forwarded_total", "Requests handed on")?,
            edge_upstreams_lost: gauge(
                "edge_upstreams_lost_total",
                "Connections to the inner server that ended and were replaced",
            )?,
            edge_refused,
            outbound_denied,
        })
    }

    pub fn set(&self, reading: &Reading) {
        for (gauge, value) in [
            (&self.tenants, reading.tenants),
            (&self.tenants_checked, reading.tenants_checked),
            (&self.tenants_degraded, reading.tenants_degraded),
            (&self.tenants_migrated, reading.tenants_migrated),
            (&self.tenant_slots, reading.tenant_slots),
            (&self.tenant_slots_in_use, reading.tenant_slots_in_use),
            (&self.tenant_slot_hits, reading.tenant_slot_hits),
            (&self.tenant_slot_misses, reading.tenant_slot_misses),
            (&self.plugin_calls_running, reading.plugin_calls_running),
            (&self.plugin_calls_waiting, reading.plugin_calls_waiting),
            (&self.runs_written, reading.runs_written),
            (&self.runs_lost, reading.runs_lost),
            (&self.run_write_errors, reading.run_write_errors),
            (&self.edge_open, reading.edge_open),
            (&self.edge_accepted, reading.edge_accepted),
            (&self.edge_accept_errors, reading.edge_accept_errors),
            (&self.edge_forwarded, reading.edge_forwarded),
            (&self.edge_upstreams_lost, reading.edge_upstreams_lost),
        ] {
            gauge.set(value);
        }
        for (status, count) in &reading.edge_refused {
            self.edge_refused
                .with_label_values(&[status.to_string()])
                .set(*count);
        }
        for (reason, count) in &reading.outbound_denied {
            self.outbound_denied
                .with_label_values(&[reason])
                .set(*count);
        }
    }
}
