//! Every route × every role × own tenant, other tenant, no sign-in.

use serde_json::{Value, json};
use souk::http::routes::{ROUTES, Who};

use crate::support::{Client, TestServer};

const ROLES: [&str; 4] = ["Admin", "Reviewer", "Editor", "Auditor"];

/// A path that the route takes, about things that exist in organization 1 only.
fn path_of(pattern: &str, installation: &Value) -> String {
    if pattern.starts_with("/api/modelInventory") {
        return pattern.replace(":id", "1");
    }
    pattern
        .replace(":id", &installation.to_string())
        .replace("/api/plugins/:key/*", "/api/plugins/echo/items")
        .replace("marketplace/:key", "marketplace/echo")
        .replace(":key", "echo")
        .replace(":filename", "index.esm.js")
}

fn ask(client: &Client, method: &str, path: &str) -> u16 {
    let method = if method == "ANY" { "GET" } else { method };
    let body = (method != "GET").then(|| b"{}".to_vec());
    client.send(method, path, body, &[]).status
}

#[test]
fn every_route_admits_whom_its_line_says() {
    let server = TestServer::with_test_plugins();
    let installation = server
        .admin()
        .post("/api/plugins/install", json!({"pluginKey": "echo"}))
        .is(201)
        .data()["id"]
        .clone();
    let mut cells = 0;
    // Removing comes last, or the rest would have nothing to ask about.
    let mut routes: Vec<_> = ROUTES.iter().collect();
    routes.sort_by_key(|route| route.method == "DELETE");
    for route in routes {
        let path = path_of(route.path, &installation);
        let anonymous = ask(&server.nobody(), route.method, &path);
        assert_eq!(
            anonymous == 401,
            route.who != Who::Anyone || route.path == "/api/users/refresh",
            "{} {path}: {anonymous}",
            route.method
        );
        if route.who == Who::Anyone {
            continue;
        }
        for forged in ["", "x.y.z", &"a".repeat(5000)] {
            let client = Client {
                base: server.address(),
                token: Some(forged.to_owned()),
            };
            assert_eq!(
                ask(&client, route.method, &path),
                401,
                "{} {path}",
                route.method
            );
        }
        // The other tenant first: what it is told must not depend on what organization 1 has.
        for (organization, role) in [2, 1]
            .into_iter()
            .flat_map(|o| ROLES.into_iter().rev().map(move |r| (o, r)))
        {
            let status = ask(&server.as_role(organization, role), route.method, &path);
            let admitted = route.who == Who::Member || role == "Admin";
            assert_eq!(
                status != 403,
                admitted,
                "{} {path} as {role} of {organization}: {status}",
                route.method
            );
            assert!(
                status != 401 && status < 500,
                "{} {path} as {role} of {organization}: {status}",
                route.method
            );
            let about_the_installation = route.path.contains("/installations/:id")
                || (route.path.starts_with("/api/plugins/:key"));
            if organization == 2 && admitted && about_the_installation {
                assert!(
                    matches!(status, 400 | 404),
                    "{} {path} as {role} of 2: {status}",
                    route.method
                );
            }
            cells += 1;
        }
    }
    println!("{cells} cells asserted");
}

#[test]
fn a_disabled_or_moved_user_is_out_at_the_next_request() {
    let server = TestServer::builtin();
    let editor = server.as_role(1, "Editor");
    editor.get("/api/users/me").is(200);
    let conn = rusqlite::Connection::open(server.data.join("souk.db")).unwrap();
    conn.execute(
        "UPDATE users SET role = 'Auditor' WHERE email = 'editor@acme.example'",
        [],
    )
    .unwrap();
    assert_eq!(
        editor.get("/api/users/me").is(200).data()["roleName"],
        "Auditor"
    );
    conn.execute(
        "UPDATE users SET disabled = 1 WHERE email = 'editor@acme.example'",
        [],
    )
    .unwrap();
    editor.get("/api/users/me").is(401);
}
