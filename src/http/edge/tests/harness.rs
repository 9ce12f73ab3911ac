//! A tiny_http application behind an edge, and a client that speaks bytes.

use std::io::{Cursor, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::http::edge::limits::Limits;
use crate::http::edge::{Edge, EdgeConfig, EdgeHandle, EdgeListener, PROBE_PATH, Upstream};

const WORKERS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(20);

pub struct TestEdge {
    pub address: SocketAddr,
    pub handle: EdgeHandle,
    pub gate: Arc<Gate>,
    pub folder: tempfile::TempDir,
}

/// Holds the requests for `/wait` until the test opens it.
#[derive(Default)]
pub struct Gate {
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

/// A reply as a client sees it.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl TestEdge {
    pub fn new() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.sock");
        let gate = Arc::new(Gate::default());
        serve(&path, &gate);
        let (handle, address) = start(&folder, path, limits);
        Self {
            address,
            handle,
            gate,
            folder,
        }
    }

    pub fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// Sends bytes on a new connection and reads until the edge closes it.
    pub fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        let mut socket = self.connect();
        // The edge may refuse and close before it has taken all of it.
        let _ = socket.write_all(bytes);
        let mut reply = Vec::new();
        match socket.read_to_end(&mut reply) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the edge did not close: {error}"),
        }
        reply
    }

    pub fn get(&self, path: &str) -> Seen {
        let mut socket = self.connect();
        write!(socket, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        read_reply(&mut socket)
    }

    pub fn refused(&self, status: u16) -> u64 {
        self.handle
            .counters()
            .refused()
            .find(|(known, _)| *known == status)
            .unwrap()
            .1
    }

    /// Waits until a counter or the like is as it should be.
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = std::time::Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < PATIENCE, "never happened: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

pub fn start(
    folder: &tempfile::TempDir,
    path: PathBuf,
    limits: Limits,
) -> (EdgeHandle, SocketAddr) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let handle = Edge::start(EdgeConfig {
        listeners: vec![EdgeListener {
            socket,
            name: "app",
        }],
        upstream: Upstream::Unix(path),
        limits,
        trusted_proxies: Vec::new(),
        spill: folder.path().to_owned(),
        hung_up: Arc::default(),
    })
    .unwrap();
    (handle, address)
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

impl Gate {
    pub fn open(&self) {
        self.state.lock().unwrap().0 = true;
        self.changed.notify_all();
    }

    /// How many requests have come to the gate.
    pub fn arrived(&self) -> usize {
        self.state.lock().unwrap().1
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.1 += 1;
        while !state.0 {
            state = self.changed.wait(state).unwrap();
        }
    }
}

/// Reads one reply, by its `Content-Length`.
pub fn read_reply(socket: &mut impl Read) -> Seen {
    read_reply_to(socket, false)
}

pub fn read_reply_to(socket: &mut impl Read, to_head: bool) -> Seen {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        let got = socket.read(&mut byte).unwrap();
        assert_eq!(
            got,
            1,
            "closed within: {:?}",
            String::from_utf8_lossy(&head)
        );
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let length = header(&head, "content-length").map_or(0, |value| value.parse().unwrap());
    let mut body = vec![0; if to_head { 0 } else { length }];
    socket.read_exact(&mut body).unwrap();
    Seen { status, head, body }
}

pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The application: `/headers` shows what arrived, `/bytes/N` sends N bytes, `/wait` waits for the
/// gate, `/unread` answers without reading, and the rest is an echo.
fn serve(path: &std::path::Path, gate: &Arc<Gate>) {
    let server = Arc::new(tiny_http::Server::http_unix(path).unwrap());
    for _ in 0..WORKERS {
        let server = Arc::clone(&server);
        let gate = Arc::clone(gate);
        std::thread::spawn(move || {
            while let Ok(request) = server.recv() {
                answer(request, &gate);
            }
        });
    }
}

fn answer(mut request: tiny_http::Request, gate: &Gate) {
    let url = request.url().to_owned();
    let mut body = Vec::new();
    if url == PROBE_PATH {
        let _ = request.respond(tiny_http::Response::empty(204));
        return;
    }
    if url == "/headers" {
        let lines = request.headers().iter().map(|header| format!("{header}\n"));
        body = lines.collect::<String>().into_bytes();
    } else if let Some(count) = url.strip_prefix("/bytes/") {
        body = bytes(count.parse().unwrap());
    } else if let Some(status) = url.strip_prefix("/status/") {
        let status: u16 = status.parse().unwrap();
        let _ = request.respond(tiny_http::Response::from_string("text").with_status_code(status));
        return;
    } else if url == "/wait" {
        gate.pass();
    } else if url != "/unread" {
        request.as_reader().read_to_end(&mut body).unwrap();
    }
    let length = body.len();
    // Odd lengths take the chunked way, so that both are met.
    let response = tiny_http::Response::new(
        tiny_http::StatusCode(200),
        Vec::new(),
        Cursor::new(body),
        (length % 2 == 0).then_some(length),
        None,
    );
    let _ = request.respond(response);
}

pub fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at * 7 % 251) as u8).collect()
}
