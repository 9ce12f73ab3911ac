//! Scripts that mean harm. Each must stop by the limit that is named, in time, and the next call must work.

mod ladder;

use std::time::{Duration, Instant};

use super::fixture::{Language, compile_with, on_script_stack, run};
use super::{Limits, Program, ScriptError};
use crate::value::{Map, Value};

/// Shorter clocks than in service, so that the tests are quick.
const SCRIPT_TIME: Duration = Duration::from_millis(300);
/// The longest that a call may go on after its clock has ended, on a busy machine.
const GRACE: Duration = Duration::from_secs(4);

fn limits() -> Limits {
    with_time(SCRIPT_TIME)
}

fn with_time(script_time: Duration) -> Limits {
    Limits {
        script_time,
        ..Limits::default()
    }
}

/// Runs each attack, and an honest call of the same program after it.
fn each_meets(language: Language, attacks: &[(&str, &str)]) {
    each_meets_within(limits(), language, attacks);
}

fn each_meets_within(limits: Limits, language: Language, attacks: &[(&str, &str)]) {
    on_script_stack(|| {
        for (body, limit) in attacks {
            let honest = match language {
                Language::Lua => format!("if ctx.honest then return 1 end {body}"),
                Language::Rhai => format!("if ctx.honest == true {{ return 1; }} {body}"),
            };
            let program = compile_with(language, &language.plugin(&honest), limits.clone())
                .unwrap_or_else(|error| panic!("{body}: {error}"));
            let before = Instant::now();
            let result = run(&program, Map::new());
            assert!(
                before.elapsed() < limits.script_time + GRACE,
                "{body} took {:?}",
                before.elapsed()
            );
            match result {
                Err(ScriptError::Limit { which }) => {
                    assert!(
                        which.contains(limit),
                        "{body}: met '{which}', not '{limit}'"
                    );
                }
                Err(error) => panic!("{body}: {error}"),
                Ok(_) => panic!("{body} was not stopped"),
            }
            works(&program, body);
        }
    });
}

/// Runs attacks that end in an error of the script or come to nothing.
fn each_ends(language: Language, attacks: &[&str]) {
    on_script_stack(|| {
        for body in attacks {
            let program = compile_with(language, &language.plugin(body), limits())
                .unwrap_or_else(|error| panic!("{body}: {error}"));
            let before = Instant::now();
            let _ = run(&program, Map::new());
            assert!(
                before.elapsed() < SCRIPT_TIME + GRACE,
                "{body} took {:?}",
                before.elapsed()
            );
        }
    });
}

fn works(program: &Program, after: &str) {
    let honest = Map::from_iter([("honest".to_owned(), Value::Bool(true))]);
    assert_eq!(
        run(program, honest).unwrap(),
        Value::Int(1),
        "after {after}"
    );
}

#[test]
fn lua_loops_stop_by_script_time_even_when_they_catch_it() {
    each_meets(
        Language::Lua,
        &[
            ("while true do end", "script time"),
            (
                "while true do pcall(function() while true do end end) end",
                "script time",
            ),
            ("while true do pcall(error) end", "script time"),
            (
                "pcall(function() while true do end end) return { data = 'caught' }",
                "script time",
            ),
            (
                "xpcall(function() while true do end end, function() while true do end end)",
                "script time",
            ),
            (
                "local co = coroutine.wrap(function() while true do end end) co()",
                "script time",
            ),
            (
                "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
                "script time",
            ),
            (
                "local s = ('a'):rep(100) while true do s:find('.-.-.-.-.-b') end",
                "script time",
            ),
            (
                "local s = ('a'):rep(4000) pcall(string.find, s, '.-.-.-.-.-b') return 1",
                "script time",
            ),
            (
                "local s = ('a'):rep(1000000) .. 'b' while true do s:find(('a'):rep(500000) .. 'c', 1, true) end",
                "script time",
            ),
            (
                "local s = ('a'):rep(1000000) while true do s:split(('a'):rep(500000) .. 'b') end",
                "script time",
            ),
            ("while true do ctx.json.encode({}) end", "script time"),
            (
                "setmetatable(ctx, { __tostring = function() while true do end end }) tostring(ctx)",
                "script time",
            ),
        ],
    );
}

#[test]
fn lua_memory_is_bounded_even_when_it_is_caught() {
    each_meets_within(
        with_time(Duration::from_secs(10)),
        Language::Lua,
        &[
            (
                "local t = {} while true do t[#t + 1] = {} end",
                "memory 32 MB",
            ),
            (
                "pcall(function() local t = {} while true do t[#t + 1] = {} end end) return 1",
                "memory 32 MB",
            ),
            (
                "local co = coroutine.create(function() local t = {} while true do t[#t + 1] = {} end end) coroutine.resume(co) return 1",
                "memory 32 MB",
            ),
            (
                "coroutine.wrap(function() local t = {} while true do t[#t + 1] = {} end end)() return 1",
                "memory 32 MB",
            ),
            (
                "xpcall(function() local t = {} while true do t[#t + 1] = {} end end, function(e) return e end) return 1",
                "memory 32 MB",
            ),
            ("local s = 'x' while true do s = s .. s end", "memory 32 MB"),
            ("return table.create(10000000)", "memory 32 MB"),
            ("return buffer.create(1000000000)", "memory 32 MB"),
            (
                "local t = {} for i = 1, 40 do t[i] = ('x'):rep(1000000) .. i end return #table.concat(t)",
                "memory 32 MB",
            ),
            (
                "local f, t = ctx.random.bytes, table.create(100000, 0) for i = 1, 100000 do t[i] = f(1024) end return 1",
                "memory 32 MB",
            ),
            (
                "local f, t = ctx.base64.decodeBytes, table.create(100000, 0)
                local text = ctx.base64.encode(('x'):rep(50000))
                pcall(function() for i = 1, 100000 do t[i] = f(text) end end) return 1",
                "memory 32 MB",
            ),
            (
                "local f, t = ctx.random.bytes, table.create(100000, 0)
                xpcall(function() for i = 1, 100000 do t[i] = f(1024) end end, function() end) return 1",
                "memory 32 MB",
            ),
            (
                "local f, t = ctx.json.decode, table.create(100000, 0)
                local text = '[' .. ('1,'):rep(1000) .. '1]'
                for i = 1, 100000 do t[i] = f(text) end return 1",
                "memory 32 MB",
            ),
        ],
    );
}

#[test]
fn lua_recursion_stops_by_depth() {
    each_meets(
        Language::Lua,
        &[
            ("local function f() return 1 + f() end f()", "call depth"),
            (
                "local function f() return 1 + f() end xpcall(f, function() end) return 1",
                "call depth",
            ),
            (
                "local function f() return 1 + f() end pcall(f) return 1",
                "call depth",
            ),
        ],
    );
    each_ends(
        Language::Lua,
        &[
            "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x",
            "local function f(s) return s:gsub('.', f) end f('a')",
            "('x'):rep(9e15)",
            "(''):rep(9e15)",
            "table.move({}, 1, 2^53, 2, {})",
            "table.move({}, 1, 1e9, 2)",
            "error(setmetatable({}, { __tostring = function() error('x') end }))",
            "error()",
            "error(function() end)",
            "coroutine.yield()",
            "return (('%99d'):rep(100)):format(1)",
            "return string.pack('z', ('x'):rep(1000000))",
            "return table.unpack({}, 1, 1e8)",
            "return utf8.char(table.unpack(table.create(100000, 65)))",
        ],
    );
}

#[test]
fn rhai_loops_stop_by_script_time_even_when_they_catch_it() {
    each_meets(
        Language::Rhai,
        &[
            ("loop { }", "script time"),
            ("loop { try { loop { } } catch { } }", "script time"),
            ("let f = |x| loop { }; f.call(1)", "script time"),
            ("let a = [1, 2, 3]; a.map(|x| loop { })", "script time"),
            ("loop { ctx.json.encode(1); }", "script time"),
            (
                "let a = []; a.pad(50000, 1); loop { a.sort(|x, y| 1); }",
                "script time",
            ),
        ],
    );
}

#[test]
fn rhai_sizes_and_depths_are_bounded() {
    each_meets_within(
        with_time(Duration::from_secs(10)),
        Language::Rhai,
        &[
            ("let s = \"x\"; loop { s += s; }", "memory"),
            (
                "let s = \"x\"; loop { try { s += s; } catch { } }",
                "memory",
            ),
            ("let a = []; loop { a.push(a); }", "memory"),
            ("let a = [1]; loop { a += a; }", "memory"),
            (
                "let m = #{}; let i = 0; loop { m[`k${i}`] = i; i += 1; }",
                "",
            ),
            ("let s = \"\"; s.pad(100000000, 'x'); s", "memory"),
            (
                "let s = \"\"; s.pad(1000000, 'x'); s.replace(\"x\", \"xxxxxxxxxx\"); s",
                "memory",
            ),
            ("blob(100000000)", "memory"),
            (
                "let a = []; a.pad(99999, 100000); a.map(Fn(\"blob\"))",
                "memory",
            ),
            (
                "let a = []; a.pad(99999, 1); let b = []; loop { let c = a; c[0] = 2; b.push(|x| c[x]); }",
                "memory 64 MB",
            ),
            (
                "let f = |x| x; let s = \"\"; s.pad(100000, 'x'); loop { f = f.curry(s + \"y\"); }",
                "memory 64 MB",
            ),
            (
                "let f = |g, n| g.call(g, n + 1); f.call(f, 1)",
                "call depth",
            ),
            ("run(ctx)", "call depth"),
            (
                "let a = []; a.pad(1000, \"x\"); let s = \"\"; s.pad(1000, 'x'); let b = []; loop { b.push(s); }",
                "memory",
            ),
        ],
    );
    each_ends(
        Language::Rhai,
        &[
            "let s = \"\"; s.pad(1000000, 'x'); s.split(\"\").len()",
            "let s = \"\"; s.pad(1000000, 'x'); s.to_chars().len()",
            "let s = \"\"; s.pad(1000000, 'a'); let n = \"\"; n.pad(500000, 'a'); s.index_of(n + \"b\")",
            "let x = 1; let f = || x; let a = [x, f]; a",
            "throw || 1",
            "exit(1)",
        ],
    );
}

#[test]
fn ten_thousand_nested_rhai_closures_do_not_end_the_process() {
    each_ends(
        Language::Rhai,
        &[
            "let f = || 1; for i in 0..10000 { let g = f; f = || g.call(); } 1",
            "let f = || 1; for i in 0..10000 { let g = f; f = || g.call(); } f.call()",
            "let a = []; for i in 0..12000 { a = [a]; } a",
            "let m = #{}; for i in 0..12000 { m = #{ m: m }; } m",
        ],
    );
}

#[test]
fn a_small_value_that_unfolds_to_a_huge_one_is_refused() {
    each_meets(
        Language::Lua,
        &[
            (
                "local t = {} for i = 1, 30 do t = { t, t } end return t",
                "100000 values",
            ),
            ("local t = {} t.t = t return t", "64 levels"),
            (
                "local s, t = ('x'):rep(100000), {} for i = 1, 20000 do t[i] = s end return t",
                "4 MB of text",
            ),
            (
                "local t = {} for i = 1, 100 do t = { t } end return t",
                "64 levels",
            ),
            (
                "return { buffer = buffer.create(32000000) }",
                "30 MB of bytes",
            ),
        ],
    );
    each_meets(
        Language::Rhai,
        &[
            ("let t = []; for i in 0..30 { t = [t, t]; } t", ""),
            ("let t = []; for i in 0..100 { t = [t]; } t", "64 levels"),
        ],
    );
}

#[test]
fn a_file_may_be_returned_as_bytes() {
    on_script_stack(|| {
        for (language, body, size) in [
            (
                Language::Lua,
                "return { buffer = buffer.create(20000000) }",
                20_000_000,
            ),
            (Language::Rhai, "#{ buffer: blob(90000, 1) }", 90_000),
        ] {
            let program =
                compile_with(language, &language.plugin(body), Limits::default()).unwrap();
            let reply = run(&program, Map::new()).unwrap();
            let Some(Value::Bytes(bytes)) = reply.get("buffer") else {
                panic!("{language:?}");
            };
            assert_eq!(bytes.len(), size);
        }
    });
}

#[test]
fn a_source_that_is_hard_to_compile_does_not_take_long() {
    on_script_stack(|| {
        let tables = format!("local t = {{{}}}", "{},".repeat(85_000));
        let locals = "local function f() end ".repeat(11_000);
        let parens = format!("return {}1{}", "(".repeat(100_000), ")".repeat(100_000));
        let rhai_parens = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
        let rhai_list = format!("let t = [{}]", "[],".repeat(85_000));
        for (language, source) in [
            (Language::Lua, tables),
            (Language::Lua, locals),
            (Language::Lua, parens),
            (Language::Rhai, rhai_parens),
            (Language::Rhai, rhai_list),
        ] {
            let before = Instant::now();
            let _ = compile_with(language, &source, Limits::default());
            assert!(before.elapsed() < GRACE, "{:?}", before.elapsed());
        }
    });
}
