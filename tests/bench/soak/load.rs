//! Sends the mix on time. A few threads with one connection each take the next request that is due; its time
//! counts from when it was due, so that a server that stalls cannot hide the requests that had to wait.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::client;
use crate::mix;
use crate::plan::Plan;
use crate::stage::Stage;

pub const THREADS: usize = 8;

pub struct Load<'a> {
    stage: &'a Stage,
    plan: &'a Plan,
    next: AtomicU64,
    answers: Mutex<Vec<Answered>>,
}

#[derive(Clone)]
pub struct Answered {
    /// When it was due, from the start.
    pub due: Duration,
    pub took: Duration,
    pub problem: Option<String>,
}

impl<'a> Load<'a> {
    pub fn new(stage: &'a Stage, plan: &'a Plan) -> Self {
        Self {
            stage,
            plan,
            next: AtomicU64::new(0),
            answers: Mutex::new(Vec::new()),
        }
    }

    /// One thread of the load.
    pub fn run(&self) {
        let agent = client::agent();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let due = self.plan.request_due(number);
            if !self.plan.wait_until(due) {
                return;
            }
            let problem = mix::send(self.stage, &agent, number).err();
            let took = self.plan.elapsed().saturating_sub(due);
            if let Ok(mut answers) = self.answers.lock() {
                answers.push(Answered { due, took, problem });
            }
        }
    }

    /// Those so far.
    pub fn answers(&self) -> Vec<Answered> {
        self.answers
            .lock()
            .map(|answers| answers.clone())
            .unwrap_or_default()
    }
}

/// The times of the answers whose requests were due in that part, and how many of them failed.
pub fn of_part(answers: &[Answered], plan: &Plan, part: u32) -> (Vec<Duration>, usize) {
    let of_part = answers
        .iter()
        .filter(|answered| plan.part_of(answered.due) == part);
    let failed = of_part
        .clone()
        .filter(|answered| answered.problem.is_some())
        .count();
    let mut times: Vec<Duration> = of_part.map(|answered| answered.took).collect();
    times.sort();
    (times, failed)
}

/// The time within which that share of sorted times lies.
pub fn percentile(times: &[Duration], share: f64) -> Duration {
    let at = (times.len() as f64 * share) as usize;
    times
        .get(at.min(times.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}
