//! `souk admin rotate-key`: killed again and again, run to its end, and the old key tried afterwards.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::support::server::run;
use crate::support::serving::{KEY, Serving, at};
use crate::support::{Client, marketplace};
use crate::tenants::{import, lines, sign_in, tenant_file};

const TENANTS: i64 = 52;
/// The rotation is killed as soon as this tenant is done; 0 is when the new key has been added.
const KILLS: [i64; 5] = [0, 1, 9, 20, 30];

#[test]
fn a_rotation_that_is_killed_goes_on_and_the_old_key_opens_nothing_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (code, _, err) = import(folder, &lines(1..=TENANTS));
    assert_eq!(code, Some(0), "{err}");
    let (mut serving, nobody) = serve(folder);
    for number in 1..=TENANTS {
        let body = json!({"pluginKey": "configurable", "config": {"server_url": "http://a.example", "password": password(number)}});
        sign_in(&nobody, number)
            .post("/api/plugins/install", body)
            .is(201);
    }
    let before = sign_in(&nobody, 1);
    serving.kill();
    assert_eq!(keys(folder), [KEY]);

    for tenant in KILLS {
        let mut child = rotate(folder);
        let killed = wait_until(&mut child, || {
            let keys = keys(folder);
            keys.len() == 2 && (tenant == 0 || is_sealed_with(folder, tenant, &keys[0]))
        });
        child.kill().unwrap();
        child.wait().unwrap();
        let keys = keys(folder);
        let done = (1..=TENANTS).filter(|number| is_sealed_with(folder, *number, &keys[0]));
        println!(
            "killed at tenant {tenant}: {} of {TENANTS} were done",
            done.count()
        );
        assert!(killed && keys.len() == 2, "the kill came too late");
    }
    // In between everything can be read, and what is entered now is sealed with the new key.
    let (serving_between, nobody) = serve(folder);
    serving = serving_between;
    as_before(&before, &nobody).get("/api/users/me").is(401);
    for number in [1, 20, TENANTS] {
        assert_readable(&nobody, number);
    }
    let log = serving.kill();
    assert!(
        log.contains("rotation of the secret key is not finished"),
        "{log}"
    );

    let status = rotate(folder).wait().unwrap();
    assert!(status.success());
    let left = keys(folder);
    assert!(left.len() == 1 && left[0] != KEY, "{left:?}");
    assert_eq!(sealed_with(folder, KEY), [""; 0]);

    for number in 1..=TENANTS {
        assert!(is_sealed_with(folder, number, &left[0]), "{number}");
    }
    let (serving, nobody) = serve(folder);
    for number in [1, 20, 31, TENANTS] {
        assert_readable(&nobody, number);
    }
    serving.kill();

    // Killed when only the old key was left to be forgotten.
    let both = format!("{}\n{KEY}\n", left[0]);
    std::fs::write(folder.join("secret.key"), both).unwrap();
    let (code, out, err) = run(&flags(folder, &["admin", "rotate-key", "--json"]));
    assert_eq!(code, Some(0), "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        told,
        json!({"tenants": TENANTS, "configurations": 0, "signingKeys": 0, "resumed": true})
    );
    assert_eq!(keys(folder), left);

    std::fs::write(folder.join("secret.key"), KEY).unwrap();
    let (code, _, err) = run(&flags(folder, &["serve", "--listen", "127.0.0.1:0"]));
    assert_eq!(code, Some(1));
    assert!(err.contains("sealed with another key"), "{err}");
}

#[test]
fn sessions_are_kept_when_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    import(folder, &lines(1..=1));
    let (serving, nobody) = serve(folder);
    let admin = sign_in(&nobody, 1);
    serving.kill();
    let rotate = ["admin", "rotate-key", "--keep-sessions", "--json"];
    let (code, out, err) = run(&flags(folder, &rotate));
    assert_eq!(code, Some(0), "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["signingKeys"], 1);
    assert_ne!(keys(folder), [KEY]);
    let (_serving, nobody) = serve(folder);
    as_before(&admin, &nobody).get("/api/users/me").is(200);
}

#[test]
fn the_old_key_stays_while_a_tenant_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("secret.key"), KEY).unwrap();
    import(folder, &lines(1..=3));
    let file = tenant_file(folder, "1HNeOiZeFu");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, "no database").unwrap();
    let (code, _, err) = run(&flags(folder, &["admin", "rotate-key"]));
    assert_eq!(code, Some(1));
    assert!(
        err.contains("the old key stays") && err.contains("1HNeOiZeFu"),
        "{err}"
    );
    assert_eq!(keys(folder).len(), 2);
    std::fs::write(&file, whole).unwrap();
    let (code, _, err) = run(&flags(folder, &["admin", "rotate-key"]));
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(keys(folder).len(), 1);
}

#[test]
fn a_key_of_another_data_folder_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    import(folder, &lines(1..=2));
    let (serving, nobody) = serve(folder);
    let body = json!({"pluginKey": "configurable", "config": {"server_url": "http://a.example", "password": password(2)}});
    sign_in(&nobody, 2)
        .post("/api/plugins/install", body)
        .is(201);
    serving.kill();
    let foreign = format!("{}\n", BASE64.encode([9; 32]));
    // With sessions to prove it by, and where a rotation has ended them all.
    for ends_sessions in [false, true] {
        if ends_sessions {
            let (code, _, err) = run(&flags(folder, &["admin", "rotate-key"]));
            assert_eq!(code, Some(0), "{err}");
        }
        let right = std::fs::read_to_string(folder.join("secret.key")).unwrap();
        std::fs::write(folder.join("secret.key"), &foreign).unwrap();
        let (code, _, err) = run(&flags(folder, &["admin", "rotate-key"]));
        assert_eq!(code, Some(1), "{err}");
        assert!(
            err.contains("nothing was changed") && err.contains("sealed with another key"),
            "{err}"
        );
        let now = std::fs::read_to_string(folder.join("secret.key")).unwrap();
        assert_eq!(now, foreign);
        std::fs::write(folder.join("secret.key"), right).unwrap();
    }
    let (_serving, nobody) = serve(folder);
    assert_readable(&nobody, 2);
}

#[test]
fn a_rotation_makes_no_key_where_there_was_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    import(folder, &lines(1..=1));
    let home = folder.join("home");
    std::fs::create_dir(&home).unwrap();
    let [data, path, ..] = at(folder);
    let ended = Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(["admin", "rotate-key", &data, &path])
        .env("HOME", &home)
        .env("XDG_CONFIG_HOME", &home)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{err}");
    assert!(err.contains("cannot read the secret key"), "{err}");
    assert_eq!(std::fs::read_dir(&home).unwrap().count(), 0);
}

#[test]
fn a_key_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    import(folder, &lines(1..=1));
    // A folder of that name: what nobody can read, root included.
    std::fs::create_dir_all(folder.join("secret.key")).unwrap();
    let (code, _, err) = run(&flags(folder, &["admin", "rotate-key"]));
    assert_eq!(code, Some(2));
    assert!(err.contains("cannot read the secret key"), "{err}");
}

fn serve(folder: &Path) -> (Serving, Client) {
    let market = marketplace();
    let flags = ["--marketplace", &market, "--installs-per-hour", "1000"];
    let mut serving = Serving::with_flags(folder, &flags);
    let nobody = serving.client();
    (serving, nobody)
}

/// A session of an earlier server at this one.
fn as_before(client: &Client, now: &Client) -> Client {
    Client {
        base: now.base.clone(),
        token: client.token.clone(),
    }
}

fn rotate(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(flags(folder, &["admin", "rotate-key"]))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn flags(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let given = arguments.iter().map(|argument| (*argument).to_owned());
    given.chain(at(folder)).collect()
}

/// False when the process ended before.
fn wait_until(child: &mut Child, reached: impl Fn() -> bool) -> bool {
    loop {
        if reached() {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn is_sealed_with(folder: &Path, number: i64, key: &str) -> bool {
    let tenant = souk::tenant::TenantId::of_organization(number).to_string();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let file = Connection::open_with_flags(tenant_file(folder, &tenant), flags).unwrap();
    let select = "SELECT configuration FROM plugin_installations";
    // Busy while the rotation opens or closes the file: asked again.
    file.query_row(select, [], |row| row.get::<_, String>(0))
        .is_ok_and(|sealed| sealed.contains(&beginning(key)))
}

/// How every value that this key sealed begins: the format and the key's name.
fn header(key: &str) -> Vec<u8> {
    let key = BASE64.decode(key).unwrap();
    let name = souk::digest::Digest::of(&key);
    [&[1], &name.bytes()[..4]].concat()
}

/// The same in a configuration. The last character of the base64 depends on what follows it.
fn beginning(key: &str) -> String {
    BASE64.encode(header(key))[..6].to_owned()
}

/// Files of the data folder in which a value sealed with this key lies, be it in a free page.
fn sealed_with(folder: &Path, key: &str) -> Vec<String> {
    let (header, text) = (header(key), beginning(key).into_bytes());
    let mut found = Vec::new();
    let mut folders = vec![folder.join("data")];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
            if has(&text) || has(&header) {
                found.push(entry.path().display().to_string());
            }
        }
    }
    found
}

fn keys(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("secret.key")).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn password(number: i64) -> String {
    "p".repeat(usize::try_from(number).unwrap() + 10)
}

#[track_caller]
fn assert_readable(nobody: &Client, number: i64) {
    // One of its configuration, and one that the plugin kept.
    let member = sign_in(nobody, number);
    for path in ["secret-length", "kept-length"] {
        let length = member
            .get(&format!("/api/plugins/configurable/{path}"))
            .is(200)
            .data();
        assert_eq!(length, number + 10, "{path}");
    }
}
