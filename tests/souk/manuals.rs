//! The manuals name what the program has.

use souk::config::keys;
use souk::script::host::HOST_FNS;

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn the_authors_manual_has_every_host_function() {
    let manual = read("plugins/README.md");
    for function in HOST_FNS {
        let row = format!("| `{}.{}(", function.module, function.name);
        assert!(manual.contains(&row), "{row}");
    }
    let rows = manual
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains("(") && line.contains("` | "))
        .count();
    assert!(rows >= HOST_FNS.len(), "{rows}");
}

#[test]
fn the_readme_has_every_configuration_key() {
    let manual = read("README.md");
    for key in keys::ALL {
        assert!(
            manual.contains(&format!("| `{}` |", key.name)),
            "{}",
            key.name
        );
        assert!(manual.contains(&key.environment()), "{}", key.environment());
    }
}

#[test]
fn every_test_that_the_architecture_names_is_there() {
    let architecture = read("ARCHITECTURE.md");
    let invariants = architecture
        .split("## Invariants")
        .nth(1)
        .unwrap()
        .split("## Decisions")
        .next()
        .unwrap();
    let mut sources = String::new();
    for folder in ["src", "tests/souk"] {
        collect(
            std::path::Path::new(&format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))),
            &mut sources,
        );
    }
    let mut named = 0;
    for name in invariants
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains('_') && !name.contains(['/', ' ']))
    {
        named += 1;
        assert!(sources.contains(&format!("fn {name}(")), "{name}");
    }
    assert!(named > 50, "{named}");
}

fn collect(path: &std::path::Path, text: &mut String) {
    for entry in std::fs::read_dir(path).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, text);
        } else if path.extension().is_some_and(|end| end == "rs") {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}
