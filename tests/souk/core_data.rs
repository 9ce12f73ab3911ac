//! Core data through plugins in both languages: each function of `core` does what it says for who was
//! granted it, and nothing for who was not.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use souk::script::host::HOST_FNS;

use crate::support::{Start, TestServer};

const LUA: &str = r#"
local plugin = { metadata = { name = "Core", version = "1.0.0" } }
function plugin.install() return { success = true, message = "done" } end
function plugin.uninstall() return { success = true, message = "done" } end
plugin.router = {
  ["POST /call/:name"] = function(ctx)
    return { data = ctx.core[ctx.params.name](table.unpack(ctx.body)) }
  end,
  ["POST /upload"] = function(ctx)
    local content = ctx.base64.decodeBytes(ctx.body.content)
    return { data = ctx.core.createFile({ filename = ctx.body.filename, content = content }) }
  end,
  ["GET /content/:id"] = function(ctx)
    return { data = ctx.base64.encode(ctx.core.file(tonumber(ctx.params.id)).content) }
  end,
  ["POST /undone"] = function(ctx)
    ctx.db.transaction(function(tx)
      ctx.core.createRisk({ riskName = "never" })
      error("no")
    end)
  end,
}
return plugin
"#;

const RHAI: &str = r#"
fn metadata() { #{ name: "Core", version: "1.0.0" } }
fn install(userId, tenantId, config, context) { #{ success: true, message: "done" } }
fn uninstall(userId, tenantId, context) { #{ success: true, message: "done" } }
fn router() {
  #{ "POST /call/:name": Fn("one"), "POST /upload": Fn("upload"), "GET /content/:id": Fn("content"),
     "POST /undone": Fn("undone") }
}
fn one(ctx) {
  let a = ctx.body;
  let c = ctx.core;
  let data = switch ctx.params.name {
    "users" => c.users(),
    "risks" => if a.len() == 0 { c.risks() } else { c.risks(a[0]) },
    "risk" => c.risk(a[0]),
    "createRisk" => c.createRisk(a[0]),
    "updateRisk" => c.updateRisk(a[0], a[1]),
    "models" => if a.len() == 0 { c.models() } else { c.models(a[0]) },
    "model" => c.model(a[0]),
    "createModel" => c.createModel(a[0]),
    "updateModel" => c.updateModel(a[0], a[1]),
    "projects" => if a.len() == 0 { c.projects() } else { c.projects(a[0]) },
    "project" => c.project(a[0]),
    "createProject" => c.createProject(a[0]),
    "updateProject" => c.updateProject(a[0], a[1]),
    "files" => if a.len() == 0 { c.files() } else { c.files(a[0]) },
    "createFile" => c.createFile(a[0]),
    _ => throw #{ status: 404, message: "no such function" }
  };
  #{ data: data }
}
fn upload(ctx) {
  let content = ctx.base64.decodeBytes(ctx.body.content);
  #{ data: ctx.core.createFile(#{ filename: ctx.body.filename, content: content }) }
}
fn content(ctx) {
  #{ data: ctx.base64.encode(ctx.core.file(parse_int(ctx.params.id)).content) }
}
fn undone(ctx) {
  ctx.db.transaction(|tx| { ctx.core.createRisk(#{ riskName: "never" }); throw "no"; });
}
"#;

const ASKED: [&str; 5] = [
    "core.users:read",
    "core.risks:write",
    "core.models:write",
    "core.projects:write",
    "files",
];

/// Four plugins: each language with all of `core`, and with nothing.
fn start(folder: &Path) -> TestServer {
    let mut plugins = Vec::new();
    for (language, file, source) in [("lua", "main.lua", LUA), ("rhai", "main.rhai", RHAI)] {
        for (suffix, asked) in [
            ("", &ASKED[..]),
            ("-none", &[]),
            ("-reads", &["core.risks:read"]),
        ] {
            let key = format!("core-{language}{suffix}");
            let home = folder.join("plugins").join(&key);
            fs::create_dir_all(&home).unwrap();
            fs::write(home.join(file), source).unwrap();
            let permissions: Vec<Value> = asked
                .iter()
                .map(|name| json!({"capability": name, "reason": "the test's"}))
                .collect();
            plugins.push(json!({"key": key, "name": key, "version": "1.0.0",
                "pluginPath": format!("plugins/{key}"), "entryPoint": file, "permissions": permissions}));
        }
    }
    let registry = json!({"version": "1", "plugins": plugins, "categories": []});
    fs::write(folder.join("plugins.json"), registry.to_string()).unwrap();
    let server = Start::with_flags(&["--marketplace", folder.to_str().unwrap()]).go();
    for plugin in &plugins {
        server
            .admin()
            .post("/api/plugins/install", json!({"pluginKey": plugin["key"]}))
            .is(201);
    }
    server
}

#[test]
fn each_function_of_core_works_for_who_was_granted_it_and_for_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let admin = server.admin();
    for language in ["lua", "rhai"] {
        let mut called = vec!["core.file".to_owned()];
        let mut call = |name: &str, arguments: Value| {
            called.push(format!("core.{name}"));
            let path = format!("/api/plugins/core-{language}/call/{name}");
            admin.post(&path, arguments).is(200).data()
        };
        let users = call("users", json!([]));
        assert!(users.as_array().unwrap().len() >= 4, "{users}");
        assert!(
            users[0]["email"]
                .as_str()
                .unwrap()
                .ends_with("acme.example"),
            "of the own organization only: {users}"
        );
        assert!(users.to_string().contains("Auditor") && !users.to_string().contains("hash"));

        for (resource, new, change) in [
            (
                "Risk",
                json!({"riskName": "Drift", "severity": "Major"}),
                json!({"severity": "Minor"}),
            ),
            (
                "Model",
                json!({"provider": "P", "model": "M", "version": "1"}),
                json!({"status": "Approved", "securityAssessment": true}),
            ),
            (
                "Project",
                json!({"projectTitle": "Scoring"}),
                json!({"goal": "fair"}),
            ),
        ] {
            let lower = resource.to_lowercase();
            let id = call(&format!("create{resource}"), json!([new]))["id"].clone();
            call(&format!("update{resource}"), json!([id, change]));
            let row = call(&lower, json!([id]));
            for (name, value) in new.as_object().unwrap() {
                let expected = change.get(name).unwrap_or(value);
                assert_eq!(&row[name], expected, "{language} {resource} {name}");
            }
            let all = call(&format!("{lower}s"), json!([]));
            assert!(all.as_array().unwrap().contains(&row), "{all}");
            let some = call(&format!("{lower}s"), json!([{"limit": 1}]));
            assert_eq!(some.as_array().unwrap().len(), 1);
            assert_eq!(call(&lower, json!([999_999])), Value::Null);
        }

        let prefix = format!("/api/plugins/core-{language}");
        let upload = json!({"filename": "a.bin", "content": "AAH/"});
        let id = admin
            .post(&format!("{prefix}/upload"), upload)
            .is(200)
            .data()["id"]
            .clone();
        let content = admin.get(&format!("{prefix}/content/{id}")).is(200).data();
        assert_eq!(content, "AAH/");
        let text = call(
            "createFile",
            json!([{"filename": "b.txt", "mime": "text/plain", "content": "hi"}]),
        );
        let files = call("files", json!([]));
        let file = files
            .as_array()
            .unwrap()
            .iter()
            .find(|file| file["id"] == text["id"])
            .unwrap();
        assert_eq!(
            (&file["size"], &file["mime"]),
            (&json!(2), &json!("text/plain"))
        );

        admin.post(&format!("{prefix}/undone"), json!({})).is(500);
        let risks = admin
            .post(&format!("{prefix}/call/risks"), json!([]))
            .is(200)
            .data();
        assert!(!risks.to_string().contains("never"), "{risks}");

        for function in HOST_FNS.iter().filter(|function| function.module == "core") {
            assert!(
                called.contains(&function.full_name()),
                "{} was not tried",
                function.full_name()
            );
        }
    }
}

#[test]
fn core_data_is_closed_to_who_was_not_granted_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let admin = server.admin();
    for language in ["lua", "rhai"] {
        for (plugin, name, arguments, missing) in [
            ("none", "users", json!([]), "core.users:read"),
            ("none", "risks", json!([]), "core.risks:read"),
            ("none", "createModel", json!([{}]), "core.models:write"),
            ("none", "createFile", json!([{}]), "files"),
            (
                "reads",
                "createRisk",
                json!([{"riskName": "x"}]),
                "core.risks:write",
            ),
            ("reads", "projects", json!([]), "core.projects:read"),
        ] {
            let path = format!("/api/plugins/core-{language}-{plugin}/call/{name}");
            let answer = admin.post(&path, arguments).is(500);
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(
                said.contains("was not granted") && said.contains(missing),
                "{said}"
            );
        }
        let path = format!("/api/plugins/core-{language}-reads/call/risks");
        admin.post(&path, json!([])).is(200);
    }
}

#[test]
fn a_wrong_value_is_told_to_the_plugin_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let admin = server.admin();
    let call = |name: &str, arguments: Value| {
        let path = format!("/api/plugins/core-lua/call/{name}");
        String::from_utf8_lossy(&admin.post(&path, arguments).is(500).body).into_owned()
    };
    for (name, arguments, said) in [
        (
            "createRisk",
            json!([{"riskName": "x", "severity": "Awful"}]),
            "severity",
        ),
        (
            "createRisk",
            json!([{"riskName": "x", "organizationId": 2}]),
            "is no field of a risk",
        ),
        (
            "updateRisk",
            json!([999_999, {"riskName": "x"}]),
            "no such risk",
        ),
        (
            "createFile",
            json!([{"filename": "../x", "content": "x"}]),
            "filename",
        ),
        ("createFile", json!([{"filename": "x"}]), "content must be"),
        ("risks", json!([{"limit": -1}]), "limit must be"),
    ] {
        let answer = call(name, arguments);
        assert!(answer.contains(said), "{name}: {answer}");
    }
}
