//! What the process holds at rest, as the system counts it.

#![cfg(target_os = "linux")]

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
