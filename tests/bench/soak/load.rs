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
/// Clients at once before the run, and what each asks for: so that pools are as large as they get, and caches of
/// connections that are seldom needed are full, and neither seems to grow later.
const BURST_THREADS: u64 = 64;
const BURST_REQUESTS: u64 = 500;

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

/// Many clients at once. Some may be told to come later: here that is no failure.
pub fn burst(stage: &Stage) {
    std::thread::scope(|scope| {
        for thread in 0..BURST_THREADS {
            scope.spawn(move || {
                let agent = client::agent();
                for number in 0..BURST_REQUESTS {
                    let _busy = mix::send(stage, &agent, thread + number);
                }
            });
        }
    });
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
