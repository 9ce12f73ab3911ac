//! The selftest as an operator runs it: hostile plugins against a private instance of the built program.

use serde_json::Value;

use crate::support::server::run;

/// `TEST_SANDBOX_CASES=10000 cargo test sandbox` runs them all.
fn cases() -> String {
    std::env::var("TEST_SANDBOX_CASES").unwrap_or_else(|_| "650".to_owned())
}

#[test]
fn hostile_plugins_are_stopped_and_harm_nothing() {
    let cases = cases();
    let (code, out, err) = run(&["selftest", "sandbox", "--json", "--cases", &cases]);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}\n{err}"));
    let lines = report["cases"].as_array().unwrap();
    let breaches: Vec<&Value> = lines
        .iter()
        .filter(|line| {
            line["breaches"]
                .as_array()
                .is_none_or(|all| !all.is_empty())
        })
        .collect();
    assert!(breaches.is_empty(), "{breaches:#?}");
    assert_eq!(report["breaches"], serde_json::json!([]), "{err}");
    assert_eq!(code, Some(0), "{err}");
    assert!(report["seeds"].as_u64().unwrap() >= 150);
    let compiled = lines
        .iter()
        .filter(|line| line["wall"] == "size of a source")
        .count();
    assert!(compiled >= 30, "{compiled} compile bombs");
    assert!(lines.len() - compiled >= 500, "{} cases", lines.len());
    println!("{} cases in {} s", lines.len(), report["seconds"]);
}

#[test]
fn the_private_instance_ends_with_its_parent_and_serves_loopback_alone() {
    // Standard input is closed from the start, so it serves nobody.
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = [
        "--listen",
        "0.0.0.0:1",
        "--data",
        data.to_str().unwrap(),
        "selftest",
        "instance",
    ];
    let (code, out, err) = run(&arguments);
    assert_eq!(code, Some(0), "{err}");
    let ready: Value = serde_json::from_str(&out).unwrap();
    assert!(
        ready["address"].as_str().unwrap().starts_with("127.0.0.1:"),
        "{out}"
    );
}
