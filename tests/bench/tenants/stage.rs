//! A data folder with so many tenants, and a server on it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::wire::Wire;

const PROGRAM: &str = env!("CARGO_BIN_EXE_souk");
const PASSWORD: &str = "one password for all of them";
const PLUGIN: &str = "tables";
/// A start that takes longer is broken.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Stage {
    pub tenants: usize,
    /// From the call of `organization import` to its end.
    pub making: Duration,
    /// From the call of `organization list` to its end.
    pub listing: Duration,
    folder: tempfile::TempDir,
    server: Option<Server>,
}

pub struct Server {
    child: Child,
    pub address: String,
    /// From the start of the process to the first 200 of /readyz.
    pub ready_after: Duration,
}

impl Stage {
    pub fn set(tenants: usize) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut stage = Self {
            tenants,
            making: Duration::ZERO,
            listing: Duration::ZERO,
            folder,
            server: None,
        };
        let hash = souk::password::hash(PASSWORD).map_err(|error| error.to_string())?;
        let lines: String = (1..=tenants)
            .map(|number| {
                let admin = json!({"email": email(number), "name": "Root", "passwordHash": hash});
                let line =
                    json!({"name": format!("Customer {number}"), "id": number, "admin": admin});
                format!("{line}\n")
            })
            .collect();
        let file = stage.path("customers.jsonl");
        std::fs::write(&file, lines).map_err(|error| error.to_string())?;
        stage.making = stage.run(&["organization", "import", &file.display().to_string()])?;
        stage.listing = stage.run(&["organization", "list", "--json"])?;
        Ok(stage)
    }

    pub fn server(&self) -> Result<&Server, String> {
        self.server
            .as_ref()
            .ok_or_else(|| "no server was started".to_owned())
    }

    /// Starts a server, in the place of one that runs.
    pub fn start(&mut self) -> Result<&Server, String> {
        self.server = None;
        let marketplace =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/marketplace");
        // Taken and given back: the server takes it next.
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| error.to_string())?;
        let address = free.to_string();
        let started = Instant::now();
        let child = self
            .command(&[
                "serve",
                "--log-level",
                "warn",
                "--installs-per-hour",
                "1000000",
            ])
            .args(["--listen", &address, "--marketplace"])
            .arg(marketplace)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{PROGRAM}: {error}"))?;
        let mut server = Server {
            child,
            address,
            ready_after: Duration::ZERO,
        };
        while !server.is_ready() {
            if started.elapsed() > PATIENCE {
                return Err(format!("the server was not ready after {PATIENCE:?}"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.ready_after = started.elapsed();
        Ok(self.server.insert(server))
    }

    /// How many tenants the round in the background has looked at.
    pub fn checked(&self) -> Result<usize, String> {
        let answer = Wire::open(self.server()?)?.ask("GET", "/metrics", None, None)?;
        String::from_utf8_lossy(&answer.body)
            .lines()
            .find_map(|line| line.strip_prefix("tenants_checked ")?.parse().ok())
            .ok_or_else(|| "no metric tenants_checked".to_owned())
    }

    /// Signs in an organization's Admin.
    pub fn sign_in(&self, number: usize) -> Result<String, String> {
        let body = json!({"email": email(number), "password": PASSWORD}).to_string();
        let answer =
            Wire::open(self.server()?)?.ask("POST", "/api/users/login", None, Some(&body))?;
        let reply: Value =
            serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
        reply
            .pointer("/data/token")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| format!("signing in organization {number}: {reply}"))
    }

    pub fn install(&self, token: &str) -> Result<(), String> {
        let body = json!({"pluginKey": PLUGIN}).to_string();
        let answer = Wire::open(self.server()?)?.ask(
            "POST",
            "/api/plugins/install",
            Some(token),
            Some(&body),
        )?;
        if answer.status == 201 {
            return Ok(());
        }
        Err(format!(
            "installing: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        ))
    }

    fn run(&self, arguments: &[&str]) -> Result<Duration, String> {
        let started = Instant::now();
        let status = self
            .command(arguments)
            .stdout(Stdio::null())
            .status()
            .map_err(|error| format!("{PROGRAM}: {error}"))?;
        if status.success() {
            return Ok(started.elapsed());
        }
        Err(format!("{arguments:?} ended with {status}"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .arg("--data")
            .arg(self.path("data"))
            // Where the key is made.
            .env("XDG_CONFIG_HOME", self.folder.path());
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn is_ready(&self) -> bool {
        Wire::open(self)
            .and_then(|mut wire| wire.ask("GET", "/readyz", None, None))
            .is_ok_and(|answer| answer.status == 200)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn email(number: usize) -> String {
    format!("root@{number}.example")
}
