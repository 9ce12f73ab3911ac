//! The verbs: what they print, what they refuse, how they end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::server::run;
use crate::support::{Client, Serving, TestServer};

/// Runs a verb on a data folder of its own, with a key outside of it.
fn on(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let (data, key) = (folder.join("data"), folder.join("secret.key"));
    std::fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let mut all = vec![
        "--data",
        data.to_str().unwrap(),
        "--secret-key-file",
        key.to_str().unwrap(),
    ];
    all.extend(arguments);
    run(&all)
}

fn json_of(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[test]
fn wrong_calls_end_with_2_and_say_what_was_meant() {
    for (arguments, told) in [
        (vec!["serv"], "serve"),
        (vec!["user", "crate"], "create"),
        (vec!["serve", "--lisen", "x"], "--listen"),
        (vec!["serve", "--listen", "nonsense"], "--listen"),
        (vec!["serve", "--workers", "0"], "--workers"),
        (vec!["demo", "--listen", "0.0.0.0:0"], "loopback"),
        (vec!["user", "create"], "--organization"),
        (
            vec!["--config", "/no/such/souk.toml", "config", "show"],
            "/no/such/souk.toml",
        ),
    ] {
        let (code, out, err) = run(&arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {err}");
        assert!(err.contains(told), "{arguments:?}: {err}");
        assert!(out.is_empty(), "{arguments:?}: {out}");
        assert!(!err.contains('\u{1b}'), "colours without a terminal");
    }
}

#[test]
fn every_verb_has_a_help_text() {
    for verb in [
        "serve",
        "demo",
        "admin",
        "user",
        "organization",
        "tenant",
        "marketplace",
        "mirror",
        "config",
        "version",
    ] {
        let (code, out, _) = run(&[verb, "--help"]);
        assert_eq!(code, Some(0));
        assert!(out.contains("Examples:"), "{verb}");
    }
    let (code, out, _) = run(&["version", "--json"]);
    assert_eq!(
        (code, json_of(&out)["version"].as_str()),
        (Some(0), Some(env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn organizations_and_people_keep_the_numbers_they_bring() {
    let folder = tempfile::tempdir().unwrap();
    let on = |arguments: &[&str]| on(folder.path(), arguments);
    let (code, out, err) = on(&["organization", "create", "Acme", "--id", "42", "--json"]);
    assert_eq!(
        (code, json_of(&out)["tenantId"].as_str()),
        (Some(0), Some("c0dctApWjo")),
        "{err}"
    );
    let create = [
        "user",
        "create",
        "--organization",
        "42",
        "--email",
        "a@b.example",
        "--name",
        "A",
        "--role",
        "editor",
        "--id",
        "77",
        "--json",
    ];
    let (code, out, err) = on(&create);
    assert_eq!(code, Some(0), "{err}");
    let user = json_of(&out);
    assert_eq!(
        (&user["id"], &user["roleName"]),
        (&json!(77), &json!("Editor"))
    );
    let (code, _, err) = on(&create);
    assert_eq!(code, Some(1));
    assert!(err.contains("exists already"), "{err}");
    let (code, out, _) = on(&[
        "admin",
        "create",
        "--organization",
        "42",
        "--email",
        "c@b.example",
        "--name",
        "C",
        "--json",
    ]);
    assert_eq!(
        (code, json_of(&out)["roleName"].as_str()),
        (Some(0), Some("Admin"))
    );
    assert_eq!(on(&["admin", "reset-password", "a@b.example"]).0, Some(0));
    assert_eq!(on(&["user", "disable", "a@b.example"]).0, Some(0));
    let (_, out, _) = on(&["user", "list", "--organization", "42", "--json"]);
    let list = json_of(&out);
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["disabled"]),
        (2, &json!(true))
    );
    let (_, out, _) = on(&["tenant", "show", "c0dctApWjo", "--json"]);
    assert_eq!(json_of(&out)["plugins"], json!([]));
    let (_, out, _) = on(&["tenant", "list"]);
    assert!(out.contains("c0dctApWjo"), "{out}");
    for (arguments, told) in [
        (
            vec![
                "user",
                "create",
                "--organization",
                "9",
                "--email",
                "x@b.example",
                "--name",
                "X",
                "--role",
                "Admin",
            ],
            "no organization 9",
        ),
        (vec!["user", "disable", "nobody@b.example"], "no user"),
        (vec!["tenant", "show", "aaaaaaaaaa"], "no tenant"),
        (
            vec!["organization", "create", "Twice", "--id", "42"],
            "exists already",
        ),
    ] {
        let (code, _, err) = on(&arguments);
        assert_eq!(code, Some(1), "{arguments:?}");
        assert!(err.contains(told), "{arguments:?}: {err}");
    }
}

#[test]
fn a_data_folder_in_use_is_named() {
    let server = TestServer::builtin();
    let (code, _, err) = run(&[
        "--data",
        server.data.to_str().unwrap(),
        "organization",
        "list",
    ]);
    assert_eq!(code, Some(1));
    assert!(err.contains("another souk process"), "{err}");
}

#[test]
fn the_file_is_below_the_environment_and_the_environment_below_the_flag() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("souk.toml");
    std::fs::write(&file, "workers = 3\ninstalls_per_hour = 3\nmetrics_token = 'hush'\n[outbound]\nallow = ['10.0.0.0/8']\n").unwrap();
    let show = |environment: &[(&str, &str)], flags: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_souk"))
            .args([
                "--config",
                file.to_str().unwrap(),
                "--data",
                "data",
                "--secret-key-file",
                "key",
            ])
            .args(flags)
            .args(["config", "show", "--json"])
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let rows = json_of(&String::from_utf8(output.stdout).unwrap());
        let rows = rows.as_array().unwrap().clone();
        move |key: &str| rows.iter().find(|row| row["key"] == key).unwrap()["value"].clone()
    };
    let value = show(
        &[("SOUK_WORKERS", "4"), ("SOUK_INSTALLS_PER_HOUR", "4")],
        &["--workers", "5"],
    );
    assert_eq!(
        (value("workers"), value("installs_per_hour")),
        (json!("5"), json!("4"))
    );
    assert_eq!(
        (value("outbound.allow"), value("metrics_token")),
        (json!("10.0.0.0/8"), json!("***"))
    );
    std::fs::write(&file, "\nworkrs = 3\n").unwrap();
    let (code, _, err) = run(&["--config", file.to_str().unwrap(), "config", "show"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("line 2") && err.contains("'workers'"), "{err}");
}

#[test]
fn the_configuration_that_is_shown_can_be_used_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, copy) = (path("souk.toml"), path("copy.toml"));
    let text = "\ndata = 'data'\nmetrics_token = 'hush'\nplugin_settings = ['ID=hush']\n\n[outbound]\nallow = ['10.0.0.0/8', 'host:1']\n";
    std::fs::write(&file, text).unwrap();
    let show = |file: &str, flags: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_souk"))
            .args(["--config", file, "config", "show"])
            .args(flags)
            .env("SOUK_LOG_FORMAT", "json")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = show(&file, &["--workers", "5"]);
    assert!(shown.contains("\nworkers = 5\n"), "{shown}");
    assert!(
        shown.contains("\noutbound.allow = [\"10.0.0.0/8\", \"host:1\"]\n"),
        "{shown}"
    );
    assert!(shown.contains("\n# metrics_token = \"***\"\n"), "{shown}");
    let settings = "\n# plugin_settings = [\"ID=***\"]\n";
    assert!(shown.contains(settings), "{shown}");
    std::fs::write(&copy, &shown).unwrap();
    let again = show(&copy, &[]);
    assert_eq!(
        again
            .replace("metrics_token = \"\"", "# metrics_token = \"***\"")
            .replace("\nplugin_settings = []\n", settings),
        shown
    );

    let with_origins = show(&file, &["--workers", "5", "--origin"]);
    for (key, origin) in [
        ("workers", "flag --workers".to_owned()),
        ("log.format", "environment SOUK_LOG_FORMAT".to_owned()),
        ("data", format!("file {file}, line 2")),
        ("outbound.allow", format!("file {file}, line 7")),
        ("listen", "default".to_owned()),
    ] {
        let line = with_origins
            .lines()
            .find(|line| line.starts_with(&format!("{key} = ")))
            .unwrap_or_else(|| panic!("{key}: {with_origins}"));
        assert!(line.ends_with(&format!("# {origin}")), "{line}");
    }
    assert!(!with_origins.contains("hush"));
}

#[test]
fn the_first_start_prints_a_link_that_works_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(folder.path());
    let link = serving.link();
    let (base, token) = link.split_once("/setup?token=").unwrap();
    let client = Client {
        base: base.to_owned(),
        token: None,
    };
    client
        .get(&format!("/api/users/setup?token={token}"))
        .is(200);
    client.get("/api/users/setup?token=wrong").is(404);
    let mut answers = json!({
        "token": token, "organizationName": "Gamma", "name": "Grace", "email": "grace@gamma.example", "password": "short",
    });
    client.post("/api/users/setup", answers.clone()).is(400);
    answers["email"] = json!("no address");
    answers["password"] = json!("long enough for this");
    client.post("/api/users/setup", answers.clone()).is(400);
    answers["email"] = json!("grace@gamma.example");
    let data = client
        .post("/api/users/setup", answers.clone())
        .is(200)
        .data();
    assert_eq!(
        (&data["user"]["roleName"], &data["user"]["organizationName"]),
        (&json!("Admin"), &json!("Gamma"))
    );
    client.post("/api/users/setup", answers).is(404);
    Client {
        token: data["token"].as_str().map(str::to_owned),
        ..client
    }
    .get("/api/plugins/marketplace")
    .is(200);
}

#[test]
fn a_signal_that_follows_the_first_line_at_once_is_heard() {
    let mut server = TestServer::builtin();
    assert_eq!(server.terminate(Duration::from_secs(20)), Some(0));
}

#[test]
fn a_signal_lets_requests_in_flight_end_and_exits_with_0() {
    let mut server = TestServer::with_test_plugins();
    server
        .admin()
        .post("/api/plugins/install", json!({"pluginKey": "echo"}))
        .is(201);
    let (address, token) = (
        server.socket(),
        server.user(1, "Admin")["token"]
            .as_str()
            .unwrap()
            .to_owned(),
    );
    let slow = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /api/plugins/echo/loop HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    std::thread::sleep(Duration::from_millis(500));
    let started = Instant::now();
    assert_eq!(server.terminate(Duration::from_secs(20)), Some(0));
    assert!(
        slow.join().unwrap().starts_with("HTTP/1.1 504"),
        "after {:?}",
        started.elapsed()
    );
}
