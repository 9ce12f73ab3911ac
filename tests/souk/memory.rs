//! What the process holds at rest, as the system counts it.

#![cfg(target_os = "linux")]

use serde_json::json;

use crate::support::TestServer;

/// One round of hashes at once takes more, and none of it may stay.
const MAY_STAY_KB: u64 = 16 << 10;

#[test]
fn the_memory_of_sign_ins_is_given_back() {
    let server = TestServer::with_test_plugins();
    let before = resident_kb(server.pid());
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
    let after = resident_kb(server.pid());
    println!("resident: {before} kB before 24 sign-ins, {after} kB after");
    assert!(
        after < before + MAY_STAY_KB,
        "{before} kB grew to {after} kB"
    );
}

fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}
