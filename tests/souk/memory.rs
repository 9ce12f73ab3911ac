//! What the process holds at rest, as the system counts it.

#![cfg(target_os = "linux")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::TestServer;

/// One round of hashes at once takes more, and none of it may stay.
const MAY_STAY: u64 = 16 << 20;

#[test]
fn the_memory_of_sign_ins_is_given_back() {
    let server = TestServer::with_test_plugins();
    let before = server.resident();
    for _ in 0..3 {
        std::thread::scope(|scope| {
            for user in server.users() {
                let nobody = server.nobody();
                scope.spawn(move || {
                    let body = json!({ "email": user["email"], "password": user["password"] });
                    nobody.post("/api/users/login", body).is(200);
                });
            }
        });
    }
    let after = server.resident();
    println!("resident: {before} bytes before 24 sign-ins, {after} after");
    assert!(after < before + MAY_STAY, "{before} bytes grew to {after}");
}

/// After heavy database work, be it done or refused.
const DATABASE_MAY_KEEP: u64 = 64 << 20;
const TIME_TO_SETTLE: Duration = Duration::from_secs(10);
/// The first statement passes, the second is refused.
const HOLDS: [(&str, u16); 2] = [
    ("/api/plugins/hungry/hold?n=1000&k=300000", 200),
    ("/api/plugins/hungry/hold?n=20000&k=10", 504),
];

#[test]
fn the_memory_of_database_work_is_given_back() {
    let server = TestServer::with_installed(&["hungry"]);
    server.admin().get("/api/plugins/hungry/ok").is(200);
    let before = server.resident();
    for (path, status) in HOLDS {
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let client = server.admin();
                // The fifth refusal in a row would pause the plugin.
                scope.spawn(move || (0..2).for_each(|_| drop(client.get(path).is(status))));
            }
        });
        let settled = Instant::now() + TIME_TO_SETTLE;
        let is_back = || server.resident() < before + DATABASE_MAY_KEEP;
        while !is_back() && Instant::now() < settled {
            std::thread::sleep(Duration::from_millis(100));
        }
        let after = server.resident();
        println!("resident: {before} bytes before, {after} after {path}");
        assert!(is_back(), "{path}: {before} bytes grew to {after}");
    }
}

#[test]
fn database_work_of_one_organization_leaves_memory_to_another() {
    let server = TestServer::with_installed(&["hungry"]);
    let other = server.as_role(2, "Admin");
    let counter = json!({ "pluginKey": "counter" });
    other.post("/api/plugins/install", counter).is(201);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // One that is refused would soon be paused, and hold nothing.
        let (path, _) = HOLDS[0];
        for _ in 0..2 {
            let (client, stop) = (server.admin(), &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    client.get(path).is(200);
                }
            });
        }
        // A panic must end the others too.
        let answers: Vec<_> = (0..40)
            .flat_map(|_| {
                [
                    "/api/users/me",
                    "/api/modelInventory",
                    "/api/plugins/installations",
                    "/api/plugins/counter/count",
                ]
            })
            .map(|path| (path, other.get(path).status))
            .collect();
        stop.store(true, Ordering::Relaxed);
        let wrong: Vec<_> = answers
            .iter()
            .filter(|(_, status)| *status != 200)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    });
}
