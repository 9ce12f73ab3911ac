//! A marketplace on a web server, which may be made to hang in the middle.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tiny_http::{Response, Server};

const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The files of a folder over HTTP, as any web server would give them.
pub struct WebServer {
    pub address: String,
    server: Arc<Server>,
    asked: Arc<Mutex<HashMap<String, usize>>>,
    gate: Arc<Gate>,
}

/// Holds answers back once so many were given.
#[derive(Default)]
struct Gate {
    given: AtomicUsize,
    most: Mutex<Option<usize>>,
    opened: Condvar,
}

impl WebServer {
    pub fn start(root: PathBuf) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let (asked, gate) = (Arc::new(Mutex::default()), Arc::new(Gate::default()));
        std::thread::spawn({
            let (server, asked, gate) =
                (Arc::clone(&server), Arc::clone(&asked), Arc::clone(&gate));
            move || {
                for request in server.incoming_requests() {
                    let (root, asked, gate) = (root.clone(), Arc::clone(&asked), Arc::clone(&gate));
                    std::thread::spawn(move || answer(&root, &asked, &gate, request));
                }
            }
        });
        Self {
            address: format!("http://{}", server.server_addr()),
            server,
            asked,
            gate,
        }
    }

    pub fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().get(path).copied().unwrap_or(0)
    }

    /// Once that many answers were given, the next ones wait.
    pub fn stop_after(&self, most: Option<usize>) {
        *self.gate.most.lock().unwrap() = most;
        self.gate.opened.notify_all();
    }

    pub fn given(&self) -> usize {
        self.gate.given.load(Ordering::SeqCst)
    }

    /// Waits until the given number of answers went out.
    pub fn wait_for(&self, count: usize) {
        wait_until(|| self.given() >= count);
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.stop_after(None);
        self.server.unblock();
    }
}

pub fn wait_until(come: impl Fn() -> bool) {
    let end = Instant::now() + LONGEST_WAIT;
    while !come() {
        assert!(Instant::now() < end, "it did not come");
        std::thread::yield_now();
    }
}

type Asked = Mutex<HashMap<String, usize>>;

fn answer(root: &Path, asked: &Asked, gate: &Gate, request: tiny_http::Request) {
    let path = request.url().to_owned();
    *asked.lock().unwrap().entry(path.clone()).or_default() += 1;
    let most = gate.most.lock().unwrap();
    drop(gate.opened.wait_while(most, |most| {
        most.is_some_and(|most| gate.given.load(Ordering::SeqCst) >= most)
    }));
    gate.given.fetch_add(1, Ordering::SeqCst);
    // A client that was killed is part of one test.
    let _ = match fs::read(root.join(path.trim_start_matches('/'))) {
        Ok(bytes) => request.respond(Response::from_data(bytes)),
        Err(_) => request.respond(Response::empty(404)),
    };
}

const SCRIPT: &str = r#"
local plugin = { metadata = { name = "Numbered", version = "1.0.0" } }
function plugin.install() return { success = true, message = "done" } end
function plugin.uninstall() return { success = true, message = "done" } end
plugin.router = { ["GET /number"] = function(ctx) return { data = NUMBER } end }
return plugin
"#;

/// A marketplace of plugins that each answer with their number, in a folder.
pub fn numbered(folder: &Path, count: usize) -> PathBuf {
    let root = folder.join("site");
    let plugins: Vec<Value> = (0..count)
        .map(|number| {
            let home = root.join(format!("plugins/p{number}"));
            fs::create_dir_all(&home).unwrap();
            let script = SCRIPT.replace("NUMBER", &number.to_string());
            fs::write(home.join("main.lua"), script).unwrap();
            fs::write(home.join("README.md"), format!("# {number}")).unwrap();
            json!({"key": format!("p{number}"), "name": format!("Plugin {number}"), "version": "1.0.0",
                "pluginPath": format!("plugins/p{number}"), "entryPoint": "main.lua"})
        })
        .collect();
    let registry = json!({"version": "1", "plugins": plugins, "categories": []});
    fs::write(root.join("plugins.json"), registry.to_string()).unwrap();
    root
}
