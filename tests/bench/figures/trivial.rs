//! The two small servers: tiny_http with a handler that does nothing, alone and behind Souk's edge. This
//! program runs itself as either, so that their processor time is theirs alone. They end with their
//! standard input, however this program ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use clap::ValueEnum as _;
use souk::http::edge::limits::Limits;
use souk::http::edge::{Edge, EdgeConfig, EdgeListener, PROBE_PATH, Upstream};

/// More than there are cores, as any server has it; the same for both.
const WORKERS: usize = 4;
/// Connections between edge and tiny_http. tiny_http has a thread for each, so not more than are of use.
const UPSTREAMS: usize = 16;

pub const REPLY: &str = r#"{"ok":true}"#;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Bare,
    Edge,
}

/// A running one, ended when dropped.
pub struct Trivial {
    child: Child,
    pub base: String,
}

impl Trivial {
    pub fn start(kind: Kind) -> Result<Self, String> {
        let failed = |what: &str| format!("the {kind:?} server did not start: {what}");
        let program = std::env::current_exe().map_err(|error| failed(&error.to_string()))?;
        let name = kind.to_possible_value().ok_or_else(|| failed("no name"))?;
        let mut child = Command::new(program)
            .args(["--serve", name.get_name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&error.to_string()))?;
        let mut base = String::new();
        if let Some(out) = child.stdout.take() {
            let _nothing_came = BufReader::new(out).read_line(&mut base);
        }
        let base = base.trim().to_owned();
        let started = Self { child, base };
        if started.base.is_empty() {
            return Err(failed("it printed no address"));
        }
        Ok(started)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Trivial {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Serves until standard input ends.
pub fn serve(kind: Kind) -> Result<(), String> {
    let socket = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = socket.local_addr().map_err(|error| error.to_string())?;
    match kind {
        Kind::Bare => {
            // tiny_http does not set it, and then each reply waits for the client's delayed
            // acknowledgement. Linux hands it from the listener to its connections.
            rustix::net::sockopt::set_tcp_nodelay(&socket, true)
                .map_err(|error| error.to_string())?;
            let server = tiny_http::Server::from_listener(socket, None)
                .map_err(|error| error.to_string())?;
            answer_all(server);
            announce(address)
        }
        Kind::Edge => {
            let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
            let path = folder.path().join("http");
            let server = tiny_http::Server::http_unix(&path).map_err(|error| error.to_string())?;
            answer_all(server);
            let _edge = Edge::start(EdgeConfig {
                listeners: vec![EdgeListener {
                    socket,
                    name: "figures",
                }],
                upstream: Upstream::Unix(path),
                limits: Limits {
                    upstreams: UPSTREAMS,
                    ..Limits::default()
                },
                trusted_proxies: Vec::new(),
                spill: folder.path().to_owned(),
                hung_up: Arc::default(),
            })
            .map_err(|error| error.to_string())?;
            announce(address)
        }
    }
}

fn answer_all(server: tiny_http::Server) {
    let server = Arc::new(server);
    for _ in 0..WORKERS {
        let server = Arc::clone(&server);
        std::thread::spawn(move || {
            while let Ok(request) = server.recv() {
                answer(request);
            }
        });
    }
}

fn answer(request: tiny_http::Request) {
    // Nobody waits any more when it fails.
    let _gone = if request.url() == PROBE_PATH {
        request.respond(tiny_http::Response::empty(204))
    } else {
        request.respond(tiny_http::Response::from_string(REPLY))
    };
}

fn announce(address: std::net::SocketAddr) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "http://{address}")
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())?;
    drop(out);
    let _ended = std::io::stdin().lock().read_to_end(&mut Vec::new());
    Ok(())
}
