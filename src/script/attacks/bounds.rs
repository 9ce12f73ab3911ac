//! Lengths and depths of Rhai within its list functions, which tell of every error alike: a `try` around one may catch
//! them. What was too much is gone by then, and the limits of the whole call stand.

use std::time::Duration;

use super::{each_ends, each_meets, each_meets_within, with_time};
use crate::script::fixture::Language;

#[test]
fn a_length_or_a_depth_can_be_caught_around_a_list_function_alone() {
    each_meets_within(
        with_time(Duration::from_secs(10)),
        Language::Rhai,
        &[
            (
                "try { let s = \"x\"; loop { s += s; } } catch { } 1",
                "length of string",
            ),
            (
                "let f = |g, n| g.call(g, n + 1); try { f.call(f, 1) } catch { } 1",
                "call depth",
            ),
            (
                "[1].map(|x| { let s = \"x\"; loop { s += s; } })",
                "length of string",
            ),
        ],
    );
    each_ends(
        Language::Rhai,
        &[
            "try { [1].map(|x| { let s = \"x\"; loop { s += s; } }) } catch { } 1",
            "let f = |g| [1].map(|x| g.call(g)); try { f.call(f) } catch { } 1",
        ],
    );
}

#[test]
fn time_and_memory_are_met_for_good_whatever_catches_the_rest() {
    each_meets(
        Language::Rhai,
        &[
            (
                "loop { try { [1].map(|x| { let s = \"x\"; loop { s += s; } }) } catch { } }",
                "script time",
            ),
            (
                "try { [1].map(|x| { loop { } }) } catch { } 1",
                "script time",
            ),
        ],
    );
    each_meets_within(
        with_time(Duration::from_secs(10)),
        Language::Rhai,
        &[(
            "let a = []; a.pad(99999, 1); let b = [];
             try { [1].map(|x| { loop { let c = a; c[0] = 2; b.push(|x| c[x]); } }) } catch { } 1",
            "memory 64 MB",
        )],
    );
}
