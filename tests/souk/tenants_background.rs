//! Old files of tenants, brought up to date while the server works.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

use crate::statistics::subject::percentile;
use crate::support::marketplace;
use crate::support::serving::Serving;
use crate::tenants::{import, lines, metric, sign_in, tenant_file, tenant_id};

const ALL: i64 = 120;
type Figure = (&'static str, fn(&[Duration]) -> Duration, Duration);
/// With what other tests may add, which run beside this one, and not all the time.
const FIGURES: [Figure; 2] = [
    ("p99", p99, Duration::from_millis(25)),
    (
        "the slowest beside one tenant",
        slowest_of_a_tenant,
        Duration::from_millis(6),
    ),
];

/// The earliest files that Souk wrote have its application id, and no schema yet.
#[test]
fn old_files_are_brought_up_to_date_in_the_background_and_a_damaged_one_is_marked() {
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
    println!("{asked} requests in {took:?} while {ALL} tenants were checked, and as many after it");
    for (name, figure, noise) in FIGURES {
        let (during, after) = (figure(&during), figure(&after));
        println!("{name}: {during:?}, after it {after:?}");
        assert!(
            during < after + noise,
            "{name}: {during:?} during the round, {after:?} after it"
        );
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

fn p99(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    percentile(&times, 0.99)
}

/// In most of as many parts as there are tenants. A round that holds requests up does so for each tenant, and another
/// test for some.
fn slowest_of_a_tenant(times: &[Duration]) -> Duration {
    let length = times.len().div_ceil(usize::try_from(ALL).unwrap());
    let mut slowest: Vec<Duration> = times
        .chunks(length)
        .filter_map(|part| part.iter().max().copied())
        .collect();
    slowest.sort_unstable();
    percentile(&slowest, 0.5)
}

fn stamp(path: &Path) -> (i64, i64) {
    let file = Connection::open(path).unwrap();
    let number = |pragma| {
        file.pragma_query_value(None, pragma, |row| row.get(0))
            .unwrap()
    };
    (number("application_id"), number("user_version"))
}
