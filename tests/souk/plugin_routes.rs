//! `/api/plugins/:key/*`: requests that a plugin's own router answers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::TestServer;

#[test]
fn a_route_sees_who_asks_and_what() {
    let server = TestServer::with_installed(&["echo"]);
    let editor = server.as_role(1, "Editor");
    let answer = editor.send(
        "POST",
        "/api/plugins/echo/items?tag=a&tag=b&q=x%20y",
        Some(br#"{"n":9007199254740993,"empty":[],"null":null}"#.to_vec()),
        &[],
    );
    let data = answer.is(201).data();
    assert_eq!(data["tenantId"], "a4ayc80OGd");
    assert_eq!(data["organizationId"], 1);
    assert_eq!(data["role"], "Editor");
    assert_eq!(data["query"], json!({"tag": ["a", "b"], "q": "x y"}));
    assert_eq!(
        (&data["method"], &data["path"]),
        (&json!("POST"), &json!("/items"))
    );
    assert_eq!(
        data["body"],
        json!({"n": "9007199254740993", "empty": [], "null": null})
    );
}

#[test]
fn the_most_special_pattern_wins_in_both_languages() {
    let server = TestServer::with_installed(&["echo", "echo-rhai"]);
    for key in ["echo", "echo-rhai"] {
        let get = |path: &str| {
            server
                .admin()
                .get(&format!("/api/plugins/{key}{path}"))
                .is(200)
                .data()
        };
        assert_eq!(get("/items/special")["route"], "/items/special", "{key}");
        assert_eq!(
            get("/items/caf%C3%A9%2Fx"),
            json!({"route": "/items/:id", "id": "café/x"}),
            "{key}"
        );
        assert_eq!(get("/empty"), json!([]), "{key}");
    }
    let parts = server
        .admin()
        .get("/api/plugins/echo/items/7/parts/8")
        .is(200)
        .data();
    assert_eq!(parts["params"], json!({"id": "7", "part": "8"}));
    server.admin().get("/api/plugins/echo").is(200);
}

#[test]
fn an_unknown_route_is_named_and_only_admins_see_the_others() {
    let server = TestServer::with_installed(&["echo"]);
    let member = server
        .as_role(1, "Reviewer")
        .get("/api/plugins/echo/nowhere")
        .is(404)
        .data();
    assert_eq!(member, "Route 'GET /nowhere' not found in plugin 'echo'");
    let admin = server
        .admin()
        .get("/api/plugins/echo/nowhere")
        .is(404)
        .data();
    assert!(
        admin.as_str().unwrap().contains("GET /items/:id"),
        "{admin}"
    );
    assert_eq!(
        server.admin().get("/api/plugins/counter/x").is(404).data(),
        "Plugin 'counter' is not installed"
    );
    server.admin().get("/api/plugins/No%20Key/x").is(400);
}

#[test]
fn auditors_read_and_a_route_may_name_its_roles() {
    let server = TestServer::with_installed(&["echo"]);
    let auditor = server.as_role(1, "Auditor");
    auditor.get("/api/plugins/echo/items").is(200);
    auditor.post("/api/plugins/echo/items", json!({})).is(403);
    auditor.get("/api/plugins/echo/auditors").is(200);
    server.admin().get("/api/plugins/echo/auditors").is(403);
    server
        .as_role(2, "Admin")
        .get("/api/plugins/echo/items")
        .is(404);
}

#[test]
fn a_plugins_status_is_passed_through() {
    let server = TestServer::with_installed(&["echo", "echo-rhai"]);
    let admin = server.admin();
    for status in [200, 201, 202, 400, 404, 409, 418, 422, 451, 500, 502, 503] {
        let answer = admin
            .get(&format!("/api/plugins/echo/status/{status}"))
            .is(status);
        let field = if status < 500 { "data" } else { "error" };
        assert_eq!(answer.json()[field], "as asked", "{status}");
    }
    admin.get("/api/plugins/echo/status/204").is(204);
    for key in ["echo", "echo-rhai"] {
        assert_eq!(
            admin
                .get(&format!("/api/plugins/{key}/missing"))
                .is(404)
                .data(),
            "No such thing"
        );
    }
    admin.get("/api/plugins/echo/status/101").is(500);
    admin.get("/api/plugins/echo/shapeless").is(500);
}

#[test]
fn a_raised_error_is_for_admins_only_and_poisons_nothing() {
    let server = TestServer::with_installed(&["echo", "echo-rhai"]);
    for key in ["echo", "echo-rhai"] {
        let path = format!("/api/plugins/{key}/raise");
        let admin = server.admin().get(&path).is(500).json();
        assert!(
            admin["error"]
                .as_str()
                .unwrap()
                .contains("broke on purpose"),
            "{admin}"
        );
        assert_eq!(
            server.as_role(1, "Editor").get(&path).is(500).json()["error"],
            "Plugin error"
        );
        server
            .admin()
            .get(&format!("/api/plugins/{key}/items"))
            .is(200);
    }
}

#[test]
fn endless_scripts_meet_a_limit_that_the_answer_names() {
    let server = TestServer::with_installed(&["echo", "echo-rhai"]);
    for (key, path) in [("echo", "short"), ("echo-rhai", "loop"), ("echo", "loop")] {
        let started = Instant::now();
        let answer = server
            .admin()
            .get(&format!("/api/plugins/{key}/{path}"))
            .is(504)
            .json();
        assert!(
            answer["error"].as_str().unwrap().contains("limit"),
            "{answer}"
        );
        assert!(started.elapsed() < Duration::from_secs(20));
        server
            .admin()
            .get(&format!("/api/plugins/{key}/items"))
            .is(200);
    }
}

#[test]
fn slow_plugins_leave_a_worker_for_the_rest() {
    let server = TestServer::with_installed(&["echo"]);
    let slow: Vec<_> = (0..12)
        .map(|_| {
            let admin = server.admin();
            std::thread::spawn(move || admin.get("/api/plugins/echo/loop").status)
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    for _ in 0..20 {
        let started = Instant::now();
        server.admin().get("/api/plugins/installations").is(200);
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "{:?}",
            started.elapsed()
        );
    }
    for thread in slow {
        assert!(matches!(thread.join().unwrap(), 503 | 504));
    }
}

#[test]
fn every_call_starts_from_clean_state() {
    let server = TestServer::with_installed(&["counter", "counter-rhai"]);
    for key in ["counter", "counter-rhai"] {
        for _ in 0..5 {
            assert_eq!(
                server
                    .admin()
                    .get(&format!("/api/plugins/{key}/count"))
                    .is(200)
                    .data(),
                json!({"count": 1})
            );
        }
    }
}

#[test]
fn a_file_reply_is_a_download_that_nothing_runs() {
    let server = TestServer::with_installed(&["echo"]);
    let file = server.admin().get("/api/plugins/echo/file").is(200);
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(
        file.header("content-disposition"),
        Some("attachment; filename=\"Zo_.csv\"; filename*=UTF-8''Zo%C3%AB%2Ecsv")
    );
    assert_eq!(file.header("set-cookie"), None);
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(file.body, "id,name\n1,Zoë\n".as_bytes());
    let page = server.admin().get("/api/plugins/echo/page").is(200);
    assert_eq!(
        page.header("content-type"),
        Some("application/octet-stream")
    );
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("sandbox")
    );
}

#[test]
fn plugins_reach_no_inner_address_that_the_operator_did_not_list() {
    let canary = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let port = canary.local_addr().unwrap().port();
    let server = TestServer::with_installed(&["echo"]);
    let id = server.admin().get("/api/plugins/installations").data()[0]["id"].clone();
    // The grant names the server of this field, so what refuses is the guard of addresses alone.
    let fetch = |url: &str| -> Value {
        let configuration = format!("/api/plugins/installations/{id}/configuration");
        server
            .admin()
            .put(&configuration, json!({"configuration": {"upstream": url}}))
            .is(200);
        let url: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
        server
            .admin()
            .get(&format!("/api/plugins/echo/fetch?url={url}"))
            .is(200)
            .data()
    };
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ] {
        let told = fetch(&format!("http://{host}:{port}/"));
        assert_eq!(told["ok"], false, "{host}");
        assert!(
            told["failure"].as_str().unwrap().contains("outbound.allow"),
            "{host}: {told}"
        );
    }
    let metadata = fetch("http://169.254.169.254/latest/meta-data/");
    assert!(
        metadata["failure"]
            .as_str()
            .unwrap()
            .contains("169.254.169.254"),
        "{metadata}"
    );
    assert!(canary.accept().is_err(), "somebody reached the canary");
}

#[test]
fn ambiguous_and_oversized_bodies_are_refused() {
    let server = TestServer::with_installed(&["echo"]);
    let send = |body: Vec<u8>| {
        server
            .admin()
            .send("POST", "/api/plugins/echo/items", Some(body), &[])
    };
    send(br#"{"a":1,"a":2}"#.to_vec()).is(400);
    send(b"{".to_vec()).is(400);
    send("[".repeat(100_000).into_bytes()).is(400);
    send(format!("\"{}\"", "x".repeat(11 << 20)).into_bytes()).is(413);
}

#[test]
fn an_error_of_a_plugin_is_one_line_of_the_log() {
    let server = TestServer::with_installed(&["echo"]);
    let forged = "2026-11-24T00:00:00.000000Z  INFO a line that nobody wrote";
    let body = json!({ "text": format!("x\r\n{forged}") });
    server
        .as_role(1, "Editor")
        .post("/api/plugins/echo/raise", body)
        .is(500);
    let end = Instant::now() + Duration::from_secs(10);
    while !server.log().contains("nobody wrote") {
        assert!(Instant::now() < end, "it is not in the log");
        std::thread::yield_now();
    }
    let log = server.log();
    let line = log
        .lines()
        .find(|line| line.contains("nobody wrote"))
        .unwrap();
    assert!(!line.starts_with(forged), "{line}");
    assert!(line.contains("a plugin failed"), "{line}");
}
