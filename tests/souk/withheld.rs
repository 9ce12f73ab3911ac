//! What a plugin chose to make its messages dear to clean: many secrets, long texts, and secrets that look like masks.

use serde_json::{Map, Value, json};
use souk::redaction::{LONGEST_TEXT, MASK};

use crate::support::homemade::{Homemade, marketplace};
use crate::support::{Client, Start};

const SOURCE: &str = r#"
local plugin = { metadata = { name = "Talker", version = "1.0.0" } }
function plugin.install() return { success = true } end
function plugin.uninstall() return { success = true } end
plugin.router = {
  ["GET /long"] = function(ctx)
    error({ status = 400, message = string.rep("abcdefg " .. ctx.secret.get("token0") .. " ", 150000) })
  end,
  ["GET /masks"] = function(ctx)
    for i = 2, 7 do ctx.secret.set("b" .. i, string.rep("•", i)) end
    error({ status = 400, message = string.rep("•", 1000000) })
  end,
}
return plugin
"#;

/// A plugin with that many secrets, all of them known to its author.
fn talker<'a>(key: &'a str, secrets: usize) -> Homemade<'a> {
    let fields: Map<String, Value> = (0..secrets)
        .map(|n| {
            let field = json!({"format": "password", "default": format!("hush-{n}")});
            (format!("token{n}"), field)
        })
        .collect();
    Homemade {
        key,
        entry_point: "main.lua",
        source: SOURCE,
        manifest: json!({"configurationSchema": {"properties": fields}}),
    }
}

fn message(client: &Client, path: &str) -> String {
    let answer = client.send("GET", path, None, &[]);
    assert_eq!(answer.status, 400);
    assert!(
        answer.body.len() < 2 * LONGEST_TEXT,
        "{}",
        answer.body.len()
    );
    String::from_utf8(answer.body).unwrap()
}

#[test]
fn a_message_is_short_and_clean_whatever_the_plugin_chose() {
    let folder = tempfile::tempdir().unwrap();
    let market = marketplace(
        &folder.path().join("market"),
        &[talker("few", 2), talker("many", 600)],
    );
    let server = Start::with_flags(&["--marketplace", &market]).go();
    let admin = server.admin();
    for key in ["few", "many"] {
        let body = json!({"pluginKey": key, "config": {}});
        admin.post("/api/plugins/install", body).is(201);
    }
    let few = message(&admin, "/api/plugins/few/long");
    assert!(few.contains(MASK) && few.contains("abcdefg") && !few.contains("hush"));
    let many = message(&admin, "/api/plugins/many/long");
    assert!(
        many.contains("withheld") && !many.contains("abcdefg"),
        "{many:.200}"
    );
    assert!(message(&admin, "/api/plugins/few/masks").contains(MASK));
}
