//! What a plugin asks for, what an Admin lets stand of it, and what then holds.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::server::run;
use crate::support::{Answer, Client, Start, TestServer};

/// A marketplace of two plugins, one of which asks for what a test writes into its manifest.
struct Market {
    folder: TempDir,
}

const SCRIPT: &str = r#"
local plugin = { metadata = { name = "Asker", version = "1.0.0" } }
function plugin.install() return { success = true } end
function plugin.uninstall() return { success = true } end
local function tried(work, ...)
  local ok, answer = pcall(work, ...)
  return if ok then "allowed" else tostring(answer)
end
plugin.router = {
  ["GET /try"] = function(ctx)
    return { data = {
      users = tried(ctx.core.users),
      network = tried(ctx.http.request, { url = "http://127.0.0.1:1/" }),
      setting = tried(ctx.settings.get, "CLIENT_ID"),
    } }
  end,
  ["GET /leak"] = function(ctx)
    local value = ctx.settings.get("CLIENT_ID")
    ctx.log.info("it is " .. value)
    error("it is " .. value)
  end,
  ["GET /setting"] = function(ctx) return { data = ctx.settings.get(ctx.query.name) } end,
}
return plugin
"#;

impl Market {
    fn asking(permissions: &Value) -> Self {
        let market = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for key in ["asker", "quiet"] {
            std::fs::create_dir(market.path().join(key)).unwrap();
            std::fs::write(market.path().join(key).join("main.lua"), SCRIPT).unwrap();
        }
        market.write(permissions);
        market
    }

    fn write(&self, permissions: &Value) {
        let entry = |key: &str, permissions: &Value| {
            json!({"key": key, "name": key, "version": "1.0.0", "pluginPath": key,
                "entryPoint": "main.lua", "permissions": permissions})
        };
        let registry =
            json!({"plugins": [entry("asker", permissions), entry("quiet", &json!([]))]});
        std::fs::write(self.path().join("plugins.json"), registry.to_string()).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn server(&self) -> TestServer {
        Start::with_flags(&["--marketplace", self.path().to_str().unwrap()])
            .environment(
                "SOUK_PLUGIN_SETTINGS",
                "CLIENT_ID=the-id,CLIENT_SECRET=hush",
            )
            .go()
    }
}

fn usual() -> Value {
    json!([
        {"capability": "core.users:read", "reason": "Says who did what"},
        {"capability": "settings", "names": ["CLIENT_ID"], "reason": "Signs in", "optional": true},
        {"capability": "network", "hosts": ["127.0.0.1:1", "*.example.com"], "reason": "Fetches", "optional": true},
    ])
}

const NETWORK: &str = "network:127.0.0.1:1,*.example.com";
const SETTING: &str = "settings:CLIENT_ID";
const USERS: &str = "core.users:read";

fn install(admin: &Client, more: Value) -> Answer {
    let mut body = json!({"pluginKey": "asker"});
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    admin.post("/api/plugins/install", body)
}

fn of_installation(row: &Value) -> String {
    format!("/api/plugins/installations/{}/permissions", row["id"])
}

/// What each attempt came to: allowed, not granted, or stopped later on its way.
fn attempts(admin: &Client) -> [&'static str; 3] {
    let told = admin.get("/api/plugins/asker/try").is(200).data();
    ["users", "network", "setting"].map(|name| match told[name].as_str().unwrap() {
        "allowed" => "allowed",
        why if why.contains("was not granted") => {
            assert!(why.contains("Admin"), "{why}");
            "denied"
        }
        // No inner address is open, but the grant was not what refused.
        why if why.contains("outbound.allow") => "allowed",
        why => panic!("{name}: {why}"),
    })
}

fn granted(row: &Value) -> Vec<(&str, bool)> {
    let lines = row["permissions"].as_array().unwrap();
    lines
        .iter()
        .map(|line| {
            (
                line["id"].as_str().unwrap(),
                line["granted"].as_bool().unwrap(),
            )
        })
        .collect()
}

fn tenant_file(server: &TestServer) -> PathBuf {
    server.data.join("tenants/a4/a4ayc80OGd.db")
}

#[test]
fn what_a_plugin_asks_for_is_shown_before_an_install_worst_first() {
    let market = Market::asking(&usual());
    let server = market.server();
    let admin = server.admin();
    let shown = admin.get("/api/plugins/marketplace/asker").is(200).data();
    let ids: Vec<_> = shown["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (
                line["id"].as_str().unwrap(),
                line["rating"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        ids,
        [(NETWORK, "high"), (USERS, "medium"), (SETTING, "medium")]
    );
    assert_eq!(shown["permissionsRating"], "high");
    assert_eq!(
        shown["permissions"][0],
        json!({"id": NETWORK, "capability": "network", "parameters": {"hosts": ["127.0.0.1:1", "*.example.com"]},
            "reason": "Fetches", "optional": true, "rating": "high",
            "sentence": "Exchanges data with 127.0.0.1:1 and *.example.com"})
    );
    let listed = admin.get("/api/plugins/marketplace").is(200).data();
    let found = admin
        .get("/api/plugins/marketplace/search?q=asker")
        .is(200)
        .data();
    assert_eq!((&listed[0], &found[0]), (&shown, &shown));
    assert_eq!(
        (&listed[1]["permissions"], &listed[1]["permissionsRating"]),
        (&json!([]), &json!("none"))
    );

    let (code, out, err) = run(&[
        "marketplace",
        "show",
        "asker",
        "--marketplace",
        market.path().to_str().unwrap(),
    ]);
    assert_eq!(code, Some(0), "{err}");
    assert!(
        out.contains("Exchanges data with 127.0.0.1:1 and *.example.com (high, optional): Fetches"),
        "{out}"
    );
    let (_, out, _) = run(&[
        "marketplace",
        "show",
        "quiet",
        "--marketplace",
        market.path().to_str().unwrap(),
    ]);
    assert!(out.contains("asks for nothing"), "{out}");
}

#[test]
fn permissions_that_cannot_be_read_are_an_error_of_the_install() {
    for (line, part) in [
        (
            json!({"capability": "core.risk:read", "reason": "r"}),
            "unknown capability 'core.risk:read'",
        ),
        (json!({"capability": "files"}), "has no reason"),
        (
            json!({"capability": "network", "hosts": ["*"], "reason": "r"}),
            "hosts: '*'",
        ),
        (json!("network"), "is not an object"),
    ] {
        let market = Market::asking(&json!([line]));
        let server = market.server();
        let shown = server
            .admin()
            .get("/api/plugins/marketplace/asker")
            .is(200)
            .data();
        assert_eq!(shown["installable"], false);
        assert_eq!(shown["permissionsRating"], "high");
        let refused = install(&server.admin(), json!({}))
            .is(422)
            .data()
            .to_string();
        for text in [&refused, shown["notInstallableReason"].as_str().unwrap()] {
            assert!(
                text.contains("permissions[0]") && text.contains(part),
                "{text}"
            );
        }
    }
}

#[test]
fn what_is_optional_can_be_refused_at_the_install_and_nothing_else() {
    let market = Market::asking(&usual());
    let server = market.server();
    let admin = server.admin();
    for (refused, part) in [
        (json!([USERS]), "cannot do without"),
        (json!(["files"]), "does not ask for 'files'"),
        (json!("all"), "must be a list of texts"),
    ] {
        let told = install(&admin, json!({"refused": refused}))
            .is(400)
            .data()
            .to_string();
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(admin.get("/api/plugins/installations").data(), json!([]));
    let row = install(&admin, json!({"refused": [NETWORK]}))
        .is(201)
        .data();
    assert_eq!(
        granted(&row),
        [(NETWORK, false), (USERS, true), (SETTING, true)]
    );
    assert_eq!(row["permissionsRating"], "high");
    assert_eq!(attempts(&admin), ["allowed", "denied", "allowed"]);
    let told = admin.get("/api/plugins/asker/try").data()["network"].to_string();
    for part in [
        "was not granted 'network'",
        "open the plugin's page, Permissions, and allow 'Exchanges data with 127.0.0.1:1 and *.example.com'",
    ] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn permissions_that_changed_since_they_were_shown_are_a_conflict() {
    let market = Market::asking(&usual());
    let server = market.server();
    let admin = server.admin();
    let digest = || {
        let shown = admin.get("/api/plugins/marketplace/asker").data();
        shown["permissionsDigest"].as_str().unwrap().to_owned()
    };
    let before = digest();
    let mut changed = usual();
    changed[0]["capability"] = json!("core.risks:write");
    market.write(&changed);
    let told = install(&admin, json!({"permissionsDigest": before}))
        .is(409)
        .data()
        .to_string();
    assert!(told.contains("has changed since it was shown"), "{told}");
    assert_ne!(digest(), before);
    install(&admin, json!({"permissionsDigest": digest()})).is(201);
}

#[test]
fn a_grant_that_an_admin_changes_holds_from_the_next_call() {
    let market = Market::asking(&usual());
    let server = market.server();
    let admin = server.admin();
    let row = install(&admin, json!({})).is(201).data();
    let path = of_installation(&row);
    assert_eq!(attempts(&admin), ["allowed", "allowed", "allowed"]);
    for (ids, expected) in [
        (json!([USERS]), ["allowed", "denied", "denied"]),
        (json!([USERS, NETWORK]), ["allowed", "allowed", "denied"]),
        (
            json!([USERS, NETWORK, SETTING]),
            ["allowed", "allowed", "allowed"],
        ),
    ] {
        let changed = admin.put(&path, json!({"granted": ids})).is(200).data();
        assert_eq!(
            admin.get("/api/plugins/installations").data()[0]["permissions"],
            changed["permissions"]
        );
        assert_eq!(attempts(&admin), expected, "{ids}");
    }
    for (body, status) in [
        (json!({"granted": [NETWORK]}), 400),
        (json!({"granted": [USERS, "files"]}), 400),
        (json!({"granted": "all"}), 400),
        (json!({}), 400),
    ] {
        admin.put(&path, body).is(status);
    }
    for role in ["Reviewer", "Editor", "Auditor"] {
        server
            .as_role(1, role)
            .put(&path, json!({"granted": [USERS]}))
            .is(403);
    }
    server
        .as_role(2, "Admin")
        .put(&path, json!({"granted": [USERS]}))
        .is(404);
    assert_eq!(attempts(&admin), ["allowed", "allowed", "allowed"]);
}

#[test]
fn an_installation_from_before_there_were_grants_has_what_every_one_has() {
    let market = Market::asking(&usual());
    let mut server = market.server();
    let row = install(&server.admin(), json!({})).is(201).data();
    server.kill();
    let tenant = rusqlite::Connection::open(tenant_file(&server)).unwrap();
    tenant
        .execute_batch("UPDATE plugin_installations SET granted = NULL")
        .unwrap();
    drop(tenant);
    let data = server.data.clone();
    let server = Start::with_flags(&["--marketplace", market.path().to_str().unwrap()])
        .on(&data)
        .go();
    let admin = server.admin();
    let listed = admin.get("/api/plugins/installations").is(200).data();
    assert_eq!(
        granted(&listed[0]),
        [(NETWORK, false), (USERS, false), (SETTING, false)]
    );
    assert_eq!(attempts(&admin), ["denied", "denied", "denied"]);
    admin
        .put(
            &of_installation(&row),
            json!({"granted": [USERS, SETTING, NETWORK]}),
        )
        .is(200);
    assert_eq!(attempts(&admin), ["allowed", "allowed", "allowed"]);
}

#[test]
fn code_in_the_page_is_served_only_where_it_is_granted() {
    let server = TestServer::with_installed(&["ui-only"]);
    let admin = server.admin();
    let bundle = "/api/plugins/ui-only/ui/dist/index.esm.js";
    let row = admin.get("/api/plugins/installations").data()[0].clone();
    assert_eq!(granted(&row), [("page", true)]);
    assert!(row["plugin"]["ui"].is_object());
    admin.get(bundle).is(200);
    rusqlite::Connection::open(tenant_file(&server))
        .unwrap()
        .execute_batch("UPDATE plugin_installations SET granted = NULL")
        .unwrap();
    // A write of the host, so that the row is read again: the file was changed behind its back.
    admin
        .post("/api/plugins/install", json!({"pluginKey": "counter"}))
        .is(201);
    let row = admin.get("/api/plugins/installations").data()[1].clone();
    assert!(row["plugin"].get("ui").is_none(), "{row}");
    for path in [bundle, "/api/plugins/ui-only/ui/bundle.js"] {
        let told = admin.get(path).is(403).data().to_string();
        assert!(told.contains("was not granted 'page'"), "{told}");
    }
    admin
        .put(&of_installation(&row), json!({"granted": ["page"]}))
        .is(200);
    admin.get(bundle).is(200);
}

#[test]
fn a_plugin_reads_the_operators_settings_by_granted_name_and_no_other() {
    let market = Market::asking(&json!([
        {"capability": "settings", "names": ["CLIENT_ID", "UNSET"], "reason": "Signs in"}
    ]));
    let server = market.server();
    let admin = server.admin();
    install(&admin, json!({})).is(201);
    let setting = |name: &str| admin.get(&format!("/api/plugins/asker/setting?name={name}"));
    assert_eq!(setting("CLIENT_ID").is(200).data(), "the-id");
    assert_eq!(setting("UNSET").is(200).data(), Value::Null);
    for name in ["CLIENT_SECRET", "PATH", "SOUK_PLUGIN_SETTINGS", "client_id"] {
        let told = setting(name).is(500).json().to_string();
        assert!(told.contains("was not granted the setting"), "{told}");
    }
    let told = admin
        .get("/api/plugins/asker/leak")
        .is(500)
        .json()
        .to_string();
    assert!(
        told.contains("it is ") && !told.contains("the-id"),
        "{told}"
    );
    let log = server.log();
    assert!(!log.contains("hush") && !log.contains("the-id"), "{log}");
}
