//! Failures of a plugin's routes, and when they are too many.
//!
//! Only what is the plugin's own fault counts: a limit that it met, an error that it let pass, an answer that
//! is none. A status that it chose is an answer, also one from 500 on: a plugin whose server is down works as it
//! should. So nobody pauses a plugin by asking it for what is not there. Nor does one person by what makes it
//! raise errors: those count once two people have met them. And a good run now and then does not make up for
//! limits without end.

use std::time::{Duration, Instant};

use crate::recent::Recent;
use crate::script::Ending;

use super::Place;
use super::record::{Kind, Run};

/// Runs in a row that met a limit.
const MOST_LIMITS: u32 = 5;
/// Runs in a row that failed at all, for more than one person.
const MOST_FAILURES: u32 = 25;
/// Limits within a window, where they are at least this part of its runs.
const MOST_LIMITS_OF_WINDOW: u32 = 20;
const PART_OF_WINDOW: u32 = 5;
const WINDOW: Duration = Duration::from_secs(600);
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

#[derive(Clone, Copy)]
struct Streak {
    /// In a row.
    failures: u32,
    limits: u32,
    /// Who met the first failure of the row, and whether anybody else met one.
    first_user: i64,
    is_of_many: bool,
    window: Window,
}

/// Begins with the first limit.
#[derive(Clone, Copy)]
struct Window {
    since: Instant,
    runs: u32,
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
#[derive(Clone, Copy, PartialEq, Eq)]
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
        self.judge_at(place, run, Instant::now)
    }

    fn judge_at(&mut self, place: &Place, run: &Run, now: impl Fn() -> Instant) -> Verdict {
        let weight = weight(run);
        // Each good run comes here, and mostly nothing fails anywhere.
        if weight == Weight::Nothing || weight == Weight::Good && self.failing.is_empty() {
            return Verdict::Good;
        }
        let known = self.failing.find(place);
        if weight == Weight::Good && known.is_none() {
            return Verdict::Good;
        }
        let mut streak = known.unwrap_or_else(|| Streak::begin(run.user_id, now()));
        streak.count(weight, run.user_id, now());
        if weight == Weight::Good && streak.window.limits == 0 {
            self.failing.forget(place);
        } else {
            self.failing.keep(place.clone(), streak);
        }
        streak.verdict(run)
    }

    pub fn forgive(&mut self, place: &Place) {
        self.failing.forget(place);
    }
}

impl Streak {
    fn begin(user: i64, now: Instant) -> Self {
        Self {
            failures: 0,
            limits: 0,
            first_user: user,
            is_of_many: false,
            window: Window::begin(now),
        }
    }

    fn count(&mut self, weight: Weight, user: i64, now: Instant) {
        if now.duration_since(self.window.since) >= WINDOW {
            self.window = Window::begin(now);
        }
        self.window.runs = self.window.runs.saturating_add(1);
        match weight {
            Weight::Nothing => {}
            Weight::Good => {
                (self.failures, self.limits) = (0, 0);
            }
            Weight::Failed | Weight::Limit => {
                if self.failures == 0 {
                    (self.first_user, self.is_of_many) = (user, false);
                }
                self.is_of_many |= user != self.first_user;
                self.failures = self.failures.saturating_add(1);
                if weight == Weight::Limit {
                    self.limits += 1;
                    self.window.limits += 1;
                } else {
                    self.limits = 0;
                }
            }
        }
    }

    fn verdict(&self, run: &Run) -> Verdict {
        let which = run.account.why.as_deref().unwrap_or("a limit");
        if self.limits >= MOST_LIMITS {
            let times = self.limits;
            return Verdict::Pause(format!(
                "it met '{which}' {times} times in a row, the last time in {}",
                run.name
            ));
        }
        let Window { runs, limits, .. } = self.window;
        if limits >= MOST_LIMITS_OF_WINDOW && limits.saturating_mul(PART_OF_WINDOW) >= runs {
            let minutes = WINDOW.as_secs() / 60;
            return Verdict::Pause(format!(
                "{limits} of its {runs} runs within {minutes} minutes met a limit"
            ));
        }
        if self.failures >= MOST_FAILURES && self.is_of_many {
            return Verdict::Pause(format!(
                "it failed {} times in a row, the last time in {}",
                self.failures, run.name
            ));
        }
        Verdict::Good
    }
}

impl Window {
    fn begin(now: Instant) -> Self {
        Self {
            since: now,
            runs: 0,
            limits: 0,
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
            let mut run = if number % 3 == 0 { limited() } else { failed() };
            run.user_id = i64::from(number % 2);
            assert_eq!(streaks.judge(&one, &run), Verdict::Good);
            assert_eq!(streaks.judge(&other, &self::run()), Verdict::Good);
        }
        let reason = "it failed 25 times in a row, the last time in GET /x".to_owned();
        assert_eq!(streaks.judge(&one, &failed()), Verdict::Pause(reason));
    }

    #[test]
    fn one_person_alone_cannot_pause_a_plugin_by_what_makes_it_raise_errors() {
        let mut streaks = Streaks::default();
        let place = place(1);
        for _ in 0..10 * MOST_FAILURES {
            assert_eq!(streaks.judge(&place, &failed()), Verdict::Good);
        }
        let mut of_another = failed();
        of_another.user_id += 1;
        assert_ne!(streaks.judge(&place, &of_another), Verdict::Good);
    }

    #[test]
    fn a_good_run_now_and_then_does_not_make_up_for_limits_without_end() {
        let start = Instant::now();
        let judge_all = |streaks: &mut Streaks, good: u32, pace: Duration| {
            (0..200)
                .map(|number| {
                    let run = if number % (good + 1) == 0 {
                        limited()
                    } else {
                        run()
                    };
                    streaks.judge_at(&place(1), &run, || start + number * pace)
                })
                .find(|verdict| *verdict != Verdict::Good)
        };
        let quick = Duration::from_secs(1);
        let verdict = judge_all(&mut Streaks::default(), 1, quick);
        let reason = "20 of its 39 runs within 10 minutes met a limit".to_owned();
        assert_eq!(verdict, Some(Verdict::Pause(reason)));
        assert_eq!(judge_all(&mut Streaks::default(), 9, quick), None);
        assert_eq!(judge_all(&mut Streaks::default(), 1, WINDOW / 10), None);
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
