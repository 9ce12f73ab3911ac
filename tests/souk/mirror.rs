//! A marketplace carried on a stick: copied where there is a network, used where there is none.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::server::run;
use crate::support::site::{WebServer, numbered, wait_until};
use crate::support::{Start, beside, marketplace};

fn pull(from: &str, to: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let mut arguments = vec![
        "mirror",
        "pull",
        "--from",
        from,
        "--to",
        to.to_str().unwrap(),
    ];
    arguments.extend(more);
    run(&arguments)
}

fn json_of(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[test]
fn a_marketplace_is_carried_on_a_stick_and_used_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let site = WebServer::start(numbered(folder.path(), 3));
    let stick = folder.path().join("market.zip");
    let (code, out, err) = pull(&site.address, &stick, &["--json"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("3/3 p") && err.contains("2 files"), "{err}");
    let made = json_of(&out);
    assert_eq!((&made["made"], &made["copied"]), (&json!(true), &json!(3)));
    // From here on there is no network.
    drop(site);

    let (code, out, err) = run(&["mirror", "verify", stick.to_str().unwrap(), "--json"]);
    assert_eq!(code, Some(0), "{err}");
    let verdict = json_of(&out);
    assert_eq!(
        (&verdict["whole"], &verdict["files"]),
        (&json!(true), &json!(6))
    );
    assert_eq!(verdict["registrySha256"], made["registrySha256"]);

    let server = Start::with_flags(&["--marketplace", stick.to_str().unwrap()]).go();
    let admin = server.admin();
    let list = admin.get("/api/plugins/marketplace").is(200).data();
    assert_eq!(list.as_array().unwrap().len(), 3);
    assert_eq!(list[2]["installable"], true);
    let readme = admin.get("/api/plugins/marketplace/p2/readme").is(200);
    assert_eq!(readme.data(), "# 2");
    let installed = admin
        .post("/api/plugins/install", json!({"pluginKey": "p2"}))
        .is(201);
    assert_eq!(installed.data()["version"], "1.0.0");
    assert_eq!(admin.get("/api/plugins/p2/number").is(200).data(), json!(2));

    // One bit of a script, on the stick.
    let mut bytes = fs::read(&stick).unwrap();
    let name = b"plugins/p1/main.lua";
    let header = bytes
        .windows(name.len())
        .position(|part| part == name)
        .unwrap();
    bytes[header + name.len() + 20] ^= 1;
    fs::write(&stick, bytes).unwrap();
    let (code, _, err) = run(&["mirror", "verify", stick.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(
        err.starts_with("error: ")
            && err.contains("plugins/p1/main.lua")
            && err.lines().count() == 1,
        "{err}"
    );
    let refused = admin
        .post("/api/plugins/install", json!({"pluginKey": "p1"}))
        .is(502)
        .json();
    assert!(
        refused["error"]
            .as_str()
            .unwrap()
            .contains("plugins/p1/main.lua"),
        "{refused}"
    );
    assert_eq!(
        admin
            .get("/api/plugins/installations")
            .data()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // What is whole on the stick can still be had, and what is installed needs no stick.
    admin
        .post("/api/plugins/install", json!({"pluginKey": "p0"}))
        .is(201);
    fs::remove_file(&stick).unwrap();
    assert_eq!(admin.get("/api/plugins/p2/number").is(200).data(), json!(2));
    let health = admin.get("/api/plugins/health").is(200).data();
    assert_eq!(health["marketplace"], "stale");
}

#[test]
fn a_pull_that_is_killed_and_run_again_fetches_only_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let site = WebServer::start(numbered(folder.path(), 12));
    for target in ["market", "market.zip"] {
        let to = folder.path().join(target);
        let before = site.given();
        site.stop_after(Some(before + 25));
        let mut child = start_pull(&site.address, &to);
        site.wait_for(before + 25);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!to.is_file() && !to.join("plugins.json").exists());
        site.stop_after(None);

        let scripts = |site: &WebServer| -> usize {
            (0..12)
                .map(|number| site.asked(&format!("/plugins/p{number}/main.lua")))
                .sum()
        };
        let first = scripts(&site);
        let (code, out, err) = pull(&site.address, &to, &["--json", "--quiet"]);
        assert_eq!(code, Some(0), "{err}");
        assert!(err.is_empty(), "{err}");
        let kept: u64 = json_of(&out)["plugins"]
            .as_array()
            .unwrap()
            .iter()
            .map(|plugin| plugin["kept"].as_u64().unwrap())
            .sum();
        let again = scripts(&site) - first;
        assert!(
            kept >= 4 && again < 12,
            "{kept} kept, {again} scripts fetched again"
        );
        let (code, _, err) = run(&["mirror", "verify", to.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{err}");
        println!("{target}: {kept} files kept, {again} of 12 scripts fetched after the kill");
    }
}

fn start_pull(from: &str, to: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(["mirror", "pull", "--quiet", "--from", from, "--to"])
        .arg(to)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn two_pulls_into_one_place_do_not_meet() {
    let folder = tempfile::tempdir().unwrap();
    let site = WebServer::start(numbered(folder.path(), 2));
    let to = folder.path().join("market.zip");
    site.stop_after(Some(1));
    let mut first = start_pull(&site.address, &to);
    wait_until(|| site.asked("/plugins/p0/main.lua") > 0);
    // The second gets its registry from the folder itself.
    let source = folder.path().join("site");
    let (code, _, err) = pull(source.to_str().unwrap(), &to, &[]);
    assert_eq!(code, Some(1));
    assert!(err.contains("another 'souk mirror pull'"), "{err}");
    site.stop_after(None);
    assert!(first.wait().unwrap().success());
}

#[test]
fn a_manifest_without_its_packages_is_told_plugin_by_plugin() {
    let Some(source) = beside("marketplace") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("market.zip");
    let (code, _, err) = pull(source.to_str().unwrap(), &to, &[]);
    assert_eq!(code, Some(1));
    assert_eq!(
        err.matches("MISSING: there is no file in 'plugins/")
            .count(),
        29,
        "{err}"
    );
    assert!(err.contains("--allow-missing") && !to.exists(), "{err}");
    let (code, out, err) = pull(
        source.to_str().unwrap(),
        &to,
        &["--allow-missing", "--json", "--quiet"],
    );
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(json_of(&out)["missing"], 29);
    let (code, out, _) = run(&[
        "marketplace",
        "--marketplace",
        to.to_str().unwrap(),
        "search",
        "slack",
        "--json",
    ]);
    assert_eq!((code, &json_of(&out)[0]["key"]), (Some(0), &json!("slack")));
}

#[test]
fn operators_search_show_and_refresh() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = marketplace();
    let verb = |arguments: &[&str]| {
        run(&[&["marketplace", "--marketplace", &plugins], arguments].concat())
    };
    let (code, out, err) = verb(&["search", "TABLES"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("key") && out.contains("\ntables"), "{out}");
    let (_, out, _) = verb(&["search", "--category", "security", "--json"]);
    assert_eq!(json_of(&out)[0]["key"], "configurable");
    let (_, out, _) = verb(&["show", "typescript"]);
    assert!(
        out.contains("Installable  no: Plugin 'typescript' cannot be installed here"),
        "{out}"
    );
    let (code, _, err) = verb(&["show", "nobody"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("souk marketplace search"), "{err}");
    let (code, out, _) = verb(&["refresh"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("17 plugins"), "{out}");

    // The copy of a remote marketplace is renewed in the data folder, if no server has it.
    let site = WebServer::start(numbered(folder.path(), 2));
    let data = folder.path().join("data");
    let refresh = || {
        run(&[
            "marketplace",
            "refresh",
            "--json",
            "--marketplace",
            &site.address,
            "--data",
            data.to_str().unwrap(),
        ])
    };
    let (code, out, err) = refresh();
    assert_eq!(
        (code, &json_of(&out)["plugins"]),
        (Some(0), &json!(2)),
        "{err}"
    );
    let server = Start::with_flags(&["--marketplace", &site.address])
        .on(&data)
        .go();
    let (code, _, err) = refresh();
    assert_eq!(code, Some(1));
    assert!(
        err.contains("POST /api/plugins/marketplace/refresh") && err.lines().count() == 1,
        "{err}"
    );
    drop(server);
}

#[test]
fn a_mirror_is_checked_before_anything_else_is_believed_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let junk = folder.path().join("junk.zip");
    fs::write(&junk, "PK\x03\x04 not at all").unwrap();
    for (path, told) in [
        (junk.to_str().unwrap(), "junk.zip cannot be used"),
        ("/no/such/mirror", "/no/such/mirror"),
    ] {
        let (code, out, err) = run(&["mirror", "verify", path]);
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(err.contains(told) && err.lines().count() == 1, "{err}");
    }
    let (code, _, err) = run(&["mirror", "verify", "https://example.com/"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("is no mirror"), "{err}");
}
