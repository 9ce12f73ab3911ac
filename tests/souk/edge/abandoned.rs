//! Clients that go away while their request waits for a plugin: it leaves the line, and is never begun.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::{Start, TestServer, marketplace};

/// With three workers a tenant has one place; its part of the line is this long.
const LINE: usize = 72;

/// A server on which one call has the tenant's one place until it is let go.
struct Occupied {
    server: TestServer,
    call: JoinHandle<u16>,
    let_go: Sender<()>,
}

impl Occupied {
    fn start() -> Self {
        let asked = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = asked.local_addr().unwrap().to_string();
        let (let_go, gone) = channel();
        std::thread::spawn(move || answer_when_told(&asked, &gone));
        let flags = ["--marketplace", &marketplace(), "--workers", "3"];
        let server =
            Start::with_flags(&[&flags[..], &["--outbound-allow", &address]].concat()).go();
        server
            .admin()
            .post(
                "/api/plugins/install",
                serde_json::json!({"pluginKey": "echo", "config": {"upstream": format!("http://{address}")}}),
            )
            .is(201);
        let admin = server.admin();
        let path = format!("/api/plugins/echo/held?url=http://{address}/");
        let call = std::thread::spawn(move || admin.get(&path).status);
        server.until("plugin_calls_running", |running| running == 1.0);
        Self {
            server,
            call,
            let_go,
        }
    }
}

/// Answers one request, and not before.
fn answer_when_told(asked: &TcpListener, told: &Receiver<()>) {
    let (mut stream, _) = asked.accept().unwrap();
    let _head = stream.read(&mut [0; 4096]).unwrap();
    if told.recv().is_ok() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone";
        stream.write_all(answer).unwrap();
    }
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
        let Occupied {
            server,
            call,
            let_go,
        } = Occupied::start();
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
        let ask = |_| {
            let admin = server.admin();
            std::thread::spawn(move || admin.get("/api/plugins/echo/items").status)
        };
        // The first who asks then finds room at once, and stands alone in the line.
        let mut after = vec![ask(0)];
        server.until("plugin_calls_waiting", |waiting| waiting == 1.0);
        after.extend((1..LINE).map(ask));
        server.until("plugin_calls_waiting", |waiting| waiting == LINE as f64);
        let_go.send(()).unwrap();
        for one in after {
            assert_eq!(one.join().unwrap(), 200);
        }
        assert_eq!(call.join().unwrap(), 200);
        let calls = server.figure("plugin_api_response_time_count{plugin=\"echo\"}");
        assert_eq!(calls - calls_before, LINE as f64 + 1.0, "reset: {reset}");
    }
}
