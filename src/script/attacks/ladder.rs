//! The nesting ladder: Rhai drops, copies and compares what is nested by recursion, so each rung must leave the
//! process alive, whichever limit ends it.

use std::time::{Duration, Instant};

use super::{GRACE, with_time};
use crate::script::fixture::{Language, compile_with, on_script_stack, run};
use crate::script::{ScriptError, stack_is_spent};
use crate::value::Map;

const RUNGS: [u32; 6] = [1_000, 3_000, 10_000, 100_000, 300_000, 1_000_000];

/// Ways to nest a value `N` levels deep, and the clock that leaves room for the depth that memory allows. Lists and
/// maps are measured at each level, so that time ends them long before memory would.
const NESTINGS: [(&str, u64); 9] = [
    (
        "let f = || 1; for i in 0..N { let g = f; f = || g.call(); } 1",
        30_000,
    ),
    (
        "let f = || 1; for i in 0..N { let g = f; f = || g.call(); } f.call()",
        30_000,
    ),
    ("let f = |x| x; for i in 0..N { f = f.curry(f); } 1", 30_000),
    ("let a = []; for i in 0..N { a = [a]; } 1", 300),
    ("let a = []; for i in 0..N { a = [a]; } a", 300),
    ("let a = []; for i in 0..N { a = [a]; } `${a}`", 300),
    (
        "let a = []; for i in 0..N { a = [a]; } let b = a; a == b",
        300,
    ),
    ("let m = #{}; for i in 0..N { m = #{ m: m }; } m", 300),
    (
        "let m = #{}; for i in 0..N { m = #{ m: m }; } let n = m; m == n",
        300,
    ),
];

#[test]
fn nesting_of_any_depth_leaves_the_process_alive() {
    on_script_stack(|| {
        for (nesting, milliseconds) in NESTINGS {
            let limits = with_time(Duration::from_millis(milliseconds));
            let mut ended = Vec::new();
            for rung in RUNGS {
                let body = nesting.replace('N', &rung.to_string());
                let plugin = Language::Rhai.plugin(&body);
                let program = compile_with(Language::Rhai, &plugin, limits.clone()).unwrap();
                let before = Instant::now();
                let result = run(&program, Map::new());
                assert!(before.elapsed() < limits.script_time + GRACE, "{body}");
                ended.push(matches!(result, Err(ScriptError::Limit { .. })));
            }
            assert_eq!(ended.last(), Some(&true), "{nesting} has no end");
        }
    });
}

#[test]
fn a_thread_that_dropped_what_was_nested_deep_says_that_its_stack_is_spent() {
    on_script_stack(|| {
        for (levels, is_deep) in [(10, false), (100_000, true)] {
            let body =
                format!("let f = || 1; for i in 0..{levels} {{ let g = f; f = || g.call(); }} 1");
            let limits = with_time(Duration::from_secs(30));
            let program =
                compile_with(Language::Rhai, &Language::Rhai.plugin(&body), limits).unwrap();
            run(&program, Map::new()).unwrap();
            assert_eq!(stack_is_spent(), is_deep);
            assert!(!stack_is_spent(), "asked once, it is another thread's turn");
        }
    });
}
