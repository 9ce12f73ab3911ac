//! What a well-behaved client meets.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::harness::{TestEdge, bytes, header, read_reply, read_reply_to};
use crate::http::edge::limits::Limits;

#[test]
fn a_connection_is_kept_alive_and_nothing_of_tiny_http_shows() {
    let edge = TestEdge::new();
    let mut socket = edge.connect();
    for round in 0..3 {
        let body = format!("round {round}");
        let length = body.len();
        write!(
            socket,
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let seen = read_reply(&mut socket);
        assert_eq!(seen.status, 200);
        assert_eq!(seen.body, body.as_bytes());
        assert!(header(&seen.head, "date").is_some());
        for absent in ["server", "connection", "transfer-encoding"] {
            assert_eq!(header(&seen.head, absent), None, "{absent}");
        }
    }
    assert_eq!(edge.handle.counters().accepted(), 1);
    assert_eq!(edge.handle.counters().forwarded(), 3);
}

#[test]
fn a_client_that_asks_for_close_is_closed() {
    let edge = TestEdge::new();
    let reply = edge.exchange(b"GET /bytes/3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let text = String::from_utf8_lossy(&reply);
    assert_eq!(header(&text, "connection"), Some("close"));
    assert!(reply.ends_with(&bytes(3)));
}

#[test]
fn http_1_0_closes_unless_it_asks_to_stay() {
    let edge = TestEdge::new();
    let reply = edge.exchange(b"GET /bytes/3 HTTP/1.0\r\n\r\n");
    assert!(reply.ends_with(&bytes(3)));
    let mut socket = edge.connect();
    for _ in 0..2 {
        write!(
            socket,
            "GET /bytes/3 HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
        )
        .unwrap();
        let seen = read_reply(&mut socket);
        assert_eq!(header(&seen.head, "connection"), Some("keep-alive"));
    }
}

#[test]
fn head_announces_a_length_and_sends_no_body() {
    let edge = TestEdge::new();
    let mut socket = edge.connect();
    for _ in 0..2 {
        write!(socket, "HEAD /bytes/4000 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let seen = read_reply_to(&mut socket, true);
        assert_eq!(header(&seen.head, "content-length"), Some("4000"));
    }
    for status in [204, 304] {
        write!(socket, "GET /status/{status} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let seen = read_reply(&mut socket);
        assert_eq!(seen.status, status);
        assert_eq!(header(&seen.head, "content-length"), None);
    }
    write!(socket, "GET /bytes/2 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(read_reply(&mut socket).body, bytes(2));
}

#[test]
fn a_thousand_pipelined_requests_are_answered_in_order() {
    let edge = TestEdge::new();
    let mut socket = edge.connect();
    let mut sender = socket.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        let mut all = Vec::new();
        for number in 0..1000 {
            let body = number.to_string();
            let length = body.len();
            write!(
                all,
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .unwrap();
        }
        sender.write_all(&all).unwrap();
    });
    for number in 0..1000 {
        assert_eq!(read_reply(&mut socket).body, number.to_string().as_bytes());
    }
    writer.join().unwrap();
}

#[test]
fn a_client_cannot_speak_for_the_edge() {
    let edge = TestEdge::new();
    let mut socket = edge.connect();
    let peer = socket.local_addr().unwrap();
    socket
        .write_all(
            b"GET /headers HTTP/1.1\r\nHost: a\r\nX-Edge-Origin: 9 mlflow 6.6.6.6:1\r\nx-edge-other: 1\r\n\
              X-EDGE-SECRET: s\r\nConnection: keep-alive, X-Hop, host\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\
              TE: gzip\r\nProxy-Authorization: p\r\nUpgrade: h2c\r\nX-Odd: \xe9\r\nX-Kept: k\r\n\r\n",
        )
        .unwrap();
    let text = String::from_utf8(read_reply(&mut socket).body).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let origin = format!("x-edge-origin: 1 app {peer}");
    assert_eq!(lines, ["Host: a", "X-Kept: k", &origin]);
}

#[test]
fn five_megabytes_come_back_byte_for_byte_by_length_and_by_chunks() {
    let edge = TestEdge::new();
    for extra in [0, 1] {
        let body = bytes(5_000_000 + extra);
        let mut socket = edge.connect();
        let mut sender = socket.try_clone().unwrap();
        let sent = body.clone();
        let writer = std::thread::spawn(move || {
            if extra == 0 {
                let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\n";
                write!(sender, "{head}Content-Length: {}\r\n\r\n", sent.len()).unwrap();
                sender.write_all(&sent).unwrap();
            } else {
                let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
                sender.write_all(head.as_bytes()).unwrap();
                for piece in sent.chunks(70_001) {
                    write!(sender, "{:x}\r\n", piece.len()).unwrap();
                    sender.write_all(piece).unwrap();
                    sender.write_all(b"\r\n").unwrap();
                }
                sender.write_all(b"0\r\n\r\n").unwrap();
            }
        });
        let seen = read_reply(&mut socket);
        writer.join().unwrap();
        assert!(
            seen.body == body,
            "{} of {} bytes",
            seen.body.len(),
            body.len()
        );
    }
    let files = std::fs::read_dir(edge.folder.path()).unwrap().count();
    assert_eq!(files, 1, "only the socket is left in the spill folder");
}

#[test]
fn continue_is_said_before_the_body_and_not_when_the_body_is_refused() {
    let edge = TestEdge::new();
    let mut socket = edge.connect();
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
    write!(socket, "{head}Content-Length: 5\r\n\r\n").unwrap();
    let mut interim = [0; 25];
    socket.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(b"hello").unwrap();
    assert_eq!(read_reply(&mut socket).body, b"hello");
    write!(socket, "{head}Content-Length: 99999999\r\n\r\n").unwrap();
    assert_eq!(read_reply(&mut socket).status, 413);
}

#[test]
fn a_body_that_the_application_does_not_read_does_no_harm() {
    let edge = TestEdge::new();
    let mut socket = edge.connect();
    let body = bytes(3_000_000);
    for _ in 0..3 {
        let length = body.len();
        write!(
            socket,
            "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
        )
        .unwrap();
        socket.write_all(&body).unwrap();
        assert_eq!(read_reply(&mut socket).status, 200);
    }
}

#[test]
fn stopping_lets_requests_in_flight_end() {
    let edge = TestEdge::new();
    let mut busy = edge.connect();
    write!(busy, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut idle = edge.connect();
    write!(idle, "GET /bytes/2 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    read_reply(&mut idle);
    edge.until("the request is at the gate", |edge| {
        edge.gate.arrived() == 1
    });
    let (gate, address) = (edge.gate.clone(), edge.address);
    let stop = std::thread::spawn(move || edge.handle.stop(Duration::from_secs(10)));
    assert_eq!(
        idle.read(&mut [0]).unwrap(),
        0,
        "idle connections are closed"
    );
    assert!(std::net::TcpStream::connect(address).is_err());
    gate.open();
    let seen = read_reply(&mut busy);
    assert_eq!(seen.status, 200);
    assert_eq!(header(&seen.head, "connection"), Some("close"));
    stop.join().unwrap();
}

#[test]
fn stopping_answers_whom_it_has_accepted_although_they_have_said_nothing_yet() {
    let edge = TestEdge::new();
    let mut silent = edge.connect();
    let mut speaking = edge.connect();
    let mut begun = edge.connect();
    begun.write_all(b"GET /bytes/2 HTTP/1.1\r\n").unwrap();
    edge.until("all are accepted", |edge| {
        edge.handle.counters().open() == 3
    });
    // Between two requests when the stop comes, and closed by it.
    let mut idle = edge.connect();
    write!(idle, "GET /bytes/2 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    read_reply(&mut idle);
    let start = Instant::now();
    let stop = std::thread::spawn(move || edge.handle.stop(Duration::from_secs(10)));
    // A request before the stop would be answered as any other.
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    begun.write_all(b"Host: a\r\n\r\n").unwrap();
    write!(speaking, "GET /bytes/2 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    for socket in [&mut begun, &mut speaking] {
        let seen = read_reply(socket);
        assert_eq!(seen.status, 200);
        assert_eq!(header(&seen.head, "connection"), Some("close"));
        assert_eq!(socket.read(&mut [0]).unwrap(), 0);
    }
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    drop((begun, speaking));
    stop.join().unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn stopping_does_not_wait_longer_than_it_may() {
    let edge = TestEdge::new();
    let mut busy = edge.connect();
    write!(busy, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    edge.until("the request is at the gate", |edge| {
        edge.gate.arrived() == 1
    });
    edge.handle.stop(Duration::from_millis(50));
    assert_eq!(busy.read(&mut [0]).unwrap_or(0), 0);
    edge.gate.open();
}

#[test]
fn idle_connections_are_closed_after_their_time() {
    let edge = TestEdge::with(Limits {
        idle: Duration::from_millis(100),
        ..Limits::default()
    });
    let mut socket = edge.connect();
    write!(socket, "GET /bytes/2 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    read_reply(&mut socket);
    assert_eq!(socket.read(&mut [0]).unwrap(), 0);
}
