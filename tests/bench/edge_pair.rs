//! What the edge costs: tiny_http alone, and the same tiny_http behind the edge, loaded by wrk in turns.
//!
//! The handler is as small as a handler can be, so that nothing but the two servers is measured. Each
//! server is a process of its own: its processor time is read from `/proc`. Run by
//! `cargo bench --bench edge_pair`; prints one line of JSON per server, and what it does on stderr.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use souk::http::edge::limits::Limits;
use souk::http::edge::{Edge, EdgeConfig, EdgeListener, PROBE_PATH, Upstream};

/// Both servers have as many.
const WORKERS: usize = 4;
/// As many as eight workers of Souk would have without a line of waiting plugin calls.
const UPSTREAMS: usize = 16;
const CONNECTIONS: [usize; 2] = [16, 64];
const WARM_UP_SECONDS: u32 = 1;
const SECONDS: u32 = 5;
const REPETITIONS: usize = 3;
/// The kernel counts processor time in these.
const TICK_US: f64 = 10_000.0;

const ALONE: &str = "tiny_http";
const BEHIND: &str = "edge + tiny_http";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "serve") {
        Some(at) => serve(arguments.get(at + 1).map_or("", String::as_str)),
        None => compare(),
    }
}

/// What one load of a server gave.
struct Figures {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us: f64,
    errors: u64,
}

/// Loads the two in turns, so that a neighbour's noise falls on both, and prints medians.
fn compare() -> Result<()> {
    let mut seen: Vec<(&str, usize, Figures)> = Vec::new();
    for repetition in 1..=REPETITIONS {
        for server in [ALONE, BEHIND] {
            let running = Running::start(server)?;
            for connections in CONNECTIONS {
                load(&running, connections, WARM_UP_SECONDS)?;
                let figures = load(&running, connections, SECONDS)?;
                writeln!(
                    std::io::stderr(),
                    "{repetition}/{REPETITIONS} {server}, {connections} connections: {:.0}/s, {:.1} us",
                    figures.per_second,
                    figures.cpu_us
                )?;
                seen.push((server, connections, figures));
            }
        }
    }
    for server in [ALONE, BEHIND] {
        let mut line = serde_json::Map::new();
        line.insert("server".to_owned(), json!(server));
        for connections in CONNECTIONS {
            let of = |figure: fn(&Figures) -> f64| -> Value {
                let mut all: Vec<f64> = seen
                    .iter()
                    .filter(|(name, at, _)| *name == server && *at == connections)
                    .map(|(_, _, figures)| figure(figures))
                    .collect();
                all.sort_by(f64::total_cmp);
                json!(all.get(all.len() / 2))
            };
            let at = json!({
                "requests_per_second": of(|one| one.per_second),
                "p50_ms": of(|one| one.p50_ms),
                "p99_ms": of(|one| one.p99_ms),
                "cpu_us_per_request": of(|one| one.cpu_us),
                "errors": of(|one| one.errors as f64),
            });
            line.insert(format!("at_{connections}"), at);
        }
        writeln!(std::io::stdout(), "{}", Value::Object(line))?;
    }
    Ok(())
}

/// A server in a process of its own, ended with this value.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(server: &str) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", server])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        let address = address.trim().to_owned();
        Ok(Self { child, address })
    }

    /// Processor time so far, in microseconds.
    fn cpu_us(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may have spaces; user and system time are the 12th and 13th after it.
        let (_, after) = stat.rsplit_once(") ").ok_or("an unreadable stat file")?;
        let ticks = after
            .split(' ')
            .skip(11)
            .take(2)
            .map(str::parse::<f64>)
            .sum::<std::result::Result<f64, _>>()?;
        Ok(ticks * TICK_US)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn load(running: &Running, connections: usize, seconds: u32) -> Result<Figures> {
    let before = running.cpu_us()?;
    let out = Command::new("wrk")
        .args(["-t2", "--latency"])
        .arg(format!("-c{connections}"))
        .arg(format!("-d{seconds}s"))
        .arg(format!("http://{}/", running.address))
        .output()
        .map_err(|error| format!("wrk is needed: {error}"))?;
    let after = running.cpu_us()?;
    let text = String::from_utf8(out.stdout)?;
    let second_word = |label: &str| {
        text.lines()
            .map(str::trim)
            .find(|line| line.starts_with(label))
            .and_then(|line| line.split_whitespace().nth(1))
            .ok_or_else(|| format!("wrk said no {label}: {text}"))
    };
    let requests: f64 = text
        .lines()
        .find(|line| line.contains(" requests in "))
        .and_then(|line| line.split_whitespace().next())
        .ok_or("wrk counted no requests")?
        .parse()?;
    Ok(Figures {
        per_second: second_word("Requests/sec:")?.parse()?,
        p50_ms: milliseconds(second_word("50%")?)?,
        p99_ms: milliseconds(second_word("99%")?)?,
        cpu_us: (after - before) / requests.max(1.0),
        errors: errors(&text),
    })
}

fn milliseconds(text: &str) -> Result<f64> {
    for (unit, factor) in [("us", 0.001), ("ms", 1.0), ("s", 1000.0)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * factor);
        }
    }
    Err(format!("not a time: {text}").into())
}

/// Every number on the lines that wrk prints only when something went wrong.
fn errors(text: &str) -> u64 {
    text.lines()
        .map(str::trim)
        .filter(|line| line.starts_with("Socket errors") || line.starts_with("Non-2xx"))
        .flat_map(|line| line.split(|next: char| !next.is_ascii_digit()).skip(1))
        .filter_map(|number| number.parse::<u64>().ok())
        .sum()
}

/// The child's part: prints its address and serves until it is killed.
fn serve(server: &str) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let _edge;
    let folder = tempfile::tempdir()?;
    if server == ALONE {
        // Accepted sockets inherit it.
        rustix::net::sockopt::set_tcp_nodelay(&listener, true)?;
        let bare = tiny_http::Server::from_listener(listener, None).map_err(|e| e.to_string())?;
        work(bare);
    } else {
        let path = folder.path().join("http");
        work(tiny_http::Server::http_unix(&path).map_err(|e| e.to_string())?);
        _edge = Edge::start(EdgeConfig {
            listeners: vec![EdgeListener {
                socket: listener,
                name: "app",
            }],
            upstream: Upstream::Unix(path),
            limits: Limits {
                upstreams: UPSTREAMS,
                ..Limits::default()
            },
            trusted_proxies: Vec::new(),
            spill: folder.path().to_owned(),
            hung_up: Arc::default(),
        })?;
    }
    let mut out = std::io::stdout();
    writeln!(out, "{address}")?;
    out.flush()?;
    loop {
        std::thread::park();
    }
}

fn work(server: tiny_http::Server) {
    let server = Arc::new(server);
    for _ in 0..WORKERS {
        let server = Arc::clone(&server);
        std::thread::spawn(move || {
            while let Ok(request) = server.recv() {
                let _gone = if request.url() == PROBE_PATH {
                    request.respond(tiny_http::Response::empty(204))
                } else {
                    request.respond(tiny_http::Response::from_data(b"ok".to_vec()))
                };
            }
        });
    }
}
