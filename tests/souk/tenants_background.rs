//! Old files of tenants, brought up to date while the server works.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

use crate::statistics::subject::percentile;
use crate::support::marketplace;
use crate::support::serving::Serving;
use crate::tenants::{import, lines, metric, sign_in, tenant_file, tenant_id};

/// Of the median and of one request in a hundred: other tests run beside this one, and not all the time.
const NOISE: [Duration; 2] = [Duration::from_millis(2), Duration::from_millis(6)];
const PARTS: usize = 9;

/// The earliest files that Souk wrote have its application id, and no schema yet.
#[test]
fn old_files_are_brought_up_to_date_in_the_background_and_a_damaged_one_is_marked() {
    const ALL: i64 = 120;
    let folder = tempfile::tempdir().unwrap();
    let (code, _, err) = import(folder.path(), &lines(1..=ALL));
    assert_eq!(code, Some(0), "{err}");
    let template = folder.path().join("data/tenant-template.db");
    let (application, newest) = stamp(&template);
    let path = |number| tenant_file(folder.path(), &tenant_id(number));
    for number in 11..=ALL {
        std::fs::remove_file(path(number)).unwrap();
        let old = Connection::open(path(number)).unwrap();
        old.pragma_update(None, "application_id", application)
            .unwrap();
    }
    // One that cannot be migrated, and one that is no database.
    let foreign = Connection::open(path(50)).unwrap();
    foreign.execute_batch("CREATE TABLE projects (a)").unwrap();
    drop(foreign);
    std::fs::write(path(51), "no database at all").unwrap();

    let market = marketplace();
    let mut serving = Serving::with_flags(folder.path(), &["--marketplace", &market]);
    let nobody = serving.client();
    nobody.get("/readyz").is(200);
    assert_eq!(
        metric(&nobody, "tenants_checked"),
        0,
        "start waited for the round"
    );
    let admin = sign_in(&nobody, 1);
    admin
        .post("/api/plugins/install", json!({"pluginKey": "counter"}))
        .is(201);
    // A request that meets an old file before the round does migrates it.
    sign_in(&nobody, 119)
        .get("/api/plugins/installations")
        .is(200);
    let misses = metric(&nobody, "tenant_slot_misses_total");
    let ask = || -> [Duration; 5] {
        std::array::from_fn(|_| {
            let begun = Instant::now();
            admin.get("/api/plugins/counter/count").is(200);
            begun.elapsed()
        })
    };
    while metric(&nobody, "tenants_checked") == 0 {
        ask();
    }
    let begun = Instant::now();
    let mut during = Vec::new();
    while metric(&nobody, "tenants_checked") < ALL {
        during.extend(ask());
    }
    assert_eq!(metric(&nobody, "tenant_slot_misses_total"), misses);
    assert_eq!(metric(&nobody, "tenants_migrated_total"), ALL - 10 - 2);
    assert_eq!(metric(&nobody, "tenants_degraded"), 2);
    let (took, asked) = (begun.elapsed(), during.len());
    let mut after = Vec::new();
    while after.len() < asked {
        after.extend(ask());
        metric(&nobody, "tenants_checked");
    }
    let [during, after] =
        [during, after].map(|times| [0.5, 0.99].map(|share| usual(&times, share)));
    println!(
        "{asked} requests in {took:?}, while {ALL} tenants were checked: {during:?} (p50, p99)"
    );
    println!("as many after it: {after:?}");
    for ((during, after), noise) in during.into_iter().zip(after).zip(NOISE) {
        assert!(during < after * 2 + noise, "{during:?} became {after:?}");
    }

    let told = nobody.get("/readyz").is(200).data();
    assert_eq!(told["tenants"], "2 degraded; the server's log names them");
    let health = |number| {
        sign_in(&nobody, number)
            .get("/api/plugins/health")
            .is(200)
            .data()["status"]
            .clone()
    };
    assert_eq!(
        (health(1), health(50)),
        ("healthy".into(), "unhealthy".into())
    );
    let log = serving.kill();
    for number in [50, 51] {
        assert!(log.contains(&tenant_id(number)), "{log}");
    }
    for number in (1..=ALL).filter(|number| ![50, 51].contains(number)) {
        assert_eq!(stamp(&path(number)), (application, newest), "{number}");
    }
}

/// The percentile of most parts of that time. What a round does for each tenant shows in all of them, what another
/// test did beside it in some.
fn usual(times: &[Duration], share: f64) -> Duration {
    let mut parts: Vec<Duration> = times
        .chunks(times.len().div_ceil(PARTS))
        .map(|part| {
            let mut part = part.to_vec();
            part.sort_unstable();
            percentile(&part, share)
        })
        .collect();
    parts.sort_unstable();
    percentile(&parts, 0.5)
}

fn stamp(path: &Path) -> (i64, i64) {
    let file = Connection::open(path).unwrap();
    let number = |pragma| {
        file.pragma_query_value(None, pragma, |row| row.get(0))
            .unwrap()
    };
    (number("application_id"), number("user_version"))
}
