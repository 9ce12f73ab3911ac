//! The edge: Souk's own acceptor. It reads each request to its end under deadlines, refuses what is
//! not clean, and hands the rest to tiny_http over a few persistent connections. Knows no route.
//!
//! How it works. One thread waits for readiness of all sockets. A client connection is a state
//! machine: head, body, wait, reply, and round again. The head is checked while it arrives, more
//! strictly than HTTP asks for, and written anew, so that tiny_http never reads a byte that a
//! client framed. The body is decoded and collected, in memory or in a temporary file. Only a
//! complete request takes an upstream connection, and only for as long as the application works on
//! it: the reply is collected whole as well before its client sees it. So slow clients cost a
//! descriptor and some memory but never a worker, and tiny_http meets neither a slow, nor a broken,
//! nor a closing peer. The price: each byte is copied once more, a large body touches the disk, the
//! first byte of a large reply comes after its last one was made, and all connections share one
//! core. Upstream connections are opened one at a time, each proven by a probe before the next,
//! because tiny_http's task pool can leave connections that come in a burst without a thread.

pub mod counters;
pub mod hung_up;
pub mod limits;
pub mod origin;

mod event_loop;
mod listener;
mod turn;

mod body;
mod connection;
mod fields;
mod framing;
mod head;
mod scan;
mod spool;

mod refusal;
mod reply;
mod upstream;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use ipnet::IpNet;

use crate::error::{Error, Result};
use counters::Counters;
use event_loop::EventLoop;
pub use fields::SECRET_HEADER;
use hung_up::HungUp;
use limits::Limits;

/// The probe asks for this path; the application answers it with 204 and no body.
pub const PROBE_PATH: &str = "/x-edge-probe";

/// How long all upstream connections together may take to be proven at the start.
const START_TIME: Duration = Duration::from_secs(20);

/// A bound listener. Requests queue in its backlog until the edge has started.
#[derive(Debug)]
pub struct EdgeListener {
    pub socket: std::net::TcpListener,
    /// Sent upstream within the origin of each of its requests.
    pub name: &'static str,
}

/// Where tiny_http listens.
#[derive(Clone, Debug)]
pub enum Upstream {
    /// A socket in a folder that only we can enter.
    #[cfg(unix)]
    Unix(PathBuf),
    /// Where unix sockets are missing: a loopback port. Each request carries `secret` as
    /// `x-edge-secret`, and the application must refuse requests without it.
    Loopback { address: SocketAddr, secret: String },
}

#[derive(Debug)]
pub struct EdgeConfig {
    pub listeners: Vec<EdgeListener>,
    pub upstream: Upstream,
    pub limits: Limits,
    /// Not counted against the cap per address, as one proxy speaks for many clients.
    pub trusted_proxies: Vec<IpNet>,
    /// An existing folder for temporary files.
    pub spill: PathBuf,
    /// Where the application can see whose client hung up.
    pub hung_up: Arc<HungUp>,
}

/// The running edge. Dropping it ends the edge at once; `stop` lets requests in flight end.
#[derive(Debug)]
pub struct EdgeHandle {
    counters: Arc<Counters>,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

/// Tells the loop to stop within a time, from any thread.
#[derive(Debug)]
struct Stopper {
    within: Sender<Duration>,
    waker: mio::Waker,
}

/// The edge, which runs in a thread of its own.
#[derive(Debug)]
pub struct Edge;

impl Edge {
    /// Starts the edge. Returns once every upstream connection is proven, so tiny_http and its
    /// workers must run already.
    pub fn start(config: EdgeConfig) -> Result<EdgeHandle> {
        let (within, stops) = channel();
        let (ready, is_ready) = channel();
        let (event_loop, waker) = EventLoop::new(config, stops, ready)
            .map_err(|error| Error::internal("cannot start the edge", error))?;
        let counters = event_loop.counters();
        let thread = std::thread::Builder::new()
            .name("edge".to_owned())
            .spawn(move || event_loop.run())?;
        let handle = EdgeHandle {
            counters,
            stopper: Stopper { within, waker },
            thread: Some(thread),
        };
        match is_ready.recv_timeout(START_TIME) {
            Ok(()) => Ok(handle),
            Err(RecvTimeoutError::Timeout) => Err(Error::Internal(
                "the edge could not reach the application's own socket in time; is its folder \
                 writable, and do its workers run?"
                    .to_owned(),
            )),
            Err(RecvTimeoutError::Disconnected) => Err(Error::Internal(
                "the edge ended while it started".to_owned(),
            )),
        }
    }
}

impl EdgeHandle {
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// False if the loop has ended although nobody told it to, which would be a fault of ours.
    pub fn is_running(&self) -> bool {
        self.thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
    }

    /// Accepts nothing more, lets requests in flight end within the time given, then ends the thread.
    pub fn stop(mut self, within: Duration) {
        self.end(within);
    }

    fn end(&mut self, within: Duration) {
        if let Some(thread) = self.thread.take() {
            // Either fails only when the loop has ended already.
            let _ = self.stopper.within.send(within);
            let _ = self.stopper.waker.wake();
            let _ = thread.join();
        }
    }
}

impl Drop for EdgeHandle {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

#[cfg(all(test, unix))]
mod tests;

/// Reads a head as a connection does.
#[cfg(feature = "fuzzing")]
pub fn fuzz_head(bytes: &[u8]) {
    let mut room = [httparse::EMPTY_HEADER; limits::HEADERS];
    if let Ok(head) = head::Head::read(bytes, &mut room) {
        assert!(!head.method.is_empty() && !head.target.contains(['\r', '\n', '\0']));
    }
}
