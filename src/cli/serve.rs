//! `souk serve`: serve until told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

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

/// How often to look whether the edge still runs.
const LOOK: Duration = Duration::from_secs(1);

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
        let (origin, is_a_name) = origin(address);
        output::line(&format!("  {origin}/setup?token={token}"))?;
        if is_a_name {
            output::line(
                "If your network does not know that name, put an address of this machine in its place.",
            )?;
        }
    }
    until_told(&app, running)
}

/// Serves until SIGTERM or Ctrl-C, then lets requests in flight end. A second signal ends at once.
pub fn until_told(app: &Arc<App>, running: Running) -> Result<()> {
    let mut housekeeping = Housekeeping::start(app)?;
    let mut signals = Signals::new([SIGINT, SIGTERM])
        .map_err(|error| Error::internal("cannot watch for signals", error))?;
    let handle = signals.handle();
    let (told, signal) = channel();
    std::thread::spawn(move || {
        let mut signals = signals.forever();
        if let Some(first) = signals.next() {
            let _nobody_waits_any_more = told.send(first);
        }
        if signals.next().is_some() {
            std::process::exit(1);
        }
    });
    let end = wait(&signal, LOOK, || running.is_serving());
    match end {
        End::Told(name) => {
            tracing::info!(signal = name, data = %app.data.root().display(), "stopping: requests in flight end first");
        }
        End::Deaf => tracing::error!(
            "the edge has ended by itself and nothing is accepted any more: stopping, so that a supervisor can start anew"
        ),
    }
    housekeeping.ask_to_stop();
    running.stop(GRACE);
    handle.close();
    tracing::info!("stopped");
    match end {
        End::Told(_) => Ok(()),
        End::Deaf => Err(Error::Internal(
            "the edge ended by itself; the log above says more".to_owned(),
        )),
    }
}

/// Why serving ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// By this signal.
    Told(&'static str),
    /// Nobody said so, but no request can arrive any more.
    Deaf,
}

fn wait(signal: &Receiver<i32>, look: Duration, is_serving: impl Fn() -> bool) -> End {
    loop {
        match signal.recv_timeout(look) {
            Ok(SIGINT) => return End::Told("SIGINT"),
            Ok(_) => return End::Told("SIGTERM"),
            Err(RecvTimeoutError::Timeout) if is_serving() => {}
            Err(_) => return End::Deaf,
        }
    }
}

/// The link's origin. Where every address is served, none of them is one to put into a link:
/// then it is this machine's name, and the second value is true.
fn origin(address: SocketAddr) -> (String, bool) {
    if address.ip().is_unspecified() {
        (
            format!("http://{}:{}", machine_name(), address.port()),
            true,
        )
    } else {
        (format!("http://{address}"), false)
    }
}

#[cfg(unix)]
fn machine_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

#[cfg(not(unix))]
fn machine_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "localhost".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_that_ended_is_noticed_without_a_signal() {
        let (told, signal) = channel();
        let look = Duration::from_millis(1);
        assert_eq!(wait(&signal, look, || false), End::Deaf);
        told.send(SIGTERM).unwrap();
        assert_eq!(wait(&signal, look, || true), End::Told("SIGTERM"));
    }

    #[test]
    fn the_link_never_names_an_address_that_cannot_be_opened() {
        for text in ["0.0.0.0:8420", "[::]:8420"] {
            let (origin, is_a_name) = origin(text.parse().unwrap());
            assert!(is_a_name);
            assert!(
                origin.ends_with(":8420")
                    && !origin.contains("0.0.0.0")
                    && !origin.contains("[::]"),
                "{origin}"
            );
        }
        assert_eq!(
            origin("127.0.0.1:1".parse().unwrap()),
            ("http://127.0.0.1:1".to_owned(), false)
        );
    }
}
