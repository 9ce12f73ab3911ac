//! PocketBase and Express, by the harness that lies beside a checkout: it installs, starts, checks, loads and
//! ends them its own way, with the same wrk, and leaves its results in a file.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::interrupt::Interrupt;
use crate::rounds::CONNECTIONS;
use crate::rows::Row;
use crate::sample::Sample;

const HARNESS: &str = "../shared/bench";
const TARGETS: [&str; 2] = ["pocketbase", "express"];
/// How often to look whether the harness has ended.
const LOOK: Duration = Duration::from_millis(50);

pub struct Peers {
    folder: PathBuf,
    routes: String,
}

#[derive(Deserialize)]
struct Results {
    /// By `route@connections`.
    routes: BTreeMap<String, Route>,
}

#[derive(Deserialize)]
struct Route {
    median: Seen,
}

#[derive(Deserialize)]
struct Seen {
    rps: f64,
    p50_us: f64,
    p99_us: f64,
    cpu_us_per_req: f64,
    rss_kb: f64,
    err_status: u64,
    errors: u64,
}

impl Peers {
    /// Copies the harness, as its own folder may not be writable, and lets it install and check the peers. The
    /// copy stays beside the build, so that the next run need not install them again.
    pub fn ready(rows: &[Row], interrupt: &Interrupt) -> Result<Self, String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(HARNESS);
        if !source.exists() {
            return Err(format!(
                "--peers needs the harness at {HARNESS}, which is not there"
            ));
        }
        // The routes that our rows are compared in.
        let routes: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.aim.as_ref()?.with.strip_prefix("pocketbase "))
            .collect();
        if routes.is_empty() {
            return Err("--peers has nothing to compare: no row of Lua is measured".to_owned());
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
        copy(&source, &folder).map_err(|error| format!("cannot copy the harness: {error}"))?;
        let peers = Self {
            folder,
            routes: routes.join(","),
        };
        for target in TARGETS {
            peers.harness(&["check", target], interrupt)?;
        }
        Ok(peers)
    }

    /// How many rows they add.
    pub fn rows(&self) -> usize {
        self.routes.split(',').count() * TARGETS.len()
    }

    /// Each peer once: the name of the row, the place in `CONNECTIONS`, and what was seen.
    pub fn round(
        &self,
        seconds: u64,
        interrupt: &Interrupt,
    ) -> Result<Vec<(String, usize, Sample)>, String> {
        let mut all = Vec::new();
        let connections = CONNECTIONS.map(|count| count.to_string()).join(",");
        let seconds = seconds.to_string();
        for target in TARGETS {
            let mut arguments = vec!["run", target, "--runs", "1"];
            arguments.extend(["--routes", &self.routes, "--conns", &connections]);
            arguments.extend(["--secs", &seconds]);
            self.harness(&arguments, interrupt)?;
            all.extend(self.results(target)?);
        }
        Ok(all)
    }

    fn harness(&self, arguments: &[&str], interrupt: &Interrupt) -> Result<(), String> {
        let mut child = Command::new("python3")
            .current_dir(&self.folder)
            .arg("bench.py")
            .args(arguments)
            .env("BENCH_PORT", free_port()?.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::from(std::io::stderr()))
            .spawn()
            .map_err(|error| format!("python3, which runs the peers, does not start: {error}"))?;
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                break status;
            }
            if interrupt.is_asked() {
                end(&mut child);
                return Err("interrupted".to_owned());
            }
            std::thread::sleep(LOOK);
        };
        if status.success() {
            Ok(())
        } else {
            Err(format!(
                "the peers' harness failed ({status}) at: {}",
                arguments.join(" ")
            ))
        }
    }

    fn results(&self, target: &str) -> Result<Vec<(String, usize, Sample)>, String> {
        let path = self.folder.join("results").join(format!("{target}.json"));
        let text = fs::read_to_string(&path).map_err(|error| format!("{target}: {error}"))?;
        let results: Results =
            serde_json::from_str(&text).map_err(|error| format!("{target}: {error}"))?;
        let mut all = Vec::new();
        for route in self.routes.split(',') {
            for (at, connections) in CONNECTIONS.iter().enumerate() {
                let seen = results
                    .routes
                    .get(&format!("{route}@{connections}"))
                    .ok_or_else(|| format!("{target} does not answer '{route}' as agreed"))?;
                all.push((format!("{target} {route}"), at, seen.median.sample()));
            }
        }
        Ok(all)
    }
}

impl Seen {
    fn sample(&self) -> Sample {
        Sample {
            requests_per_second: self.rps,
            p50_ms: self.p50_us / 1e3,
            p99_ms: self.p99_us / 1e3,
            cpu_us: self.cpu_us_per_req,
            resident_mb: self.rss_kb / 1024.0,
            refused: self.err_status,
            broken: self.errors - self.err_status,
        }
    }
}

/// As Ctrl-C would: the harness then ends the server that it started.
fn end(child: &mut Child) {
    let pid = rustix::process::Pid::from_child(child);
    if rustix::process::kill_process(pid, rustix::process::Signal::INT).is_err() {
        let _already_gone = child.kill();
    }
    let _status = child.wait();
}

/// One that nobody listens on: the harness would take whoever answers there for its own server.
fn free_port() -> Result<u16, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no port for a peer: {error}"))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            // Not fs::copy: it would copy a missing write permission too.
            fs::write(&target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}
