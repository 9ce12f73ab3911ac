//! The nesting ladder: Rhai drops, copies and compares what is nested by recursion, so each rung must leave the
//! process alive, whichever limit ends it.

use std::time::{Duration, Instant};

use crate::script::Limits;
use crate::script::fixture::{Language, compile_with, on_script_stack, run};
use crate::value::Map;

const RUNGS: [u32; 7] = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];

/// How a value is nested `N` levels deep.
const NESTINGS: [(&str, &str); 8] = [
    (
        "closure",
        "let f = || 1; for i in 0..N { let g = f; f = || g.call(); } 1",
    ),
    (
        "called closure",
        "let f = || 1; for i in 0..N { let g = f; f = || g.call(); } f.call()",
    ),
    ("array", "let a = []; for i in 0..N { a = [a]; } 1"),
    ("returned array", "let a = []; for i in 0..N { a = [a]; } a"),
    ("map", "let m = #{}; for i in 0..N { m = #{ m: m }; } 1"),
    (
        "compared map",
        "let m = #{}; for i in 0..N { m = #{ m: m }; } let n = m; m == n",
    ),
    (
        "curry",
        "let f = |x| x; for i in 0..N { f = f.curry(f); } 1",
    ),
    (
        "printed array",
        "let a = []; for i in 0..N { a = [a]; } `${a}`",
    ),
];

#[test]
fn nesting_of_any_depth_leaves_the_process_alive() {
    let limits = Limits {
        script_time: Duration::from_secs(60),
        ..Limits::default()
    };
    on_script_stack(|| {
        for (name, body) in NESTINGS {
            for rung in RUNGS {
                let body = body.replace('N', &rung.to_string());
                let program = compile_with(
                    Language::Rhai,
                    &Language::Rhai.plugin(&body),
                    limits.clone(),
                )
                .unwrap();
                let before = Instant::now();
                let result = run(&program, Map::new());
                println!(
                    "{name} {rung}: {:?} {:?}",
                    result.map(|_| ()).map_err(|e| e.to_string()),
                    before.elapsed()
                );
                use std::io::Write;
                std::io::stdout().flush().unwrap();
            }
        }
    });
}
