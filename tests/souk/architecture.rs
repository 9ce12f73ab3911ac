//! Arrows point down: who may name whom, read from the sources themselves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::source_code::SourceCode;

/// A room, and the rooms that it must not know.
const WALLS: &[(&str, &[&str])] = &[
    (
        "storage",
        &[
            "http",
            "cli",
            "app",
            "lifecycle",
            "marketplace",
            "script",
            "session",
            "package",
            "outbound",
            "demo",
        ],
    ),
    (
        "script",
        &[
            "http",
            "cli",
            "app",
            "lifecycle",
            "marketplace",
            "session",
            "package",
            "demo",
        ],
    ),
    (
        "outbound",
        &[
            "http",
            "cli",
            "app",
            "lifecycle",
            "marketplace",
            "session",
            "package",
            "script",
            "storage",
            "demo",
        ],
    ),
    (
        "package",
        &[
            "http",
            "cli",
            "app",
            "lifecycle",
            "marketplace",
            "session",
            "script",
            "storage",
            "demo",
        ],
    ),
    (
        "marketplace",
        &[
            "http",
            "cli",
            "app",
            "lifecycle",
            "session",
            "script",
            "demo",
        ],
    ),
    ("lifecycle", &["http", "cli", "app", "demo"]),
    ("http", &["cli"]),
    ("configuration", ABOVE_THE_DOMAIN),
    ("configuration_schema", ABOVE_THE_DOMAIN),
    ("first_run", ABOVE_THE_DOMAIN),
    ("governance", ABOVE_THE_DOMAIN),
    ("installation", ABOVE_THE_DOMAIN),
    ("organization", ABOVE_THE_DOMAIN),
    ("password", ABOVE_THE_DOMAIN),
    ("plugin_secret", ABOVE_THE_DOMAIN),
    ("rate_limit", ABOVE_THE_DOMAIN),
    ("secret", ABOVE_THE_DOMAIN),
    ("session", ABOVE_THE_DOMAIN),
    ("sign_in", ABOVE_THE_DOMAIN),
    ("user", ABOVE_THE_DOMAIN),
];

/// What the domain's own types serve and do not know.
const ABOVE_THE_DOMAIN: &[&str] = &[
    "http",
    "cli",
    "app",
    "lifecycle",
    "marketplace",
    "package",
    "script",
    "outbound",
    "demo",
];

/// The ground that everything stands on: these name one another and no room.
const GROUND: &[&str] = &[
    "client_key",
    "clock",
    "data_dir",
    "descriptors",
    "digest",
    "durable",
    "error",
    "hex",
    "keyed_lock",
    "plugin_key",
    "random",
    "recent",
    "tenant",
    "value",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        found.extend(sources(&entry.path()));
    }
    found.retain(|path| path.extension().is_some_and(|end| end == "rs"));
    found
}

/// The files of the program itself: those that a `#[cfg(test)] mod x;` names are left out, and
/// so is all that lies below them.
fn program() -> Vec<(PathBuf, SourceCode)> {
    let read: Vec<_> = sources(&root())
        .into_iter()
        .map(|path| {
            let code = SourceCode::parse(&std::fs::read_to_string(&path).unwrap());
            (path, code)
        })
        .collect();
    let tests: BTreeSet<PathBuf> = read
        .iter()
        .flat_map(|(path, code)| {
            code.test_modules
                .iter()
                .map(|name| path.with_extension("").join(name))
        })
        .collect();
    read.into_iter()
        .filter(|(path, _)| {
            !path
                .with_extension("")
                .ancestors()
                .any(|module| tests.contains(module))
        })
        .collect()
}

/// The files of one room: `src/room.rs` and `src/room/`.
fn room<'a>(program: &'a [(PathBuf, SourceCode)], name: &str) -> Vec<&'a (PathBuf, SourceCode)> {
    let module = root().join(name);
    let files: Vec<_> = program
        .iter()
        .filter(|(path, _)| path.with_extension("").starts_with(&module))
        .collect();
    assert!(!files.is_empty(), "there is no room '{name}'");
    files
}

#[test]
fn no_room_knows_a_room_above_it() {
    let program = program();
    let mut wrong = Vec::new();
    for (name, forbidden) in WALLS {
        for (path, code) in room(&program, name) {
            for other in forbidden.iter().filter(|other| code.names_room(other)) {
                wrong.push(format!("{} names {other}", path.display()));
            }
        }
    }
    assert!(
        program.len() > 150,
        "only {} files were read",
        program.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_ground_knows_no_room() {
    let program = program();
    let mut wrong = Vec::new();
    for name in GROUND {
        for (path, code) in room(&program, name) {
            for other in code
                .rooms
                .iter()
                .filter(|other| !GROUND.contains(&other.as_str()))
            {
                wrong.push(format!("{} names {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The self-test is a client of its own private instance, on loopback.
#[test]
fn one_room_alone_asks_anything_of_a_network() {
    let mut wrong = Vec::new();
    for (path, code) in program() {
        let module = path.strip_prefix(root()).unwrap().with_extension("");
        if ["outbound", "selftest"]
            .iter()
            .any(|room| module.starts_with(room))
        {
            continue;
        }
        for word in ["ureq", "ToSocketAddrs", "to_socket_addrs", "UdpSocket"] {
            if code.words.contains(word) {
                wrong.push(format!("{} names {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn sql_stays_out_of_http_and_the_server_out_of_the_rest() {
    let program = program();
    let mut wrong = Vec::new();
    for (path, code) in room(&program, "http") {
        if code.words.contains("rusqlite") {
            wrong.push(format!("{} knows SQL", path.display()));
        }
    }
    for name in ["storage", "package", "marketplace", "lifecycle", "outbound"] {
        for (path, code) in room(&program, name) {
            if code.words.contains("tiny_http") {
                wrong.push(format!("{} knows the server", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
