//! T24 and T25: requests that are far too much of something. Each is refused within a second, or served
//! piece by piece, and costs little memory.
//!
//! A refusal is tried up to three times: other work on the machine can only make it later.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{Start, TestServer, marketplace};

const MB: u64 = 1024 * 1024;
const MOST_MEMORY_OF_HEADS: u64 = 16 * MB;
const MOST_MEMORY_OF_BODIES: u64 = 32 * MB;
const REFUSED_WITHIN: Duration = Duration::from_secs(1);
const TRIES: usize = 3;
const PIPELINED: usize = 100_000;

/// A request as it is sent: a start, a piece that is repeated, and an end.
struct Bomb {
    name: &'static str,
    start: String,
    piece: String,
    times: usize,
    end: &'static str,
    statuses: &'static [u16],
}

impl Bomb {
    /// Sends until it is refused; the status, and how long that took.
    fn throw(&self, server: &TestServer) -> (u16, Duration) {
        let mut stream = TcpStream::connect(server.socket()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let mut reader = stream.try_clone().unwrap();
        let begun = Instant::now();
        let answer = std::thread::spawn(move || {
            let mut answer = Vec::new();
            let mut piece = [0; 4096];
            loop {
                match reader.read(&mut piece) {
                    Ok(0) => break,
                    Ok(count) => answer.extend_from_slice(&piece[..count]),
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                    Err(error) => panic!("{error}"),
                }
                if answer.ends_with(b"}") {
                    break;
                }
            }
            (String::from_utf8(answer).unwrap(), Instant::now())
        });
        // The server may refuse, and close, before it has taken all of it.
        let mut goes_on = stream.write_all(self.start.as_bytes()).is_ok();
        for _ in 0..self.times {
            goes_on =
                goes_on && !answer.is_finished() && stream.write_all(self.piece.as_bytes()).is_ok();
        }
        let _refused = stream.write_all(self.end.as_bytes());
        let (answer, at) = answer.join().unwrap();
        let status = answer
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3));
        let status = status.unwrap_or_else(|| panic!("{}: {answer:?}", self.name));
        (status.parse().unwrap(), at - begun)
    }

    fn is_refused(&self, server: &TestServer, most_memory: u64) {
        let memory = server.resident();
        server.forget_peak();
        let (mut status, mut took) = (0, Duration::MAX);
        for _ in 0..TRIES {
            let (given, time) = self.throw(server);
            assert!(self.statuses.contains(&given), "{}: {given}", self.name);
            (status, took) = (given, took.min(time));
            // One at a time: its answer comes a moment before its memory is given back.
            server.until("plugin_calls_running", |running| running == 0.0);
        }
        let more = server.peak().saturating_sub(memory);
        println!(
            "{}: {status} after {took:?}, {} KB more",
            self.name,
            more / 1024
        );
        assert!(took <= REFUSED_WITHIN, "{}: {took:?}", self.name);
        assert!(more <= most_memory, "{}: {more} bytes more", self.name);
    }
}

fn head(
    name: &'static str,
    start: &str,
    piece: String,
    times: usize,
    statuses: &'static [u16],
) -> Bomb {
    Bomb {
        name,
        start: start.to_owned(),
        piece,
        times,
        end: "\r\n\r\n",
        statuses,
    }
}

#[test]
fn a_head_that_is_too_much_is_refused_at_once_and_costs_nothing() {
    let mut server = TestServer::builtin();
    let a = |count: usize| "a".repeat(count);
    let line = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
    for bomb in [
        head(
            "10,000 headers",
            line,
            "H: x\r\n".to_owned(),
            10_000,
            &[431],
        ),
        head(
            "a header of 64 KB",
            &format!("{line}X: "),
            a(1024),
            64,
            &[431],
        ),
        head(
            "a header of 100 MB",
            &format!("{line}X: "),
            a(1 << 20),
            100,
            &[431],
        ),
        head("a path of 1 MB", "GET /", a(1024), 1024, &[414]),
        head(
            "a method of 1 MB",
            "",
            "G".repeat(1024),
            1024,
            &[400, 414, 431],
        ),
    ] {
        bomb.is_refused(&server, MOST_MEMORY_OF_HEADS);
    }
    assert!(server.is_running());
    server.nobody().get("/healthz").is(200);
}

#[test]
fn a_body_that_is_too_much_is_refused_at_once_and_costs_little() {
    let mut server = Start::with_flags(&["--marketplace", &marketplace()]).go();
    let admin = server.admin();
    admin
        .post(
            "/api/plugins/install",
            serde_json::json!({"pluginKey": "echo"}),
        )
        .is(201);
    let token = admin.token.unwrap();
    let post = |framing: &str| {
        format!(
            "POST /api/plugins/echo/items HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\n{framing}\r\n\r\n"
        )
    };
    let chunked = |first: &str| {
        let start = post("Transfer-Encoding: chunked");
        format!("{start}{:x}\r\n{first}\r\n", first.len())
    };
    let chunk = |text: String| format!("{:x}\r\n{text}\r\n", text.len());
    let keys = |count: usize| {
        let keys: Vec<String> = (0..count).map(|key| format!("\"{key}\":0")).collect();
        format!("{{{}}}", keys.join(","))
    };
    let whole = |name, body: String| Bomb {
        name,
        start: post(&format!("Content-Length: {}", body.len())),
        piece: body,
        times: 1,
        end: "",
        statuses: &[400, 413],
    };
    let endless = |name, first: &str, piece: String, times| Bomb {
        name,
        start: chunked(first),
        piece: chunk(piece),
        times,
        end: "0\r\n\r\n",
        statuses: &[413],
    };
    let packed = "\u{1f}\u{8b}".repeat(5000);
    let gzip = Bomb {
        statuses: &[400, 415],
        start: post(&format!(
            "Content-Encoding: gzip\r\nContent-Length: {}",
            packed.len()
        )),
        ..whole("a body that says it is gzip", packed)
    };
    for bomb in [
        endless("1 GB in chunks", "\"", "a".repeat(1 << 20), 1024),
        endless("a number of 4 GB", "1", "1".repeat(1 << 20), 4096),
        endless("1 GB of depth", "[", "[".repeat(1 << 20), 1024),
        whole(
            "depth 100,000",
            format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        ),
        whole("1,000,000 keys", keys(1_000_000)),
        whole("700,000 keys", keys(700_000)),
        whole("a number of 9 MB", "1".repeat(9 << 20)),
        whole(
            "a string that never ends",
            format!("\"{}", "a".repeat(9 << 20)),
        ),
        gzip,
    ] {
        bomb.is_refused(&server, MOST_MEMORY_OF_BODIES);
    }
    assert!(server.is_running());
    server.admin().get("/api/plugins/echo/items").is(200);
}

#[test]
fn a_hundred_thousand_pipelined_requests_are_answered_one_by_one() {
    let server = TestServer::builtin();
    let memory = server.resident();
    server.forget_peak();
    let mut stream = TcpStream::connect(server.socket()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut writer = stream.try_clone().unwrap();
    let begun = Instant::now();
    let writing = std::thread::spawn(move || {
        let some = "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
        for _ in 0..PIPELINED / 1000 {
            writer.write_all(some.as_bytes()).unwrap();
        }
    });
    let (mut answers, mut at_end) = (0, 0);
    let mut piece = [0; 64 * 1024];
    // The heads end alike, and nothing follows them.
    while answers < PIPELINED {
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "closed after {answers}");
        for byte in &piece[..count] {
            at_end = match (at_end, byte) {
                (0 | 2, b'\r') | (1 | 3, b'\n') => at_end + 1,
                (_, b'\r') => 1,
                _ => 0,
            };
            if at_end == 4 {
                answers += 1;
                at_end = 0;
            }
        }
    }
    writing.join().unwrap();
    let more = server.peak().saturating_sub(memory);
    println!(
        "{PIPELINED} pipelined requests in {:?}, {} KB more",
        begun.elapsed(),
        more / 1024
    );
    assert!(more <= MOST_MEMORY_OF_HEADS, "{more} bytes more");
}
