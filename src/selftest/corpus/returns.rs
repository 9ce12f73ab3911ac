//! What a route returns: the host reads it outside the script's clocks, so its size is bounded by count.

use super::seed;
use crate::selftest::seed::{Kind, Seed, Wall};
use Wall::{Count, Harmless, Length, Memory, Refused, Size};

const SIZE: &[Wall] = &[Size];
const REFUSED: &[Wall] = &[Refused];
const FINE: &[Wall] = &[Harmless, Refused];

const fn lua(name: &'static str, code: &'static str, walls: &'static [Wall]) -> Seed {
    seed(Kind::LuaReturn, name, code, walls)
}

const fn rhai(name: &'static str, code: &'static str, walls: &'static [Wall]) -> Seed {
    seed(Kind::RhaiReturn, name, code, walls)
}

pub const SEEDS: &[Seed] = &[
    lua(
        "thirty tables that are a billion",
        "local t = {} for i = 1, 30 do t = { t, t } end return t",
        SIZE,
    ),
    lua(
        "forty maps that are a trillion",
        "local t = {} for i = 1, 40 do t = { a = t, b = t } end return t",
        SIZE,
    ),
    lua(
        "a table that holds itself",
        "local t = {} t.t = t return t",
        SIZE,
    ),
    lua(
        "a list that holds itself",
        "local t = {} t[1] = t return t",
        SIZE,
    ),
    lua(
        "two tables that hold each other",
        "local a, b = {}, {} a.b = b b.a = a return a",
        SIZE,
    ),
    lua(
        "a hundred levels",
        "local t = {} for i = 1, 100 do t = { t } end return t",
        SIZE,
    ),
    lua(
        "a hundred thousand levels",
        "local t = {} for i = 1, 100000 do t = { t } end return t",
        SIZE,
    ),
    lua(
        "a hundred thousand levels of maps",
        "local t = {} for i = 1, 100000 do t = { x = t } end return t",
        &[Size, Memory],
    ),
    lua(
        "a million keys",
        "local t = {} for i = 1, 1000000 do t['k' .. i] = i end return t",
        &[Size, Memory],
    ),
    lua("a million items", "return table.create(1000000, 1)", SIZE),
    lua(
        "a list with one far item",
        "local t = {} t[1] = 1 t[2^40] = 1 return t",
        FINE,
    ),
    lua(
        "one text too many",
        "local s, t = ('x'):rep(100000), {} for i = 1, 20000 do t[i] = s end return t",
        SIZE,
    ),
    lua(
        "a text of megabytes",
        "return ('x'):rep(4000000) .. ('y'):rep(1000000)",
        SIZE,
    ),
    lua("bytes in the data", "return buffer.create(1000)", FINE),
    lua("not a number", "return 0/0", FINE),
    lua(
        "beyond all numbers",
        "return { math.huge, -math.huge }",
        FINE,
    ),
    lua("text that is none", "return '\\xff\\xfe\\x80'", FINE),
    lua("a key that is no text", "return { ['\\xff'] = 1 }", FINE),
    lua(
        "keys of every kind",
        "return { [true] = 1, [1.5] = 2, [{}] = 3 }",
        REFUSED,
    ),
    lua("a function", "return function() end", REFUSED),
    lua("a host function", "return { f = ctx.db.query }", REFUSED),
    lua(
        "a coroutine",
        "return coroutine.create(function() end)",
        REFUSED,
    ),
    lua(
        "a metatable that answers for ever",
        "return setmetatable({}, { __index = function(t, k) return t end, __len = function() return 2^40 end })",
        FINE,
    ),
    lua(
        "a metatable that counts for ever",
        "return setmetatable({}, { __iter = function() return function() return 1, 1 end end, __pairs = error })",
        FINE,
    ),
    lua(
        "a metatable that never ends",
        "return setmetatable({ 1 }, { __tostring = function() while true do end end, __len = function() while true do end end })",
        FINE,
    ),
    lua("the whole context", "return ctx", REFUSED),
    rhai(
        "thirty lists that are a billion",
        "let t = []; for i in 0..30 { t = [t, t]; } t",
        &[Size, Length, Count],
    ),
    rhai(
        "maps that unfold",
        "let t = #{}; for i in 0..30 { t = #{ a: t, b: t }; } t",
        &[Size, Length, Count],
    ),
    rhai(
        "a hundred levels",
        "let t = []; for i in 0..100 { t = [t]; } t",
        SIZE,
    ),
    rhai(
        "two thousand levels",
        "let t = []; for i in 0..2000 { t = [t]; } t",
        SIZE,
    ),
    rhai(
        "levels of maps",
        "let t = #{}; for i in 0..2000 { t = #{ t: t }; } t",
        SIZE,
    ),
    rhai(
        "a variable that a closure shares",
        "let x = 1; let f = || x; [x, f]",
        REFUSED,
    ),
    rhai(
        "a closure that holds itself",
        "let x = #{}; let f = || x; x.f = f; x",
        REFUSED,
    ),
    rhai(
        "a curried function",
        "let f = |x, y| x; f.curry(1)",
        REFUSED,
    ),
    rhai("a host module", "ctx.db", REFUSED),
    rhai("the whole context", "ctx", REFUSED),
    rhai("not a number", "0.0 / 0.0", FINE),
    rhai("beyond all numbers", "[1.0 / 0.0, -1.0 / 0.0]", FINE),
    rhai("a range", "0..9223372036854775807", REFUSED),
    rhai(
        "texts too many",
        "let s = \"\"; s.pad(100000, 'x'); let a = []; for i in 0..60 { a.push(s); } a",
        &[Size, Length],
    ),
    rhai("a blob in the data", "blob(1000, 255)", FINE),
    rhai(
        "a hundred thousand items",
        "let a = []; a.pad(99999, 1); [a, a]",
        &[Size, Length],
    ),
];
