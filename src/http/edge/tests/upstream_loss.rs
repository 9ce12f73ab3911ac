//! Upstream connections that die, over an application of our own that can be made to.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::harness::{Seen, connect, read_reply, start};
use crate::http::edge::limits::Limits;

#[derive(Default)]
struct Application {
    open: AtomicUsize,
    most_unproven: AtomicUsize,
    unproven: AtomicUsize,
}

/// Serves until a request for `/die`; `/half` dies within its reply, `/never` does not answer.
fn serve(listener: UnixListener, application: &Arc<Application>) {
    let application = Arc::clone(application);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let (Ok(socket), application) = (socket, Arc::clone(&application)) else {
                return;
            };
            std::thread::spawn(move || {
                application.open.fetch_add(1, Ordering::SeqCst);
                let unproven = application.unproven.fetch_add(1, Ordering::SeqCst) + 1;
                application
                    .most_unproven
                    .fetch_max(unproven, Ordering::SeqCst);
                converse(socket, &application);
                application.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
}

fn converse(mut socket: UnixStream, application: &Application) {
    let mut proven = false;
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match socket.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let reply: &[u8] = match head.split(' ').nth(1).unwrap() {
            "/die" => return,
            "/half" => {
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
                return;
            }
            "/never" => continue,
            "/rubbish" => b"this is not HTTP\r\n\r\n",
            "/more" => {
                let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                let _ = socket.write_all(reply);
                // After the edge has seen the reply, and before the next request.
                std::thread::sleep(Duration::from_millis(20));
                b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"
            }
            "/leave" => {
                let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                let _ = socket.write_all(reply);
                return;
            }
            "/last" => b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            crate::http::edge::PROBE_PATH => b"HTTP/1.1 204 No Content\r\n\r\n",
            _ => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        };
        if !std::mem::replace(&mut proven, true) {
            application.unproven.fetch_sub(1, Ordering::SeqCst);
        }
        if socket.write_all(reply).is_err() {
            return;
        }
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "never happened: {what}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_dead_upstream_connection_costs_its_request_and_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let application = Arc::new(Application::default());
    serve(UnixListener::bind(&path).unwrap(), &application);
    let limits = Limits {
        upstreams: 4,
        reply_time: Duration::from_millis(200),
        ..Limits::default()
    };
    let (edge, address) = start(&folder, path.clone(), limits);
    let get = |path: &str| -> Seen {
        let mut socket = connect(address);
        write!(socket, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        read_reply(&mut socket)
    };
    assert_eq!(application.open.load(Ordering::SeqCst), 4);
    for (path, status) in [
        ("/die", 502),
        ("/half", 502),
        ("/rubbish", 502),
        ("/never", 504),
        ("/last", 200),
    ] {
        for round in 1..=8 {
            assert_eq!(get(path).status, status, "{path}");
            let seen = get("/");
            assert_eq!(
                (seen.status, seen.body),
                (200, b"ok".to_vec()),
                "{path} {round}"
            );
        }
        until("all are replaced", || {
            application.open.load(Ordering::SeqCst) == 4
        });
    }
    assert_eq!(edge.counters().upstreams_lost(), 40);
    assert_eq!(
        application.most_unproven.load(Ordering::SeqCst),
        1,
        "each is proven before the next is opened"
    );
}

#[test]
fn bytes_that_nobody_asked_for_never_reach_the_next_client() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let application = Arc::new(Application::default());
    serve(UnixListener::bind(&path).unwrap(), &application);
    let limits = Limits {
        upstreams: 1,
        ..Limits::default()
    };
    let (edge, address) = start(&folder, path.clone(), limits);
    let mut socket = connect(address);
    let mut get = |path: &str| -> Seen {
        write!(socket, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        read_reply(&mut socket)
    };
    for (lost, path) in ["/more", "/leave", "/more"].into_iter().enumerate() {
        assert_eq!(get(path).body, b"ok", "{path}");
        until("the connection is given up", || {
            edge.counters().upstreams_lost() == lost as u64 + 1
        });
        assert_eq!(get("/").body, b"ok", "after {path}");
    }
}

#[test]
fn a_half_closed_client_gets_its_answer() {
    let edge = super::harness::TestEdge::new();
    let mut socket = edge.connect();
    write!(socket, "GET /bytes/10 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read_reply(&mut socket).status, 200);
}

#[test]
fn an_application_that_went_away_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let application = Arc::new(Application::default());
    let listener = UnixListener::bind(&path).unwrap();
    serve(listener, &application);
    let limits = Limits {
        upstreams: 1,
        ..Limits::default()
    };
    let (edge, address) = start(&folder, path.clone(), limits);
    let get = |path: &str| -> u16 {
        let mut socket = connect(address);
        write!(socket, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        read_reply(&mut socket).status
    };
    std::fs::remove_file(&path).unwrap();
    assert_eq!(get("/die"), 502);
    until("requests are refused at once", || get("/") == 503);
    serve(UnixListener::bind(&path).unwrap(), &application);
    until("requests are answered again", || get("/") == 200);
    edge.stop(Duration::from_secs(5));
}

#[test]
fn the_start_waits_for_an_application_that_comes_late() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let application = Arc::new(Application::default());
    std::thread::scope(|scope| {
        let starter = scope.spawn(|| start(&folder, path.clone(), Limits::default()));
        serve(UnixListener::bind(&path).unwrap(), &application);
        let (edge, _) = starter.join().unwrap();
        assert_eq!(application.open.load(Ordering::SeqCst), 32);
        assert!(edge.is_running());
        edge.stop(Duration::from_secs(5));
    });
}
