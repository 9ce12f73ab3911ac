//! What tenants cost that nobody asks for: their making, the start, and memory.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::process::readings::resident_kb;
use crate::support::serving::Serving;
use crate::tenants::{import, lines};

const STARTS: usize = 4;
const START_NOISE: Duration = Duration::from_millis(100);
const MOST_AT_REST_KB: u64 = 40_000;
const MORE_AT_REST_KB: u64 = 4_000;
/// One tenant, where the disk is no slower than that.
const EACH_CREATED: Duration = Duration::from_millis(2);

/// Held against an installation with one tenant, since a debug build is measured beside other tests.
#[test]
fn a_thousand_tenants_are_made_quickly_and_cost_nothing_at_rest() {
    const MANY: i64 = 1_000;
    let (few, many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let timed_import = |folder: &Path, count| {
        let text = lines(1..=count);
        let begun = Instant::now();
        let (code, _, err) = import(folder, &text);
        assert_eq!(code, Some(0), "{err}");
        begun.elapsed()
    };
    let one = timed_import(few.path(), 1);
    let all = timed_import(many.path(), MANY);
    let each = all / u32::try_from(MANY).unwrap();
    let copy = time_of_a_copy(many.path());
    println!(
        "import: {one:?} with 1 tenant, {all:?} with {MANY}: {each:?} each; a synced copy of the template {copy:?}"
    );

    // The first start of each makes the keys.
    let [mut soonest_few, mut soonest_many] = [Duration::MAX; 2];
    let [mut least_few, mut least_many] = [u64::MAX; 2];
    for round in 0..STARTS {
        let (few, many) = (ready(few.path()), ready(many.path()));
        println!("start {round}: {few:?} with 1 tenant, {many:?} with {MANY}");
        if round > 0 {
            soonest_few = soonest_few.min(few.0);
            soonest_many = soonest_many.min(many.0);
            least_few = least_few.min(few.1);
            least_many = least_many.min(many.1);
        }
    }
    assert!(each < EACH_CREATED.max(copy * 5), "{each:?}");
    assert!(
        soonest_many < soonest_few * 3 / 2 + START_NOISE,
        "a start took {soonest_few:?}, and {soonest_many:?} with {MANY} tenants"
    );
    assert!(
        least_many < MOST_AT_REST_KB.min(least_few + MORE_AT_REST_KB),
        "{least_few} kB at rest, and {least_many} kB with {MANY} tenants"
    );
}

/// How long a start takes until it answers, and what it holds then in kB.
fn ready(folder: &Path) -> (Duration, u64) {
    let begun = Instant::now();
    let mut serving = Serving::start(folder);
    serving.client().get("/readyz").is(200);
    (begun.elapsed(), resident_kb(serving.pid()).unwrap())
}

/// The half of some copies that are safe on this disk.
fn time_of_a_copy(folder: &Path) -> Duration {
    let template = folder.join("data/tenant-template.db");
    let mut times: Vec<Duration> = (0..21)
        .map(|number| {
            let target = folder.join(format!("copy-{number}"));
            let begun = Instant::now();
            std::fs::copy(&template, &target).unwrap();
            std::fs::File::open(&target).unwrap().sync_all().unwrap();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
