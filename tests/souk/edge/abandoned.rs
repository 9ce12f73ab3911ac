//! Clients that go away while their request waits for a plugin: it leaves the line, and is never begun.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{Start, TestServer, marketplace};

/// With three workers a tenant has one place; its part of the line is this long.
const LINE: usize = 72;

/// A server on which one call that ends by itself only after seconds has the tenant's one place.
fn occupied() -> (TestServer, std::thread::JoinHandle<u16>) {
    let server = Start::with_flags(&["--marketplace", &marketplace(), "--workers", "3"]).go();
    server
        .admin()
        .post(
            "/api/plugins/install",
            serde_json::json!({"pluginKey": "echo"}),
        )
        .is(201);
    let admin = server.admin();
    let long = std::thread::spawn(move || admin.get("/api/plugins/echo/loop").status);
    server.until("plugin_calls_running", |running| running == 1.0);
    (server, long)
}

fn send_and_keep(server: &TestServer, path: &str) -> TcpStream {
    let token = server.admin().token.unwrap();
    let mut stream = TcpStream::connect(server.socket()).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    stream
}

#[test]
fn a_request_whose_client_hung_up_leaves_the_line_and_never_begins() {
    for reset in [false, true] {
        let (server, long) = occupied();
        let calls_before = server.figure("plugin_api_response_time_count{plugin=\"echo\"}");
        let line: Vec<TcpStream> = (0..LINE)
            .map(|_| send_and_keep(&server, "/api/plugins/echo/items"))
            .collect();
        server.until("plugin_calls_waiting", |waiting| waiting == LINE as f64);
        // The line is full for everyone, until those in it go away.
        server.admin().get("/api/plugins/echo/items").is(503);
        if reset {
            for stream in &line {
                rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).unwrap();
            }
        }
        drop(line);
        let after: Vec<_> = (0..LINE)
            .map(|_| {
                let admin = server.admin();
                std::thread::spawn(move || admin.get("/api/plugins/echo/items").status)
            })
            .collect();
        for one in after {
            assert_eq!(one.join().unwrap(), 200);
        }
        assert_eq!(long.join().unwrap(), 504);
        let calls = server.figure("plugin_api_response_time_count{plugin=\"echo\"}");
        assert_eq!(calls - calls_before, LINE as f64 + 1.0, "reset: {reset}");
    }
}
