//! A serving appliance: the edge in front, tiny_http and its workers behind, joined by a private socket.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use super::edge::hung_up::HungUp;
use super::edge::limits::{Limits, affordable_upstreams};
use super::edge::{Edge, EdgeConfig, EdgeHandle, EdgeListener, Upstream};
use super::server::{Job, Workers};
use super::slow_lane::{LONGEST_LINE, Size, SlowLane};
use crate::app::App;
use crate::descriptors::descriptor_limit;
use crate::error::{Error, Result};

/// The listener of the API and the front end.
pub const MAIN: &str = "app";

/// After the edge has ended nobody waits for a worker's answer.
const WORKERS_END: Duration = Duration::from_secs(2);

/// Connections between edge and tiny_http beyond those that slow requests can hold,
/// so that the rest is served however slow those are.
const SPARE_CONNECTIONS: usize = 8;

pub struct Running {
    edge: EdgeHandle,
    workers: Workers,
    /// Holds the socket's folder, mode 0700.
    _folder: tempfile::TempDir,
}

/// Binds before anything is opened, so that a taken port costs nothing.
pub fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        Error::Conflict(format!(
            "cannot listen on {address}: {error}; choose another with --listen"
        ))
    })
}

impl Running {
    /// Returns once every listener is served.
    pub fn start(app: &Arc<App>, listeners: Vec<EdgeListener>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("souk-").tempdir()?;
        let (server, upstream) = inner_server(folder.path())?;
        let wanted = app.config.workers + LONGEST_LINE + SPARE_CONNECTIONS;
        let upstreams = affordable_upstreams(wanted, descriptor_limit());
        let size = Size::fitting(app.config.workers, upstreams);
        let hung_up = Arc::new(HungUp::default());
        let lane = Arc::new(SlowLane::<Job>::new(size, Arc::clone(&hung_up)));
        let workers = Workers::start(app, server, &lane, secret_of(&upstream))?;
        let limits = Limits {
            upstreams,
            ..Limits::default()
        };
        let edge = Edge::start(EdgeConfig {
            listeners,
            upstream,
            limits,
            trusted_proxies: app.config.trusted_proxies.clone(),
            spill: app.data.spill(),
            hung_up,
        })?;
        let counters = edge.counters();
        let _set_once = app.more_figures.set(Box::new(move |reading| {
            reading.plugin_calls_running = figure(lane.running() as u64);
            reading.plugin_calls_waiting = figure(lane.waiting() as u64);
            reading.edge_open = figure(counters.open());
            reading.edge_accepted = figure(counters.accepted());
            reading.edge_accept_errors = figure(counters.accept_errors());
            reading.edge_forwarded = figure(counters.forwarded());
            reading.edge_upstreams_lost = figure(counters.upstreams_lost());
            reading.edge_refused = counters
                .refused()
                .map(|(status, count)| (status, figure(count)))
                .collect();
        }));
        Ok(Self {
            edge,
            workers,
            _folder: folder,
        })
    }

    /// False if the edge has ended by a fault of ours: then no request can arrive any more.
    pub fn is_serving(&self) -> bool {
        self.edge.is_running()
    }

    /// Lets requests in flight end, within the given time, then ends the workers. A plugin that goes on
    /// beyond that is left behind: the process ends, and its transaction with it.
    pub fn stop(self, within: Duration) {
        self.edge.stop(within);
        self.workers.stop(WORKERS_END);
    }
}

fn figure(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// tiny_http on a socket in a folder that only this account can enter.
#[cfg(unix)]
fn inner_server(folder: &std::path::Path) -> Result<(tiny_http::Server, Upstream)> {
    let path = folder.join("http");
    let server = tiny_http::Server::http_unix(&path).map_err(no_inner_server)?;
    Ok((server, Upstream::Unix(path)))
}

/// Where unix sockets are missing: a loopback port, and a secret that only the edge knows.
#[cfg(not(unix))]
fn inner_server(_folder: &std::path::Path) -> Result<(tiny_http::Server, Upstream)> {
    let server = tiny_http::Server::http("127.0.0.1:0").map_err(no_inner_server)?;
    let address = server
        .server_addr()
        .to_ip()
        .ok_or_else(|| Error::Internal("the inner server has no address".to_owned()))?;
    let secret = crate::password::generate()?;
    Ok((server, Upstream::Loopback { address, secret }))
}

fn no_inner_server(error: impl std::fmt::Display) -> Error {
    Error::internal("cannot open the socket between edge and server", error)
}

/// What every request from the edge carries; `None` where the socket's folder is the protection.
fn secret_of(upstream: &Upstream) -> Option<String> {
    match upstream {
        #[cfg(unix)]
        Upstream::Unix(_) => None,
        Upstream::Loopback { secret, .. } => Some(secret.clone()),
    }
}
