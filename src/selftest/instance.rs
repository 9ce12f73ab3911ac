//! The private instance: this program once more, as a server on a loopback port with a folder of its own.
//!
//! It is a process of its own, so that an abort is a breach that can be told. It serves as `souk serve` does;
//! what differs is the script time, which only this door can shorten. It ends with its standard input.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ureq::Agent;

use super::canaries::{HOSTILE_ORGANIZATION, OTHER_ORGANIZATION, VARIABLE};
use super::memory::Memory;
use crate::app::App;
use crate::config::{Config, SecretKeyPlace};
use crate::data_dir::DataDir;
use crate::demo::accounts;
use crate::error::{Error, Result};
use crate::http::edge::EdgeListener;
use crate::http::running::{self, Running};
use crate::script::Limits;
use crate::user::Role;

/// No request of a test takes as long; one that does is a breach.
const PATIENCE: Duration = Duration::from_secs(60);
/// Requests in flight when the parent has gone are nobody's.
const GRACE: Duration = Duration::from_millis(100);

/// What the child says once it serves.
#[derive(Serialize, Deserialize)]
struct Ready {
    address: SocketAddr,
    hostile: String,
    other: String,
}

pub struct Instance {
    child: Child,
    /// The child lives as long as this is open.
    _lifeline: Option<ChildStdin>,
    ready: Ready,
    agent: Agent,
    pub memory: Memory,
    pub script_time: Duration,
}

/// Whose session a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// The Admin of the organization that has the hostile plugins.
    Hostile,
    /// The Admin of the other one.
    Other,
}

/// An answer, or why there was none.
pub type Answer = std::result::Result<(u16, String), String>;

impl Instance {
    /// Starts one whose folder lies in `folder`. Without `script_time` a script has as long as in service.
    pub fn start(
        folder: &Path,
        name: &str,
        marketplace: &Path,
        script_time: Option<Duration>,
        variable: &str,
    ) -> Result<Self> {
        let own = folder.join(name);
        std::fs::create_dir_all(&own)?;
        // An empty file: nothing of the operator's own configuration counts here.
        let configuration = own.join("souk.toml");
        std::fs::write(&configuration, "")?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("--config")
            .arg(&configuration)
            .arg("--data")
            .arg(own.join("data"))
            .arg("--marketplace")
            .arg(marketplace)
            .args(["--installs-per-hour", "1000000", "--log-level", "error"])
            .args(["selftest", "instance"]);
        if let Some(time) = script_time {
            command.args(["--script-ms", &time.as_millis().to_string()]);
        }
        let log = std::fs::File::create(own.join("log"))?;
        let mut child = command
            .env_clear()
            .env(VARIABLE, variable)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let ready = serde_json::from_str(&line).map_err(|_| {
            let log = std::fs::read_to_string(own.join("log")).unwrap_or_default();
            Error::Internal(format!("the private instance did not start: {log}"))
        })?;
        Ok(Self {
            memory: Memory::of(child.id()),
            _lifeline: child.stdin.take(),
            child,
            ready,
            agent: Agent::new_with_config(
                Agent::config_builder()
                    .http_status_as_error(false)
                    .proxy(None)
                    .timeout_global(Some(PATIENCE))
                    .build(),
            ),
            script_time: script_time.unwrap_or(Limits::default().script_time),
        })
    }

    pub fn get(&self, who: As, path: &str) -> Answer {
        let request = self
            .agent
            .get(format!("http://{}{path}", self.ready.address))
            .header("Authorization", self.session(who));
        read(request.call())
    }

    pub fn post(&self, who: As, path: &str, body: &Value) -> Answer {
        let request = self
            .agent
            .post(format!("http://{}{path}", self.ready.address))
            .header("Authorization", self.session(who))
            .header("Content-Type", "application/json");
        read(request.send(body.to_string()))
    }

    pub fn install(&self, who: As, key: &str) -> Answer {
        self.post(who, "/api/plugins/install", &json!({ "pluginKey": key }))
    }

    /// Removes what an install answered.
    pub fn uninstall(&self, who: As, installed: &str) -> Answer {
        let installed: Value = serde_json::from_str(installed).unwrap_or_default();
        let id = installed.pointer("/data/id").unwrap_or(&Value::Null);
        let request = self
            .agent
            .delete(format!(
                "http://{}/api/plugins/installations/{id}",
                self.ready.address
            ))
            .header("Authorization", self.session(who));
        read(request.call())
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn session(&self, who: As) -> String {
        let token = match who {
            As::Hostile => &self.ready.hostile,
            As::Other => &self.ready.other,
        };
        format!("Bearer {token}")
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // It may be one that no longer listens.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(answer: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut answer = answer.map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    answer
        .body_mut()
        .as_reader()
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    Ok((
        answer.status().as_u16(),
        String::from_utf8_lossy(&bytes).into_owned(),
    ))
}

/// The child's part: serves until its standard input ends.
pub fn serve(
    mut config: Config,
    script_time: Option<Duration>,
    say: impl FnOnce(&str) -> Result<()>,
) -> Result<()> {
    let listener = running::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = listener.local_addr()?;
    config.secret_key = SecretKeyPlace::File(config.data.join("selftest.key"));
    let mut limits = Limits::default();
    if let Some(time) = script_time {
        limits.script_time = time.min(limits.script_time);
    }
    let data = DataDir::open(&config.data)?;
    let app = App::open_with_limits(config, data, None, limits)?;
    let accounts = accounts::ensure(&app)?;
    let token = |organization: i64| {
        accounts
            .iter()
            .find(|account| account.organization_id == organization && account.role == Role::Admin)
            .map(|account| account.token.clone())
            .ok_or_else(|| Error::Internal("the private instance has no Admin".to_owned()))
    };
    let ready = Ready {
        address,
        hostile: token(HOSTILE_ORGANIZATION)?,
        other: token(OTHER_ORGANIZATION)?,
    };
    let served = EdgeListener {
        socket: listener,
        name: running::MAIN,
    };
    let running = Running::start(&app, vec![served])?;
    say(&json!(ready).to_string())?;
    let mut nothing = Vec::new();
    std::io::stdin().read_to_end(&mut nothing)?;
    running.stop(GRACE);
    Ok(())
}
