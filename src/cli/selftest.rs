//! `souk selftest`: the walls, tried on this machine.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::output;
use super::settings::SettingsArgs;
use crate::error::{Error, Result};
use crate::selftest::{self, Report, USUAL_CASES, instance};

pub const EXAMPLES: &str = "Examples:
  souk selftest sandbox
  souk selftest sandbox --cases 10000
  souk selftest sandbox --json > selftest.json";

const INSTANCE_EXAMPLES: &str = "Examples:
  souk selftest instance --script-ms 100";

#[derive(Subcommand)]
pub enum Selftest {
    /// Run hostile plugins against a private instance, and tell which wall stopped each
    Sandbox(Sandbox),
    /// The private instance of a selftest: serves until its standard input ends
    #[command(hide = true, after_help = INSTANCE_EXAMPLES)]
    Instance(Private),
}

#[derive(Args)]
pub struct Sandbox {
    /// How many cases to run
    #[arg(long, value_name = "NUMBER", default_value_t = USUAL_CASES)]
    cases: usize,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Private {
    /// How long a script may run, at most as long as in service
    #[arg(long, value_name = "NUMBER")]
    script_ms: Option<u64>,
}

impl Selftest {
    pub fn run(self, settings: SettingsArgs) -> Result<()> {
        match self {
            Self::Sandbox(sandbox) => sandbox.run(),
            Self::Instance(private) => {
                let time = private.script_ms.map(Duration::from_millis);
                let config = settings.load()?;
                crate::logging::start(&config)?;
                instance::serve(config, time, output::line)
            }
        }
    }
}

impl Sandbox {
    fn run(self) -> Result<()> {
        let report = selftest::run(self.cases, &output::note)?;
        if self.json {
            output::line(&json!(report).to_string())?;
        } else {
            show(&report)?;
        }
        let breaches = report.all_breaches();
        if breaches.is_empty() {
            return Ok(());
        }
        for breach in &breaches {
            output::note(&format!("breach: {breach}"));
        }
        Err(Error::Internal(format!("{} breaches", breaches.len())))
    }
}

/// A line for each case, and the sum.
fn show(report: &Report) -> Result<()> {
    let rows: Vec<_> = report
        .cases
        .iter()
        .map(|line| {
            let outcome = if line.breaches.is_empty() {
                line.outcome.to_owned()
            } else {
                format!("BREACH: {}", line.breaches.join("; "))
            };
            let memory = line.peak_bytes.map(|bytes| format!("{} MB", bytes >> 20));
            json!({
                "case": line.case,
                "wall": line.wall,
                "outcome": outcome,
                "time": format!("{} ms", line.milliseconds),
                "memory": memory,
            })
        })
        .collect();
    output::Output { json: false }.table(&["case", "wall", "outcome", "time", "memory"], &rows)?;
    output::line(&report.summary())
}
