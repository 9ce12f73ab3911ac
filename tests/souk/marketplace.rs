//! `/api/plugins/marketplace` and `/api/plugins/categories`.

use serde_json::{Value, json};

use crate::support::{Start, TestServer, beside};

fn keys(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .filter_map(|plugin| plugin["key"].as_str())
        .collect()
}

#[test]
fn the_builtin_marketplace_has_our_plugins_and_the_seeds_categories() {
    let server = TestServer::builtin();
    let member = server.as_role(1, "Auditor");
    let answer = member.get("/api/plugins/marketplace").is(200);
    assert_eq!(answer.header("x-marketplace-state"), Some("connected"));
    assert_eq!(keys(&answer.data()), ["mlflow", "notes"]);
    assert_eq!(
        keys(
            &member
                .get("/api/plugins/marketplace?category=ml_ops")
                .data()
        ),
        ["mlflow"]
    );
    let categories = member.get("/api/plugins/categories").is(200).data();
    let ids: Vec<&str> = categories
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["id"].as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "communication",
            "ml_ops",
            "version_control",
            "monitoring",
            "security",
            "data_management",
            "analytics"
        ]
    );
}

#[test]
fn every_builtin_plugin_installs_and_goes_without_a_trace() {
    let server = TestServer::builtin();
    let admin = server.admin();
    for key in keys(&admin.get("/api/plugins/marketplace").is(200).data()) {
        let row = admin
            .post("/api/plugins/install", json!({"pluginKey": key}))
            .is(201)
            .data();
        admin
            .delete(&format!("/api/plugins/installations/{}", row["id"]))
            .is(200);
    }
    assert!(crate::installations::plugin_tables(&server, "a4ayc80OGd").is_empty());
}

#[test]
fn notes_are_kept_shown_changed_and_removed() {
    let server = TestServer::builtin();
    let admin = server.admin();
    admin
        .post("/api/plugins/install", json!({"pluginKey": "notes"}))
        .is(201);
    let made = server.as_role(1, "Editor").post(
        "/api/plugins/notes/notes",
        json!({"title": "Ü", "text": "one"}),
    );
    assert!(matches!(made.status, 200 | 201), "{}", made.status);
    let list = server
        .as_role(1, "Auditor")
        .get("/api/plugins/notes/notes")
        .is(200);
    assert!(String::from_utf8_lossy(&list.body).contains("Ü"));
    server
        .as_role(1, "Auditor")
        .post("/api/plugins/notes/notes", json!({"title": "x"}))
        .is(403);
}

#[test]
fn hidden_plugins_are_not_listed_and_the_rest_keep_their_order() {
    let server = TestServer::with_test_plugins();
    let list = server
        .admin()
        .get("/api/plugins/marketplace")
        .is(200)
        .data();
    let keys = keys(&list);
    assert_eq!(
        (keys[0], keys.contains(&"hidden"), keys.len()),
        ("tables", false, 17)
    );
    let typescript = &list.as_array().unwrap()[5];
    assert_eq!(typescript["installable"], false);
    assert!(
        typescript["notInstallableReason"]
            .as_str()
            .unwrap()
            .contains("index.ts")
    );
    assert_eq!(list[0]["iconUrl"], "/api/plugins/marketplace/tables/icon");
    assert_eq!(
        server
            .admin()
            .get("/api/plugins/marketplace/hidden")
            .is(404)
            .data(),
        "Plugin not found"
    );
    assert_eq!(
        server
            .admin()
            .get("/api/plugins/marketplace/NoKey")
            .is(400)
            .data(),
        "Invalid plugin key format"
    );
}

#[test]
fn search_reads_names_descriptions_and_tags_in_any_case() {
    let server = TestServer::with_test_plugins();
    let search = |query: &str| {
        server
            .admin()
            .get(&format!("/api/plugins/marketplace/search?{query}"))
    };
    assert_eq!(search("").is(400).data(), "Query parameter 'q' is required");
    assert_eq!(keys(&search("q=TABLES").is(200).data()), ["tables"]);
    assert_eq!(keys(&search("q=gro%C3%9Fe").is(200).data()), ["tables"]);
    assert_eq!(
        keys(&search("q=test&category=security").is(200).data()),
        ["configurable"]
    );
    assert_eq!(search("q=nothing+like+it").is(200).data(), json!([]));
}

#[test]
fn a_plugin_without_a_picture_gets_a_tile_and_texts_are_shown() {
    let server = TestServer::with_test_plugins();
    let icon = server
        .admin()
        .get("/api/plugins/marketplace/tables/icon")
        .is(200);
    assert_eq!(icon.header("content-type"), Some("image/svg+xml"));
    assert!(
        icon.header("content-security-policy")
            .unwrap()
            .contains("sandbox")
    );
    let readme = server
        .admin()
        .get("/api/plugins/marketplace/ui-only/readme")
        .is(200)
        .data();
    assert!(readme.as_str().unwrap().starts_with("# Ui Only"));
    let none = server
        .admin()
        .get("/api/plugins/marketplace/tables/readme")
        .is(200)
        .data();
    assert_eq!(none, Value::Null);
}

#[test]
fn a_source_that_never_was_there_is_503_and_breaks_nothing_else() {
    let server = Start::with_flags(&["--marketplace", "/nowhere/to/be/found"]).go();
    server.admin().get("/api/plugins/marketplace").is(503);
    assert_eq!(
        server
            .admin()
            .get("/api/plugins/installations")
            .is(200)
            .data(),
        json!([])
    );
    let health = server.admin().get("/api/plugins/health").is(200).data();
    assert_eq!(
        health,
        json!({"status": "degraded", "marketplace": "unreachable", "cache": "empty", "installedPlugins": 0})
    );
}

#[test]
fn a_real_manifest_of_29_plugins_lists_whole() {
    let Some(folder) = beside("marketplace") else {
        return;
    };
    let server = Start::with_flags(&["--marketplace", folder.to_str().unwrap()]).go();
    let list = server
        .admin()
        .get("/api/plugins/marketplace")
        .is(200)
        .data();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 29);
    let real: Value =
        serde_json::from_slice(&std::fs::read(folder.join("plugins.json")).unwrap()).unwrap();
    for (shown, written) in list.iter().zip(real["plugins"].as_array().unwrap()) {
        for (field, value) in written
            .as_object()
            .unwrap()
            .iter()
            .filter(|(field, _)| *field != "iconUrl")
        {
            assert_eq!(shown[field], *value, "{field} of {}", written["key"]);
        }
        assert_eq!(shown["installable"], false);
    }
    assert_eq!(
        keys(
            &server
                .admin()
                .get("/api/plugins/marketplace/search?q=mlflow")
                .data()
        ),
        ["mlflow"]
    );
}

#[test]
fn a_page_of_the_list_is_asked_for_and_the_whole_list_stays_as_it_was() {
    let server = TestServer::with_test_plugins();
    let get = |query: &str| {
        server
            .admin()
            .get(&format!("/api/plugins/marketplace{query}"))
    };
    let whole = get("").is(200).data();
    let all = whole.as_array().unwrap();
    let mut paged = Vec::new();
    for number in 1..=5 {
        let page = get(&format!("?page={number}&pageSize=4")).is(200).data();
        assert_eq!(
            (
                &page["page"],
                &page["pageSize"],
                &page["total"],
                &page["pages"]
            ),
            (&json!(number), &json!(4), &json!(17), &json!(5))
        );
        paged.extend(page["items"].as_array().unwrap().clone());
    }
    assert_eq!(paged, *all);
    let behind = get("?page=6&pageSize=4").is(200).data();
    assert_eq!(
        (&behind["items"], &behind["total"]),
        (&json!([]), &json!(17))
    );
    assert_eq!(get("?page=1").data()["items"].as_array().unwrap().len(), 17);
    // Without a page its size means nothing, as before.
    assert_eq!(get("?pageSize=2").is(200).data(), whole);

    let security = get("?page=1&category=security").is(200).data();
    assert_eq!(keys(&security["items"]), ["configurable"]);
    assert_eq!(security["total"], 1);
    let found = get("/search?q=test&page=1&pageSize=1&category=security")
        .is(200)
        .data();
    assert_eq!(
        (keys(&found["items"]), &found["total"]),
        (vec!["configurable"], &json!(1))
    );
    let nothing = get("/search?q=nothing+like+it&page=1").is(200).data();
    assert_eq!(
        nothing,
        json!({"items": [], "page": 1, "pageSize": 24, "total": 0, "pages": 0})
    );
    for bad in [
        "?page=0",
        "?page=x",
        "?page=1&pageSize=201",
        "/search?q=a&page=-1",
    ] {
        let told = get(bad).is(400).data();
        assert!(
            told.as_str().unwrap().contains("must be a whole number"),
            "{told}"
        );
    }
}

#[test]
fn the_whole_list_is_not_sent_again_to_who_has_it() {
    let server = TestServer::with_test_plugins();
    let admin = server.admin();
    let first = admin.get("/api/plugins/marketplace").is(200);
    let tag = first.header("etag").unwrap().to_owned();
    let again = |tag: &str| {
        admin.send(
            "GET",
            "/api/plugins/marketplace",
            None,
            &[("if-none-match", tag)],
        )
    };
    let same = again(&tag).is(304);
    assert_eq!(
        (same.body.len(), same.header("x-marketplace-state")),
        (0, Some("connected"))
    );
    assert_eq!(again("\"another\"").is(200).body, first.body);
    let packed = admin.send(
        "GET",
        "/api/plugins/marketplace",
        None,
        &[("accept-encoding", "gzip")],
    );
    assert_eq!(packed.is(200).data(), first.data());
}
