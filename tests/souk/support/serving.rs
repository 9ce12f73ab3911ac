//! `souk serve` as an operator starts it: on an empty folder, or on one that verbs have filled.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use serde_json::Value;

use super::client::Client;

pub const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// `souk serve` with its standard output, ended with the test.
pub struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
    log: Option<JoinHandle<String>>,
    /// Where it serves, once it does.
    address: Receiver<String>,
}

impl Serving {
    /// On `data` below the folder, with `secret.key` beside it, which is made if there is none.
    pub fn start(folder: &Path) -> Self {
        Self::with_flags(folder, &[])
    }

    pub fn with_flags(folder: &Path, flags: &[&str]) -> Self {
        let key = folder.join("secret.key");
        if !key.exists() {
            std::fs::write(&key, KEY).unwrap();
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_souk"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(at(folder))
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (told, address) = channel();
        let stderr = child.stderr.take().unwrap();
        let log = Some(std::thread::spawn(move || read_log(stderr, &told)));
        Self {
            child,
            out,
            log,
            address,
        }
    }

    /// The first-run link that it prints.
    pub fn link(&mut self) -> String {
        let mut line = String::new();
        while !line.contains("/setup?token=") {
            line.clear();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "no link");
        }
        line.trim().to_owned()
    }

    /// Nobody's client, once it serves.
    pub fn client(&mut self) -> Client {
        let address = self.address.recv().expect("it ended before it served");
        Client {
            base: format!("http://{address}"),
            token: None,
        }
    }

    #[allow(dead_code, reason = "asked for by the soak")]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and all that it logged.
    pub fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.log.take().unwrap().join().unwrap()
    }
}

fn read_log(stderr: ChildStderr, told: &Sender<String>) -> String {
    let mut log = String::new();
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let fields: Value = serde_json::from_str(&line).unwrap_or_default();
        if fields["message"] == "serving" {
            // A list, of which these tests have one.
            let addresses = fields["addresses"].as_str().unwrap_or_default();
            let _nobody_asks = told.send(addresses.trim_matches(['[', ']']).to_owned());
        }
        log.push_str(&line);
        log.push('\n');
    }
    log
}

/// The flags that name the data and the key below `folder`.
pub fn at(folder: &Path) -> [String; 4] {
    let text = |name| folder.join(name).to_str().unwrap().to_owned();
    [
        "--data".to_owned(),
        text("data"),
        "--secret-key-file".to_owned(),
        text("secret.key"),
    ]
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}
