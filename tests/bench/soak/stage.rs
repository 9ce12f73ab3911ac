//! The server of the run and who calls it: six organizations, each with one plugin that stays and one that comes and goes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::client::Client;
use crate::server;
use crate::serving::{self, Serving};

const ORGANIZATIONS: usize = 6;
const LANGUAGES: [&str; 2] = ["lua", "rhai"];
/// No limit that a run could meet.
const INSTALLS: &str = "1000000";
const MARKETPLACE: &str = "tests/bench/figures/marketplace";

pub struct Stage {
    /// Of the server.
    pub pid: u32,
    /// Nobody's client.
    pub nobody: Client,
    pub tenants: Vec<Tenant>,
    /// A script that the page names.
    pub asset: String,
    /// Data and key.
    folder: tempfile::TempDir,
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
    /// The server ends when its handle is dropped.
    pub fn set() -> Result<(Serving, Self), String> {
        let folder = tempfile::Builder::new()
            .prefix("soak-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .map_err(|error| format!("cannot make a folder for the data: {error}"))?;
        let place = folder.path();
        fs::write(place.join("secret.key"), serving::KEY).map_err(|error| error.to_string())?;
        let people = (0..ORGANIZATIONS)
            .map(|number| make_organization(place, number))
            .collect::<Result<Vec<_>, _>>()?;
        let marketplace = Path::new(env!("CARGO_MANIFEST_DIR")).join(MARKETPLACE);
        let marketplace = marketplace.display().to_string();
        let mut server = Serving::with_flags(
            place,
            &[
                "--marketplace",
                &marketplace,
                "--installs-per-hour",
                INSTALLS,
            ],
        );
        let nobody = server.client();
        let tenants = people
            .into_iter()
            .enumerate()
            .map(|(number, (email, password))| Tenant::ready(&nobody, number, email, password))
            .collect::<Result<Vec<_>, _>>()?;
        let asset = asset(&nobody)?;
        let stage = Self {
            pid: server.pid(),
            nobody,
            tenants,
            asset,
            folder,
        };
        Ok((server, stage))
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

    /// The size in bytes of the largest journal of all databases.
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
        collect(&self.folder.path().join("data"), end, &mut files)
            .map_err(|error| error.to_string())?;
        Ok(files)
    }
}

impl Tenant {
    fn ready(
        nobody: &Client,
        number: usize,
        email: String,
        password: String,
    ) -> Result<Self, String> {
        let body = json!({ "email": email, "password": password });
        let signed_in = send(nobody, "POST", "/api/users/login", &body, 200)?;
        let admin = Client {
            base: nobody.base.clone(),
            token: text(&signed_in, "token"),
        };
        let [lua, rhai] = LANGUAGES.map(|language| format!("figures-{language}"));
        let (steady, cycled) = if number.is_multiple_of(2) {
            (lua, rhai)
        } else {
            (rhai, lua)
        };
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

/// E-mail address and password of its Admin.
fn make_organization(place: &Path, number: usize) -> Result<(String, String), String> {
    let name = format!("Organization {number}");
    let email = format!("admin@organization-{number}.example");
    let made = run(place, &["organization", "create", &name])?;
    let organization = made.get("id").map(Value::to_string).unwrap_or_default();
    let of_organization = ["--organization", &organization];
    let of_person = ["--email", &email, "--name", "Admin"];
    let verb = [["admin", "create"].as_slice(), &of_organization, &of_person].concat();
    let admin = run(place, &verb)?;
    let password = text(&admin, "password").ok_or("no password was printed")?;
    Ok((email, password))
}

/// Runs an offline verb and reads its JSON.
fn run(place: &Path, verb: &[&str]) -> Result<Value, String> {
    let flags = serving::at(place);
    let flags = flags.iter().map(String::as_str).chain(["--json"]);
    let arguments: Vec<&str> = verb.iter().copied().chain(flags).collect();
    let (code, out, complaint) = server::run(&arguments);
    if code == Some(0) {
        serde_json::from_str(&out).map_err(|error| format!("souk {}: {error}", verb.join(" ")))
    } else {
        Err(format!("souk {}: {complaint}", verb.join(" ")))
    }
}

fn text(value: &Value, field: &str) -> Option<String> {
    value.get(field)?.as_str().map(str::to_owned)
}

fn asset(nobody: &Client) -> Result<String, String> {
    let page = nobody.try_send("GET", "/", None, &[])?;
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
