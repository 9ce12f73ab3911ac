//! Arrows point down: who may name whom, read from the sources themselves.

use std::path::{Path, PathBuf};

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
];

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

/// The code of a file without its tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]")
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|name| {
        name == "tests"
            || name == "behaviour"
            || name == "attacks"
            || name == "conformance"
            || name == "fixture"
    }) || path.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn no_room_knows_a_room_above_it() {
    let mut wrong = Vec::new();
    let mut read = 0;
    for (room, forbidden) in WALLS {
        let mut files = sources(&root().join(room));
        files.extend(sources(&root().join(format!("{room}.rs"))));
        for file in files.iter().filter(|file| !is_test(file)) {
            read += 1;
            let code = code(file);
            for other in *forbidden {
                if code.contains(&format!("crate::{other}::"))
                    || code.contains(&format!("crate::{other};"))
                {
                    wrong.push(format!("{} names {other}", file.display()));
                }
            }
        }
    }
    assert!(read > 60, "only {read} files were read");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn sql_stays_out_of_http_and_statuses_out_of_the_rest() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("http")) {
        if !is_test(&file) && code(&file).contains("rusqlite") {
            wrong.push(format!("{} knows SQL", file.display()));
        }
    }
    for room in ["storage", "package", "marketplace", "lifecycle", "outbound"] {
        for file in sources(&root().join(room)) {
            if !is_test(&file) && code(&file).contains("tiny_http") {
                wrong.push(format!("{} knows the server", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
