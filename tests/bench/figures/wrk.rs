//! One load by wrk, Debian's load generator. Knows what is sent, not to whom.

use std::io::{ErrorKind, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::interrupt::Interrupt;

const THREADS: &str = "2";
/// After so long wrk counts a request as failed.
const PATIENCE: &str = "10s";
/// How often to look whether wrk has ended.
const LOOK: Duration = Duration::from_millis(20);

/// What is sent again and again; `{n}` in path and body is filled in.
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub body: Option<&'static str>,
    pub headers: Vec<(&'static str, String)>,
}

/// What wrk saw.
#[derive(Deserialize)]
pub struct Seen {
    pub requests: u64,
    pub microseconds: u64,
    pub p50: u64,
    pub p99: u64,
    /// Answers of 400 and above.
    pub refused: u64,
    /// Connections that failed, and answers that did not come in time.
    pub broken: u64,
}

impl Request {
    pub fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            body: None,
            headers: Vec::new(),
        }
    }

    pub fn signed_in(mut self, token: Option<&str>) -> Self {
        let token = token.unwrap_or_default();
        self.headers
            .push(("Authorization", format!("Bearer {token}")));
        self
    }

    pub fn is_signed_in(&self) -> bool {
        self.headers
            .iter()
            .any(|(name, _)| *name == "Authorization")
    }
}

pub fn is_there() -> Result<(), String> {
    match Command::new("wrk").arg("-v").output() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(
            "wrk is missing, which makes the load: install it (Debian: apt-get install wrk)"
                .to_owned(),
        ),
        Err(error) => Err(format!("wrk does not start: {error}")),
    }
}

pub fn load(
    base: &str,
    request: &Request,
    connections: usize,
    seconds: u64,
    interrupt: &Interrupt,
) -> Result<Seen, String> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/bench/figures/load.lua");
    let mut command = Command::new("wrk");
    command
        .args(["--threads", THREADS, "--timeout", PATIENCE])
        .arg(format!("--connections={connections}"))
        .arg(format!("--duration={seconds}s"))
        .arg("--script")
        .arg(script);
    for (name, value) in &request.headers {
        command.arg("--header").arg(format!("{name}: {value}"));
    }
    let child = command
        .arg(base)
        .args(["--", request.method, &request.path])
        .arg(request.body.unwrap_or("-"))
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("wrk does not start: {error}"))?;
    let printed = Running(child).wait(interrupt)?;
    let last = printed.lines().last().unwrap_or_default();
    serde_json::from_str(last)
        .map_err(|error| format!("wrk printed no result ({error}): {printed}"))
}

/// Ended when dropped.
struct Running(Child);

impl Running {
    /// What it printed. It prints little, so its pipe never fills.
    fn wait(mut self, interrupt: &Interrupt) -> Result<String, String> {
        while self
            .0
            .try_wait()
            .map_err(|error| error.to_string())?
            .is_none()
        {
            if interrupt.is_asked() {
                return Err("interrupted".to_owned());
            }
            std::thread::sleep(LOOK);
        }
        let mut printed = String::new();
        if let Some(out) = &mut self.0.stdout {
            out.read_to_string(&mut printed)
                .map_err(|error| error.to_string())?;
        }
        Ok(printed)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _status = self.0.wait();
    }
}
