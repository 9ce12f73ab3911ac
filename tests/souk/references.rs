//! Foreign keys between plugins, and uninstalling whatever a plugin has done.

use std::time::Instant;

use serde_json::json;

use crate::installations::plugin_tables;
use crate::support::Start;
use crate::support::homemade::{Homemade, marketplace};

const FIRST: &str = r#"
local plugin = { metadata = { name = "first", version = "1.0.0", author = "t", description = "d" } }
function plugin.install(userId, tenantId, config, context)
  local db = context.db
  db.execute("CREATE TABLE victim (id INTEGER PRIMARY KEY, s TEXT UNIQUE)")
  db.execute("CREATE TABLE child (x INTEGER REFERENCES victim (id) ON DELETE CASCADE, y TEXT REFERENCES victim (s))")
  db.execute("DROP TABLE victim")
  return { success = true }
end
function plugin.uninstall(userId, tenantId, context)
  context.db.execute("CREATE TABLE late (id INTEGER PRIMARY KEY, up INTEGER REFERENCES late (id) DEFERRABLE INITIALLY DEFERRED)")
  context.db.execute("INSERT INTO late VALUES (1, 2)")
  return { success = true }
end
plugin.router = {
  ["GET /slow"] = function(ctx)
    local e = "a"
    for i = 1, 36 do e = "a.floor(" .. e .. ")" end
    return { data = ctx.db.query("SELECT now(), " .. e) }
  end,
}
return plugin
"#;

const SECOND: &str = r#"
local plugin = { metadata = { name = "second", version = "1.0.0", author = "t", description = "d" } }
function plugin.install(userId, tenantId, config, context)
  context.db.execute("CREATE TABLE victim (id INTEGER PRIMARY KEY, s TEXT)")
  context.db.execute("INSERT INTO victim VALUES (1, 'x')")
  return { success = true }
end
function plugin.uninstall() return { success = true } end
return plugin
"#;

#[test]
fn a_plugin_reaches_no_other_by_foreign_keys_and_is_uninstalled_whatever_its_hook_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = [("first", FIRST), ("second", SECOND)].map(|(key, source)| Homemade {
        key,
        entry_point: "main.lua",
        source,
        manifest: json!({}),
    });
    let market = marketplace(folder.path(), &plugins);
    let server = Start::with_flags(&["--marketplace", &market]).go();
    let admin = server.admin();
    let install = |key: &str| admin.post("/api/plugins/install", json!({"pluginKey": key}));
    let uninstall = |id: &serde_json::Value| {
        admin
            .delete(&format!("/api/plugins/installations/{id}"))
            .is(200)
    };
    let first = install("first").is(201).data()["id"].clone();
    let refused = install("second").json().to_string();
    assert!(refused.contains("'victim' is taken"), "{refused}");

    // No text holds a worker: it is refused at once, and the Admin is not kept waiting.
    let start = Instant::now();
    let slow = admin.get("/api/plugins/first/slow").json().to_string();
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    assert!(slow.contains("too many ways"), "{slow}");

    uninstall(&first);
    assert!(plugin_tables(&server, "a4ayc80OGd").is_empty());
    let second = install("second").is(201).data()["id"].clone();
    uninstall(&second);
}
