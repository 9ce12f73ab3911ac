//! A marketplace of 5,000 plugins: how long it takes to read, to search, to page through, to copy and to check.
//! Prints a row for each thing; exit code 1 when a search on the server takes longer than its aim.
//!
//!     cargo bench --bench marketplace
//!
//! The manifests are of the size that real ones have. Each is measured one request after the other.

#![allow(clippy::print_stdout)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use generated::{PLUGINS, registry};
use serde_json::Value;
use souk::marketplace::manifest::Registry;

mod generated;

const ROUNDS: usize = 300;
/// The longest that ninety-nine searches in a hundred may take on the server.
const SEARCH_AIM: Duration = Duration::from_millis(10);
const SEARCHES: [(&str, &str); 5] = [
    ("one hit", "number 4321"),
    ("no hit", "nothing like it"),
    ("some hits", "tag-17"),
    ("all hits", "records"),
    ("two letters", "ab"),
];

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<bool> {
    let folder = tempfile::tempdir()?;
    let market = folder.path().join("market");
    let text = write_marketplace(&market)?;
    println!(
        "{PLUGINS} plugins, plugins.json of {} kB; {ROUNDS} rounds each\n",
        text.len() / 1000
    );
    println!("{:<44} {:>10} {:>10} {:>12}", "", "p50", "p99", "bytes");
    in_the_library(&text)?;
    let fast = on_the_server(&market, folder.path())?;
    by_command(&market, folder.path())?;
    println!(
        "\nsearch on the server, p99 under {} ms: {}",
        SEARCH_AIM.as_millis(),
        if fast { "yes" } else { "NO" }
    );
    Ok(fast)
}

fn in_the_library(text: &[u8]) -> Outcome<()> {
    let mut reads = Times::default();
    for _ in 0..10 {
        let begun = Instant::now();
        let registry = Registry::parse(text)?;
        reads.add(begun);
        assert_eq!(registry.listings.len(), PLUGINS);
    }
    reads.row("read and index plugins.json", text.len());
    let registry = Registry::parse(text)?;
    let begun = Instant::now();
    let bytes = registry.rendered().all().len();
    let mut once = Times::default();
    once.add(begun);
    once.row("write all listings as JSON, once", bytes);
    for (name, query) in SEARCHES {
        let mut times = Times::default();
        let mut hits = 0;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            hits = registry.found(Some(query), None).len();
            times.add(begun);
        }
        times.row(&format!("search in memory, {name} ({hits})"), 0);
    }
    Ok(())
}

/// Whether the searches kept their aim.
fn on_the_server(market: &Path, folder: &Path) -> Outcome<bool> {
    let server = Served::start(market, folder)?;
    let mut fast = true;
    let list = "/api/plugins/marketplace";
    server.time("the first page", &format!("{list}?page=1"), &[])?;
    server.time(
        "page 100 of a category",
        &format!("{list}?page=20&category=ml_ops"),
        &[],
    )?;
    for (name, query) in SEARCHES {
        let query = query.replace(' ', "+");
        let path = format!("{list}/search?q={query}&page=1");
        fast &= server.time(&format!("search, first page, {name}"), &path, &[])? < SEARCH_AIM;
    }
    server.time(
        "search, whole answer, some hits",
        &format!("{list}/search?q=tag-17"),
        &[],
    )?;
    server.time("one plugin", &format!("{list}/plugin-4999"), &[])?;
    server.time("the whole list", list, &[])?;
    server.time(
        "the whole list, compressed on the way",
        list,
        &[("accept-encoding", "gzip")],
    )?;
    let tag = server.tag(list)?;
    server.time(
        "the whole list, known already",
        list,
        &[("if-none-match", &tag)],
    )?;
    println!(
        "{:<44} {:>10}",
        "resident memory of the server",
        format!("{} MB", server.resident_kb()? / 1000)
    );
    Ok(fast)
}

fn by_command(market: &Path, folder: &Path) -> Outcome<()> {
    let archive = folder.join("market.zip");
    let (market, zip) = (market.display().to_string(), archive.display().to_string());
    command(
        "mirror pull to a zip file",
        &["mirror", "pull", "--quiet", "--from", &market, "--to", &zip],
    )?;
    command("mirror verify of it", &["mirror", "verify", &zip])?;
    let copy = folder.join("copy").display().to_string();
    command(
        "mirror pull of it to a folder, synced",
        &["mirror", "pull", "--quiet", "--from", &zip, "--to", &copy],
    )?;
    command(
        "marketplace search in it",
        &[
            "marketplace",
            "--marketplace",
            &zip,
            "search",
            "number 4321",
        ],
    )?;
    println!(
        "{:<44} {:>10} {:>10} {:>12}",
        "the zip file",
        "",
        "",
        fs::metadata(&archive)?.len()
    );
    Ok(())
}

fn command(name: &str, arguments: &[&str]) -> Outcome<()> {
    let begun = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(arguments)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let mut times = Times::default();
    times.add(begun);
    times.row(name, 0);
    Ok(())
}

/// `souk demo` on the marketplace, ended with the measurement.
struct Served {
    child: Child,
    address: String,
    token: String,
    agent: ureq::Agent,
}

impl Served {
    fn start(market: &Path, folder: &Path) -> Outcome<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_souk"))
            .args(["demo", "--json", "--listen", "127.0.0.1:0", "--marketplace"])
            .arg(market)
            .arg("--data")
            .arg(folder.join("data"))
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("no standard output")?;
        BufReader::new(out).read_line(&mut line)?;
        let told: Value = serde_json::from_str(&line)?;
        let text = |pointer: &str| {
            let value = told.pointer(pointer).and_then(Value::as_str);
            value.map(str::to_owned).ok_or(format!("no {pointer}"))
        };
        Ok(Self {
            address: text("/address")?,
            token: text("/users/0/token")?,
            agent: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .accept_encoding("identity")
                .proxy(None)
                .build()
                .into(),
            child,
        })
    }

    fn get(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Outcome<(ureq::http::Response<ureq::Body>, Vec<u8>)> {
        let mut request = self
            .agent
            .get(format!("{}{path}", self.address))
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.call()?;
        let mut body = Vec::new();
        response.body_mut().as_reader().read_to_end(&mut body)?;
        if !matches!(response.status().as_u16(), 200 | 304) {
            return Err(format!("{path}: {}", response.status()).into());
        }
        Ok((response, body))
    }

    /// Prints a row, and gives its p99.
    fn time(&self, name: &str, path: &str, headers: &[(&str, &str)]) -> Outcome<Duration> {
        let mut times = Times::default();
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            bytes = self.get(path, headers)?.1.len();
            times.add(begun);
        }
        Ok(times.row(&format!("GET {name}"), bytes))
    }

    fn tag(&self, path: &str) -> Outcome<String> {
        let (response, _) = self.get(path, &[])?;
        let tag = response.headers().get("etag").ok_or("no ETag")?;
        Ok(tag.to_str()?.to_owned())
    }

    fn resident_kb(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.and_then(|line| line.split_whitespace().next());
        Ok(kb.ok_or("no VmRSS")?.parse()?)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn add(&mut self, begun: Instant) {
        self.0.push(begun.elapsed());
    }

    /// Prints p50 and p99, and gives the latter.
    fn row(&mut self, name: &str, bytes: usize) -> Duration {
        self.0.sort_unstable();
        let at = |part: usize| {
            let place = (self.0.len() * part / 100).min(self.0.len().saturating_sub(1));
            self.0.get(place).copied().unwrap_or_default()
        };
        let shown = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
        let bytes = if bytes == 0 {
            String::new()
        } else {
            bytes.to_string()
        };
        println!(
            "{name:<44} {:>10} {:>10} {bytes:>12}",
            shown(at(50)),
            shown(at(99))
        );
        at(99)
    }
}

/// A folder with packages of three small files each.
fn write_marketplace(root: &Path) -> Outcome<Vec<u8>> {
    for number in 0..PLUGINS {
        let home = root.join(format!("plugins/plugin-{number}"));
        fs::create_dir_all(&home)?;
        fs::write(
            home.join("main.lua"),
            format!("return {{ number = {number} }}\n").repeat(60),
        )?;
        fs::write(
            home.join("README.md"),
            format!("# Plugin number {number}\n"),
        )?;
        fs::write(
            home.join("icon.svg"),
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        )?;
    }
    let text = serde_json::to_vec_pretty(&registry())?;
    fs::write(root.join("plugins.json"), &text)?;
    Ok(text)
}
