//! The built program in its demo form, on free ports, ended with the test.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::Client;

/// How long a figure may take to become what a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to start a server.
pub struct Start {
    pub flags: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub data: Option<PathBuf>,
    /// The most file descriptors of the process.
    pub descriptors: Option<u32>,
    /// Another user to run as, who needs a copy of the program that he can reach.
    pub user: Option<u32>,
    pub log_level: &'static str,
    pub program: PathBuf,
}

pub struct TestServer {
    child: Child,
    started: Value,
    log: Arc<Mutex<String>>,
    log_reader: Option<JoinHandle<()>>,
    /// Removed at the end unless the caller brought it.
    _folder: Option<tempfile::TempDir>,
    pub data: PathBuf,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            flags: Vec::new(),
            environment: vec![("SOUK_INSTALLS_PER_HOUR".to_owned(), "100000".to_owned())],
            data: None,
            descriptors: None,
            user: None,
            log_level: "info",
            program: PathBuf::from(env!("CARGO_BIN_EXE_souk")),
        }
    }
}

impl Start {
    pub fn with_flags(flags: &[&str]) -> Self {
        Self {
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            ..Self::default()
        }
    }

    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn on(mut self, data: &Path) -> Self {
        self.data = Some(data.to_owned());
        self
    }

    pub fn debug_log(mut self) -> Self {
        self.log_level = "debug";
        self
    }

    pub fn descriptors(mut self, most: u32) -> Self {
        self.descriptors = Some(most);
        self
    }

    /// Only root can start a program as somebody else.
    pub fn user(mut self, user: u32) -> Self {
        self.user = Some(user);
        self
    }

    pub fn go(self) -> TestServer {
        let (folder, data) = match self.data {
            Some(data) => (None, data),
            None => {
                let folder = tempfile::tempdir().unwrap();
                let data = folder.path().join("data");
                (Some(folder), data)
            }
        };
        let mut command = match (self.descriptors, self.user) {
            (None, None) => Command::new(&self.program),
            (Some(most), _) => {
                let mut shell = Command::new("sh");
                shell
                    .args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\"")])
                    .arg(&self.program);
                shell
            }
            (None, Some(user)) => {
                let own = data.parent().unwrap();
                let copy = own.join("souk");
                std::fs::copy(&self.program, &copy).unwrap();
                std::os::unix::fs::chown(own, Some(user), Some(user)).unwrap();
                let mut other = Command::new(copy);
                other.uid(user).gid(user).env("HOME", own);
                other
            }
        };
        let mut child = command
            .args(["demo", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .args(["--log-level", self.log_level])
            .args(&self.flags)
            .envs(self.environment)
            .env_remove("PLUGIN_MARKETPLACE_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (kept, stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
        let log_reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let started = serde_json::from_str(&line).unwrap_or_else(|error| {
            let status = child.wait();
            panic!(
                "the server did not start ({error}, {status:?}): {line}\n{}",
                log.lock().unwrap()
            )
        });
        TestServer {
            child,
            started,
            log,
            log_reader: Some(log_reader),
            _folder: folder,
            data,
        }
    }
}

impl TestServer {
    /// The demo with the plugins of this repository.
    pub fn builtin() -> Self {
        Start::default().go()
    }

    pub fn address(&self) -> String {
        self.started["address"].as_str().unwrap().to_owned()
    }

    /// `host:port`.
    pub fn socket(&self) -> String {
        self.address().trim_start_matches("http://").to_owned()
    }

    pub fn mlflow(&self) -> String {
        self.started["mlflow"].as_str().unwrap().to_owned()
    }

    pub fn users(&self) -> &[Value] {
        self.started["users"].as_array().unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn user(&self, organization: i64, role: &str) -> &Value {
        self.users()
            .iter()
            .find(|user| user["organizationId"] == organization && user["role"] == role)
            .unwrap()
    }

    /// Signed in with that role in organization 1 or 2.
    pub fn as_role(&self, organization: i64, role: &str) -> Client {
        let token = self.user(organization, role)["token"]
            .as_str()
            .unwrap()
            .to_owned();
        Client {
            base: self.address(),
            token: Some(token),
        }
    }

    pub fn admin(&self) -> Client {
        self.as_role(1, "Admin")
    }

    pub fn nobody(&self) -> Client {
        Client {
            base: self.address(),
            token: None,
        }
    }

    /// One line of the metrics page, by its name and labels; 0 before it is there.
    pub fn figure(&self, name: &str) -> f64 {
        let text = String::from_utf8(self.nobody().get("/metrics").is(200).body).unwrap();
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .map_or(0.0, |value| value.parse().unwrap())
    }

    /// Waits until a figure is as it should be.
    pub fn until(&self, name: &str, holds: impl Fn(f64) -> bool) {
        let start = Instant::now();
        loop {
            let figure = self.figure(name);
            if holds(figure) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{name} stays at {figure}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGKILL: nothing of the process gets a chance to tidy up. The log is whole afterwards.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        if let Some(reader) = self.log_reader.take() {
            reader.join().unwrap();
        }
    }

    /// SIGTERM, and the exit code within the given time.
    pub fn terminate(&mut self, within: Duration) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let end = Instant::now() + within;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
        if std::thread::panicking() {
            eprintln!("log of the server:\n{}", self.log());
        }
    }
}

/// Runs a verb of the program to its end.
pub fn run<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    (child.wait().unwrap().code(), out, err)
}
