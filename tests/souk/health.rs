//! `/healthz`, `/readyz`, `/metrics`, `/api/plugins/health`.

use std::time::{Duration, Instant};

use serde_json::json;
use souk::tenant::TenantId;

use crate::support::{Client, Start, TestServer};

#[test]
fn a_started_server_is_alive_and_ready() {
    let server = TestServer::builtin();
    server.nobody().get("/healthz").is(200);
    let ready = server.nobody().get("/readyz").is(200).data();
    assert_eq!(
        ready,
        json!({"database": "ok", "packages": "ok", "disk": "ok", "status": "ready"})
    );
    let health = server
        .as_role(1, "Auditor")
        .get("/api/plugins/health")
        .is(200)
        .data();
    assert_eq!(
        health,
        json!({"status": "healthy", "marketplace": "connected", "cache": "valid", "installedPlugins": 0})
    );
}

#[test]
fn packages_that_cannot_be_written_are_named_as_the_reason() {
    let server = TestServer::builtin();
    std::fs::remove_dir(server.data.join("staging")).unwrap();
    let answer = server.nobody().get("/readyz").is(503);
    assert_eq!(answer.header("retry-after"), Some("2"));
    let failure = answer.json()["error"].clone();
    assert_eq!(failure["database"], "ok");
    assert_eq!(failure["disk"], "ok");
    assert_eq!(failure["status"], "not ready");
    assert_eq!(failure["packages"], "failed; the server's log says why");
    let health = server.admin().get("/api/plugins/health").is(200).data();
    assert_eq!(health["status"], "unhealthy");
    assert_eq!(health["installedPlugins"], 0);
}

/// As after a restore that forgot one file.
#[test]
fn an_organization_without_its_file_is_told_unhealthy_and_others_are_not() {
    let server = TestServer::builtin();
    let control = rusqlite::Connection::open(server.data.join("souk.db")).unwrap();
    let now = "2026-11-24T07:00:00.000Z";
    control
        .execute(
            "INSERT INTO organizations (id, name, created_at) VALUES (3, 'Forgotten', ?)",
            [now],
        )
        .unwrap();
    control
        .execute(
            "INSERT INTO tenants (tenant_id, organization_id, state, created_at) VALUES (?, 3, 'ready', ?)",
            [TenantId::of_organization(3).as_str(), now],
        )
        .unwrap();
    control
        .execute(
            "UPDATE users SET organization_id = 3 WHERE email = 'auditor@beta.example'",
            [],
        )
        .unwrap();
    let credentials = json!({"email": "auditor@beta.example", "password": "souk-demo-2026"});
    let signed_in = server
        .nobody()
        .post("/api/users/login", credentials)
        .is(200);
    let forgotten = Client {
        base: server.address(),
        token: signed_in.data()["token"].as_str().map(str::to_owned),
    };
    let health = |client: &Client| client.get("/api/plugins/health").is(200).data();
    assert_eq!(
        health(&forgotten),
        json!({"status": "unhealthy", "marketplace": "connected", "cache": "valid", "installedPlugins": null})
    );
    assert_eq!(health(&server.admin())["status"], "healthy");
    server.nobody().get("/readyz").is(200);
}

#[test]
fn metrics_are_for_this_machine_or_for_who_has_the_token() {
    let server = Start::default()
        .environment("SOUK_METRICS_TOKEN", "hush-hush")
        .go();
    server
        .admin()
        .post("/api/plugins/install", json!({"pluginKey": "notes"}))
        .is(201);
    server
        .admin()
        .post(
            "/api/plugins/ui-metrics",
            json!({"pluginKey": "notes", "loadTimeMs": 12.5, "ok": true}),
        )
        .is(204);
    server.admin().get("/api/plugins/notes/notes").is(200);
    let text = String::from_utf8(server.nobody().get("/metrics").is(200).body).unwrap();
    for line in [
        "plugin_installs_total{plugin=\"notes\"} 1",
        "plugin_ui_load_time_count{ok=\"true\",plugin=\"notes\"} 1",
        "plugin_api_response_time_count{plugin=\"notes\"} 1",
        "http_request_duration_seconds_count{method=\"POST\",route=\"/api/plugins/install\",status=\"201\"} 1",
        "tenant_slots_in_use 0",
        "script_calls_total{engine=\"rhai\",outcome=\"ok\"} 2",
        "script_call_seconds_count{plugin=\"notes\"} 2",
        "script_compiles_total{engine=\"rhai\",outcome=\"ok\"} 1",
        "script_compile_seconds_count{engine=\"rhai\"} 1",
        "edge_accept_errors_total 0",
        "edge_upstreams_lost_total 0",
        "edge_requests_refused_total{status=\"400\"} 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let proxied = [("x-forwarded-for", "9.9.9.9")];
    server
        .nobody()
        .send("GET", "/metrics", None, &proxied)
        .is(403);
    let with_token = [
        ("x-forwarded-for", "9.9.9.9"),
        ("authorization", "Bearer hush-hush"),
    ];
    server
        .nobody()
        .send("GET", "/metrics", None, &with_token)
        .is(200);
    let wrong = [
        ("x-forwarded-for", "9.9.9.9"),
        ("authorization", "Bearer hush"),
    ];
    server
        .nobody()
        .send("GET", "/metrics", None, &wrong)
        .is(403);
}

#[test]
fn tenants_are_checked_soon_after_the_start_and_orphans_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Start::default().on(folder.path()).go();
    assert_eq!(first.terminate(Duration::from_secs(20)), Some(0));
    let tenant = TenantId::of_organization(1);
    let path = format!("tenants/{}/{tenant}.db", &tenant.as_str()[..2]);
    rusqlite::Connection::open(folder.path().join(path))
        .unwrap()
        .execute_batch("CREATE TABLE stray (id INTEGER)")
        .unwrap();

    let mut second = Start::default().on(folder.path()).go();
    let end = Instant::now() + Duration::from_secs(30);
    let text = loop {
        let text = String::from_utf8(second.nobody().get("/metrics").is(200).body).unwrap();
        if text.contains("tenant_orphans 1") || Instant::now() > end {
            break text;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    for line in [
        "tenants_checked_total{result=\"faulty\"} 1",
        "tenants_checked_total{result=\"whole\"} 1",
        "tenant_orphans 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    second.kill();
    assert!(second.log().contains("stray"), "{}", second.log());
}

#[test]
fn ui_metrics_name_the_wrong_field() {
    let server = TestServer::builtin();
    let post = |body| server.admin().post("/api/plugins/ui-metrics", body);
    assert_eq!(post(json!({})).is(400).data(), "pluginKey is required");
    assert!(
        post(json!({"pluginKey": "notes", "loadTimeMs": -1, "ok": true}))
            .is(400)
            .data()
            .as_str()
            .unwrap()
            .contains("loadTimeMs")
    );
    assert!(
        post(json!({"pluginKey": "notes", "loadTimeMs": 1}))
            .is(400)
            .data()
            .as_str()
            .unwrap()
            .contains("ok must be")
    );
    post(json!({"pluginKey": "notes", "loadTimeMs": 1, "ok": true})).is(404);
}
