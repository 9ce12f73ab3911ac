//! `offline`, `outbound.proxy` and the proxies of the environment, as the built program takes them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::server::run;
use crate::support::site::{WebServer, numbered};
use crate::support::{Start, TestServer, marketplace};

/// Answers every connection with `ok` and counts them.
fn upstream() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let _head = stream.read(&mut [0; 4096]);
            let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
    });
    (address, count)
}

/// What the test plugin says of a request to `url`, which its configuration grants.
fn fetch(server: &TestServer, url: &str) -> Value {
    let body = json!({"pluginKey": "echo", "config": {"upstream": url}});
    server.admin().post("/api/plugins/install", body).is(201);
    let url: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
    let path = format!("/api/plugins/echo/fetch?url={url}");
    server.admin().get(&path).is(200).data()
}

#[test]
fn offline_a_remote_marketplace_shows_its_last_copy_and_nothing_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let site = WebServer::start(numbered(folder.path(), 3));
    let data = folder.path().join("data");
    let source = format!("{}/plugins.json", site.address);
    let online = Start::with_flags(&["--marketplace", &source])
        .on(&data)
        .go();
    let admin = online.admin();
    let fresh = admin.get("/api/plugins/marketplace").is(200);
    assert_eq!(fresh.data().as_array().unwrap().len(), 3);
    admin
        .post("/api/plugins/install", json!({"pluginKey": "p1"}))
        .is(201);
    drop(online);

    let given = site.given();
    let server = Start::with_flags(&["--marketplace", &source, "--offline"])
        .on(&data)
        .go();
    let admin = server.admin();
    let shown = admin.get("/api/plugins/marketplace").is(200);
    assert_eq!(shown.body, fresh.body);
    assert_eq!(shown.header("x-marketplace-state"), Some("stale"));
    let reason = "offline = true";
    assert_eq!(admin.get("/api/plugins/p1/number").is(200).data(), 1);
    let refused = admin
        .post("/api/plugins/install", json!({"pluginKey": "p2"}))
        .is(502)
        .json();
    assert!(
        refused["error"].as_str().unwrap().contains(reason),
        "{refused}"
    );
    admin.post("/api/plugins/marketplace/refresh", json!({}));
    let health = admin.get("/api/plugins/health").is(200).data();
    assert_eq!(
        (&health["status"], &health["marketplace"]),
        (&json!("degraded"), &json!("stale"))
    );
    let ready = server.nobody().get("/readyz").is(200).data();
    assert_eq!(
        (&ready["status"], &ready["network"]),
        (&json!("ready"), &json!("offline"))
    );
    assert!(server.figure("outbound_denied_total{reason=\"offline\"}") >= 1.0);
    drop(server);

    let data = data.to_str().unwrap();
    let key = folder.path().join("secret.key");
    std::fs::write(&key, crate::support::serving::KEY).unwrap();
    let to = folder.path().join("mirror");
    let verbs: [&[&str]; 3] = [
        &[
            "marketplace",
            "refresh",
            "--data",
            data,
            "--secret-key-file",
            key.to_str().unwrap(),
        ],
        &["marketplace", "search"],
        &["mirror", "pull", "--to", to.to_str().unwrap()],
    ];
    for verb in verbs {
        let arguments: Vec<&str> = [verb, &["--marketplace", &source, "--offline"]].concat();
        let (code, _, err) = run(&arguments);
        assert_eq!(code, Some(1), "{verb:?}: {err}");
        assert!(err.contains(reason), "{verb:?}: {err}");
    }
    assert_eq!(site.given(), given, "somebody asked the source");
    // What lies on this machine is no network.
    let (code, out, err) = run(&["marketplace", "search", "--offline"]);
    assert!(code == Some(0) && out.contains("mlflow"), "{err}");
}

#[test]
fn offline_a_plugin_is_told_so_and_reaches_nobody() {
    let (address, count) = upstream();
    let market = marketplace();
    let server = Start::with_flags(&[
        "--marketplace",
        &market,
        "--outbound-allow",
        &address,
        "--offline",
    ])
    .go();
    let told = fetch(&server, &format!("http://{address}/"));
    assert_eq!(told["ok"], false);
    let failure = told["failure"].as_str().unwrap();
    assert!(failure.contains("offline = true"), "{failure}");
    assert_eq!(count.load(Ordering::SeqCst), 0);
    assert!(
        (server.figure("outbound_denied_total{reason=\"offline\"}") - 1.0).abs() < f64::EPSILON
    );
}

#[test]
fn the_proxies_of_the_environment_are_not_used() {
    let (address, count) = upstream();
    let (proxy, proxied) = upstream();
    let folder = tempfile::tempdir().unwrap();
    let site = WebServer::start(numbered(folder.path(), 1));
    let proxy = format!("http://{proxy}");
    let market = marketplace();
    for marketplace in [market.as_str(), &format!("{}/plugins.json", site.address)] {
        let mut start =
            Start::with_flags(&["--marketplace", marketplace, "--outbound-allow", &address]);
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            start = start.environment(name, &proxy);
        }
        let server = start.environment("NO_PROXY", "").go();
        server.admin().get("/api/plugins/marketplace").is(200);
        if marketplace == market {
            assert_eq!(fetch(&server, &format!("http://{address}/"))["ok"], true);
        }
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert!(site.given() >= 1);
    assert_eq!(proxied.load(Ordering::SeqCst), 0);
}

#[test]
fn a_refused_request_is_counted_and_logged_with_who_asked_for_what() {
    let server = TestServer::with_test_plugins();
    let told = fetch(&server, "http://127.0.0.1:1/");
    assert_eq!(told["ok"], false);
    server.until("outbound_denied_total{reason=\"address\"}", |count| {
        count >= 1.0
    });
    // By the grant: its configuration names another server.
    let other = "/api/plugins/echo/fetch?url=http%3A%2F%2Fpub.example%2F";
    let told = server.admin().get(other).is(200).data();
    assert!(
        told["failure"].as_str().unwrap().contains("not granted"),
        "{told}"
    );
    server.until("outbound_denied_total{reason=\"not_granted\"}", |count| {
        count >= 1.0
    });
    // Each run says what stood in its way.
    let row = server.admin().get("/api/plugins/installations").data()[0]["id"].clone();
    let runs = format!("/api/plugins/installations/{row}/runs");
    let runs = server.admin().get(&runs).is(200).data();
    for (run, what) in [(0, "not granted"), (1, "127.0.0.1")] {
        let denial = &runs["items"][run]["denials"][0];
        assert_eq!(denial["function"], "http.request", "{runs}");
        assert!(denial["what"].as_str().unwrap().contains(what), "{runs}");
    }
    let log = server.log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("a call was refused"))
        .collect();
    assert_eq!(lines.len(), 2, "{log}");
    for (line, host, reason) in [
        (lines[0], "127.0.0.1", "outbound.allow"),
        (lines[1], "pub.example", "not granted"),
    ] {
        for part in ["echo", "a4ayc80OGd", host, reason] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
}

#[test]
fn the_credentials_of_the_proxy_are_shown_nowhere() {
    let show = |proxy: &str| {
        let out = Command::new(env!("CARGO_BIN_EXE_souk"))
            .args(["config", "show", "--origin"])
            .env("SOUK_OUTBOUND_PROXY", proxy)
            .output()
            .unwrap();
        let text = [out.stdout, out.stderr].concat();
        (out.status.code(), String::from_utf8(text).unwrap())
    };
    let (code, text) = show("http://ana:hush-hush@proxy.example:3128");
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("outbound.proxy = \"***\"") && !text.contains("hush"),
        "{text}"
    );
    assert!(text.contains("offline = false"), "{text}");
    let (code, text) = show("socks5://ana:hush-hush@proxy.example");
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("SOUK_OUTBOUND_PROXY") && !text.contains("hush"),
        "{text}"
    );
}
