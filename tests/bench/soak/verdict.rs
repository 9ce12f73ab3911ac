//! What may grow, by how much, and whether it did.

use std::collections::BTreeSet;
use std::fmt;

use crate::cycles::Cycles;
use crate::load::{self, Answered};
use crate::plan::Plan;
use crate::samples::{Sample, Samples};
use crate::statistics::{median, percentile, range, rise};

/// Resident memory may rise by so much from the warm-up to the end.
const MEMORY_RISE_MB: f64 = 1.0;
const DESCRIPTORS_MORE_OR_LESS: f64 = 2.0;
/// The journal limit that Souk gives each database, and how often that a journal may hold.
const JOURNAL_LIMIT_MB: f64 = 64.0;
const JOURNAL_FACTOR: f64 = 2.0;
const P99_FACTOR: f64 = 1.2;
/// So many different problems are shown.
const SHOWN_PROBLEMS: usize = 5;

pub struct Run<'a> {
    pub plan: &'a Plan,
    pub samples: &'a Samples,
    pub answers: &'a [Answered],
    pub cycles: &'a Cycles<'a>,
    /// Before and after.
    pub tables: (&'a BTreeSet<String>, &'a BTreeSet<String>),
}

pub struct Line {
    what: &'static str,
    found: String,
    wanted: String,
    pub is_good: bool,
}

impl fmt::Display for Line {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_good { "pass" } else { "FAIL" };
        write!(
            to,
            "{verdict}  {:<12} {} (wanted: {})",
            self.what, self.found, self.wanted
        )
    }
}

pub fn all(run: &Run<'_>) -> Vec<Line> {
    let judged = run.samples.judged(run.plan);
    vec![
        memory(run),
        descriptors(run),
        threads(&judged),
        journals(&judged),
        tables(run),
        times(run),
        answers(run),
        cycles(run),
    ]
}

/// The least-squares line through the least sample of each judged part. What is given back is no growth: a
/// sign-in holds 19 MB while its password is hashed, and a single sample may meet several.
fn memory(run: &Run<'_>) -> Line {
    let points: Vec<(f64, f64)> = (run.plan.first_judged_part()..=run.plan.last_part())
        .map(|part| {
            let of_part = run.samples.of_part(run.plan, part);
            let (least, _) = range(of_part.iter().map(|sample| sample.resident_mb));
            (f64::from(part), least)
        })
        .filter(|(_, least)| least.is_finite())
        .collect();
    let rise = rise(&points);
    let (least, most) = range(points.iter().map(|point| point.1));
    Line {
        what: "memory",
        found: format!(
            "{rise:+.2} MB over the run by the line fitted to the least of each part, {least:.1} to {most:.1} MB"
        ),
        wanted: format!("at most +{MEMORY_RISE_MB} MB"),
        is_good: !points.is_empty() && rise <= MEMORY_RISE_MB,
    }
}

/// Medians of the first and the last judged part: single samples also see requests at work.
fn descriptors(run: &Run<'_>) -> Line {
    let of_part = |part: u32| {
        let of_part = run.samples.of_part(run.plan, part);
        median(
            of_part
                .iter()
                .map(|sample| sample.descriptors as f64)
                .collect(),
        )
    };
    let (first, last) = (
        of_part(run.plan.first_judged_part()),
        of_part(run.plan.last_part()),
    );
    Line {
        what: "descriptors",
        found: format!("{first} in the first part, {last} in the last"),
        wanted: format!("{DESCRIPTORS_MORE_OR_LESS} more or less"),
        is_good: (first - last).abs() <= DESCRIPTORS_MORE_OR_LESS,
    }
}

fn threads(judged: &[Sample]) -> Line {
    let (least, most) = range(judged.iter().map(|sample| sample.threads as f64));
    Line {
        what: "threads",
        found: format!("between {least} and {most}"),
        wanted: "constant".to_owned(),
        is_good: least.total_cmp(&most).is_eq(),
    }
}

fn journals(judged: &[Sample]) -> Line {
    let (_, most) = range(judged.iter().map(|sample| sample.journal_mb));
    let limit = JOURNAL_FACTOR * JOURNAL_LIMIT_MB;
    Line {
        what: "journals",
        found: format!("the largest had {most:.1} MB"),
        wanted: format!("at most {limit} MB"),
        is_good: most <= limit,
    }
}

fn tables(run: &Run<'_>) -> Line {
    let (before, after) = run.tables;
    let changed: Vec<&String> = before.symmetric_difference(after).collect();
    Line {
        what: "tables",
        found: format!(
            "{} before, {} after; changed: {changed:?}",
            before.len(),
            after.len()
        ),
        wanted: "the same".to_owned(),
        is_good: changed.is_empty(),
    }
}

fn times(run: &Run<'_>) -> Line {
    let p99 = |part: u32| {
        let (times, _) = load::of_part(run.answers, run.plan, part);
        percentile(&times, 0.99).as_secs_f64() * 1e3
    };
    let (first, last) = (p99(run.plan.first_judged_part()), p99(run.plan.last_part()));
    Line {
        what: "p99",
        found: format!("{first:.2} ms in the first part, {last:.2} ms in the last"),
        wanted: format!("at most {P99_FACTOR} times the first"),
        is_good: last <= first * P99_FACTOR,
    }
}

fn answers(run: &Run<'_>) -> Line {
    let problems: Vec<&str> = run
        .answers
        .iter()
        .filter_map(|answered| answered.problem.as_deref())
        .collect();
    Line {
        what: "answers",
        found: format!(
            "{}, {} failed{}",
            run.answers.len(),
            problems.len(),
            some(&problems)
        ),
        wanted: "none failed".to_owned(),
        is_good: problems.is_empty(),
    }
}

fn cycles(run: &Run<'_>) -> Line {
    let problems = run.cycles.problems();
    let shown: Vec<&str> = problems.iter().map(String::as_str).collect();
    Line {
        what: "cycles",
        found: format!(
            "{} done, {} failed{}",
            run.cycles.done(),
            problems.len(),
            some(&shown)
        ),
        wanted: format!("{} done", run.plan.cycles),
        is_good: run.cycles.done() == run.plan.cycles,
    }
}

fn some(problems: &[&str]) -> String {
    let different: BTreeSet<&str> = problems.iter().copied().collect();
    different
        .iter()
        .take(SHOWN_PROBLEMS)
        .map(|problem| format!("\n        {problem}"))
        .collect()
}
