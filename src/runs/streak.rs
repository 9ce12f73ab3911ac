//! Failures of a plugin's routes without a good run between, and when they are too many.
//!
//! Only what is the plugin's own fault counts: a limit that it met, an error that it let pass, an answer that
//! is none. A status that it chose is an answer, also one from 500 on: a plugin whose server is down works as it
//! should. So nobody pauses a plugin by asking it for what is not there.

use crate::recent::Recent;
use crate::script::Ending;

use super::Place;
use super::record::{Kind, Run};

/// Runs in a row that met a limit.
const MOST_LIMITS: u32 = 5;
/// Runs in a row that failed at all.
const MOST_FAILURES: u32 = 25;
/// Installations that are failing at the moment; beyond that the one that failed longest ago is forgiven.
const MOST_FAILING: usize = 4096;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go on.
    Good,
    /// It has failed too often, for this reason.
    Pause(String),
}

pub struct Streaks {
    failing: Recent<Place, Streak>,
}

#[derive(Clone, Copy, Default)]
struct Streak {
    failures: u32,
    limits: u32,
}

impl Default for Streaks {
    fn default() -> Self {
        Self {
            failing: Recent::new(MOST_FAILING),
        }
    }
}

/// How a run counts.
enum Weight {
    Good,
    Failed,
    Limit,
    /// The host's fault, or no route: says nothing about the plugin.
    Nothing,
}

fn weight(run: &Run) -> Weight {
    if run.kind == Kind::Hook {
        return Weight::Nothing;
    }
    match run.account.ending {
        Ending::Host => Weight::Nothing,
        Ending::Limit(_) => Weight::Limit,
        _ if run.is_chosen => Weight::Good,
        _ => Weight::Failed,
    }
}

impl Streaks {
    pub fn judge(&mut self, place: &Place, run: &Run) -> Verdict {
        let weight = weight(run);
        if let Weight::Good = weight {
            self.forgive(place);
            return Verdict::Good;
        }
        let mut streak = self.failing.find(place).unwrap_or_default();
        match weight {
            Weight::Good | Weight::Nothing => return Verdict::Good,
            Weight::Limit => streak.limits += 1,
            Weight::Failed => streak.limits = 0,
        }
        streak.failures += 1;
        self.failing.keep(place.clone(), streak);
        if streak.limits >= MOST_LIMITS {
            let which = run.account.why.as_deref().unwrap_or("a limit");
            let times = streak.limits;
            return Verdict::Pause(format!(
                "it met '{which}' {times} times in a row, the last time in {}",
                run.name
            ));
        }
        if streak.failures >= MOST_FAILURES {
            return Verdict::Pause(format!(
                "it failed {} times in a row, the last time in {}",
                streak.failures, run.name
            ));
        }
        Verdict::Good
    }

    pub fn forgive(&mut self, place: &Place) {
        // Each good run comes here, and mostly nothing fails anywhere.
        if !self.failing.is_empty() {
            self.failing.forget(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::tests::{place, run};

    fn limited() -> Run {
        let mut run = run();
        run.account.ending = Ending::Limit("script_time");
        run.account.why = Some("script time 5 s".to_owned());
        run.is_chosen = false;
        run
    }

    fn failed() -> Run {
        let mut run = run();
        run.account.ending = Ending::Raised;
        run.is_chosen = false;
        run
    }

    #[test]
    fn five_limits_in_a_row_are_too_many_and_one_good_run_between_forgives() {
        let mut streaks = Streaks::default();
        let (place, limited) = (place(1), limited());
        for _ in 0..3 {
            for _ in 0..MOST_LIMITS - 1 {
                assert_eq!(streaks.judge(&place, &limited), Verdict::Good);
            }
            assert_eq!(streaks.judge(&place, &run()), Verdict::Good);
        }
        for _ in 0..MOST_LIMITS - 1 {
            streaks.judge(&place, &limited);
        }
        let reason =
            "it met 'script time 5 s' 5 times in a row, the last time in GET /x".to_owned();
        assert_eq!(streaks.judge(&place, &limited), Verdict::Pause(reason));
    }

    #[test]
    fn failures_of_all_kinds_count_together_and_each_installation_alone() {
        let mut streaks = Streaks::default();
        let (one, other) = (place(1), place(2));
        for number in 1..MOST_FAILURES {
            let run = if number % 3 == 0 { limited() } else { failed() };
            assert_eq!(streaks.judge(&one, &run), Verdict::Good);
            assert_eq!(streaks.judge(&other, &self::run()), Verdict::Good);
        }
        let reason = "it failed 25 times in a row, the last time in GET /x".to_owned();
        assert_eq!(streaks.judge(&one, &failed()), Verdict::Pause(reason));
    }

    #[test]
    fn what_is_not_the_plugins_fault_does_not_count() {
        let mut streaks = Streaks::default();
        let place = place(1);
        let refusal = |status| Run {
            status: Some(status),
            is_chosen: true,
            ..failed()
        };
        let mut of_host = failed();
        of_host.account.ending = Ending::Host;
        let hook = Run {
            kind: Kind::Hook,
            ..failed()
        };
        for _ in 0..10 * MOST_FAILURES {
            for run in [refusal(400), refusal(503), of_host.clone(), hook.clone()] {
                assert_eq!(streaks.judge(&place, &run), Verdict::Good);
            }
        }
    }
}
