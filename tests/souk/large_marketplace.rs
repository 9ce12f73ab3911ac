//! A marketplace of thousands, searched while somebody types.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Client, Start};
use generated::{CATEGORIES, PLUGINS, registry};

#[path = "../bench/generated.rs"]
mod generated;

const ROUNDS: usize = 60;
/// For half of the searches.
const LONGEST: Duration = Duration::from_millis(10);

#[test]
fn a_search_among_thousands_finds_the_right_ones_before_one_could_notice() {
    let folder = tempfile::tempdir().unwrap();
    let text = serde_json::to_vec(&registry()).unwrap();
    std::fs::write(folder.path().join("plugins.json"), text).unwrap();
    let server = Start::with_flags(&["--marketplace", folder.path().to_str().unwrap()]).go();
    let reader = server.as_role(1, "Auditor");
    let found = |query: &str| -> BTreeSet<usize> {
        let path = format!("/api/plugins/marketplace/search?{query}");
        let listed = reader.get(&path).is(200).data();
        let listed = listed.as_array().unwrap();
        let numbers: BTreeSet<usize> = listed.iter().map(number).collect();
        assert_eq!(numbers.len(), listed.len(), "{query}: one came twice");
        numbers
    };
    let those = |holds: &dyn Fn(usize) -> bool| -> BTreeSet<usize> {
        (0..PLUGINS).filter(|number| holds(*number)).collect()
    };
    assert_eq!(found("q=NUMBER+4321"), those(&|number| number == 4321));
    assert_eq!(found("q=nothing+like+it"), BTreeSet::new());
    let seventeen = those(&|number| number.to_string().starts_with("17"));
    assert_eq!(found("q=number+17"), seventeen);
    let tagged = |number| number % 50 == 17;
    assert_eq!(found("q=tag-17"), those(&tagged));
    let security = CATEGORIES.iter().position(|id| *id == "security").unwrap();
    assert_eq!(
        found("q=tag-17&category=security"),
        those(&|number| tagged(number) && number % CATEGORIES.len() == security)
    );

    let nothing = median(&reader, "/healthz");
    println!("/healthz: {nothing:?}");
    for query in [
        "q=number+4321",
        "q=nothing+like+it",
        "q=tag-17",
        "q=records",
    ] {
        let path = format!("/api/plugins/marketplace/search?{query}&page=1");
        let time = median(&reader, &path);
        println!("{query}: {time:?}, half of {ROUNDS}");
        assert!(time < LONGEST, "{query}: {time:?}");
    }
}

fn number(listing: &Value) -> usize {
    let key = listing["key"].as_str().unwrap();
    key.trim_start_matches("plugin-").parse().unwrap()
}

fn median(client: &Client, path: &str) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            client.get(path).is(200);
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}
