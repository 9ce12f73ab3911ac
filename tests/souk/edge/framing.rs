//! T22: what two readers could read in two ways is refused, and nothing that follows is answered.

use super::status;
use crate::support::TestServer;

#[test]
fn sixty_framing_cases_get_their_status_and_nothing_follows() {
    let server = TestServer::builtin();
    let get = |more: &str| format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{more}\r\n");
    let post = |more: &str, body: &str| {
        format!("POST /api/users/logout HTTP/1.1\r\nHost: x\r\n{more}\r\n{body}")
    };
    let many = (0..101).map(|n| format!("H{n}: x\r\n")).collect::<String>();
    let cases: Vec<(String, u16)> = vec![
        (get("Connection: close\r\n"), 200),
        (
            get(&format!(
                "Connection: close\r\nX-Long: {}\r\n",
                "a".repeat(8000)
            )),
            200,
        ),
        (
            post("Content-Length: 2\r\nConnection: close\r\n", "{}"),
            200,
        ),
        (post("Content-Length: 0\r\nConnection: close\r\n", ""), 200),
        (
            post("Content-Length: 002\r\nConnection: close\r\n", "{}"),
            200,
        ),
        (
            post(
                "Transfer-Encoding: chunked\r\nConnection: close\r\n",
                "2\r\n{}\r\n0\r\n\r\n",
            ),
            200,
        ),
        (
            post(
                "Transfer-Encoding: chunked\r\nConnection: close\r\n",
                "2;ext=1\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
            ),
            200,
        ),
        (
            post(
                "Transfer-Encoding: Chunked\r\nConnection: close\r\n",
                "0\r\n\r\n",
            ),
            200,
        ),
        ("GET /healthz HTTP/1.0\r\n\r\n".into(), 200),
        ("GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n".into(), 200),
        (
            post("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"),
            400,
        ),
        (
            post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"),
            400,
        ),
        (post("Content-Length: 2, 2\r\n", "{}"), 400),
        (post("Content-Length: +2\r\n", "{}"), 400),
        (post("Content-Length: -2\r\n", "{}"), 400),
        (post("Content-Length: 0x2\r\n", "{}"), 400),
        (post("Content-Length: 2 2\r\n", "{}"), 400),
        (post("Content-Length: two\r\n", "{}"), 400),
        (post("Content-Length:\r\n", "{}"), 400),
        (
            post(
                "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
            400,
        ),
        (
            post(
                "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
                "0\r\n\r\n",
            ),
            400,
        ),
        (
            post(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
            400,
        ),
        (
            post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
            400,
        ),
        (post("Transfer-Encoding: identity\r\n", "{}"), 0),
        (post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 0),
        (post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 0),
        (post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400),
        (post("Transfer-Encoding: chunked\r\n", "2\n{}\n0\n\n"), 400),
        (post("Transfer-Encoding: chunked\r\n", "x\r\n{}\r\n"), 400),
        (post("Transfer-Encoding: chunked\r\n", "2\r\n{}xx"), 400),
        (post("Transfer-Encoding: chunked\r\n", "\r\n{}\r\n"), 400),
        (
            post("Transfer-Encoding: chunked\r\n", "0x2\r\n{}\r\n0\r\n\r\n"),
            400,
        ),
        (
            post("Transfer-Encoding: chunked\r\n", " 2\r\n{}\r\n0\r\n\r\n"),
            400,
        ),
        ("GET /healthz HTTP/1.1\nHost: x\n\n".into(), 400),
        ("GET /healthz HTTP/1.1\r\nHost: x\n\r\n".into(), 400),
        (
            "GET /healthz HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n".into(),
            400,
        ),
        ("GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n".into(), 400),
        ("GET /healthz HTTP/1.1\r\n\r\n".into(), 400),
        (
            "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n".into(),
            400,
        ),
        (
            "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n".into(),
            400,
        ),
        ("GET /healthz\0 HTTP/1.1\r\nHost: x\r\n\r\n".into(), 400),
        (get("X: a\0b\r\n"), 400),
        (get("X: a\rb\r\n"), 400),
        (get("X\u{e9}: a\r\n"), 400),
        (get(": a\r\n"), 400),
        (get("no colon\r\n"), 400),
        (get("X Y: a\r\n"), 400),
        ("GET /h\u{e9}althz HTTP/1.1\r\nHost: x\r\n\r\n".into(), 400),
        ("GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n".into(), 400),
        ("GET /healthz  HTTP/1.1\r\nHost: x\r\n\r\n".into(), 400),
        ("GET /heal thz HTTP/1.1\r\nHost: x\r\n\r\n".into(), 400),
        ("GET /healthz\r\nHost: x\r\n\r\n".into(), 0),
        ("GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n".into(), 0),
        ("GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n".into(), 0),
        ("GET /healthz HTTP/1.1 x\r\nHost: x\r\n\r\n".into(), 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), 0),
        ("G\u{1}T /healthz HTTP/1.1\r\nHost: x\r\n\r\n".into(), 400),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\r\n\r\n".into(), 400),
        (
            format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(9000)),
            414,
        ),
        (
            format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(1 << 20)),
            414,
        ),
        (get(&many), 431),
        (get(&format!("X: {}\r\n", "a".repeat(64 << 10))), 431),
        (get("Expect: something\r\n"), 417),
        (post("Content-Length: 40000000\r\n", ""), 413),
        (
            post(
                "Content-Length: 20000000\r\nContent-Type: application/json\r\n",
                "",
            ),
            413,
        ),
    ];
    assert!(cases.len() >= 60, "{}", cases.len());
    for (request, wanted) in &cases {
        let short: String = request.chars().take(80).collect();
        // A pipelined second request must never be answered after a refusal.
        let trailing = if *wanted == 200 {
            String::new()
        } else {
            get("Connection: close\r\n")
        };
        let (got, answers) = status(&server, format!("{request}{trailing}").as_bytes());
        match wanted {
            // Refused by one of several fitting statuses.
            0 => assert!(matches!(got, 400 | 501 | 505), "{got}: {short:?}"),
            wanted => assert_eq!(got, *wanted, "{short:?}"),
        }
        assert_eq!(answers, 1, "{short:?}");
    }
}
