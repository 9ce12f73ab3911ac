//! Plugins that ask for too much: they meet a named limit, and the process goes on as before.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Start, TestServer};

fn resident_mb(server: &TestServer) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

#[test]
fn statements_that_want_gigabytes_meet_a_limit() {
    let server = TestServer::with_installed(&["hungry"]);
    server.admin().get("/api/plugins/hungry/ok").is(200);
    for route in ["join", "distinct", "group"] {
        let answer = server.admin().get(&format!("/api/plugins/hungry/{route}"));
        assert!(
            matches!(answer.status, 504 | 503),
            "{route}: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        assert!(
            resident_mb(&server) < 600,
            "{route}: {} MB",
            resident_mb(&server)
        );
        server.admin().get("/api/plugins/hungry/ok").is(200);
    }
}

#[test]
fn library_functions_that_ran_on_are_stopped() {
    let server = TestServer::with_installed(&["hungry"]);
    for (route, status) in [("move", 500), ("sort", 504)] {
        let started = Instant::now();
        let answer = server.admin().get(&format!("/api/plugins/hungry/{route}"));
        answer.is(status);
        assert!(
            started.elapsed() < Duration::from_secs(15),
            "{route}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn a_content_type_without_end_is_not_sent() {
    let server = TestServer::with_installed(&["hungry"]);
    // Like every type that is not known to be harmless: the bytes arrive, as bytes.
    let answer = server.admin().get("/api/plugins/hungry/type").is(200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/octet-stream")
    );
}

#[test]
fn memory_that_a_plugin_never_gives_back_stops_that_plugin_and_no_other() {
    let server = TestServer::with_installed(&["hungry-rhai", "echo-rhai"]);
    let installation = server
        .admin()
        .get("/api/plugins/installations")
        .is(200)
        .data()
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["pluginKey"] == "hungry-rhai")
        .unwrap()["id"]
        .clone();
    let resume = format!("/api/plugins/installations/{installation}/resume");
    for _ in 0..40 {
        // It would be paused after five: here it is to be stopped by what it has lost.
        server.admin().post(&resume, json!({})).is(200);
        server.admin().get("/api/plugins/hungry-rhai/leak").is(504);
    }
    assert!(resident_mb(&server) < 500, "{} MB", resident_mb(&server));
    let stopped = server
        .admin()
        .get("/api/plugins/hungry-rhai/rows")
        .is(504)
        .json();
    assert!(
        stopped["error"]
            .as_str()
            .unwrap()
            .contains("never gave back"),
        "{stopped}"
    );
    server.admin().get("/api/plugins/echo-rhai/items").is(200);
}

#[test]
fn honest_results_are_no_loss() {
    let server = TestServer::with_installed(&["hungry-rhai"]);
    for _ in 0..300 {
        server.admin().get("/api/plugins/hungry-rhai/rows").is(200);
    }
}

#[test]
fn one_organizations_endless_plugins_leave_the_others_alone() {
    let server = TestServer::with_installed(&["echo"]);
    let other = server.as_role(2, "Admin");
    other
        .post("/api/plugins/install", json!({"pluginKey": "echo"}))
        .is(201);
    let endless: Vec<_> = (0..10)
        .map(|_| {
            let admin = server.admin();
            std::thread::spawn(move || admin.get("/api/plugins/echo/loop").status)
        })
        .collect();
    while !String::from_utf8(server.nobody().get("/metrics").is(200).body)
        .unwrap()
        .contains("plugin_calls_waiting 8")
    {
        std::thread::yield_now();
    }
    for _ in 0..20 {
        let started = Instant::now();
        other.get("/api/plugins/echo/items").is(200);
        assert!(
            started.elapsed() < Duration::from_secs(3),
            "{:?}",
            started.elapsed()
        );
    }
    for thread in endless {
        assert!(matches!(thread.join().unwrap(), 503 | 504));
    }
}

#[test]
fn a_marketplace_that_never_answers_leaves_a_worker_for_the_rest() {
    // Connections are taken by the kernel and never by anyone else.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let source = format!("http://{}/plugins.json", silent.local_addr().unwrap());
    let server = Start::with_flags(&["--marketplace", &source]).go();
    let waiting: Vec<_> = (0..40)
        .map(|_| {
            let admin = server.admin();
            std::thread::spawn(move || admin.get("/api/plugins/marketplace").status)
        })
        .collect();
    for _ in 0..20 {
        let started = Instant::now();
        server.nobody().get("/healthz").is(200);
        server.admin().get("/api/plugins/installations").is(200);
        assert!(
            started.elapsed() < Duration::from_secs(1),
            "{:?}",
            started.elapsed()
        );
    }
    for thread in waiting {
        assert_eq!(thread.join().unwrap(), 503);
    }
}
