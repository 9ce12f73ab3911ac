//! The nesting ladder: Rhai drops, copies and compares what is nested by recursion, so each rung must leave the
//! process alive, whichever limit ends it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rhai::{Dynamic, FnPtr};

use super::{GRACE, with_time};
use crate::script::fixture::{Language, compile_with, on_script_stack, run};
use crate::script::{Limits, STACK_BYTES, ScriptError, heap, stack_is_spent};
use crate::value::{Map, Value};

/// The third is near the most that memory allows of closures, the last beyond it.
const RUNGS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Ways to nest a value `N` levels deep, and the clock that leaves room for the depth that memory allows. Lists and
/// maps are measured at each level, so that time ends them long before memory would.
const NESTINGS: [(&str, u64); 14] = [
    (
        "let f = || 1; for i in 0..N { let g = f; f = || g.call(); } 1",
        30_000,
    ),
    (
        "let f = || 1; for i in 0..N { let g = f; f = || g.call(); } f.call()",
        30_000,
    ),
    (
        "let f = || 1; for i in 0..N { let g = f; f = || g.call(); } let h = f; [f, h]",
        30_000,
    ),
    (
        "let f = || 1; for i in 0..N { let g = f; f = || g.call(); } switch f { 1 => 2, _ => 3 }",
        30_000,
    ),
    (
        "let f = || 1; for i in 0..N { let g = f; f = || g.call(); } throw [f]",
        30_000,
    ),
    (
        "let f = || 1; for i in 0..N { let g = f; f = || g.call(); } let m = #{ f: [f] }; m.to_json()",
        30_000,
    ),
    (
        // A closure every few levels hides from Rhai how deep the list nests.
        "let a = [0]; for i in 0..N { a = [[[[[a.pop()]]]]]; a = [[[[[a.pop()]]]]]; let b = a; a = [|| b]; }
        let c = a; switch a { 1 => 2, _ => `${c}` }",
        30_000,
    ),
    (
        "let a = [0]; for i in 0..N { a = [[[[[[[[a.pop()]]]]]]]]; } let b = a; a == b",
        2_000,
    ),
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

/// What a function carries is plain, so nothing nests unseen, and is not copied beyond the room that is left.
const UNSEEN: [(&str, &str); 5] = [
    (
        "let big = []; big.pad(99990, 1); let f = Fn(\"ok\").curry(big); let a = []; a.pad(4000, f); 1",
        "curry takes",
    ),
    (
        "let a = [0]; for i in 0..150000 { a = [[[[[a.pop()]]]]]; a = [Fn(\"ok\").curry(a.pop())]; } 1",
        "curry takes",
    ),
    ("let f = |x| x; f.curry(f)", "curry takes"),
    ("let f = |x| x; curry(f, #{})", "curry takes"),
    (
        "let f = |x| x; for i in 0..2000 { f = f.curry(1, 2, 3, 4, 5); } let a = []; a.pad(4000, f); 1",
        "memory",
    ),
];

#[test]
fn what_a_function_carries_is_plain_and_copied_only_where_there_is_room() {
    on_script_stack(|| {
        for (body, why) in UNSEEN {
            let limits = with_time(Duration::from_secs(60));
            let plugin = Language::Rhai.plugin(body);
            let program = compile_with(Language::Rhai, &plugin, limits).unwrap();
            let error = run(&program, Map::new()).unwrap_err().to_string();
            assert!(error.contains(why), "{body}: {error}");
        }
    });
}

#[test]
fn a_text_that_what_is_shared_would_unfold_to_is_not_written() {
    on_script_stack(|| {
        let shared = "let s = \"\"; s.pad(900000, 'x'); let f = || s; let a = []; a.pad(20000, f);";
        for end in [
            "#{ a: a }.to_json()",
            "throw a",
            "throw #{ message: a }",
            "`${a}`.len()",
            "a.to_debug().len()",
        ] {
            let plugin = Language::Rhai.plugin(&format!("{shared} {end}"));
            let limits = with_time(Duration::from_secs(60));
            let program = compile_with(Language::Rhai, &plugin, limits).unwrap();
            let before = Instant::now();
            let _ = run(&program, Map::new());
            assert!(before.elapsed() < GRACE, "{end}: {:?}", before.elapsed());
        }
    });
}

#[test]
fn honest_closures_lists_and_texts_work_as_in_rhai() {
    on_script_stack(|| {
        for (body, expected) in [
            (
                "let list = [1, 2]; let m = #{ k: 3 }; let f = |i| list[i] + m.k; f.call(1)",
                Value::Int(5),
            ),
            (
                "let f = |x, y| `${x}${y}`; f.curry(\"a\").call(1)",
                "a1".into(),
            ),
            (
                "let f = |x, y, z| x + y + z; curry(f, 1, 2).call(3)",
                Value::Int(6),
            ),
            (
                "let a = [1]; a.pad(3, \"x\"); a.pad(2, 9); a.pad(-1, 9); `${a}`",
                "[1, \"x\", \"x\"]".into(),
            ),
            (
                "`${[1.5, true, (), 'c', \"q\\\"\", [], #{ a: 1, b: [2] }, Fn(\"run\")]}`",
                "[1.5, true, (), c, \"q\\\"\", [], #{\"a\": 1, \"b\": [2]}, Fn(run)]".into(),
            ),
            (
                "#{ a: [1, 2.5, \"x\", true, ()], b: #{} }.to_json()",
                "{\"a\":[1,2.5,\"x\",true,null],\"b\":{}}".into(),
            ),
            (
                "[1, [2, #{ a: 3 }]] == [1, [2, #{ a: 3 }]] && [1] != [\"1\"] && #{ a: [1] } != #{ a: [2] } && [[1], [2]].contains([2])",
                Value::Bool(true),
            ),
        ] {
            let plugin = Language::Rhai.plugin(body);
            let program = compile_with(Language::Rhai, &plugin, with_time(GRACE)).unwrap();
            assert_eq!(run(&program, Map::new()).unwrap(), expected, "{body}");
        }
    });
}

/// At the bottom of what is nested; tells how deep the stack is when it is copied and when it is dropped.
#[derive(Debug)]
struct Bottom;

thread_local! {
    static DEEPEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

impl Bottom {
    fn note() {
        let here = 0_u8;
        let at = std::ptr::from_ref(&here).addr();
        DEEPEST.set(DEEPEST.get().min(at));
    }
}

impl Clone for Bottom {
    fn clone(&self) -> Self {
        Self::note();
        Self
    }
}

impl Drop for Bottom {
    fn drop(&mut self) {
        Self::note();
    }
}

/// The stack that `work` took before it came to the bottom.
fn stack_of(work: impl FnOnce()) -> usize {
    let here = 0_u8;
    let start = std::ptr::from_ref(&here).addr();
    DEEPEST.set(usize::MAX);
    work();
    start.saturating_sub(DEEPEST.get())
}

#[test]
fn what_memory_lets_nest_is_dropped_and_copied_within_half_of_the_stack() {
    const LEVELS: usize = 10_000;
    type Wrap = fn(Dynamic) -> Dynamic;
    let limits = Limits::default();
    let ways: [(&str, Wrap, usize); 4] = [
        (
            "list",
            |value| Dynamic::from_array(vec![value]),
            limits.rhai_list,
        ),
        (
            "map",
            |value| Dynamic::from_map([("m".into(), value)].into_iter().collect()),
            limits.rhai_map,
        ),
        (
            "closure",
            |value| {
                let mut function = FnPtr::new("f").unwrap();
                function.add_curry(value.into_shared());
                function.into()
            },
            usize::MAX,
        ),
        (
            "closure and list",
            |value| {
                let mut function = FnPtr::new("f").unwrap();
                function.add_curry(Dynamic::from_array(vec![value]).into_shared());
                function.into()
            },
            usize::MAX,
        ),
    ];
    on_script_stack(|| {
        for (name, wrap, most) in ways {
            let before = heap::held();
            let nested = (0..LEVELS).fold(Dynamic::from(Bottom), |value, _| wrap(value));
            let memory = usize::try_from(heap::held() - before).unwrap() / LEVELS;
            let mut copy = None;
            let copied = stack_of(|| copy = Some(nested.clone())) / LEVELS;
            drop(copy);
            let dropped = stack_of(|| drop(nested)) / LEVELS;
            let levels = (limits.rhai_memory / memory).min(most);
            let hidden = limits.rhai_memory / memory;
            println!(
                "{name}: {memory} bytes of memory a level, {copied} of stack to copy, {dropped} to drop, at most {levels} levels to copy, {hidden} to drop"
            );
            assert!(
                copied * levels < STACK_BYTES / 2,
                "{name}: {levels} levels to copy"
            );
            assert!(
                dropped * hidden < STACK_BYTES / 2,
                "{name}: {hidden} levels to drop"
            );
        }
    });
}

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
