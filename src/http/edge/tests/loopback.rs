//! The fallback where unix sockets are missing: loopback TCP with a secret, and two listeners.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;

use super::harness::{connect, read_reply};
use crate::http::edge::limits::Limits;
use crate::http::edge::origin::{ORIGIN_HEADER, Origin};
use crate::http::edge::{Edge, EdgeConfig, EdgeListener, PROBE_PATH, SECRET_HEADER, Upstream};

/// Answers the probe and shows a request's listener; refuses what does not know the secret.
fn serve(server: &tiny_http::Server) {
    while let Ok(request) = server.recv() {
        let value = |name: &'static str| {
            let mut all = request.headers().iter();
            let header = all.find(|header| header.field.equiv(name));
            header.map(|header| header.value.to_string())
        };
        let response = if value(SECRET_HEADER).as_deref() != Some("only we know") {
            tiny_http::Response::from_string("refused").with_status_code(403)
        } else if request.url() == PROBE_PATH {
            tiny_http::Response::from_string("").with_status_code(204)
        } else {
            let origin = value(ORIGIN_HEADER).unwrap();
            tiny_http::Response::from_string(Origin::read(&origin).unwrap().listener)
        };
        let _ = request.respond(response);
    }
}

#[test]
fn each_request_carries_the_secret_and_the_name_of_its_listener() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let server = Arc::new(tiny_http::Server::from_listener(socket, None).unwrap());
    std::thread::spawn(move || serve(&server));
    let folder = tempfile::tempdir().unwrap();
    let mut addresses = Vec::new();
    let listeners = ["app", "mlflow"].map(|name| {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        addresses.push((name, socket.local_addr().unwrap()));
        EdgeListener { socket, name }
    });
    let _edge = Edge::start(EdgeConfig {
        listeners: listeners.into(),
        upstream: Upstream::Loopback {
            address,
            secret: "only we know".to_owned(),
        },
        limits: Limits {
            upstreams: 3,
            ..Limits::default()
        },
        trusted_proxies: Vec::new(),
        spill: folder.path().to_owned(),
        hung_up: Arc::default(),
    })
    .unwrap();
    for (name, address) in addresses {
        let mut socket = connect(address);
        write!(
            socket,
            "GET / HTTP/1.1\r\nHost: a\r\nx-edge-secret: guess\r\n\r\n"
        )
        .unwrap();
        let seen = read_reply(&mut socket);
        assert_eq!((seen.status, seen.body), (200, name.as_bytes().to_vec()));
    }
}
