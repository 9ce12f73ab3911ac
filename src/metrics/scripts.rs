//! What compiles and calls of plugins took and came to.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, Registry};

use super::{counter, histogram};
use crate::plugin_key::PluginKey;
use crate::script::{Account, Ending, Engine, FunctionUse, Observer};

pub struct Scripts {
    calls: IntCounterVec,
    seconds: HistogramVec,
    limits: IntCounterVec,
    denials: IntCounterVec,
    compiles: IntCounterVec,
    compile_seconds: HistogramVec,
}

impl Scripts {
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        Ok(Self {
            calls: counter(
                registry,
                "script_calls_total",
                "Calls of hooks and routes of plugins",
                &["engine", "outcome"],
            )?,
            seconds: histogram(
                registry,
                "script_call_seconds",
                "Seconds a call took, host functions included",
                &["plugin"],
            )?,
            limits: counter(
                registry,
                "script_limits_total",
                "Calls that were ended by a limit",
                &["limit"],
            )?,
            denials: counter(
                registry,
                "script_denials_total",
                "Calls of host functions that a wall refused",
                &["function"],
            )?,
            compiles: counter(
                registry,
                "script_compiles_total",
                "Plugins compiled",
                &["engine", "outcome"],
            )?,
            compile_seconds: histogram(
                registry,
                "script_compile_seconds",
                "Seconds a compile took",
                &["engine"],
            )?,
        })
    }
}

impl Observer for Scripts {
    fn compiled(&self, engine: Engine, is_good: bool, took: Duration) {
        let outcome = if is_good { "ok" } else { "refused" };
        self.compiles
            .with_label_values(&[engine.name(), outcome])
            .inc();
        self.compile_seconds
            .with_label_values(&[engine.name()])
            .observe(took.as_secs_f64());
    }

    fn called(&self, engine: Engine, plugin: &PluginKey, account: &Account) {
        self.calls
            .with_label_values(&[engine.name(), account.ending.name()])
            .inc();
        self.seconds
            .with_label_values(&[plugin.as_str()])
            .observe(account.wall.as_secs_f64());
        if let Ending::Limit(kind) = account.ending {
            self.limits.with_label_values(&[kind]).inc();
        }
        let refused = |function: &&FunctionUse| function.denied > 0;
        for function in account.host_calls.functions.iter().filter(refused) {
            let name = format!("{}.{}", function.module, function.name);
            self.denials
                .with_label_values(&[name.as_str()])
                .inc_by(function.denied.into());
        }
    }
}
