//! The room as a whole, on real files.

use std::time::{Duration, Instant};

use super::*;
use crate::script::{Account, Ending, Engine, FunctionUse, HostCalls};

pub fn place(installation: i64) -> Place {
    Place {
        tenant: TenantId::of_organization(1),
        installation,
    }
}

/// A good run of a route.
pub fn run() -> Run {
    Run {
        kind: Kind::Route,
        name: "GET /x".to_owned(),
        user_id: 7,
        engine: Engine::Lua,
        status: Some(200),
        is_chosen: true,
        account: Account {
            ending: Ending::Ok,
            why: None,
            wall: Duration::from_millis(2),
            cpu: Duration::from_millis(1),
            script: Duration::from_millis(1),
            wall_limit: Duration::from_secs(30),
            script_limit: Duration::from_secs(5),
            memory_peak: 1000,
            host_calls: HostCalls::default(),
        },
    }
}

pub fn used(name: &'static str, count: u32, ms: u64) -> FunctionUse {
    FunctionUse {
        module: "test",
        name,
        count,
        denied: 0,
        time: Duration::from_millis(ms),
    }
}

fn named(name: impl Into<String>) -> Run {
    Run {
        name: name.into(),
        ..run()
    }
}

fn failed(name: impl Into<String>) -> Run {
    let mut run = named(name);
    run.account.ending = Ending::Raised;
    run.status = Some(500);
    run
}

fn names(page: &Page) -> Vec<String> {
    page.items
        .iter()
        .map(|text| {
            let record: serde_json::Value = serde_json::from_str(text).unwrap();
            record["name"].as_str().unwrap().to_owned()
        })
        .collect()
}

const ALL: Wanted = Wanted {
    only_notable: false,
    skip: 0,
    most: 1000,
};
const NOTABLE: Wanted = Wanted {
    only_notable: true,
    ..ALL
};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("runs.db")
    }

    fn runs(&self) -> Runs {
        Runs::open(self.path()).unwrap()
    }
}

#[test]
fn runs_are_read_back_the_newest_first_after_a_restart() {
    let folder = Folder::new();
    let runs = folder.runs();
    for number in 0..5 {
        runs.keep(&place(1), named(format!("{number}")));
    }
    runs.keep(&place(2), named("of another"));
    drop(runs);
    let runs = folder.runs();
    runs.keep(&place(1), named("5"));
    let page = runs.page(&place(1), ALL);
    assert_eq!(
        (names(&page), page.total),
        (
            ["5", "4", "3", "2", "1", "0"].map(str::to_owned).to_vec(),
            6
        )
    );
    let part = Wanted {
        skip: 4,
        most: 1,
        ..ALL
    };
    assert_eq!(names(&runs.page(&place(1), part)), ["1"]);
    assert_eq!(names(&runs.page(&place(2), ALL)), ["of another"]);
    let other_tenant = Place {
        tenant: TenantId::of_organization(2),
        installation: 1,
    };
    assert_eq!(runs.page(&other_tenant, ALL), Page::default());
}

#[test]
fn an_installation_keeps_its_last_runs_and_the_last_notable_ones_before_them() {
    let folder = Folder::new();
    let runs = folder.runs();
    // Once through the ring in memory alone, once row by row through the file.
    for (installation, write_each) in [(1, false), (2, true)] {
        let place = place(installation);
        for number in 0..400 {
            let run = if number % 2 == 0 {
                failed(format!("{number}"))
            } else {
                named(format!("{number}"))
            };
            runs.keep(&place, run);
            if write_each {
                runs.shared.write();
            }
        }
        let page = runs.page(&place, ALL);
        assert_eq!(page.total, MOST_RUNS + MOST_NOTABLE);
        let names = names(&page);
        let (recent, before) = names.split_at(MOST_RUNS);
        let counted_down = |from: usize, to: usize, step| -> Vec<String> {
            (to..from)
                .rev()
                .step_by(step)
                .map(|n| n.to_string())
                .collect()
        };
        assert_eq!(recent, counted_down(400, 200, 1));
        assert_eq!(before, counted_down(199, 0, 2));
        assert_eq!(runs.page(&place, NOTABLE).total, 100 + MOST_NOTABLE);
    }
}

#[test]
fn a_removed_installation_leaves_nothing_and_runs_that_end_later_are_not_kept() {
    let folder = Folder::new();
    let runs = folder.runs();
    runs.keep(&place(1), named("written"));
    runs.shared.write();
    runs.keep(&place(1), named("waiting"));
    runs.keep(&place(2), named("of another"));
    runs.forget(&place(1));
    runs.keep(&place(1), named("late"));
    assert_eq!(runs.page(&place(1), ALL), Page::default());
    assert_eq!(names(&runs.page(&place(2), ALL)), ["of another"]);
}

#[test]
fn a_damaged_file_is_begun_anew_and_what_waits_is_not_lost() {
    let folder = Folder::new();
    std::fs::write(folder.path(), vec![b'x'; 20_000]).unwrap();
    let runs = folder.runs();
    runs.keep(&place(1), named("a"));
    assert!(!runs.shared.write(), "the damage is met");
    assert_eq!(runs.figures().failed_writes, 1);
    assert_eq!(names(&runs.page(&place(1), ALL)), ["a"]);
    drop(runs);
    assert_eq!(names(&folder.runs().page(&place(1), ALL)), ["a"]);
}

#[test]
fn a_file_that_cannot_be_written_costs_no_run_that_there_is_room_for() {
    let folder = Folder::new();
    // A folder of that name cannot be opened as a database by anyone.
    std::fs::create_dir(folder.path()).unwrap();
    let runs = folder.runs();
    for number in 0..250 {
        runs.keep(&place(1), named(format!("{number}")));
    }
    assert!(!runs.shared.write());
    runs.keep(&place(1), named("250"));
    let page = runs.page(&place(1), ALL);
    assert_eq!((page.total, names(&page)[0].as_str()), (MOST_RUNS, "250"));
}

#[test]
fn many_runs_wait_in_bounded_memory_and_the_notable_ones_have_room() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path()).unwrap();
    let runs = folder.runs();
    for installation in 0..10_000 {
        runs.keep(&place(installation), named("ordinary"));
    }
    let lost = runs.figures().lost;
    assert!(lost >= 10_000 - 4096, "{lost}");
    runs.keep(&place(20_000), failed("notable"));
    assert_eq!(names(&runs.page(&place(20_000), ALL)), ["notable"]);
}

/// A request pays for it; the figure is printed, and the bound has room for a machine that is busy.
#[test]
fn keeping_a_run_takes_microseconds() {
    let folder = Folder::new();
    let runs = folder.runs();
    let place = place(1);
    let many: Vec<Run> = (0..20_000).map(|_| run()).collect();
    let begun = Instant::now();
    for run in many {
        runs.keep(&place, run);
    }
    let each = begun.elapsed() / 20_000;
    println!("keeping a run: {each:?}");
    assert!(each < Duration::from_micros(100), "{each:?}");
}
