//! The process at moments of the run.

use std::time::Duration;

use crate::load::{self, Answered};
use crate::plan::Plan;
use crate::process;
use crate::stage::Stage;
use crate::statistics::percentile;

pub const HEAD: &str =
    "part      rss MB  fds  threads  wal MB  tables   p50 ms   p99 ms  answers  failed";

#[derive(Default)]
pub struct Samples(Vec<Sample>);

#[derive(Clone, Copy)]
pub struct Sample {
    pub at: Duration,
    pub resident_mb: f64,
    pub descriptors: u64,
    pub threads: u64,
    /// The largest of all journals.
    pub journal_mb: f64,
    pub tables: usize,
}

impl Samples {
    pub fn take(&mut self, stage: &Stage, plan: &Plan) -> Result<(), String> {
        let pid = stage.pid;
        self.0.push(Sample {
            at: plan.elapsed(),
            resident_mb: process::resident_kb(pid)? as f64 / 1024.0,
            descriptors: process::descriptors(pid)?,
            threads: process::threads(pid)?,
            journal_mb: stage.largest_journal()? as f64 / f64::from(1 << 20),
            tables: stage.tables()?.len(),
        });
        Ok(())
    }

    /// Those after the warm-up.
    pub fn judged(&self, plan: &Plan) -> Vec<Sample> {
        let warm_up = plan.warm_up();
        self.0
            .iter()
            .copied()
            .filter(|sample| sample.at >= warm_up)
            .collect()
    }

    pub fn of_part(&self, plan: &Plan, part: u32) -> Vec<Sample> {
        self.0
            .iter()
            .copied()
            .filter(|sample| plan.part_of(sample.at) == part)
            .collect()
    }

    /// The last sample of a part beside the answers of it.
    pub fn row(&self, plan: &Plan, part: u32, answers: &[Answered]) -> String {
        let Some(sample) = self.of_part(plan, part).last().copied() else {
            return format!("{part:>4}  no sample");
        };
        let (times, failed) = load::of_part(answers, plan, part);
        let ms = |share: f64| percentile(&times, share).as_secs_f64() * 1e3;
        format!(
            "{:>4}  {:>10.1} {:>4} {:>8} {:>7.1} {:>7} {:>8.2} {:>8.2} {:>8} {failed:>7}",
            part + 1,
            sample.resident_mb,
            sample.descriptors,
            sample.threads,
            sample.journal_mb,
            sample.tables,
            ms(0.5),
            ms(0.99),
            times.len(),
        )
    }
}
