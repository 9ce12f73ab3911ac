//! kill -9 at random moments of an install: acknowledged ones are whole, others absent.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::installations::plugin_tables;
use crate::support::{Start, TestServer, marketplace};

const KILLS: usize = 30;
const INSTALLING: &str = "Installing plugin: tables";
const BEGUN: &str = "a write transaction begun";

/// Where a kill met the install: the log tells when its transaction began, the row that it was committed.
#[derive(Default, Debug)]
struct Met {
    before: usize,
    inside: usize,
    after: usize,
}

#[test]
fn an_install_that_is_killed_is_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let market = marketplace();
    let start = || {
        Start::with_flags(&["--marketplace", &market])
            .on(folder.path())
            .debug_log()
            .go()
    };
    let mut server = start();
    let window = undisturbed(&server);
    let mut met = Met::default();
    let mut slowest = Duration::ZERO;
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut kills = 0;
    // A few more than asked for, until kills have landed inside of a transaction and after one. Those
    // wait longer: on a busy machine an install takes more time than it did undisturbed.
    while kills < KILLS || ((met.inside == 0 || met.after == 0) && kills < 4 * KILLS) {
        kills += 1;
        let reach = if kills > KILLS { 4.0 } else { 1.15 };
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let moment = window.mul_f64((seed >> 33) as f64 / f64::from(1_u32 << 31) * reach);
        let answered = install_and_kill(&mut server, moment);
        let log = server.log();
        let begun = log
            .rsplit(INSTALLING)
            .next()
            .is_some_and(|tail| tail.len() < log.len() && tail.contains(BEGUN));
        let restarted = Instant::now();
        server = start();
        slowest = slowest.max(restarted.elapsed());
        let admin = server.admin();
        let rows = admin.get("/api/plugins/installations").is(200).data();
        let tables = plugin_tables(&server, "a4ayc80OGd");
        if rows == json!([]) {
            assert!(!answered, "an acknowledged install is gone");
            assert!(tables.is_empty(), "orphan tables: {tables:?}");
            if begun {
                met.inside += 1;
            } else {
                met.before += 1;
            }
            continue;
        }
        met.after += 1;
        assert_eq!(tables, ["tables_one", "tables_three", "tables_two"]);
        assert_eq!(
            admin.get("/api/plugins/tables/count").is(200).data(),
            json!({"one": 500, "two": 250})
        );
        admin
            .delete(&format!("/api/plugins/installations/{}", rows[0]["id"]))
            .is(200);
    }
    println!("{kills} kills: {met:?}; slowest restart {slowest:?}");
    assert!(
        met.inside > 0,
        "no kill landed inside of a transaction: {met:?}"
    );
    assert!(met.after > 0, "no kill landed after the commit: {met:?}");
}

/// How long the install takes when nobody kills it: the shortest of a few, as a warm server needs.
fn undisturbed(server: &TestServer) -> Duration {
    let admin = server.admin();
    let one = || {
        let started = Instant::now();
        let row: Value = admin
            .post("/api/plugins/install", json!({"pluginKey": "tables"}))
            .is(201)
            .data();
        let took = started.elapsed();
        admin
            .delete(&format!("/api/plugins/installations/{}", row["id"]))
            .is(200);
        took
    };
    (0..5).map(|_| one()).min().unwrap_or_default()
}

/// Whether the install was acknowledged before the kill.
fn install_and_kill(server: &mut TestServer, moment: Duration) -> bool {
    let token = server.user(1, "Admin")["token"].as_str().unwrap();
    let body = r#"{"pluginKey":"tables"}"#;
    let mut stream = TcpStream::connect(server.socket()).unwrap();
    let sent = Instant::now();
    write!(
        stream,
        "POST /api/plugins/install HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    while sent.elapsed() < moment {
        std::thread::sleep(Duration::from_micros(200));
    }
    server.kill();
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    answer.starts_with(b"HTTP/1.1 201")
}
