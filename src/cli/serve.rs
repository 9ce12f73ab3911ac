//! `souk serve`: serve until told to stop.

use std::sync::Arc;
use std::time::Duration;

use super::output;
use crate::app::App;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::first_run;
use crate::housekeeping::Housekeeping;
use crate::http::edge::EdgeListener;
use crate::http::running::{self, Running};
use crate::logging;

pub const EXAMPLES: &str = "Examples:
  souk serve
  souk serve --listen 0.0.0.0:8420 --data /var/lib/souk
  SOUK_OUTBOUND_ALLOW=mlflow.internal:5000 souk serve
  souk serve --marketplace /media/usb/marketplace";

/// Requests in flight get this long after a signal; with the workers' own end it stays under 20 s.
pub const GRACE: Duration = Duration::from_secs(15);

pub fn run(config: Config) -> Result<()> {
    logging::start(&config)?;
    if !config.listen.ip().is_loopback() {
        tracing::warn!(
            listen = %config.listen,
            "SERVING A NETWORK WITHOUT TLS: passwords and tokens can be read on the way. Put a TLS proxy in front and name it in trusted_proxies"
        );
    }
    let listener = running::bind(config.listen)?;
    let address = listener.local_addr()?;
    let app = App::open(config, None)?;
    let running = Running::start(
        &app,
        vec![EdgeListener {
            socket: listener,
            name: running::MAIN,
        }],
    )?;
    tracing::info!(%address, data = %app.data.root().display(), "serving");
    if let Some(token) = first_run::offer(&app.storage)? {
        output::line(
            "No organization exists yet. Open this link within 24 hours to name it and to set its first Admin:",
        )?;
        output::line(&format!("  http://{address}/setup?token={token}"))?;
    }
    until_told(&app, running)
}

/// Serves until SIGTERM or Ctrl-C, then lets requests in flight end. A second signal ends at once.
pub fn until_told(app: &Arc<App>, running: Running) -> Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut housekeeping = Housekeeping::start(app)?;
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])
        .map_err(|error| Error::internal("cannot watch for signals", error))?;
    let handle = signals.handle();
    let name = match signals.forever().next() {
        Some(SIGINT) => "SIGINT",
        _ => "SIGTERM",
    };
    tracing::info!(signal = name, data = %app.data.root().display(), "stopping: requests in flight end first");
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            std::process::exit(1);
        }
    });
    housekeeping.ask_to_stop();
    running.stop(GRACE);
    handle.close();
    tracing::info!("stopped");
    Ok(())
}
