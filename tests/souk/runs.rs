//! Run records through the built server, in both languages.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Client, Start, TestServer, marketplace};

const BOTH: [(&str, &str); 2] = [("watched", "lua"), ("watched-rhai", "rhai")];
const SECRET: &str = "correct-horse-battery";

/// An installed plugin whose runs are looked at.
struct Watched {
    admin: Client,
    key: &'static str,
    id: i64,
}

impl Watched {
    fn install(server: &TestServer, key: &'static str) -> Self {
        Self::install_with(server, key, "http://127.0.0.1:9/")
    }

    fn install_with(server: &TestServer, key: &'static str, url: &str) -> Self {
        let admin = server.admin();
        let config = json!({"server_url": url, "password": SECRET});
        let installation = admin
            .post(
                "/api/plugins/install",
                json!({"pluginKey": key, "config": config}),
            )
            .is(201)
            .data();
        Self {
            admin,
            key,
            id: installation["id"].as_i64().unwrap(),
        }
    }

    fn call(&self, path: &str, status: u16) {
        self.admin
            .get(&format!("/api/plugins/{}{path}", self.key))
            .is(status);
    }

    fn page(&self, query: &str) -> Value {
        self.admin
            .get(&format!(
                "/api/plugins/installations/{}/runs{query}",
                self.id
            ))
            .is(200)
            .data()
    }

    /// The record of the last run.
    fn last(&self) -> Value {
        self.page("")["items"][0].clone()
    }

    /// The record of a route's run, which is its last.
    fn run(&self, path: &str, status: u16) -> Value {
        self.call(path, status);
        let record = self.last();
        assert_eq!(record["name"], format!("GET {path}"), "{record}");
        assert_eq!(record["status"], status, "{record}");
        record
    }
}

fn explanation(record: &Value) -> &str {
    record["explanation"].as_str().unwrap_or_default()
}

#[test]
fn every_run_is_recorded_with_what_it_used_and_how_it_ended() {
    let server = TestServer::with_test_plugins();
    for (key, engine) in BOTH {
        let watched = Watched::install(&server, key);
        let ok = watched.run("/ok", 200);
        assert_eq!(
            (&ok["kind"], &ok["outcome"], &ok["engine"]),
            (&json!("route"), &json!("ok"), &json!(engine))
        );
        assert_eq!(
            (&ok["explanation"], &ok["notable"]),
            (&Value::Null, &json!(false)),
            "{ok}"
        );
        assert_eq!(
            ok["hostCalls"],
            json!({"count": 2, "byFunction": {"db.execute": 1, "db.query": 1}})
        );
        assert_eq!(ok["sql"]["count"], 2);
        assert!(ok["sql"]["slowestMs"].as_f64().unwrap() > 0.0, "{ok}");
        assert!(
            ok["sql"]["slowest"].as_str().unwrap().contains("_notes"),
            "{ok}"
        );
        let me = watched.admin.get("/api/users/me").is(200).data();
        assert_eq!(ok["userId"], me["id"]);
        for measured in ["wallMs", "cpuMs", "memoryPeakBytes"] {
            assert!(ok[measured].as_f64().unwrap() > 0.0, "{measured}: {ok}");
        }

        let raised = watched.run("/raise", 500);
        assert_eq!(
            (&raised["outcome"], &raised["notable"]),
            (&json!("raised"), &json!(true))
        );
        assert!(
            explanation(&raised).starts_with("the plugin raised an error: "),
            "{raised}"
        );
        let shapeless = watched.run("/shapeless", 500);
        assert!(
            explanation(&shapeless).contains("must return a table"),
            "{shapeless}"
        );
        // A caller's mistake is no failure of the plugin.
        let mistake = watched.run("/mistake", 400);
        assert_eq!(
            (&mistake["outcome"], &mistake["notable"]),
            (&json!("raised"), &json!(false))
        );

        let limit = watched.run("/limit", 504);
        assert_eq!(limit["outcome"], "limit");
        assert!(
            explanation(&limit).starts_with("stopped by a limit: wall time 0.05 s"),
            "{limit}"
        );

        let slow = watched.run("/slow", 200);
        assert_eq!(
            (&slow["outcome"], &slow["notable"]),
            (&json!("ok"), &json!(true))
        );
        assert!(explanation(&slow).contains("of the 1."), "{slow}");
        assert!(
            slow["cpuMs"].as_f64().unwrap() <= slow["wallMs"].as_f64().unwrap() + 1.0,
            "{slow}"
        );

        let hook = watched.page("")["items"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        assert_eq!(
            (&hook["kind"], &hook["name"]),
            (&json!("hook"), &json!("validateConfig")),
            "{hook}"
        );
        watched
            .admin
            .post(
                &format!("/api/plugins/{key}/test-connection"),
                json!({"configuration": {"server_url": "http://127.0.0.1:9/"}}),
            )
            .is(200);
        let hook = watched.last();
        assert_eq!(
            (
                &hook["kind"],
                &hook["name"],
                &hook["outcome"],
                &hook["status"]
            ),
            (
                &json!("hook"),
                &json!("testConnection"),
                &json!("raised"),
                &Value::Null
            ),
            "{hook}"
        );
        let notable = watched.page("?only=notable");
        assert!(
            notable["items"]
                .as_array()
                .unwrap()
                .iter()
                .all(|record| record["notable"] == true)
        );
        assert_eq!(notable["total"], 5, "{notable}");
    }
}

#[test]
fn what_a_wall_refused_is_in_the_record_whether_the_script_caught_it_or_not() {
    let server = TestServer::with_test_plugins();
    for (key, _) in BOTH {
        let watched = Watched::install(&server, key);
        let wall = watched.run("/wall", 500);
        assert_eq!(wall["outcome"], "denied", "{wall}");
        assert_eq!(wall["denials"][0]["function"], "db.query", "{wall}");
        assert!(
            explanation(&wall).contains("it ended with a refused call: db.query: "),
            "{wall}"
        );

        let caught = watched.run("/caught", 200);
        assert_eq!(
            (&caught["outcome"], &caught["notable"]),
            (&json!("ok"), &json!(true))
        );
        assert_eq!(caught["denials"].as_array().unwrap().len(), 3);
        assert!(
            explanation(&caught).contains("3 calls were refused"),
            "{caught}"
        );

        let address = watched.run("/fetch", 500);
        assert_eq!(address["outcome"], "denied", "{address}");
        assert!(
            address["denials"][0]["what"]
                .as_str()
                .unwrap()
                .contains("127.0.0.1"),
            "{address}"
        );
    }
    for (function, count) in [("db.query", 8.0), ("http.request", 2.0)] {
        assert_eq!(
            server.figure(&format!("script_denials_total{{function=\"{function}\"}}")),
            count
        );
    }
}

#[test]
fn no_secret_reaches_a_record() {
    let server = TestServer::with_test_plugins();
    for (key, _) in BOTH {
        let watched = Watched::install(&server, key);
        watched.call("/secret", 500);
        watched.call("/raise", 500);
        watched
            .admin
            .post(
                &format!("/api/plugins/{key}/test-connection"),
                json!({"configuration": {"server_url": "http://127.0.0.1:9/", "password": SECRET}}),
            )
            .is(200);
        let page = watched.page("").to_string();
        assert!(
            page.contains("the password is") && page.contains("AS told"),
            "{page}"
        );
        assert!(!page.contains(SECRET), "{page}");
    }
    let written = std::fs::read(server.data.join("runs.db")).unwrap();
    let log = std::fs::read(server.data.join("runs.db-wal")).unwrap_or_default();
    for bytes in [written, log] {
        assert!(
            !bytes
                .windows(SECRET.len())
                .any(|part| part == SECRET.as_bytes())
        );
    }
}

#[test]
fn records_survive_a_restart_and_go_with_the_installation() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = || {
        Start::with_flags(&["--marketplace", &marketplace()])
            .on(&data)
            .go()
    };
    let mut server = start();
    let before = Watched::install(&server, "watched");
    before.call("/ok", 200);
    before.call("/raise", 500);
    let known = before.page("");
    // Read pages are on disk; what is not read within the last second is written at the end.
    before.call("/ok", 200);
    assert_eq!(server.terminate(Duration::from_secs(20)), Some(0));

    let mut server = start();
    let watched = Watched {
        admin: server.admin(),
        ..before
    };
    let after = watched.page("");
    assert_eq!(
        after["total"].as_i64().unwrap(),
        known["total"].as_i64().unwrap() + 1
    );
    assert_eq!(
        after["items"].as_array().unwrap()[1..],
        known["items"].as_array().unwrap()[..]
    );
    let path = format!("/api/plugins/installations/{}", watched.id);
    watched.admin.delete(&path).is(200);
    watched.admin.get(&format!("{path}/runs")).is(404);
    assert_eq!(server.terminate(Duration::from_secs(20)), Some(0));
    let runs = rusqlite::Connection::open(data.join("runs.db")).unwrap();
    let left: i64 = runs
        .query_row("SELECT count(*) FROM runs", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn records_are_for_admins_of_the_organization_and_come_in_pages() {
    let server = TestServer::with_test_plugins();
    let watched = Watched::install(&server, "watched");
    for _ in 0..230 {
        watched.call("/ok", 200);
    }
    let page = watched.page("?page=2&pageSize=60");
    assert_eq!(
        (
            &page["page"],
            &page["pageSize"],
            page["items"].as_array().unwrap().len()
        ),
        (&json!(2), &json!(60), 60)
    );
    // The hooks of its install are no longer among the last.
    assert_eq!((&page["total"], &page["pages"]), (&json!(200), &json!(4)));
    let ids: Vec<i64> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["id"].as_i64().unwrap())
        .collect();
    assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");

    let path = format!("/api/plugins/installations/{}/runs", watched.id);
    server.as_role(2, "Admin").get(&path).is(404);
    server.as_role(1, "Editor").get(&path).is(403);
    for bad in ["?page=0", "?only=bad", "?pageSize=1000&page=1"] {
        watched.admin.get(&format!("{path}{bad}")).is(400);
    }
}

#[test]
fn a_damaged_or_full_file_of_runs_hurts_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Start::with_flags(&["--marketplace", &marketplace()])
        .on(&data)
        .go();
    let before = Watched::install(&server, "watched");
    before.call("/ok", 200);
    assert_eq!(server.terminate(Duration::from_secs(20)), Some(0));
    std::fs::write(data.join("runs.db"), vec![b'x'; 50_000]).unwrap();
    for ending in ["-wal", "-shm"] {
        let _not_there = std::fs::remove_file(data.join(format!("runs.db{ending}")));
    }

    let server = Start::with_flags(&["--marketplace", &marketplace()])
        .on(&data)
        .go();
    let watched = Watched {
        admin: server.admin(),
        ..before
    };
    watched.call("/ok", 200);
    watched.page("");
    assert_eq!(watched.page("")["total"], 1);
    assert!(server.figure("run_write_errors_total") >= 1.0);
    assert!(server.log().contains("begun anew"), "{}", server.log());
}

#[test]
fn a_plugin_that_meets_limits_again_and_again_is_paused_until_an_admin_resumes_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = || {
        Start::with_flags(&["--marketplace", &marketplace()])
            .on(&data)
            .go()
    };
    let mut server = start();
    let first = Watched::install(&server, "watched");
    for _ in 0..4 {
        first.call("/limit", 504);
    }
    // One good run between, and it counts from nothing.
    first.call("/ok", 200);
    for _ in 0..5 {
        first.call("/limit", 504);
    }
    let told = first.admin.get("/api/plugins/watched/ok").is(503);
    assert!(told.header("retry-after").is_some());
    let reason = "Plugin 'watched' is paused: it met 'wall time 0.05 s' 5 times in a row, the last time in GET /limit; an Admin can resume it";
    assert_eq!(told.json()["error"], reason);
    assert_eq!(
        server.figure("plugin_pauses_total{plugin=\"watched\"}"),
        1.0
    );
    assert!(server.log().contains("a plugin was paused"));
    assert_eq!(server.terminate(Duration::from_secs(20)), Some(0));

    let server = start();
    let watched = Watched {
        admin: server.admin(),
        ..first
    };
    watched.call("/ok", 503);
    let shown = watched
        .admin
        .get("/api/plugins/installations")
        .is(200)
        .data()[0]
        .clone();
    assert_eq!(
        shown["paused"]["reason"],
        "it met 'wall time 0.05 s' 5 times in a row, the last time in GET /limit",
        "{shown}"
    );
    let path = format!("/api/plugins/installations/{}", watched.id);
    // Hooks go on: what is wrong may be its configuration.
    watched
        .admin
        .put(
            &format!("{path}/configuration"),
            json!({"configuration": {"server_url": "http://127.0.0.1:9/"}}),
        )
        .is(200);
    watched
        .admin
        .post(
            "/api/plugins/watched/test-connection",
            json!({"configuration": {}}),
        )
        .is(200);

    server
        .as_role(1, "Editor")
        .post(&format!("{path}/resume"), json!({}))
        .is(403);
    server
        .as_role(2, "Admin")
        .post(&format!("{path}/resume"), json!({}))
        .is(404);
    let resumed = watched
        .admin
        .post(&format!("{path}/resume"), json!({}))
        .is(200)
        .data();
    assert_eq!(resumed["paused"], Value::Null);
    // It counts from nothing again.
    for _ in 0..4 {
        watched.call("/limit", 504);
    }
    watched.call("/ok", 200);
    watched
        .admin
        .post(&format!("{path}/resume"), json!({}))
        .is(200);
    for _ in 0..5 {
        watched.call("/limit", 504);
    }
    watched.call("/ok", 503);
    watched.admin.delete(&path).is(200);
}

#[test]
fn callers_mistakes_never_pause_a_plugin_and_errors_do() {
    let server = TestServer::with_test_plugins();
    let watched = Watched::install(&server, "watched-rhai");
    for _ in 0..60 {
        watched.call("/mistake", 400);
    }
    for number in 0..25 {
        let path = if number % 2 == 0 {
            "/raise"
        } else {
            "/shapeless"
        };
        watched.call(path, 500);
    }
    // One person's input may be all that is wrong; a second one's says more.
    watched.call("/ok", 200);
    for number in 0..25 {
        let asker = if number % 2 == 0 { "Admin" } else { "Auditor" };
        let path = "/api/plugins/watched-rhai/raise";
        server.as_role(1, asker).get(path).is(500);
    }
    watched.call("/ok", 503);
}

#[test]
fn a_slow_server_is_named_as_the_reason() {
    let server_of_test = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server_of_test.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in server_of_test.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                use std::io::{Read as _, Write as _};
                let _head = stream.read(&mut [0; 4096]).unwrap();
                std::thread::sleep(Duration::from_millis(1200));
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                let _gone = stream.write_all(answer);
            });
        }
    });
    let flags = [
        "--marketplace",
        &marketplace(),
        "--outbound-allow",
        &address,
    ];
    let server = Start::with_flags(&flags).go();
    for (key, _) in BOTH {
        let watched = Watched::install_with(&server, key, &format!("http://{address}/"));
        let begun = Instant::now();
        let slow = watched.run("/fetch", 200);
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        assert!(explanation(&slow).starts_with("most of the 1."), "{slow}");
        assert!(
            explanation(&slow).contains("went to http.request (1."),
            "{slow}"
        );
        assert!(explanation(&slow).ends_with("in 1 call)"), "{slow}");
        let wall = slow["wallMs"].as_f64().unwrap();
        assert!((1200.0..=took).contains(&wall), "{slow}");
        assert!(
            slow["cpuMs"].as_f64().unwrap() < 600.0,
            "waiting costs no processor: {slow}"
        );
    }
}
