//! The judge: what was observed of a case, held to what its seed allows. Pure, so that the tests can show it a breach.

use std::time::Duration;

use super::case::Case;
use super::seed::{Kind, Seed, Wall};

/// How an answer reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By a limit, in its words.
    Stopped(String),
    /// By an error.
    Refused(String),
    /// With a result.
    Well,
    /// No answer that a plugin can cause: none at all, or a fault of the host.
    Broken(String),
}

/// What was seen of one case.
#[derive(Clone, Debug)]
pub struct Observation {
    pub ended: Ended,
    pub took: Duration,
    /// Resident memory at its highest, beyond what there was before.
    pub peak: Option<u64>,
    /// What became of the canaries, and of the honest plugin.
    pub harm: Vec<String>,
}

/// What a case may take.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    pub script_time: Duration,
}

/// Beyond twice the script's time.
const GRACE: Duration = Duration::from_millis(100);
/// A host call waits for others, within the wall time of a call; its own limits are tested by their owners.
const HOST_TIME: Duration = Duration::from_secs(10);

/// What Rhai says of a source that nests deeper than it takes.
const TOO_DEEP: &str = "Expression exceeds maximum complexity";

const MB: u64 = 1 << 20;
/// What a script may hold, and what the host may need to serve it.
const LUA_PEAK: u64 = (32 + 32) * MB;
const RHAI_PEAK: u64 = (64 + 32) * MB;

impl Allowance {
    pub fn time(self, seed: &Seed) -> Duration {
        let own = 2 * self.script_time + GRACE;
        // What the host does for a script does not count on the script's clock.
        let is_host_work = match seed.kind {
            Kind::Sql | Kind::HostCall | Kind::Url => true,
            _ => seed.code.contains("ctx."),
        };
        if is_host_work {
            own.max(HOST_TIME)
        } else {
            own
        }
    }
}

fn peak_of(kind: Kind) -> u64 {
    match kind {
        Kind::Rhai | Kind::RhaiReturn => RHAI_PEAK,
        _ => LUA_PEAK,
    }
}

/// Every way in which the observation is a breach; none is what we hope for.
pub fn breaches(case: &Case, seen: &Observation, allowance: Allowance) -> Vec<String> {
    let mut breaches = seen.harm.clone();
    if let Some(wrong) = wrong_end(case, &seen.ended) {
        breaches.push(wrong);
    }
    if is_late(case, seen, allowance) {
        let (took, most) = (seen.took.as_millis(), allowance.time(case.seed).as_millis());
        breaches.push(format!("took {took} ms of at most {most}"));
    }
    if let Some(peak) = seen.peak.filter(|peak| *peak > peak_of(case.seed.kind)) {
        breaches.push(format!(
            "held {} MB of at most {}",
            peak / MB,
            peak_of(case.seed.kind) / MB
        ));
    }
    breaches
}

/// The same, of a case whose plugin was not installed. That is no breach where wrappers made its source too deep.
pub fn breaches_of_source(case: &Case, seen: &Observation, is_alone: bool) -> Vec<String> {
    let is_too_deep = matches!(&seen.ended, Ended::Refused(why) if why.contains(TOO_DEEP));
    let mut breaches = seen.harm.clone();
    if !(is_alone && is_too_deep && case.is_wrapped()) {
        breaches.push(format!(
            "not installed, so it never ran: {}",
            seen.ended.words()
        ));
    }
    breaches
}

/// Too slow or too large can be the noise of a machine, and so can the clock that comes before another wall: worth
/// another look, where nothing else is wrong.
pub fn may_be_noise(case: &Case, seen: &Observation) -> bool {
    let by_the_clock =
        matches!(&seen.ended, Ended::Stopped(limit) if Wall::Clock.is_meant_by(limit));
    seen.harm.is_empty() && (by_the_clock || wrong_end(case, &seen.ended).is_none())
}

fn is_late(case: &Case, seen: &Observation, allowance: Allowance) -> bool {
    seen.took > allowance.time(case.seed)
}

fn wrong_end(case: &Case, ended: &Ended) -> Option<String> {
    let walls = case.seed.walls;
    let yields = walls.contains(&Wall::Yield);
    let may_refuse = walls.contains(&Wall::Refused) || yields || case.is_whole_reply();
    // What was too long or too deep is gone when the script goes on; what it holds and how long it runs stay bounded.
    let is_bounded = [Wall::Length, Wall::Depth]
        .iter()
        .any(|wall| walls.contains(wall));
    let allowed = match ended {
        Ended::Stopped(limit) => walls.iter().any(|wall| wall.is_meant_by(limit)),
        Ended::Refused(_) => may_refuse,
        Ended::Well => {
            walls.contains(&Wall::Harmless)
                || (may_refuse && case.catches())
                || (yields && case.takes_yields())
                || (is_bounded && case.catches_bounds())
        }
        Ended::Broken(_) => false,
    };
    if allowed {
        return None;
    }
    let expected: Vec<&str> = walls.iter().map(|wall| wall.name()).collect();
    Some(format!("{}, not {}", ended.words(), expected.join(" or ")))
}

impl Ended {
    /// The word of the table.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stopped(_) => "stopped",
            Self::Refused(_) => "refused",
            Self::Well => "harmless",
            Self::Broken(_) => "BROKEN",
        }
    }

    /// The limit or the error, where there is one.
    pub fn detail(&self) -> &str {
        match self {
            Self::Stopped(text) | Self::Refused(text) | Self::Broken(text) => text,
            Self::Well => "",
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Stopped(limit) => format!("stopped by '{limit}'"),
            Self::Refused(why) => format!("refused with '{why}'"),
            Self::Well => "ended well".to_owned(),
            Self::Broken(what) => format!("broken: {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::case;
    use super::*;

    const ALLOWANCE: Allowance = Allowance {
        script_time: Duration::from_millis(100),
    };

    fn case_of(name: &str) -> Case {
        let mut cases = case::first(30_000).into_iter();
        let found = cases.find(|case| case.name() == name);
        found.unwrap_or_else(|| panic!("no case {name}"))
    }

    fn seen(ended: Ended) -> Observation {
        Observation {
            ended,
            took: Duration::from_millis(120),
            peak: Some(MB),
            harm: Vec::new(),
        }
    }

    #[test]
    fn the_wall_of_the_seed_is_no_breach_and_every_other_end_is_one() {
        let endless = case_of("lua: endless loop");
        let clock = seen(Ended::Stopped("script time 0.1 s".to_owned()));
        assert_eq!(breaches(&endless, &clock, ALLOWANCE), Vec::<String>::new());
        for wrong in [
            Ended::Stopped("memory 32 MB".to_owned()),
            Ended::Refused("no".to_owned()),
            Ended::Well,
            Ended::Broken("no answer".to_owned()),
        ] {
            assert_eq!(breaches(&endless, &seen(wrong), ALLOWANCE).len(), 1);
        }
    }

    #[test]
    fn a_refusal_that_a_wrapper_catches_may_end_well() {
        let well = seen(Ended::Well);
        let plain = case_of("lua: a command through os");
        assert_eq!(breaches(&plain, &well, ALLOWANCE).len(), 1);
        let mut wrapped = case::first(2_000).into_iter();
        let caught = wrapped
            .find(|case| case.seed.name == plain.seed.name && case.catches())
            .unwrap();
        assert!(breaches(&caught, &well, ALLOWANCE).is_empty());
    }

    #[test]
    fn a_bound_of_rhai_may_be_caught_around_a_list_function_and_nowhere_else() {
        let well = seen(Ended::Well);
        let breaches_of = |name: &str| breaches(&case_of(name), &well, ALLOWANCE).len();
        for fine in [
            "rhai: doubling text [try, mapped]",
            "rhai: one huge blob [tried again, mapped]",
            "rhai: recursion by a closure [try, mapped]",
            "rhai: recursion within a map [try]",
            "rhai return: thirty lists that are a billion [as data, try, mapped]",
        ] {
            assert_eq!(breaches_of(fine), 0, "{fine}");
        }
        for wrong in [
            "rhai: doubling text [try]",
            "rhai: doubling text [mapped, try]",
            "rhai: recursion by a closure [tried again]",
            "rhai: recursion within a map",
            "rhai: currying without end [try, mapped]",
            "rhai: endless map [try, mapped]",
            "lua: recursion [xpcall]",
        ] {
            assert_eq!(breaches_of(wrong), 1, "{wrong}");
        }
    }

    #[test]
    fn a_yield_that_a_coroutine_takes_may_end_well() {
        let well = seen(Ended::Well);
        let breaches_of = |name: &str| breaches(&case_of(name), &well, ALLOWANCE).len();
        assert_eq!(breaches_of("lua: yield out of the route [coroutine]"), 0);
        assert_eq!(breaches_of("lua: yield out of the route [closure]"), 1);
        assert_eq!(breaches_of("lua: a command through os [coroutine]"), 1);
        assert_eq!(
            breaches_of("lua: coroutine that closes itself anew [coroutine]"),
            1
        );
    }

    #[test]
    fn a_case_that_never_ran_is_a_breach_unless_wrappers_alone_made_its_source_too_deep() {
        let nested = case_of("rhai: doubling text [try, mapped]");
        let too_deep = seen(Ended::Refused(format!("main.rhai, line 3: {TOO_DEEP}")));
        assert!(breaches_of_source(&nested, &too_deep, true).is_empty());
        assert_eq!(breaches_of_source(&nested, &too_deep, false).len(), 1);
        let simple = case_of("rhai: doubling text");
        assert_eq!(breaches_of_source(&simple, &too_deep, true).len(), 1);
        let other = seen(Ended::Refused("no such file".to_owned()));
        assert_eq!(breaches_of_source(&nested, &other, true).len(), 1);
        let broken = seen(Ended::Broken("no answer".to_owned()));
        assert_eq!(breaches_of_source(&nested, &broken, true).len(), 1);
    }

    #[test]
    fn too_long_too_much_and_harm_are_breaches_whatever_the_end() {
        let case = case_of("lua: endless loop");
        let good = seen(Ended::Stopped("script time 0.1 s".to_owned()));
        let late = Observation {
            took: Duration::from_millis(301),
            ..good.clone()
        };
        assert!(breaches(&case, &late, ALLOWANCE)[0].contains("took 301 ms"));
        assert!(may_be_noise(&case, &late));
        let large = Observation {
            peak: Some(65 * MB),
            ..good.clone()
        };
        assert!(breaches(&case, &large, ALLOWANCE)[0].contains("held 65 MB"));
        let harmful = Observation {
            harm: vec!["the canary socket was reached".to_owned()],
            ..good
        };
        assert_eq!(
            breaches(&case, &harmful, ALLOWANCE),
            ["the canary socket was reached"]
        );
        assert!(!may_be_noise(&case, &harmful));
    }
}
