//! `souk serve`: serve until told to stop.

mod successor;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR2};
use signal_hook::flag;
use signal_hook::iterator::{Handle, Signals};

use super::output;
use super::settings::SettingsArgs;
use crate::app::App;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::first_run;
use crate::housekeeping::Housekeeping;
use crate::http::listening::Listening;
use crate::http::running::Running;
use crate::logging;
use successor::Successor;

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

pub fn run(settings: SettingsArgs) -> Result<()> {
    // First of all: until then a signal to start anew ends the process.
    let caught = Caught::of(&[STOPPING.as_slice(), &[RESTART]].concat())?;
    let config = settings.load()?;
    logging::start(&config)?;
    if !config.listen.ip().is_loopback() {
        tracing::warn!(
            listen = %config.listen,
            "SERVING A NETWORK WITHOUT TLS: passwords and tokens can be read on the way. Put a TLS proxy in front and name it in trusted_proxies"
        );
    }
    let listening = Listening::open(config.listen)?;
    let (addresses, inherited) = (listening.addresses()?, listening.is_inherited());
    let signalled = caught.watch();
    let patience = if inherited {
        PREDECESSOR_TIME
    } else {
        Duration::ZERO
    };
    let data = DataDir::open_within(&config.data, patience)?;
    let app = App::open(config, data, None)?;
    let running = Running::start(&app, listening.for_edge()?)?;
    tracing::info!(?addresses, inherited, data = %app.data.root().display(), "serving");
    offer_first_run(&app, &addresses)?;
    let successor = Successor::new(listening, settings);
    let Some(successor) = until_told(&app, running, &signalled, Some(successor))? else {
        return Ok(());
    };
    // Its databases close before the successor opens them.
    drop(app);
    if signalled.stop_from_here_on() {
        tracing::info!("told to stop meanwhile: not starting anew");
        return Ok(());
    }
    tracing::info!("starting anew on the same sockets");
    Err(successor.start())
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

/// Signals that no longer do what they do by default; they are kept until somebody watches for them.
pub struct Caught {
    signals: Signals,
    stop_came: Arc<AtomicBool>,
    is_leaving: Arc<AtomicBool>,
}

impl Caught {
    pub fn of(signals: &[i32]) -> Result<Self> {
        let failed = |error| Error::internal("cannot watch for signals", error);
        let (stop_came, is_leaving) = (Arc::default(), Arc::default());
        for signal in STOPPING {
            // In this order: a signal is noted before it is asked whether it ends the process.
            flag::register(signal, Arc::clone(&stop_came)).map_err(failed)?;
            flag::register_conditional_default(signal, Arc::clone(&is_leaving)).map_err(failed)?;
        }
        Ok(Self {
            signals: Signals::new(signals).map_err(failed)?,
            stop_came,
            is_leaving,
        })
    }

    /// Called before anything is printed: whoever waits for that may stop us right after it.
    pub fn watch(self) -> Signalled {
        let mut signals = self.signals;
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
        Signalled {
            told,
            handle,
            stop_came: self.stop_came,
            is_leaving: self.is_leaving,
        }
    }
}

/// Signals, watched as long as this lives. The second one that says stop ends the process at once.
pub struct Signalled {
    told: Receiver<i32>,
    handle: Handle,
    stop_came: Arc<AtomicBool>,
    is_leaving: Arc<AtomicBool>,
}

impl Signalled {
    /// Whether a signal to stop has come. One that comes later ends the process by itself, so that none
    /// is lost while another program takes this one's place.
    fn stop_from_here_on(&self) -> bool {
        self.is_leaving.store(true, Ordering::SeqCst);
        self.stop_came()
    }

    fn stop_came(&self) -> bool {
        self.stop_came.load(Ordering::SeqCst)
    }
}

impl Drop for Signalled {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// Serves until it is told to end, then lets requests in flight end. The successor comes back if it is to
/// start; it holds the sockets behind those of the edge. Otherwise they close at once, so that nobody waits
/// in a backlog for a server that is about to go.
pub fn until_told(
    app: &Arc<App>,
    running: Running,
    signalled: &Signalled,
    successor: Option<Successor>,
) -> Result<Option<Successor>> {
    let mut housekeeping = Housekeeping::start(app)?;
    let may_restart = || successor.as_ref().is_some_and(may_start);
    let end = wait(&signalled.told, LOOK, || running.is_serving(), may_restart);
    match end {
        End::Stop(signal) => {
            tracing::info!(signal, data = %app.data.root().display(), "stopping: requests in flight end first");
        }
        End::Restart => tracing::info!("restarting: requests in flight end first"),
        End::Deaf => tracing::error!(
            "the edge has ended by itself and nothing is accepted any more: stopping, so that a supervisor can start anew"
        ),
    }
    let successor = successor.filter(|_| end == End::Restart);
    housekeeping.ask_to_stop();
    running.stop(GRACE);
    app.runs.stop();
    tracing::info!("stopped");
    match end {
        End::Restart => Ok(successor.filter(|_| !signalled.stop_came())),
        End::Stop(_) => Ok(None),
        End::Deaf => Err(Error::Internal(
            "the edge ended by itself; the log above says more".to_owned(),
        )),
    }
}

/// A successor that could not start would leave nobody to serve.
fn may_start(successor: &Successor) -> bool {
    match successor.check() {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "not restarting, serving as before");
            false
        }
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

fn wait(
    signal: &Receiver<i32>,
    look: Duration,
    is_serving: impl Fn() -> bool,
    may_restart: impl Fn() -> bool,
) -> End {
    loop {
        match signal.recv_timeout(look) {
            Ok(RESTART) if may_restart() => return End::Restart,
            Ok(RESTART) => {}
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
        assert_eq!(wait(&signal, look, || false, || true), End::Deaf);
        told.send(SIGTERM).unwrap();
        assert_eq!(wait(&signal, look, || true, || true), End::Stop("SIGTERM"));
        told.send(RESTART).unwrap();
        assert_eq!(wait(&signal, look, || true, || true), End::Restart);
        told.send(RESTART).unwrap();
        told.send(SIGINT).unwrap();
        assert_eq!(wait(&signal, look, || true, || false), End::Stop("SIGINT"));
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
