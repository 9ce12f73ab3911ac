//! `souk serve` on a folder with organizations in it, as an operator runs it, ended when dropped.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Client;

/// A start takes well under a second; a busy machine gets more.
const START: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// Data, key and log of one server.
pub struct Place {
    folder: tempfile::TempDir,
}

pub struct Served {
    child: Child,
    pub address: String,
}

impl Place {
    pub fn new() -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix("soak-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .map_err(|error| format!("cannot make a folder for the data: {error}"))?;
        std::fs::write(folder.path().join("secret.key"), KEY).map_err(|error| error.to_string())?;
        Ok(Self { folder })
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs an offline verb and reads its JSON.
    pub fn run(&self, verb: &[&str]) -> Result<Value, String> {
        let failed = |what: String| format!("souk {}: {what}", verb.join(" "));
        let output = self
            .souk()
            .args(verb)
            .arg("--json")
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
    }

    /// Returns once it answers.
    pub fn serve(&self, marketplace: &Path) -> Result<Served, String> {
        let address = free_address()?;
        let log = self.folder.path().join("log");
        let child = self
            .souk()
            .args([
                "serve",
                "--log-level",
                "warn",
                "--installs-per-hour",
                "1000000",
            ])
            .args(["--listen", &address.to_string()])
            .arg("--marketplace")
            .arg(marketplace)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).map_err(|error| error.to_string())?)
            .spawn()
            .map_err(|error| format!("the server does not start: {error}"))?;
        let mut served = Served {
            child,
            address: format!("http://{address}"),
        };
        let nobody = served.nobody();
        let end = Instant::now() + START;
        while nobody.try_send("GET", "/healthz", None, &[]).is_err() {
            let has_ended = served.child.try_wait().is_ok_and(|status| status.is_some());
            if has_ended || Instant::now() > end {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("the server did not start: {log}"));
            }
            std::thread::sleep(LOOK);
        }
        Ok(served)
    }

    fn souk(&self) -> Command {
        let mut souk = Command::new(env!("CARGO_BIN_EXE_souk"));
        souk.arg("--data")
            .arg(self.data())
            .arg("--secret-key-file")
            .arg(self.folder.path().join("secret.key"))
            .env_remove("PLUGIN_MARKETPLACE_URL");
        souk
    }
}

impl Served {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn nobody(&self) -> Client {
        Client {
            base: self.address.clone(),
            token: None,
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|error| format!("no port for the server: {error}"))
}
