//! Why a run failed, was refused or took long, in a sentence for an Admin. Pure.

use std::time::Duration;

use super::record::Run;
use crate::script::{Account, Ending, FunctionUse};

/// `None` for a run that needs no explanation.
pub fn sentence(run: &Run) -> Option<String> {
    if !run.is_notable() {
        return None;
    }
    let parts: Vec<String> = [ended(run), refused(&run.account), slow(run)]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn ended(run: &Run) -> Option<String> {
    let Account { ending, why, .. } = &run.account;
    let why = why.as_deref().unwrap_or("the server's log says more");
    match ending {
        Ending::Limit(_) => Some(format!("stopped by a limit: {why}")),
        // The refused call says it, where it is told.
        Ending::Denied if account_tells_one(&run.account) => None,
        Ending::Denied => Some("it ended with a refused call".to_owned()),
        Ending::Raised => Some(format!("the plugin raised an error: {why}")),
        Ending::Host => Some(format!("the host could not do its part: {why}")),
        Ending::Ok => match run.status {
            Some(status) if status >= 500 => {
                Some(format!("the plugin answered with status {status}"))
            }
            _ => None,
        },
    }
}

fn account_tells_one(account: &Account) -> bool {
    account.host_calls.denied() == 1 && !account.host_calls.denials.is_empty()
}

fn refused(account: &Account) -> Option<String> {
    let count = account.host_calls.denied();
    let first = account.host_calls.denials.first()?;
    let what = format!("{}.{}: {}", first.module, first.name, first.what);
    Some(match count {
        1 if account.ending == Ending::Denied => {
            format!("it ended with a refused call: {what}")
        }
        1 => format!("1 call was refused: {what}"),
        count => format!("{count} calls were refused, the first: {what}"),
    })
}

fn slow(run: &Run) -> Option<String> {
    if !run.is_slow() {
        return None;
    }
    let account = &run.account;
    let longest = account
        .host_calls
        .functions
        .iter()
        .max_by_key(|used| used.time);
    let took = seconds(account.wall);
    Some(match longest {
        Some(used) if used.time > account.wall / 2 => {
            format!("most of the {took} went to {}", spent(used))
        }
        _ if account.script > account.wall / 2 => format!(
            "most of the {took} was the script's own work ({})",
            seconds(account.script)
        ),
        Some(used) if !used.time.is_zero() => {
            format!("of the {took} the most went to {}", spent(used))
        }
        _ => format!("it took {took}"),
    })
}

fn spent(used: &FunctionUse) -> String {
    let calls = match used.count {
        1 => "1 call".to_owned(),
        count => format!("{count} calls"),
    };
    format!(
        "{}.{} ({} in {calls})",
        used.module,
        used.name,
        seconds(used.time)
    )
}

fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::tests::{run, used};
    use crate::script::Denial;

    fn told(change: impl FnOnce(&mut Run)) -> Option<String> {
        let mut run = run();
        change(&mut run);
        sentence(&run)
    }

    #[test]
    fn a_good_run_and_a_callers_mistake_need_no_explanation() {
        assert_eq!(told(|_| ()), None);
        assert_eq!(
            told(|run| {
                run.account.ending = Ending::Raised;
                run.account.why = Some("name is missing".to_owned());
                run.status = Some(400);
            }),
            None
        );
    }

    #[test]
    fn a_slow_run_says_where_its_time_went() {
        let slow = |host: &[(&'static str, u64)], script: u64| {
            told(|run| {
                run.account.wall = Duration::from_millis(4_100);
                run.account.script = Duration::from_millis(script);
                run.account.host_calls.functions =
                    host.iter().map(|(name, ms)| used(name, 2, *ms)).collect();
            })
        };
        assert_eq!(
            slow(&[("query", 20), ("request", 3_900)], 100).unwrap(),
            "most of the 4.1 s went to test.request (3.9 s in 2 calls)"
        );
        assert_eq!(
            slow(&[("query", 200)], 3_800).unwrap(),
            "most of the 4.1 s was the script's own work (3.8 s)"
        );
        assert_eq!(
            slow(&[("query", 1_700), ("request", 1_500)], 900).unwrap(),
            "of the 4.1 s the most went to test.query (1.7 s in 2 calls)"
        );
    }

    #[test]
    fn a_limit_and_what_was_refused_are_named() {
        assert_eq!(
            told(|run| {
                run.account.ending = Ending::Limit("script_time");
                run.account.why = Some("script time 5 s".to_owned());
                run.status = Some(504);
            })
            .unwrap(),
            "stopped by a limit: script time 5 s"
        );
        let denied = |ending, count| {
            told(|run| {
                run.account.ending = ending;
                let mut function = used("request", count, 0);
                function.denied = count;
                run.account.host_calls.functions = vec![function];
                run.account.host_calls.denials = vec![Denial {
                    module: "http",
                    name: "request",
                    what: "not granted".to_owned(),
                }];
            })
            .unwrap()
        };
        let first = "http.request: not granted";
        for (ending, count, told) in [
            (Ending::Ok, 1, "1 call was refused: "),
            (Ending::Ok, 7, "7 calls were refused, the first: "),
            (Ending::Denied, 1, "it ended with a refused call: "),
            (
                Ending::Denied,
                7,
                "it ended with a refused call; 7 calls were refused, the first: ",
            ),
        ] {
            assert_eq!(denied(ending, count), format!("{told}{first}"));
        }
    }
}
