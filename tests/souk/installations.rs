//! `/api/plugins/install` and `/api/plugins/installations`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Answer, Client, Start, TestServer};

fn install(client: &Client, key: &str) -> Answer {
    client.post("/api/plugins/install", json!({"pluginKey": key}))
}

fn configure(client: &Client, id: &Value, configuration: Value) -> Answer {
    client.put(
        &format!("/api/plugins/installations/{id}/configuration"),
        json!({"configuration": configuration}),
    )
}

/// Tables of a tenant that belong to no part of the schema of an empty tenant.
pub fn plugin_tables(server: &TestServer, tenant: &str) -> Vec<String> {
    let shard = tenant[..2].to_lowercase();
    let path = server
        .data
        .join("tenants")
        .join(shard)
        .join(format!("{tenant}.db"));
    let conn =
        rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
            .unwrap();
    let host = [
        "plugin_installations",
        "plugin_objects",
        "plugin_secrets",
        "plugin_usage",
        "model_inventory",
        "projects",
        "risks",
        "files",
    ];
    conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap()
        .map(Result::unwrap)
        .filter(|name| !host.contains(&name.as_str()))
        .collect()
}

#[test]
fn a_plugin_is_installed_listed_and_removed_with_all_its_tables() {
    let server = TestServer::with_test_plugins();
    let admin = server.admin();
    let row = install(&admin, "tables").is(201).data();
    for (field, value) in [
        ("pluginKey", json!("tables")),
        ("status", json!("installed")),
        ("uninstalledAt", Value::Null),
        ("errorMessage", Value::Null),
        ("configuration", json!({})),
        ("version", json!("1.0.0")),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    assert_eq!(
        plugin_tables(&server, "a4ayc80OGd"),
        ["tables_one", "tables_three", "tables_two"]
    );
    assert_eq!(
        admin.get("/api/plugins/tables/count").is(200).data(),
        json!({"one": 500, "two": 250})
    );
    let list = admin.get("/api/plugins/installations").is(200).data();
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["plugin"]["key"]),
        (1, &json!("tables"))
    );
    let gone = admin
        .delete(&format!("/api/plugins/installations/{}", row["id"]))
        .is(200);
    assert_eq!(gone.data(), "Plugin uninstalled successfully");
    assert!(plugin_tables(&server, "a4ayc80OGd").is_empty());
    assert_eq!(
        admin.get("/api/plugins/tables/count").is(404).data(),
        "Plugin 'tables' is not installed"
    );
}

#[test]
fn one_tenant_never_sees_the_plugins_of_another() {
    let server = TestServer::with_test_plugins();
    let (acme, beta) = (server.as_role(1, "Admin"), server.as_role(2, "Admin"));
    let row = install(&acme, "tables").is(201).data();
    assert_eq!(
        beta.get("/api/plugins/installations").is(200).data(),
        json!([])
    );
    beta.get("/api/plugins/tables/count").is(404);
    let foreign = beta
        .delete(&format!("/api/plugins/installations/{}", row["id"]))
        .is(404);
    let unknown = beta.delete("/api/plugins/installations/4711").is(404);
    assert_eq!(foreign.json(), unknown.json());
    assert_eq!(foreign.data(), "Plugin installation not found");
    configure(&beta, &row["id"], json!({})).is(404);
    install(&beta, "tables").is(201);
    acme.delete(&format!("/api/plugins/installations/{}", row["id"]))
        .is(200);
    beta.get("/api/plugins/tables/count").is(200);
}

#[test]
fn installing_twice_is_a_conflict() {
    let server = TestServer::with_test_plugins();
    install(&server.admin(), "counter").is(201);
    assert_eq!(
        install(&server.admin(), "counter").is(409).data(),
        "Plugin is already installed"
    );
}

#[test]
fn of_fifty_installs_at_once_one_succeeds() {
    let server = Arc::new(TestServer::with_test_plugins());
    let threads: Vec<_> = (0..50)
        .map(|_| {
            let admin = server.admin();
            std::thread::spawn(move || install(&admin, "tables").status)
        })
        .collect();
    let mut statuses: Vec<u16> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (201, [409; 49].as_slice()));
    assert_eq!(plugin_tables(&server, "a4ayc80OGd").len(), 3);
}

#[test]
fn what_cannot_be_installed_says_why() {
    let server = TestServer::with_test_plugins();
    let admin = server.admin();
    let cases = [
        (json!({}), 400, "pluginKey is required"),
        (json!({"pluginKey": ""}), 400, "pluginKey is required"),
        (json!({"pluginKey": 7}), 400, "pluginKey must be a text"),
        (
            json!({"pluginKey": "No Such"}),
            400,
            "Invalid plugin key format",
        ),
        (
            json!({"pluginKey": "../x"}),
            400,
            "Invalid plugin key format",
        ),
        (
            json!({"pluginKey": "install"}),
            400,
            "Invalid plugin key format",
        ),
        (
            json!({"pluginKey": "nothing"}),
            404,
            "Plugin not found in marketplace",
        ),
        (
            json!({"pluginKey": "hidden"}),
            404,
            "Plugin not found in marketplace",
        ),
        (
            json!({"pluginKey": "counter", "config": []}),
            400,
            "config must be an object",
        ),
        (
            json!({"pluginKey": "typescript"}),
            422,
            "Plugin 'typescript' cannot be installed here: its entry point is 'index.ts'; Souk runs main.lua and main.rhai",
        ),
    ];
    for (body, status, text) in cases {
        assert_eq!(
            admin
                .post("/api/plugins/install", body.clone())
                .is(status)
                .data(),
            text,
            "{body}"
        );
    }
    let broken = install(&admin, "broken").is(422).data();
    let broken = broken.as_str().unwrap();
    assert!(
        broken.contains("main.lua") && broken.contains("line 5"),
        "{broken}"
    );
    assert_eq!(admin.get("/api/plugins/installations").data(), json!([]));
}

#[test]
fn a_refused_or_failed_hook_leaves_nothing_behind() {
    let server = TestServer::with_test_plugins();
    let admin = server.admin();
    for (how, status, text) in [
        ("refuse", 422, "Refuser does not want to"),
        ("raise", 422, "Refuser raised on purpose"),
        ("fetch", 422, "fetch first, then write"),
        ("steal", 422, "COMMIT"),
        ("loop", 504, "limit"),
    ] {
        let body = json!({"pluginKey": "refuser", "config": {"how": how}});
        let answer = admin.post("/api/plugins/install", body).is(status);
        let told = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            told.to_lowercase().contains(&text.to_lowercase()),
            "{how}: {told}"
        );
        assert!(plugin_tables(&server, "a4ayc80OGd").is_empty(), "{how}");
        assert_eq!(
            admin.get("/api/plugins/installations").data(),
            json!([]),
            "{how}"
        );
    }
    let body = json!({"pluginKey": "refuser", "config": {"how": "accept"}});
    admin.post("/api/plugins/install", body).is(201);
}

#[test]
fn uninstalling_drops_what_a_plugin_leaves() {
    let server = TestServer::with_test_plugins();
    let row = install(&server.admin(), "leftover").is(201).data();
    server
        .admin()
        .delete(&format!("/api/plugins/installations/{}", row["id"]))
        .is(200);
    assert!(plugin_tables(&server, "a4ayc80OGd").is_empty());
    install(&server.admin(), "leftover").is(201);
}

#[test]
fn a_call_that_outlives_its_plugin_writes_nothing() {
    let server = TestServer::with_test_plugins();
    let row = install(&server.admin(), "late").is(201).data();
    let admin = server.admin();
    let call = std::thread::spawn(move || admin.get("/api/plugins/late/go"));
    std::thread::sleep(std::time::Duration::from_millis(500));
    server
        .admin()
        .delete(&format!("/api/plugins/installations/{}", row["id"]))
        .is(200);
    let answer = call.join().unwrap().is(500).json();
    assert!(
        answer["error"].as_str().unwrap().contains("uninstalled"),
        "{answer}"
    );
    assert!(plugin_tables(&server, "a4ayc80OGd").is_empty());
}

#[test]
fn no_plugin_takes_the_name_of_a_table_function() {
    let server = TestServer::with_test_plugins();
    let told = install(&server.admin(), "shadow").is(422).data();
    assert!(told.as_str().unwrap().contains("json_each"), "{told}");
}

#[test]
fn uninstalling_works_after_the_plugin_has_left_the_marketplace() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Start::with_flags(&["--marketplace", &crate::support::marketplace()])
        .on(folder.path())
        .go();
    let row = install(&first.admin(), "tables").is(201).data();
    first.kill();
    let second = Start::with_flags(&["--marketplace", "/nowhere/to/be/found"])
        .on(folder.path())
        .go();
    let admin = second.admin();
    let list = admin.get("/api/plugins/installations").is(200).data();
    assert_eq!(list[0]["plugin"]["displayName"], "Tables");
    admin.get("/api/plugins/tables/count").is(200);
    assert_eq!(
        admin.get("/api/plugins/health").is(200).data()["installedPlugins"],
        1
    );
    admin
        .delete(&format!("/api/plugins/installations/{}", row["id"]))
        .is(200);
    assert!(plugin_tables(&second, "a4ayc80OGd").is_empty());
}

#[test]
fn a_configuration_is_validated_before_it_is_stored() {
    let server = TestServer::with_test_plugins();
    let admin = server.admin();
    let id = install(&admin, "configurable").is(201).data()["id"].clone();
    let good = json!({"server_url": "http://a.example", "password": "right horse", "limit": 3});
    let stored = configure(&admin, &id, good.clone()).is(200).data()["configuration"].clone();
    assert_eq!(stored["limit"], 3);
    let missing = admin
        .put(
            &format!("/api/plugins/installations/{id}/configuration"),
            json!({}),
        )
        .is(400);
    assert_eq!(missing.data(), "Configuration object is required");
    for (change, field) in [
        (json!({"server_url": 7}), "server_url"),
        (json!({"limit": 11}), "limit"),
        (json!({"mode": "refuse"}), "mode"),
    ] {
        let mut bad = good.clone();
        bad.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let errors = configure(&admin, &id, bad).is(422).data()["errors"].clone();
        assert_eq!(errors[0]["field"], field, "{errors}");
    }
    let mut invalid = good.clone();
    invalid["mode"] = json!("invalid");
    let told = configure(&admin, &id, invalid).is(422).data();
    assert_eq!(told["errors"][0]["message"], "mode must not be 'invalid'");
    let list = admin.get("/api/plugins/installations").data();
    assert_eq!(list[0]["configuration"], stored);
    // The row that the refusing hook wrote went with its refusal.
    assert_eq!(
        admin.get("/api/plugins/configurable/saves").data(),
        json!([{"mode": "none"}])
    );
}

#[test]
fn secrets_are_masked_kept_and_never_sent_to_another_address() {
    let server = TestServer::with_test_plugins();
    let admin = server.admin();
    let id = install(&admin, "configurable").is(201).data()["id"].clone();
    let secret = "right horse";
    let answer = configure(
        &admin,
        &id,
        json!({"server_url": "http://a.example", "password": secret}),
    )
    .is(200);
    let mask = answer.data()["configuration"]["password"].clone();
    assert_eq!(mask, "••••••••");
    let kept = json!({"server_url": "http://a.example", "password": mask, "limit": 2});
    configure(&admin, &id, kept.clone()).is(200);
    assert_eq!(
        admin
            .get("/api/plugins/configurable/secret-length")
            .is(200)
            .data(),
        secret.len()
    );
    let tested = admin
        .post(
            "/api/plugins/configurable/test-connection",
            json!({"configuration": kept}),
        )
        .is(200)
        .data();
    assert_eq!(
        (&tested["success"], tested["testedAt"].is_string()),
        (&json!(true), true)
    );
    let moved = json!({"server_url": "http://evil.example", "password": mask});
    let refused = configure(&admin, &id, moved.clone()).is(422).data();
    assert_eq!(refused["errors"][0]["field"], "password");
    admin
        .post(
            "/api/plugins/configurable/test-connection",
            json!({"configuration": moved}),
        )
        .is(422);
    let raised = json!({"server_url": "http://a.example", "password": mask, "mode": "raise"});
    let told = configure(&admin, &id, raised.clone()).is(422);
    assert!(!String::from_utf8_lossy(&told.body).contains(secret));
    let tested = admin
        .post(
            "/api/plugins/configurable/test-connection",
            json!({"configuration": raised}),
        )
        .is(200);
    assert!(!String::from_utf8_lossy(&tested.body).contains(secret));
    assert!(!server.log().contains(secret), "{}", server.log());
    // The test plugin's own source names the password that it accepts.
    for file in walk(&server.data.join("tenants")) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(
            !bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes()),
            "{}",
            file.display()
        );
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(walk(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn testing_a_connection_needs_an_installed_plugin_that_can() {
    let server = TestServer::with_test_plugins();
    let admin = server.admin();
    admin
        .post(
            "/api/plugins/counter/test-connection",
            json!({"configuration": {}}),
        )
        .is(404);
    install(&admin, "counter").is(201);
    let told = admin
        .post(
            "/api/plugins/counter/test-connection",
            json!({"configuration": {}}),
        )
        .is(200)
        .data();
    assert_eq!(
        (&told["success"], &told["message"]),
        (
            &json!(false),
            &json!("Plugin does not support connection testing")
        )
    );
    admin
        .post("/api/plugins/counter/test-connection", json!({}))
        .is(400);
}

#[test]
fn the_twenty_first_install_of_an_hour_is_refused_and_a_restart_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        Start::with_flags(&["--marketplace", &crate::support::marketplace()])
            .environment("SOUK_INSTALLS_PER_HOUR", "20")
            .on(folder.path())
    };
    let mut server = start().go();
    for number in 1..=20_u32 {
        let answer = install(&server.admin(), "nothing").is(404);
        assert_eq!(
            answer.header("x-ratelimit-remaining"),
            Some((20 - number).to_string().as_str())
        );
    }
    let refused = install(&server.admin(), "counter").is(429);
    assert_eq!(
        refused.json(),
        json!({"error": "Too many plugin installation requests from this IP, please try again after an hour."})
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((3000..=3600).contains(&wait), "{wait}");
    // A client that nobody vouches for cannot pick another address.
    let spoofed = server.admin().send(
        "POST",
        "/api/plugins/install",
        Some(br#"{"pluginKey":"counter"}"#.to_vec()),
        &[("x-forwarded-for", "9.9.9.9")],
    );
    spoofed.is(429);
    server.kill();
    install(&start().go().admin(), "counter").is(429);
}

#[test]
fn bad_ids_are_400() {
    let server = TestServer::with_test_plugins();
    for id in ["0", "-1", "x", "1.5", "99999999999999999999", "1%00"] {
        let answer = server
            .admin()
            .delete(&format!("/api/plugins/installations/{id}"));
        assert!(
            matches!(answer.status, 400 | 404),
            "{id}: {}",
            answer.status
        );
        if id != "1%00" {
            assert_eq!(answer.status, 400, "{id}");
        }
    }
}
