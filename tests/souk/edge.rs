//! Hostile clients against the built server: it answers, it refuses, it stays up.

mod abandoned;
mod bombs;
mod crowd;
mod framing;
mod protocols;
mod restart;
mod restart_refused;
mod restart_writes;
mod slow_clients;
mod starvation;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use crate::support::TestServer;

fn connect(server: &TestServer) -> TcpStream {
    let stream = TcpStream::connect(server.socket()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
}

/// Sends bytes and reads until the server closes.
fn exchange(server: &TestServer, bytes: &[u8]) -> String {
    let mut stream = connect(server);
    let _refused_early = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends a head whose connection stays open after a good answer: asks for the close.
fn status(server: &TestServer, bytes: &[u8]) -> (u16, usize) {
    let answer = exchange(server, bytes);
    // A refusal's text may name the protocol: only a status makes an answer.
    let answers = answer
        .match_indices("HTTP/1.1 ")
        .filter(|(at, mark)| {
            answer[at + mark.len()..].starts_with(|next: char| next.is_ascii_digit())
        })
        .count();
    let status = answer
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|text| text.parse().ok());
    (status.unwrap_or(0), answers)
}

#[test]
fn no_single_packet_ends_the_process() {
    let mut server = TestServer::builtin();
    for length in [
        "1000000000",
        "100000000000",
        "100000000000000",
        "4611686018427387904",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
    ] {
        for path in ["/healthz", "/api/users/login", "/api/plugins/install"] {
            let head =
                format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
            let (status, answers) = status(&server, head.as_bytes());
            assert!(matches!(status, 400 | 413), "{length}: {status}");
            assert_eq!(answers, 1, "{length}");
        }
    }
    for size in [
        "FFFFFFFF",
        "7FFFFFFFFFFFFFFF",
        "FFFFFFFFFFFFFFFF",
        "10000000000000000",
        "-1",
    ] {
        let request = format!(
            "POST /api/users/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\nx"
        );
        let (status, answers) = status(&server, request.as_bytes());
        assert!(matches!(status, 400 | 413), "{size}: {status}");
        assert_eq!(answers, 1, "{size}");
    }
    assert!(server.is_running());
    server.nobody().get("/healthz").is(200);
}

#[test]
fn refusals_are_told_in_the_envelope() {
    let server = TestServer::builtin();
    let answer = exchange(
        &server,
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.to_ascii_lowercase().contains("connection: close"),
        "{head}"
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["message"], "Content Too Large");
    assert!(body["data"].is_string());
}

#[test]
fn slow_clients_do_not_slow_good_ones() {
    let server = TestServer::builtin();
    let mut slow: Vec<TcpStream> = (0..224).map(|_| connect(&server)).collect();
    for (number, stream) in slow.iter_mut().enumerate() {
        if number < 200 {
            write!(stream, "GET /healthz HTTP/1.1\r\nHost").unwrap();
        } else {
            write!(
                stream,
                "POST /api/users/login HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{{"
            )
            .unwrap();
        }
    }
    for _ in 0..100 {
        let started = Instant::now();
        server.admin().get("/api/plugins/installations").is(200);
        assert!(
            started.elapsed() < Duration::from_millis(500),
            "{:?}",
            started.elapsed()
        );
    }
    for stream in &mut slow {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
}

#[test]
fn a_connection_serves_many_requests_and_heads_have_no_body() {
    let server = TestServer::builtin();
    let mut stream = connect(&server);
    let mut wanted = Vec::new();
    for number in 0..200 {
        let method = if number % 2 == 0 { "GET" } else { "HEAD" };
        let close = if number == 199 {
            "Connection: close\r\n"
        } else {
            ""
        };
        wanted.extend(format!("{method} /healthz HTTP/1.1\r\nHost: x\r\n{close}\r\n").into_bytes());
    }
    stream.write_all(&wanted).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 200);
    assert_eq!(answers.matches("\"alive\"").count(), 100);
}

#[test]
fn expect_continue_is_honoured_and_refused_before_the_body() {
    let server = TestServer::builtin();
    let mut stream = connect(&server);
    write!(stream, "POST /api/users/logout HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n").unwrap();
    let mut first = [0; 25];
    stream.read_exact(&mut first).unwrap();
    assert!(
        first.starts_with(b"HTTP/1.1 100 Continue\r\n\r\n"),
        "{}",
        String::from_utf8_lossy(&first)
    );
    stream.write_all(b"{}").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("200 OK"), "{rest}");
    let refused = exchange(
        &server,
        b"POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n",
    );
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
}

#[test]
fn a_client_cannot_tell_the_server_another_address() {
    let server = TestServer::builtin();
    let spoofed = [("x-edge-origin", "1 mlflow 9.9.9.9:1")];
    // Still local, still the API.
    server
        .nobody()
        .send("GET", "/metrics", None, &spoofed)
        .is(200);
}

#[test]
fn clients_that_vanish_leave_nothing() {
    let server = TestServer::builtin();
    for bytes in [
        &b""[..],
        b"GET",
        b"GET / HTTP/1.1\r\n",
        b"POST /api/users/login HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
    ] {
        for _ in 0..20 {
            let mut stream = connect(&server);
            stream.write_all(bytes).unwrap();
            let _closed = stream.shutdown(Shutdown::Both);
        }
    }
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let text = String::from_utf8(server.nobody().get("/metrics").is(200).body).unwrap();
        // This request's own connection, and at most a few that are just being closed.
        let open = text
            .lines()
            .find_map(|line| line.strip_prefix("edge_connections_open "))
            .unwrap()
            .parse::<f64>()
            .unwrap();
        if open <= 3.0 {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "{open} connections are still open"
        );
    }
}
