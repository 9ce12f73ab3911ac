//! T27: clients that want to speak something else. Each is answered or closed within a second, and none
//! holds a worker.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::TestServer;

const AT_ONCE: usize = 50;
const WITHIN: Duration = Duration::from_secs(1);

#[test]
fn other_protocols_are_answered_or_closed_at_once_and_hold_no_worker() {
    let server = TestServer::builtin();
    let get =
        |more: &str| format!("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n");
    let websocket = "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    let cases: &[(&str, String, &[u16])] = &[
        ("HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".into(), &[400, 505]),
        ("HTTP/0.9", "GET /healthz\r\n".into(), &[400]),
        ("HTTP/3.0", "GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n".into(), &[505]),
        ("a TLS hello", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n".into(), &[400]),
        ("SSH", "SSH-2.0-OpenSSH_9.0\r\n".into(), &[400]),
        ("an upgrade to h2c", get("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"), &[200]),
        ("an upgrade to a web socket", get(websocket), &[200]),
        (
            "an upgrade that names itself in Connection",
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\n{websocket}\r\n"),
            &[200],
        ),
        (
            "an upgrade with a body",
            "POST /api/users/logout HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}".into(),
            &[200],
        ),
        ("an expectation of our own", get("Expect: the-unexpected\r\n"), &[417]),
        ("an expectation without a body", get("Expect: 100-continue\r\n"), &[200]),
        ("CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n".into(), &[501]),
    ];
    let threads = server.threads();
    for (name, bytes, statuses) in cases {
        // The fastest counts: other work on the machine can only make an answer later.
        let mut fastest = Duration::MAX;
        let mut all: Vec<TcpStream> = (0..AT_ONCE)
            .map(|_| TcpStream::connect(server.socket()).unwrap())
            .collect();
        for stream in &mut all {
            let begun = Instant::now();
            let _refused_early = stream.write_all(bytes.as_bytes());
            stream
                .set_read_timeout(Some(Duration::from_secs(30)))
                .unwrap();
            let mut answer = Vec::new();
            stream
                .read_to_end(&mut answer)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            fastest = fastest.min(begun.elapsed());
            let answer = String::from_utf8(answer).unwrap();
            let status = answer
                .strip_prefix("HTTP/1.1 ")
                .and_then(|rest| rest.get(..3));
            let status = status.and_then(|text| text.parse().ok()).unwrap_or(0);
            assert!(statuses.contains(&status), "{name}: {answer}");
            assert!(
                !answer.to_ascii_lowercase().contains("upgrade:"),
                "{name}: {answer}"
            );
        }
        assert!(fastest <= WITHIN, "{name}: {fastest:?}");
        server.nobody().get("/healthz").is(200);
    }
    // One that only the start needed may have ended since.
    assert!(server.threads() <= threads);
    assert_eq!(server.figure("plugin_calls_running"), 0.0);
}

#[test]
fn a_client_that_waits_for_leave_to_send_its_body_holds_no_worker() {
    let server = TestServer::builtin();
    let mut all: Vec<TcpStream> = (0..AT_ONCE)
        .map(|_| {
            let mut stream = TcpStream::connect(server.socket()).unwrap();
            write!(
                stream,
                "POST /api/users/logout HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
            stream
        })
        .collect();
    let mut leave = [0; 25];
    for stream in &mut all {
        stream.read_exact(&mut leave).unwrap();
        assert!(leave.starts_with(b"HTTP/1.1 100 "));
    }
    // All have their leave, none has sent: there are workers for everyone else.
    server.nobody().get("/healthz").is(200);
    server.admin().get("/api/plugins/installations").is(200);
    for stream in &mut all {
        stream.write_all(b"{}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
