//! Wrappers: ways in which a script tries to outlive what stops it, or to hide what it does.
//!
//! Each turns a body into another body that gives the same value. They compose, so a hundred and fifty seeds
//! become ten thousand cases.

use super::seed::Kind;

#[derive(Clone, Copy, Debug)]
pub struct Wrapper {
    pub name: &'static str,
    before: &'static str,
    after: &'static str,
    /// Whether an error that the script may catch is caught.
    pub catches: bool,
}

const fn wrapper(
    name: &'static str,
    before: &'static str,
    after: &'static str,
    catches: bool,
) -> Wrapper {
    Wrapper {
        name,
        before,
        after,
        catches,
    }
}

const LUA: &[Wrapper] = &[
    wrapper(
        "pcall",
        "return select(2, pcall(function() ",
        " end))",
        true,
    ),
    wrapper(
        "xpcall",
        "return select(2, xpcall(function() ",
        " end, function(e) return type(e) end))",
        true,
    ),
    wrapper(
        "coroutine",
        "return coroutine.wrap(function() ",
        " end)()",
        false,
    ),
    wrapper(
        "resumed",
        "return select(2, coroutine.resume(coroutine.create(function() ",
        " end)))",
        true,
    ),
    wrapper(
        "closure",
        "local kept = ctx local function run(ctx) ",
        " end return (run(kept))",
        false,
    ),
    wrapper(
        "call metamethod",
        "return setmetatable({}, { __call = function() ",
        " end })()",
        false,
    ),
    wrapper(
        "index metamethod",
        "return setmetatable({}, { __index = function() ",
        " end }).x",
        false,
    ),
    wrapper(
        "sorted",
        "local out table.sort({ 2, 1 }, function() out = (function() ",
        " end)() return false end) return out",
        false,
    ),
];

const RHAI: &[Wrapper] = &[
    wrapper(
        "try",
        "let got = (); try { let run = || { ",
        " }; got = run.call(); } catch (e) { got = type_of(e); } got",
        true,
    ),
    wrapper("closure", "let run = || { ", " }; run.call()", false),
    wrapper(
        "method",
        "let it = #{ run: |ctx| { ",
        " } }; it.run.call(ctx)",
        false,
    ),
    wrapper(
        "curry",
        "let run = |n, ctx| { ",
        " }; run.curry(1).call(ctx)",
        false,
    ),
    wrapper(
        "mapped",
        "let all = [ctx].map(|ctx| { ",
        " }); all[0]",
        false,
    ),
    wrapper(
        "in a loop",
        "let got = (); for once in 0..1 { let run = || { ",
        " }; got = run.call(); } got",
        false,
    ),
    wrapper(
        "in a branch",
        "let run = || { ",
        " }; switch 1 { 1 => run.call(), _ => () }",
        false,
    ),
    wrapper(
        "tried again",
        "let got = (); for once in 0..2 { try { let run = || { ",
        " }; got = run.call(); } catch { } } got",
        true,
    ),
];

impl Wrapper {
    pub fn around(&self, body: &str) -> String {
        format!("{}{body}{}", self.before, self.after)
    }
}

/// The wrappers of the language that seeds of this kind are written in.
pub fn of(kind: Kind) -> &'static [Wrapper] {
    match kind {
        Kind::Rhai | Kind::RhaiReturn => RHAI,
        _ => LUA,
    }
}
