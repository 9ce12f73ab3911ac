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
    pub takes: Takes,
}

/// What of the script inside does not get through as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    /// An error that the script may catch is caught.
    Errors,
    /// A yield ends here.
    Yields,
    ErrorsAndYields,
    /// Lengths and depths that Rhai bounds go on as errors that may be caught: its list functions tell of them so.
    Bounds,
}

const fn wrapper(
    name: &'static str,
    before: &'static str,
    after: &'static str,
    takes: Takes,
) -> Wrapper {
    Wrapper {
        name,
        before,
        after,
        takes,
    }
}

const LUA: &[Wrapper] = &[
    wrapper(
        "pcall",
        "return select(2, pcall(function() ",
        " end))",
        Takes::Errors,
    ),
    wrapper(
        "xpcall",
        "return select(2, xpcall(function() ",
        " end, function(e) return type(e) end))",
        Takes::Errors,
    ),
    wrapper(
        "coroutine",
        "return coroutine.wrap(function() ",
        " end)()",
        Takes::Yields,
    ),
    wrapper(
        "resumed",
        "return select(2, coroutine.resume(coroutine.create(function() ",
        " end)))",
        Takes::ErrorsAndYields,
    ),
    wrapper(
        "closure",
        "local kept = ctx local function run(ctx) ",
        " end return (run(kept))",
        Takes::Nothing,
    ),
    wrapper(
        "call metamethod",
        "return setmetatable({}, { __call = function() ",
        " end })()",
        Takes::Nothing,
    ),
    wrapper(
        "index metamethod",
        "return setmetatable({}, { __index = function() ",
        " end }).x",
        Takes::Nothing,
    ),
    wrapper(
        "sorted",
        "local out table.sort({ 2, 1 }, function() out = (function() ",
        " end)() return false end) return out",
        Takes::Nothing,
    ),
];

const RHAI: &[Wrapper] = &[
    wrapper(
        "try",
        "let got = (); try { let run = || { ",
        " }; got = run.call(); } catch (e) { got = type_of(e); } got",
        Takes::Errors,
    ),
    wrapper(
        "closure",
        "let run = || { ",
        " }; run.call()",
        Takes::Nothing,
    ),
    wrapper(
        "method",
        "let it = #{ run: |ctx| { ",
        " } }; it.run.call(ctx)",
        Takes::Nothing,
    ),
    wrapper(
        "curry",
        "let run = |n, ctx| { ",
        " }; run.curry(1).call(ctx)",
        Takes::Nothing,
    ),
    wrapper(
        "mapped",
        "let all = [ctx].map(|ctx| { ",
        " }); all[0]",
        Takes::Bounds,
    ),
    wrapper(
        "in a loop",
        "let got = (); for once in 0..1 { let run = || { ",
        " }; got = run.call(); } got",
        Takes::Nothing,
    ),
    wrapper(
        "in a branch",
        "let run = || { ",
        " }; switch 1 { 1 => run.call(), _ => () }",
        Takes::Nothing,
    ),
    wrapper(
        "tried again",
        "let got = (); for once in 0..2 { try { let run = || { ",
        " }; got = run.call(); } catch { } } got",
        Takes::Errors,
    ),
];

impl Wrapper {
    pub fn catches(&self) -> bool {
        matches!(self.takes, Takes::Errors | Takes::ErrorsAndYields)
    }

    pub fn takes_yields(&self) -> bool {
        matches!(self.takes, Takes::Yields | Takes::ErrorsAndYields)
    }

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
