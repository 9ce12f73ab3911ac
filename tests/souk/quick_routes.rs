//! Quick routes may use every worker, so none of them may wait for what a plugin's code can hold: its
//! organization's turn to write, or the turn of an operation on the plugin.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use souk::http::routes::{Pace, ROUTES};

use crate::support::homemade::{Homemade, marketplace};
use crate::support::{Answer, Client, Start, TestServer};

/// Its configuring holds both turns until the script's time is up, seconds later.
const HOLDER: &str = r#"
local plugin = { metadata = { name = "Holder", version = "1.0.0", author = "Souk", description = "Holds its turn" } }
function plugin.install(userId, tenantId, config, context)
  context.db.execute("CREATE TABLE holder_rows (id INTEGER PRIMARY KEY, note TEXT)")
  return { success = true }
end
function plugin.configure(userId, tenantId, config, context)
  context.db.execute("INSERT INTO holder_rows (note) VALUES ('held')")
  context.log.info("it holds its turn")
  while true do end
end
function plugin.uninstall(userId, tenantId, context) return { success = true } end
return plugin
"#;

const HOLDS: &str = "it holds its turn";
/// At once, and more than all workers.
const CALLERS: usize = 16;
const PROBES: usize = 20;
const PAUSE: Duration = Duration::from_millis(20);

struct Stage {
    server: TestServer,
    installation: String,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let manifest = json!({"permissions": [{"capability": "notify", "reason": "to be granted and taken", "optional": true}]});
        let holder = Homemade {
            key: "holder",
            entry_point: "main.lua",
            source: HOLDER,
            manifest,
        };
        let source = marketplace(folder.path(), &[holder]);
        let server = Start::with_flags(&["--marketplace", &source]).go();
        let id = server
            .admin()
            .post("/api/plugins/install", json!({"pluginKey": "holder"}))
            .is(201)
            .data()["id"]
            .to_string();
        Self {
            server,
            installation: format!("/api/plugins/installations/{id}"),
            _folder: folder,
        }
    }

    /// Runs `work` while the plugin holds its turns; `work` must be done before the plugin is.
    fn while_held<T>(&self, work: impl FnOnce() -> T) -> T {
        std::thread::scope(|scope| {
            let admin = self.server.admin();
            let held = self.server.log().matches(HOLDS).count();
            let path = format!("{}/configuration", self.installation);
            let holder = scope.spawn(move || admin.put(&path, json!({"configuration": {"a": 1}})));
            while self.server.log().matches(HOLDS).count() == held {
                assert!(!holder.is_finished(), "the plugin holds nothing");
                std::thread::sleep(PAUSE);
            }
            let done = work();
            assert!(
                !holder.is_finished(),
                "it was done only when the plugin had let go"
            );
            holder.join().unwrap().is(504);
            done
        })
    }
}

/// Ends the callers also where a probe fails.
struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Everybody else's requests while an Admin asks in vain, again and again.
fn others_are_served_during(method: &str, below: &str, body: &Value) {
    let stage = Stage::set();
    let (server, admin) = (&stage.server, stage.server.admin());
    let path = format!("{}/{below}", stage.installation);
    let other = server.as_role(2, "Admin");
    let (begun, stop) = (Barrier::new(CALLERS + 1), AtomicBool::new(false));
    std::thread::scope(|scope| {
        stage.while_held(|| {
            let _stopping = Stopping(&stop);
            for _ in 0..CALLERS {
                scope.spawn(|| {
                    begun.wait();
                    while !stop.load(Ordering::Relaxed) {
                        let body = body.to_string().into_bytes();
                        let Ok(answer) = admin.try_send(method, &path, Some(body), &[]) else {
                            return;
                        };
                        assert_one_of_ours(&answer);
                        std::thread::sleep(PAUSE);
                    }
                });
            }
            begun.wait();
            for _ in 0..PROBES {
                std::thread::sleep(PAUSE);
                server.nobody().get("/healthz").is(200);
                other.get("/api/users/me").is(200);
            }
        });
    });
}

/// Done, or told when to come again.
fn assert_one_of_ours(answer: &Answer) {
    match answer.status {
        200 => {}
        503 => assert!(answer.header("retry-after").is_some()),
        status => panic!("{status} {}", String::from_utf8_lossy(&answer.body)),
    }
}

#[test]
fn granting_permissions_while_a_hook_runs_keeps_no_worker_from_the_others() {
    others_are_served_during("PUT", "permissions", &json!({"granted": []}));
}

#[test]
fn resuming_while_a_hook_runs_keeps_no_worker_from_the_others() {
    others_are_served_during("POST", "resume", &json!({}));
}

#[test]
fn no_quick_route_waits_for_what_a_plugin_holds() {
    let stage = Stage::set();
    let (server, admin) = (&stage.server, stage.server.admin());
    let member = server.as_role(1, "Editor");
    let user = server.user(1, "Editor");
    let id = stage.installation.rsplit('/').next().unwrap();
    // Each route takes what it needs of it.
    let body = json!({
        "email": user["email"], "password": user["password"], "currentPassword": user["password"],
        "newPassword": "a much longer one", "token": "guessed", "organizationName": "Gamma", "name": "Grace",
        "granted": [], "pluginKey": "holder", "loadTimeMs": 1, "ok": true,
    });
    let mut asked = 0;
    stage.while_held(|| {
        for route in ROUTES.iter().filter(|route| route.pace == Pace::Quick) {
            let path = route
                .path
                .replace(":id", id)
                .replace(":key", "holder")
                .replace(":filename", "index.js");
            // A changed password ends the sessions of whoever has it.
            let asker: &Client = if route.path.ends_with("/password") {
                &member
            } else {
                &admin
            };
            let body = (route.method != "GET").then(|| body.to_string().into_bytes());
            let answer = asker.send(route.method, &path, body, &[]);
            assert!(
                answer.status < 500 && answer.status != 429,
                "{} {path}: {} {}",
                route.method,
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
            asked += 1;
        }
    });
    println!("{asked} quick routes answered while the plugin held its turns");
}
