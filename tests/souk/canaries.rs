//! T35: twenty secrets go through configuration, errors, logs, replies, runs and files, and are found nowhere.
//!
//! Each is looked for as it is, and as base64 in its three alignments, hex, percent encoding and JSON would write it.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rusqlite::Connection;
use serde_json::{Value, json};
use souk::http::routes::ROUTES;
use souk::redaction::MASK;

use crate::support::homemade::{Homemade, marketplace};
use crate::support::{Client, Start, TestServer};

/// Ten fields of the configuration, eight kept by the plugin, two of the operator's.
const CONFIGURED: usize = 10;
const KEPT: usize = 8;

const KEEPER: &str = r#"
local plugin = { metadata = { name = "Keeper", version = "1.0.0" } }

local function configured(secret)
  local found = {}
  for i = 1, 8 do table.insert(found, secret.get("password_" .. i)) end
  table.insert(found, secret.get("/nested/token"))
  table.insert(found, secret.get("/list/0/api_key"))
  return found
end

local function all(context)
  local found = configured(context.secret)
  for i = 1, 8 do
    local kept = context.secret.get("kept." .. i)
    if kept then table.insert(found, kept) end
  end
  return found
end

-- Everything that a plugin might do to a text before it shows it.
local function told(context)
  local lines = {}
  for _, secret in all(context) do
    table.insert(lines, secret)
    for _, before in { "", "u:", "us:" } do table.insert(lines, context.base64.encode(before .. secret)) end
    table.insert(lines, context.base64.encodeUrl("user:" .. secret .. "?"))
    table.insert(lines, context.url.encode(secret))
    table.insert(lines, context.json.encode({ value = secret }))
    table.insert(lines, (secret:gsub(".", function(c) return string.format("%02x", string.byte(c)) end)))
  end
  return lines
end

local function log_all(context)
  for _, line in told(context) do
    context.log.info("a line with " .. line, { field = line, [line] = 1 })
    context.log.warn(line)
    print(line)
  end
end

function plugin.install(userId, tenantId, config, context)
  log_all(context)
  if config.mode == "raise" then error(table.concat(told(context), " ")) end
  context.db.execute("CREATE TABLE keeper_rows (id INTEGER PRIMARY KEY, text TEXT)")
  return { success = true }
end

function plugin.uninstall(userId, tenantId, context)
  log_all(context)
  error(table.concat(told(context), " "))
end

function plugin.validateConfig(config)
  if config.mode == "invalid" then
    return { valid = false, errors = { { field = "mode", message = "saw " .. tostring(config.password_1) } } }
  end
  return { valid = true }
end

function plugin.configure(userId, tenantId, config, context)
  log_all(context)
  local secret = context.secret.get("password_1")
  if config.mode == "refuse" then
    return { success = false, message = "not with " .. secret, errors = { { field = secret, message = secret }, secret } }
  end
  if config.mode == "raise" then error({ status = 400, message = table.concat(told(context), " ") }) end
  return { success = true }
end

function plugin.testConnection(config, context)
  log_all(context)
  local secret = context.secret.get("password_2")
  if config.mode == "raise" then error(table.concat(told(context), " ")) end
  return { success = false, message = "tried " .. secret, detail = { [secret] = { secret } }, version = secret }
end

plugin.router = {
  ["POST /keep"] = function(ctx)
    for i, value in ctx.body do ctx.secret.set("kept." .. i, value) end
    for _, value in ctx.body do ctx.log.info("kept " .. value) end
    return { data = #all(ctx) }
  end,
  ["GET /shown"] = function(ctx) return { data = { ctx.configuration, ctx.config.get() } } end,
  ["GET /count"] = function(ctx) return { data = #all(ctx) } end,
  ["GET /log"] = function(ctx) log_all(ctx) return { data = "logged" } end,
  ["GET /raise"] = function(ctx) error(table.concat(told(ctx), " ")) end,
  ["GET /raise/:status"] = function(ctx)
    error({ status = tonumber(ctx.params.status), message = table.concat(told(ctx), " ") })
  end,
  ["GET /sql/:n"] = function(ctx)
    ctx.db.query("SELECT '" .. all(ctx)[tonumber(ctx.params.n)] .. "' FROM nothing_" .. all(ctx)[1]:sub(1, 10))
  end,
  ["GET /fetch"] = function(ctx)
    local secret = all(ctx)[3]
    ctx.http.request({ url = "http://127.0.0.1:1/" .. secret .. "?k=" .. secret, headers = { authorization = secret } })
  end,
  ["GET /header"] = function(ctx)
    ctx.http.request({ url = "http://" .. all(ctx)[1]:sub(1, 12) .. ".example/", headers = { ["x " .. all(ctx)[4]] = "x" } })
  end,
  ["GET /shapeless"] = function(ctx) return all(ctx)[5] end,
  ["GET /status"] = function(ctx) return { status = all(ctx)[6], data = 1 } end,
  ["GET /set"] = function(ctx) ctx.secret.set(all(ctx)[7] .. "/", "x") end,
  ["GET /limit"] = { handler = function(ctx) log_all(ctx) while true do end end, timeoutMs = 300 },
}
return plugin
"#;

/// The twenty, in pieces so that this file's own text holds none of them whole.
fn canaries() -> Vec<String> {
    (1..=20)
        .map(|number| match number % 4 {
            0 => format!("kanari-{number:02}/+=\"ü\\&?"),
            1 => format!("kanari-{number:02} with words"),
            2 => format!("kanari-{number:02}-%41-0123456789abcdef"),
            _ => format!("kanari{number:02}"),
        })
        .collect()
}

/// A canary in every form that could give it away.
fn forms(canary: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![
        canary.to_owned(),
        percent_encoding::utf8_percent_encode(canary, percent_encoding::NON_ALPHANUMERIC)
            .to_string(),
        url::form_urlencoded::byte_serialize(canary.as_bytes()).collect(),
        Value::from(canary).to_string().trim_matches('"').to_owned(),
        souk::hex::encode(canary.as_bytes()),
    ];
    for offset in 0..3 {
        let text = STANDARD_NO_PAD.encode(["..".split_at(offset.min(2)).0, canary].concat());
        let own = text
            .get(2 * offset.min(1) + offset / 2..text.len() - 2)
            .unwrap();
        forms.push(own.to_owned());
        forms.push(own.replace('+', "-").replace('/', "_"));
    }
    forms.into_iter().map(String::into_bytes).collect()
}

#[track_caller]
fn assert_clean(what: &str, bytes: &[u8]) {
    for canary in canaries() {
        for form in forms(&canary) {
            if let Some(at) = memchr::memmem::find(bytes, &form) {
                let around = &bytes[at.saturating_sub(200)..bytes.len().min(at + 200)];
                panic!("{what} holds {canary}: {}", around.escape_ascii());
            }
        }
    }
}

/// A request whatever it answers; its whole answer is looked through.
fn ask(client: &Client, method: &str, path: &str, body: Option<Value>) -> Value {
    let body = body.map(|body| body.to_string().into_bytes());
    let answer = client.send(method, path, body, &[]);
    assert_clean(&format!("{method} {path}"), &answer.body);
    assert_clean(path, format!("{:?}", answer.headers).as_bytes());
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn configuration(mode: &str) -> Value {
    let canaries = canaries();
    let mut fields = json!({
        "mode": mode,
        "server_url": "http://127.0.0.1:1/",
        "nested": {"token": canaries[8]},
        "list": [{"api_key": canaries[9]}],
    });
    for (number, canary) in canaries.iter().take(8).enumerate() {
        fields[format!("password_{}", number + 1)] = canary.as_str().into();
    }
    fields
}

#[test]
fn twenty_secrets_pass_through_and_are_found_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let market = marketplace(
        &folder.path().join("market"),
        &[Homemade {
            key: "keeper",
            entry_point: "main.lua",
            source: KEEPER,
            manifest: json!({"permissions": [
                {"capability": "network", "hostFromConfiguration": "server_url", "reason": "To fail there"},
            ]}),
        }],
    );
    for format in ["text", "json"] {
        let data = folder.path().join(format);
        let canaries = canaries();
        let mut server = Start::with_flags(&["--marketplace", &market, "--log-format", format])
            .environment("SOUK_METRICS_TOKEN", &canaries[18])
            .environment(
                "SOUK_OUTBOUND_PROXY",
                "http://user:PASS@127.0.0.1:9"
                    .replace("PASS", &url_form(&canaries[19]))
                    .as_str(),
            )
            .on(&data)
            .debug_log()
            .go();
        let id = tell(&server);
        look_everywhere(&server, &id);
        // Sealed values are there; nothing else of them is, while the server runs and after it was killed.
        look_through(&data);
        server.kill();
        look_through(&data);
        let log = server.log();
        assert!(
            log.matches(MASK).count() > 500,
            "the plugin said little: {log}"
        );
        assert_clean("the log", log.as_bytes());
        assert_clean("a backup", &backup(&data));
        drop(server);

        // Uninstalled, with a hook that tells all it knows; nothing of the sealed rows is left.
        let server = Start::with_flags(&["--marketplace", &market, "--log-format", format])
            .on(&data)
            .debug_log()
            .go();
        ask(
            &server.admin(),
            "DELETE",
            &format!("/api/plugins/installations/{id}"),
            None,
        );
        assert_eq!(sealed_rows(&data), 0);
        assert_clean("the log", server.log().as_bytes());
    }
}

/// Takes the secrets through everything that a plugin and a person can do.
fn tell(server: &TestServer) -> String {
    let admin = server.admin();
    let install = |mode: &str| {
        let body = json!({"pluginKey": "keeper", "config": configuration(mode)});
        ask(&admin, "POST", "/api/plugins/install", Some(body))
    };
    assert!(install("raise")["message"] != "Created");
    install("invalid");
    let row = install("good");
    let id = row["data"]["id"].to_string();
    let change = format!("/api/plugins/installations/{id}/configuration");
    for mode in ["refuse", "raise", "invalid", "good"] {
        let body = json!({"configuration": configuration(mode)});
        ask(&admin, "PUT", &change, Some(body.clone()));
        ask(
            &admin,
            "POST",
            "/api/plugins/keeper/test-connection",
            Some(body),
        );
    }
    let wrong = json!({"configuration": {"password": {"deep": canaries()[0]}, "server_url": 7}});
    ask(&admin, "PUT", &change, Some(wrong));
    ask(
        &admin,
        "PUT",
        &change,
        Some(json!({"configuration": configuration("good")})),
    );

    let kept = json!(canaries()[CONFIGURED..CONFIGURED + KEPT]);
    let count = ask(&admin, "POST", "/api/plugins/keeper/keep", Some(kept));
    assert_eq!(count["data"], CONFIGURED + KEPT);
    for asker in [&admin, &server.as_role(1, "Editor")] {
        for path in [
            "shown",
            "log",
            "raise",
            "raise/400",
            "raise/422",
            "raise/500",
            "raise/200",
            "sql/1",
            "sql/4",
            "sql/12",
            "fetch",
            "header",
            "shapeless",
            "status",
            "set",
            "limit",
            "nowhere",
        ] {
            ask(asker, "GET", &format!("/api/plugins/keeper/{path}"), None);
            // A plugin that fails again and again would be paused.
            assert_eq!(
                ask(asker, "GET", "/api/plugins/keeper/count", None)["data"],
                CONFIGURED + KEPT
            );
        }
    }
    id
}

/// Every GET of the route table, as an Admin and as a member.
fn look_everywhere(server: &TestServer, id: &str) {
    let mut asked = 0;
    for route in ROUTES
        .iter()
        .filter(|route| matches!(route.method, "GET" | "ANY"))
    {
        let path = route
            .path
            .replace(":key", "keeper")
            .replace(":id", id)
            .replace('*', "shown");
        for client in [
            server.admin(),
            server.as_role(1, "Auditor"),
            server.nobody(),
        ] {
            ask(&client, "GET", &path, None);
            asked += 1;
        }
    }
    assert!(asked > 50, "{asked}");
    let runs = format!("/api/plugins/installations/{id}/runs?pageSize=200");
    let runs = ask(&server.admin(), "GET", &runs, None);
    assert!(
        runs["data"]["items"].as_array().unwrap().len() > 20,
        "{runs}"
    );
    assert!(
        runs.to_string().contains(MASK),
        "no run quotes anything: {runs}"
    );
}

/// Every byte of every file of the data folder.
fn look_through(folder: &Path) {
    let mut folders = vec![folder.to_owned()];
    let mut files = 0;
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                assert_clean(&path.display().to_string(), &bytes);
                files += 1;
            }
        }
    }
    assert!(files > 5, "{files}");
}

fn tenant_file(data: &Path) -> Connection {
    Connection::open(data.join("tenants/a4/a4ayc80OGd.db")).unwrap()
}

/// The tenant's file as `VACUUM INTO` copies it, and as `.dump` would write its values.
fn backup(data: &Path) -> Vec<u8> {
    let target = data.join("backup.db");
    let file = tenant_file(data);
    file.execute("VACUUM INTO ?", [target.to_str().unwrap()])
        .unwrap();
    let sealed: i64 = file
        .query_row("SELECT count(*) FROM plugin_secrets", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sealed, KEPT as i64);
    fs::read(&target).unwrap()
}

fn sealed_rows(data: &Path) -> i64 {
    let count = "SELECT (SELECT count(*) FROM plugin_secrets) + (SELECT count(*) FROM plugin_installations)";
    tenant_file(data)
        .query_row(count, [], |row| row.get(0))
        .unwrap()
}

fn url_form(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
