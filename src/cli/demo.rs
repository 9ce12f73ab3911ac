//! `souk demo`: everything on this machine, with nothing to set up.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::output;
use super::serve::{self, Caught};
use super::settings::SettingsArgs;
use crate::app::App;
use crate::config::{Config, SecretKeyPlace};
use crate::data_dir::DataDir;
use crate::demo::accounts::{self, Account};
use crate::demo::sample_mlflow::SampleMlflow;
use crate::error::{Error, Result};
use crate::http::dispatch::SAMPLE_MLFLOW;
use crate::http::edge::EdgeListener;
use crate::http::running::{self, Running};
use crate::logging;
use crate::outbound::AllowEntry;

pub const EXAMPLES: &str = "Examples:
  souk demo
  souk demo --data demo-data --listen 127.0.0.1:9000
  souk demo --marketplace ./my-marketplace
  souk demo --json | head -1";

/// The demo is for this machine alone: its passwords are known to everyone.
const DEMO_LOG_LEVEL: &str = "warn";

#[derive(Args)]
pub struct Demo {
    /// Print one JSON line with address and accounts, then go on serving
    #[arg(long)]
    json: bool,
}

impl Demo {
    pub fn run(self, mut settings: SettingsArgs) -> Result<()> {
        // Kept until the end: dropping it removes the throw-away data.
        let throw_away = if settings.has("data") {
            None
        } else {
            Some(tempfile::Builder::new().prefix("souk-demo-").tempdir()?)
        };
        if let Some(folder) = &throw_away {
            settings.set("data", folder.path().display().to_string());
        }
        if !settings.has("log.level") {
            settings.set("log.level", DEMO_LOG_LEVEL.to_owned());
        }
        let mut config = settings.load()?;
        logging::start(&config)?;
        if !config.listen.ip().is_loopback() {
            return Err(Error::invalid(
                "listen",
                format!(
                    "the demo serves this machine only, and {} is not a loopback address; use 'souk serve' for a network",
                    config.listen
                ),
            ));
        }
        config.secret_key = SecretKeyPlace::File(demo_key(&config));

        let listener = running::bind(config.listen)?;
        let sample_listener = running::bind(SocketAddr::new(config.listen.ip(), 0))?;
        let (address, mlflow) = (listener.local_addr()?, sample_listener.local_addr()?);
        config
            .outbound_allow
            .push(AllowEntry::parse(&mlflow.to_string())?);

        let data = DataDir::open(&config.data)?;
        let app = App::open(config, data, Some(SampleMlflow::new(true)))?;
        let accounts = accounts::ensure(&app)?;
        let running = Running::start(
            &app,
            vec![
                EdgeListener {
                    socket: listener,
                    name: running::MAIN,
                },
                EdgeListener {
                    socket: sample_listener,
                    name: SAMPLE_MLFLOW,
                },
            ],
        )?;
        let signalled = Caught::of(&serve::STOPPING)?.watch();
        if self.json {
            output::line(
                &json!({
                    "address": format!("http://{address}"),
                    "mlflow": format!("http://{mlflow}"),
                    "users": accounts,
                })
                .to_string(),
            )?;
        } else {
            greet(address, mlflow, &accounts)?;
        }
        serve::until_told(&app, running, &signalled, None)?;
        Ok(())
    }
}

/// The one place where a key lies beside the data: both are thrown away together.
fn demo_key(config: &Config) -> PathBuf {
    config.data.join("demo-secret.key")
}

fn greet(address: SocketAddr, mlflow: SocketAddr, accounts: &[Account]) -> Result<()> {
    output::line("")?;
    output::line(&format!(
        "  {}   http://{address}",
        output::bold("Souk demo")
    ))?;
    output::line(&format!(
        "  Sample MLflow server   http://{mlflow}   (sample data, kept in memory)"
    ))?;
    output::line("")?;
    for organization in accounts.chunk_by(|a, b| a.organization_id == b.organization_id) {
        let Some(first) = organization.first() else {
            continue;
        };
        output::line(&format!(
            "  {}   tenant {}",
            output::bold(&first.organization),
            first.tenant_id
        ))?;
        for account in organization {
            output::line(&format!(
                "    {:<10} {}",
                account.role.to_string(),
                account.email
            ))?;
        }
    }
    output::line("")?;
    output::line(&format!(
        "  Every password is {}",
        output::bold(accounts::PASSWORD)
    ))?;
    output::line(
        "  Sign in as an Admin, open Plugins, install MLflow and give it the address of the sample server.",
    )?;
    output::line("  Ctrl-C ends the demo.")?;
    output::line("")
}
