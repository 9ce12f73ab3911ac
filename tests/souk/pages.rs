//! The front end and what every reply carries.

use crate::support::TestServer;

#[test]
fn every_path_that_is_no_api_shows_the_page_under_a_strict_policy() {
    let server = TestServer::builtin();
    let mut nonces = std::collections::HashSet::new();
    for path in [
        "/",
        "/plugins",
        "/plugins/mlflow/manage",
        "/model-inventory",
        "/setup?token=x",
    ] {
        let page = server.nobody().get(path).is(200);
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        let policy = page.header("content-security-policy").unwrap().to_owned();
        assert!(
            policy.contains("default-src 'none'; script-src 'self';")
                && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap()
            .to_owned();
        assert!(String::from_utf8_lossy(&page.body).contains(&nonce));
        assert!(nonces.insert(nonce), "a nonce was used twice");
    }
    server
        .nobody()
        .post("/plugins", serde_json::json!({}))
        .is(405);
    server.nobody().get("/static/nothing.js").is(404);
}

#[test]
fn unknown_api_paths_and_methods_are_told_in_the_envelope() {
    let server = TestServer::builtin();
    let unknown = server.admin().get("/api/nothing").is(404).json();
    assert_eq!(unknown["message"], "Not Found");
    let wrong = server.admin().delete("/api/users/me").is(405);
    assert_eq!(wrong.header("allow"), Some("GET"));
}

#[test]
fn the_api_page_lists_every_route() {
    let server = TestServer::builtin();
    let page = String::from_utf8(server.nobody().get("/api").is(200).body).unwrap();
    for path in [
        "/api/plugins/install",
        "/api/plugins/:key/*",
        "/api/users/login",
        "/metrics",
    ] {
        assert!(page.contains(path), "{path}");
    }
}

#[test]
fn replies_are_compressed_cached_by_version_and_carry_policies() {
    let server = TestServer::builtin();
    let plain = server.admin().get("/api/plugins/marketplace").is(200);
    assert_eq!(plain.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(plain.header("cache-control"), Some("no-store"));
    assert!(plain.header("x-request-id").is_some());
    let head = server
        .admin()
        .send("HEAD", "/api/plugins/marketplace", None, &[])
        .is(200);
    assert!(head.body.is_empty());

    let page = String::from_utf8(server.nobody().get("/").is(200).body).unwrap();
    let Some(script) = page
        .split("src=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
    else {
        println!("skipped: this build has no front end (SOUK_SKIP_ASSETS)");
        return;
    };
    let file = server.nobody().get(script).is(200);
    assert!(file.header("cache-control").unwrap().contains("immutable"));
    let etag = file.header("etag").unwrap();
    let again = server
        .nobody()
        .send("GET", script, None, &[("if-none-match", etag)])
        .is(304);
    assert!(again.body.is_empty());
}

#[test]
fn bundles_are_served_to_members_whose_tenant_has_the_plugin_and_nothing_else_is() {
    let server = TestServer::with_test_plugins();
    let path = "/api/plugins/ui-only/ui/dist/index.esm.js";
    server.admin().get(path).is(404);
    server
        .admin()
        .post(
            "/api/plugins/install",
            serde_json::json!({"pluginKey": "ui-only"}),
        )
        .is(201);
    let bundle = server.as_role(1, "Auditor").get(path).is(200);
    assert_eq!(
        bundle.header("content-type"),
        Some("application/javascript; charset=utf-8")
    );
    let etag = bundle.header("etag").unwrap();
    server
        .admin()
        .send("GET", path, None, &[("if-none-match", etag)])
        .is(304);
    assert_eq!(
        server
            .admin()
            .get("/api/plugins/ui-only/ui/bundle.js")
            .is(200)
            .body,
        bundle.body
    );
    server.nobody().get(path).is(401);
    server.as_role(2, "Admin").get(path).is(404);
    for spelling in [
        "..%2f..%2fmain.lua",
        "..%2f..%2f..%2f..%2fsouk.db",
        "%2e%2e%2fmain.lua",
        "..%5c..%5cmain.lua",
        "index.esm.js%00",
        ".",
        "..",
        "INDEX.ESM.JS",
        "index.esm.js%2f..%2findex.esm.js",
        "%252e%252e%252fmain.lua",
    ] {
        let answer = server
            .admin()
            .get(&format!("/api/plugins/ui-only/ui/dist/{spelling}"));
        assert_eq!(answer.status, 404, "{spelling}");
    }
}
