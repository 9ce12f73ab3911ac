//! Many tenants: imported, listed and served.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::Client;
use crate::support::server::run;
use crate::support::serving::{Serving, at};

const PASSWORD: &str = "one password for all of them";

#[test]
fn hundreds_of_tenants_are_imported_listed_and_each_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = import(folder.path(), &lines(1..=300));
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(out.lines().count(), 300);
    let verb = |arguments: &[&str]| -> Vec<Value> {
        let flags = at(folder.path());
        let all: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(flags.iter().map(String::as_str))
            .collect();
        let (code, out, err) = run(&all);
        assert_eq!(code, Some(0), "{err}");
        serde_json::from_str(&out).unwrap()
    };
    let listed = verb(&["organization", "list", "--json"]);
    let tenants: HashSet<&str> = listed
        .iter()
        .map(|one| one["tenantId"].as_str().unwrap())
        .collect();
    assert_eq!(tenants.len(), 300);
    let page = verb(&[
        "tenant", "list", "--json", "--after", "100", "--limit", "20",
    ]);
    let numbers: Vec<i64> = page
        .iter()
        .map(|one| one["organizationId"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, (101..=120).collect::<Vec<_>>());
    assert!(page.iter().all(|one| one["bytes"].as_i64() > Some(0)));

    let mut serving = Serving::with_flags(folder.path(), &["--installs-per-hour", "1000"]);
    let nobody = serving.client();
    // More than there are slots, so that each is attached in another's place.
    let some = || (1..=300).step_by(7);
    for number in some() {
        let admin = sign_in(&nobody, number);
        admin
            .post("/api/plugins/install", json!({"pluginKey": "notes"}))
            .is(201);
        let note = json!({"title": format!("of {number}")});
        admin.post("/api/plugins/notes/notes", note).is(201);
    }
    for number in some() {
        let notes = sign_in(&nobody, number)
            .get("/api/plugins/notes/notes")
            .is(200);
        let text = notes.data().to_string();
        assert_eq!(text.matches("of ").count(), 1, "{text}");
        assert!(text.contains(&format!("of {number}\"")), "{text}");
    }
}

#[test]
fn what_an_import_printed_exists_however_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("customers.jsonl");
    std::fs::write(&file, lines(1..=2_000)).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(["organization", "import", "--json"])
        .arg(&file)
        .args(at(folder.path()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    // The second batch is on its way when the first one's lines are read.
    out.read_line(&mut printed).unwrap();
    child.kill().unwrap();
    out.lines()
        .map_while(Result::ok)
        .for_each(|line| printed.push_str(&format!("{line}\n")));
    child.wait().unwrap();
    let printed: Vec<Value> = printed
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();

    let control = Connection::open(folder.path().join("data/souk.db")).unwrap();
    let made: HashSet<String> = control
        .prepare("SELECT tenant_id FROM tenants")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(
        made.len() >= 500 && made.len().is_multiple_of(500),
        "{}",
        made.len()
    );
    for line in &printed {
        assert!(made.contains(line["tenantId"].as_str().unwrap()));
    }
    for tenant in &made {
        let file = Connection::open(tenant_file(folder.path(), tenant)).unwrap();
        let tables: i64 = file
            .query_row("SELECT count(*) FROM plugin_installations", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(tables, 0);
    }
    println!(
        "{} lines were printed, {} tenants exist",
        printed.len(),
        made.len()
    );
    drop(control);
    let next = (made.len() + 1).to_string();
    let flags = at(folder.path());
    let [one, two, three, four] = flags.each_ref().map(String::as_str);
    let file = file.to_str().unwrap();
    let again = [
        "organization",
        "import",
        file,
        "--from-line",
        &next,
        one,
        two,
        three,
        four,
    ];
    let (code, out, err) = run(&again);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(out.lines().count(), 2_000 - made.len());
}

#[test]
fn a_faulty_line_is_named_and_says_where_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = lines(1..=600);
    text.push_str("{\"name\": \"twice\", \"id\": 7}\n");
    let (code, out, err) = import(folder.path(), &text);
    assert_eq!(code, Some(1));
    assert_eq!(out.lines().count(), 500);
    assert!(
        err.contains("line 601: An organization 7 exists already")
            && err.contains("go on with --from-line 501"),
        "{err}"
    );
    for (line, complaint) in [
        (
            "{\"nam\": \"x\"}",
            "line 1: it cannot be read: unknown field `nam`",
        ),
        (
            "{\"name\": \"x\", \"admin\": {\"email\": \"a@b\", \"name\": \"A\", \"password\": \"short\"}}",
            "line 1: The password must have",
        ),
        (
            "{\"name\": \"x\", \"admin\": {\"email\": \"a@b\", \"name\": \"A\", \"passwordHash\": \"$2b$10$x\"}}",
            "line 1: passwordHash must be an argon2id hash",
        ),
    ] {
        let (code, _, err) = import(folder.path(), line);
        assert_eq!(code, Some(1), "{line}");
        assert!(err.contains(complaint), "{err}");
    }
}

pub fn lines(numbers: impl Iterator<Item = i64>) -> String {
    let hash = souk::password::hash(PASSWORD).unwrap();
    numbers
        .map(|number| {
            let line = json!({
                "name": format!("Customer {number}"),
                "id": number,
                "admin": { "email": email(number), "name": "Root", "passwordHash": hash },
            });
            format!("{line}\n")
        })
        .collect()
}

pub fn import(folder: &Path, text: &str) -> (Option<i32>, String, String) {
    let file = folder.join("customers.jsonl");
    std::fs::write(&file, text).unwrap();
    let flags = at(folder);
    let mut arguments = vec!["organization", "import", "--json", file.to_str().unwrap()];
    arguments.extend(flags.iter().map(String::as_str));
    run(&arguments)
}

fn email(number: i64) -> String {
    format!("root@{number}.example")
}

pub fn sign_in(nobody: &Client, number: i64) -> Client {
    let body = json!({ "email": email(number), "password": PASSWORD });
    let answer = nobody.post("/api/users/login", body).is(200).data();
    Client {
        token: Some(answer["token"].as_str().unwrap().to_owned()),
        ..nobody.clone()
    }
}

pub fn tenant_id(number: i64) -> String {
    souk::tenant::TenantId::of_organization(number).to_string()
}

pub fn tenant_file(folder: &Path, tenant: &str) -> PathBuf {
    let shard = tenant[..2].to_ascii_lowercase();
    folder.join(format!("data/tenants/{shard}/{tenant}.db"))
}

pub fn metric(nobody: &Client, name: &str) -> i64 {
    let text = String::from_utf8(nobody.get("/metrics").is(200).body).unwrap();
    text.lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")))
        .unwrap_or_else(|| panic!("no {name}"))
        .parse()
        .unwrap()
}
