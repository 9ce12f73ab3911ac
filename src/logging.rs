//! Logs by tracing, on standard error: text for people, or one JSON object a line.

use tracing_subscriber::EnvFilter;

use crate::config::Config;
use crate::error::{Error, Result};

/// Libraries speak only when something is wrong with them.
const LIBRARIES: &str = "warn";

pub fn start(config: &Config) -> Result<()> {
    let filter = EnvFilter::new(format!("{LIBRARIES},souk={}", config.log_level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if config.log_json {
        builder.json().flatten_event(true).try_init()
    } else {
        let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
        builder.with_ansi(colours).with_target(false).try_init()
    };
    started.map_err(|error| Error::internal("cannot start the logs", error))
}
