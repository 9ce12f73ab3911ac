//! `souk serve`: serve until told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR2};
use signal_hook::iterator::{Handle, Signals};

use super::output;
use crate::app::App;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::first_run;
use crate::housekeeping::Housekeeping;
use crate::http::listening::Listening;
use crate::http::running::Running;
use crate::logging;

pub const EXAMPLES: &str = "Examples:
  souk serve
  souk serve --listen 0.0.0.0:8420 --data /var/lib/souk
  SOUK_OUTBOUND_ALLOW=mlflow.internal:5000 souk serve
  souk serve --marketplace /media/usb/marketplace";

/// Requests in flight get this long after a signal; with the workers' own end it stays under 20 s.
pub const GRACE: Duration = Duration::from_secs(15);

/// End the program, in order.
pub const STOPPING: [i32; 2] = [SIGINT, SIGTERM];

/// Starts the program anew, from the file and with the settings that are there then, and loses no request.
const RESTART: i32 = SIGUSR2;

/// How long a predecessor may take to end that answers requests of the same sockets.
const PREDECESSOR_TIME: Duration = Duration::from_secs(30);

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
    let listening = Listening::open(config.listen)?;
    let addresses = listening.addresses()?;
    let signalled = Signalled::watch(&[STOPPING.as_slice(), &[RESTART]].concat())?;
    let patience = if listening.is_inherited() {
        PREDECESSOR_TIME
    } else {
        Duration::ZERO
    };
    let data = DataDir::open_within(&config.data, patience)?;
    let app = App::open(config, data, None)?;
    let running = Running::start(&app, listening.for_edge()?)?;
    tracing::info!(?addresses, inherited = listening.is_inherited(), data = %app.data.root().display(), "serving");
    offer_first_run(&app, &addresses)?;
    let Some(listening) = until_told(&app, running, &signalled, Some(listening))? else {
        return Ok(());
    };
    // Its databases close before the successor opens them.
    drop(app);
    tracing::info!("starting anew on the same sockets");
    Err(listening.restart())
}

/// Prints the link that names the first organization, where there is none.
fn offer_first_run(app: &App, addresses: &[SocketAddr]) -> Result<()> {
    let Some(address) = addresses.first().copied() else {
        return Ok(());
    };
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
    Ok(())
}

/// Signals, caught as long as this lives. The second one that says stop ends the process at once.
pub struct Signalled {
    told: Receiver<i32>,
    handle: Handle,
}

impl Signalled {
    /// Called before anything is printed: whoever waits for that may stop us right after it.
    pub fn watch(signals: &[i32]) -> Result<Self> {
        let mut signals = Signals::new(signals)
            .map_err(|error| Error::internal("cannot watch for signals", error))?;
        let handle = signals.handle();
        let (teller, told) = channel();
        std::thread::spawn(move || {
            let mut stopping = false;
            for signal in signals.forever() {
                if stopping && signal != RESTART {
                    std::process::exit(1);
                }
                stopping |= signal != RESTART;
                let _nobody_waits_any_more = teller.send(signal);
            }
        });
        Ok(Self { told, handle })
    }

    /// Whether a signal to stop came beside the one that was acted on.
    fn also_stop(&self) -> bool {
        self.told.try_iter().any(|signal| signal != RESTART)
    }
}

impl Drop for Signalled {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// Serves until it is told to end, then lets requests in flight end. `held` are the sockets behind those of
/// the edge; they come back if the program is to start anew on them. Otherwise they close at once, so that
/// nobody waits in a backlog for a server that is about to go.
pub fn until_told(
    app: &Arc<App>,
    running: Running,
    signalled: &Signalled,
    held: Option<Listening>,
) -> Result<Option<Listening>> {
    let mut housekeeping = Housekeeping::start(app)?;
    let end = wait(&signalled.told, LOOK, || running.is_serving());
    match end {
        End::Stop(signal) => {
            tracing::info!(signal, data = %app.data.root().display(), "stopping: requests in flight end first");
        }
        End::Restart => tracing::info!("restarting: requests in flight end first"),
        End::Deaf => tracing::error!(
            "the edge has ended by itself and nothing is accepted any more: stopping, so that a supervisor can start anew"
        ),
    }
    let held = held.filter(|_| end == End::Restart);
    housekeeping.ask_to_stop();
    running.stop(GRACE);
    tracing::info!("stopped");
    match end {
        End::Restart => Ok(held.filter(|_| !signalled.also_stop())),
        End::Stop(_) => Ok(None),
        End::Deaf => Err(Error::Internal(
            "the edge ended by itself; the log above says more".to_owned(),
        )),
    }
}

/// Why serving ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// By the signal of that name.
    Stop(&'static str),
    Restart,
    /// Nobody said so, but no request can arrive any more.
    Deaf,
}

fn wait(signal: &Receiver<i32>, look: Duration, is_serving: impl Fn() -> bool) -> End {
    loop {
        match signal.recv_timeout(look) {
            Ok(RESTART) => return End::Restart,
            Ok(SIGINT) => return End::Stop("SIGINT"),
            Ok(_) => return End::Stop("SIGTERM"),
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
        assert_eq!(wait(&signal, look, || true), End::Stop("SIGTERM"));
        told.send(RESTART).unwrap();
        assert_eq!(wait(&signal, look, || true), End::Restart);
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
