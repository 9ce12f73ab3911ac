//! What a hostile client meets, and what good clients notice of it: nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::framing_cases;
use super::harness::{TestEdge, bytes, header, read_reply};
use crate::http::edge::limits::Limits;

const SECOND: &[u8] = b"GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// The statuses of all replies in a stream, and that nothing else is in it.
fn statuses(mut stream: &[u8]) -> Vec<u16> {
    let mut found = Vec::new();
    while !stream.is_empty() {
        found.push(read_reply(&mut stream).status);
    }
    found
}

#[test]
fn every_framing_case_gets_one_answer_and_a_closed_connection() {
    let edge = TestEdge::new();
    for case in framing_cases::all() {
        let start = Instant::now();
        let reply = edge.exchange(&[&case.bytes, SECOND].concat());
        let expected = match case.status {
            200 if case.bytes.windows(8).any(|at| at == b"HTTP/1.0") => vec![200],
            200 => vec![200, 200],
            refused => vec![refused],
        };
        assert_eq!(statuses(&reply), expected, "{}", case.name);
        assert!(start.elapsed() < Duration::from_secs(1), "{}", case.name);
        if case.status != 200 {
            let text = String::from_utf8(reply).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert_eq!(header(head, "connection"), Some("close"), "{}", case.name);
            assert_eq!(header(head, "content-type"), Some("application/json"));
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            assert!(body["message"].is_string(), "{}", case.name);
        }
    }
    assert_eq!(edge.get("/bytes/2").status, 200);
}

#[test]
fn a_refusal_arrives_although_the_client_goes_on_sending() {
    let edge = TestEdge::new();
    let mut socket = edge.connect();
    write!(
        socket,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12000000\r\n\r\n"
    )
    .unwrap();
    socket.write_all(&bytes(12_000_000)).unwrap();
    assert_eq!(read_reply(&mut socket).status, 413);
}

#[test]
fn a_chunked_body_without_end_is_cut_at_the_limit() {
    let edge = TestEdge::with(Limits {
        json_body: 1_000_000,
        ..Limits::default()
    });
    let mut body = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..300 {
        body.extend_from_slice(b"1000\r\n");
        body.extend_from_slice(&bytes(4096));
        body.extend_from_slice(b"\r\n");
    }
    assert_eq!(statuses(&edge.exchange(&body)), [413]);
}

fn impatient() -> Limits {
    Limits {
        head_time: Duration::from_millis(300),
        body_pace_time: Duration::from_millis(300),
        write_stall: Duration::from_millis(300),
        ..Limits::default()
    }
}

#[test]
fn a_slow_head_is_cut_although_it_never_pauses_for_long() {
    let edge = TestEdge::with(impatient());
    let mut socket = edge.connect();
    let mut sender = socket.try_clone().unwrap();
    let start = Instant::now();
    std::thread::spawn(move || {
        let _ = sender.write_all(b"GET / HTTP/1.1\r\nX: ");
        while sender.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(read_reply(&mut socket).status, 408);
    assert!(
        start.elapsed() >= Duration::from_millis(290),
        "{:?}",
        start.elapsed()
    );
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_body_that_trickles_is_cut() {
    let edge = TestEdge::with(impatient());
    let mut socket = edge.connect();
    let mut sender = socket.try_clone().unwrap();
    std::thread::spawn(move || {
        let _ = sender.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
        while sender.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(read_reply(&mut socket).status, 408);
}

#[test]
fn a_client_that_says_nothing_is_closed_without_a_word() {
    let edge = TestEdge::with(impatient());
    let mut socket = edge.connect();
    assert_eq!(socket.read(&mut [0]).unwrap(), 0);
    assert_eq!(edge.refused(408), 0);
}

#[test]
fn clients_that_do_not_read_hold_no_worker() {
    let edge = TestEdge::new();
    let mut readers: Vec<TcpStream> = (0..12).map(|_| edge.connect()).collect();
    for reader in &mut readers {
        write!(reader, "GET /bytes/8000001 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    }
    edge.until("all are forwarded", |edge| {
        edge.handle.counters().forwarded() == 12
    });
    assert_eq!(edge.get("/bytes/2").status, 200);
    assert!(
        edge.handle.counters().open() >= 12,
        "none of them was cut for it"
    );
    for reader in &mut readers {
        assert!(read_reply(reader).body == bytes(8_000_001));
    }
}

#[test]
fn a_client_that_does_not_read_is_cut() {
    let edge = TestEdge::with(impatient());
    let mut reader = edge.connect();
    write!(reader, "GET /bytes/20000001 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    edge.until("it is forwarded", |edge| {
        edge.handle.counters().forwarded() == 1
    });
    edge.until("it is cut", |edge| edge.handle.counters().open() == 0);
}

#[test]
fn half_open_heads_and_stalled_bodies_do_not_slow_good_requests() {
    let edge = TestEdge::new();
    let mut bad = Vec::new();
    for _ in 0..200 {
        let mut socket = edge.connect();
        socket
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Half")
            .unwrap();
        bad.push(socket);
    }
    for _ in 0..24 {
        let mut socket = edge.connect();
        let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf";
        socket.write_all(head).unwrap();
        bad.push(socket);
    }
    edge.until("all have come", |edge| edge.handle.counters().open() == 224);
    for _ in 0..100 {
        let start = Instant::now();
        assert_eq!(edge.get("/bytes/1000").status, 200);
        assert!(
            start.elapsed() < Duration::from_millis(500),
            "{:?}",
            start.elapsed()
        );
    }
    assert_eq!(edge.handle.counters().forwarded(), 100);
}

#[test]
fn uploads_cannot_fill_the_disk() {
    let edge = TestEdge::with(Limits {
        spill_bytes: 1_000_000,
        ..Limits::default()
    });
    let upload = |length: usize| {
        let mut socket = edge.connect();
        write!(
            socket,
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
        )
        .unwrap();
        socket.write_all(&bytes(length)).unwrap();
        read_reply(&mut socket).status
    };
    assert_eq!(upload(1_200_000), 503);
    assert_eq!(upload(900_000), 200);
}

#[test]
fn clients_that_vanish_are_forgotten() {
    let edge = TestEdge::new();
    for start in [
        "",
        "GET / HT",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
        "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        for linger in [true, false] {
            let mut socket = edge.connect();
            socket.write_all(start.as_bytes()).unwrap();
            if !linger {
                // With zero linger, closing resets the connection.
                rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).unwrap();
            }
        }
    }
    edge.gate.open();
    edge.until("all are gone", |edge| edge.handle.counters().open() == 0);
    assert_eq!(edge.get("/bytes/2").status, 200);
}

#[test]
fn a_full_edge_says_so_and_prefers_those_who_have_something_to_say() {
    let edge = TestEdge::with(Limits {
        connections: 8,
        ..Limits::default()
    });
    let mut idle = edge.connect();
    write!(idle, "GET /bytes/2 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(read_reply(&mut idle).status, 200);
    let held: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut socket = edge.connect();
            socket.write_all(b"GET / HTTP/1.1\r\n").unwrap();
            socket
        })
        .collect();
    assert_eq!(idle.read(&mut [0]).unwrap(), 0, "the idle one made room");
    for _ in 0..60 {
        assert_eq!(statuses(&edge.exchange(SECOND)), [503]);
    }
    drop(held);
    edge.until("room again", |edge| edge.handle.counters().open() == 0);
    assert_eq!(edge.get("/bytes/2").status, 200);
}

#[test]
fn requests_beyond_the_upstream_connections_wait_their_turn() {
    let edge = TestEdge::with(Limits {
        upstreams: 2,
        ..Limits::default()
    });
    let mut sockets: Vec<TcpStream> = (0..20).map(|_| edge.connect()).collect();
    for socket in &mut sockets {
        write!(socket, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    }
    edge.until("two are in work", |edge| edge.gate.arrived() == 2);
    edge.gate.open();
    for socket in &mut sockets {
        assert_eq!(read_reply(socket).status, 200);
    }
}

#[test]
fn a_request_that_waits_too_long_for_its_turn_is_told_so() {
    let edge = TestEdge::with(Limits {
        upstreams: 1,
        queue_time: Duration::from_millis(100),
        ..Limits::default()
    });
    let mut first = edge.connect();
    write!(first, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    edge.until("one is in work", |edge| edge.gate.arrived() == 1);
    assert_eq!(edge.get("/bytes/2").status, 503);
    edge.gate.open();
    assert_eq!(read_reply(&mut first).status, 200);
}
