//! The server of the run: six organizations, each with one plugin that stays and one that comes and goes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::client::Client;
use crate::server::{self, Start, TestServer};

const LANGUAGES: [&str; 2] = ["lua", "rhai"];
/// Beyond the two of the demo.
const MORE_ORGANIZATIONS: usize = 4;
const DEMO_PASSWORD: &str = "souk-demo-2026";
/// A server that has nothing to do ends well within this.
const END: Duration = Duration::from_secs(20);

pub struct Stage {
    pub server: TestServer,
    pub tenants: Vec<Tenant>,
    /// A script that the page names.
    pub asset: String,
    data: PathBuf,
    _folder: tempfile::TempDir,
}

pub struct Tenant {
    pub admin: Client,
    pub email: String,
    pub password: String,
    /// Its routes are called.
    pub steady: String,
    /// Installed and uninstalled again and again.
    pub cycled: String,
}

impl Stage {
    pub fn set() -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix("soak-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .map_err(|error| format!("cannot make a folder for the data: {error}"))?;
        let data = folder.path().join("data");
        // The first start makes the demo's organizations; more are made while nothing serves.
        start(&data)
            .terminate(END)
            .ok_or("the server does not end")?;
        let people = (0..MORE_ORGANIZATIONS)
            .map(|number| make_organization(&data, number))
            .collect::<Result<Vec<_>, _>>()?;
        let server = start(&data);
        let of_demo = [1, 2].map(|organization| {
            let email = server.user(organization, "Admin")["email"].as_str();
            (
                email.unwrap_or_default().to_owned(),
                DEMO_PASSWORD.to_owned(),
            )
        });
        let tenants = of_demo
            .into_iter()
            .chain(people)
            .enumerate()
            .map(|(number, (email, password))| Tenant::ready(&server, number, email, password))
            .collect::<Result<Vec<_>, _>>()?;
        let asset = asset(&server)?;
        Ok(Self {
            server,
            tenants,
            asset,
            data,
            _folder: folder,
        })
    }

    /// The tables of all tenants, with the tenant's file before each name.
    pub fn tables(&self) -> Result<BTreeSet<String>, String> {
        let mut tables = BTreeSet::new();
        for file in self.files_ending_in(".db")? {
            let of_file =
                tables_in(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            tables.extend(of_file.iter().map(|table| format!("{name}: {table}")));
        }
        Ok(tables)
    }

    /// The size of the largest journal of all databases.
    pub fn largest_journal(&self) -> Result<u64, String> {
        let sizes = self
            .files_ending_in("-wal")?
            .into_iter()
            .filter_map(|file| {
                // It may be gone since the folder was read.
                fs::metadata(file).ok().map(|known| known.len())
            });
        Ok(sizes.max().unwrap_or_default())
    }

    fn files_ending_in(&self, end: &str) -> Result<Vec<PathBuf>, String> {
        let mut files = Vec::new();
        collect(&self.data, end, &mut files)
            .map_err(|error| format!("{}: {error}", self.data.display()))?;
        Ok(files)
    }
}

impl Tenant {
    fn ready(
        server: &TestServer,
        number: usize,
        email: String,
        password: String,
    ) -> Result<Self, String> {
        let body = json!({ "email": email, "password": password });
        let signed_in = send(&server.nobody(), "POST", "/api/users/login", &body, 200)?;
        let admin = Client {
            base: server.address(),
            token: text(&signed_in, "token"),
        };
        let [steady, cycled] = if number.is_multiple_of(2) {
            LANGUAGES
        } else {
            let [lua, rhai] = LANGUAGES;
            [rhai, lua]
        }
        .map(|language| format!("figures-{language}"));
        let body = json!({ "pluginKey": steady });
        send(&admin, "POST", "/api/plugins/install", &body, 201)?;
        Ok(Self {
            admin,
            email,
            password,
            steady,
            cycled,
        })
    }
}

/// The answer's data, or what came instead.
pub fn send(
    client: &Client,
    method: &str,
    path: &str,
    body: &Value,
    status: u16,
) -> Result<Value, String> {
    let body = body.to_string().into_bytes();
    let answer = client.try_send(method, path, Some(body), &[])?;
    if answer.status == status {
        return Ok(answer.data());
    }
    let text = String::from_utf8_lossy(&answer.body);
    Err(format!("{method} {path}: {} {text}", answer.status))
}

fn start(data: &Path) -> TestServer {
    let marketplace = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/bench/figures/marketplace")
        .display()
        .to_string();
    let mut start = Start::with_flags(&["--marketplace", &marketplace]).on(data);
    start.log_level = "warn";
    start.go()
}

/// E-mail address and password of its Admin.
fn make_organization(data: &Path, number: usize) -> Result<(String, String), String> {
    let name = format!("Organization {number}");
    let email = format!("admin@organization-{number}.example");
    let made = run(data, &["organization", "create", &name])?;
    let organization = made.get("id").map(Value::to_string).unwrap_or_default();
    let admin = run(
        data,
        &[
            "admin",
            "create",
            "--organization",
            &organization,
            "--email",
            &email,
            "--name",
            "Admin",
        ],
    )?;
    let password = text(&admin, "password").ok_or("no password was printed")?;
    Ok((email, password))
}

fn run(data: &Path, verb: &[&str]) -> Result<Value, String> {
    let (folder, key) = (
        data.display().to_string(),
        data.join("demo-secret.key").display().to_string(),
    );
    let mut arguments = verb.to_vec();
    arguments.extend(["--json", "--data", &folder, "--secret-key-file", &key]);
    let (code, out, err) = server::run(&arguments);
    if code == Some(0) {
        serde_json::from_str(&out).map_err(|error| format!("souk {}: {error}", verb.join(" ")))
    } else {
        Err(format!("souk {}: {err}", verb.join(" ")))
    }
}

fn text(value: &Value, field: &str) -> Option<String> {
    value.get(field)?.as_str().map(str::to_owned)
}

fn asset(server: &TestServer) -> Result<String, String> {
    let page = server.nobody().try_send("GET", "/", None, &[])?;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    page.split('"')
        .find(|part| part.starts_with("/static/"))
        .map(str::to_owned)
        .ok_or_else(|| "the page names no file: was Souk built with SOUK_SKIP_ASSETS?".to_owned())
}

fn tables_in(file: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn collect(folder: &Path, end: &str, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, end, files)?;
        } else if path.to_string_lossy().ends_with(end) {
            files.push(path);
        }
    }
    Ok(())
}
