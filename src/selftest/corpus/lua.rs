//! Scripts in Lua that want time, memory, the stack, the host's files or another's values.

use super::seed;
use crate::selftest::seed::{Kind, Seed, Wall};
use Wall::{Clock, Depth, Harmless, Memory, Refused};

const CLOCK: &[Wall] = &[Clock];
const MEMORY: &[Wall] = &[Memory];
const DEPTH: &[Wall] = &[Depth];
const REFUSED: &[Wall] = &[Refused];
const NOTHING: &[Wall] = &[Refused, Harmless];

const fn lua(name: &'static str, code: &'static str, walls: &'static [Wall]) -> Seed {
    seed(Kind::Lua, name, code, walls)
}

pub const SEEDS: &[Seed] = &[
    lua("endless loop", "while true do end", CLOCK),
    lua(
        "endless loop that catches its end",
        "while true do pcall(function() while true do end end) end",
        CLOCK,
    ),
    lua(
        "handler that never ends",
        "xpcall(error, function() while true do end end)",
        CLOCK,
    ),
    lua(
        "endless coroutine",
        "coroutine.wrap(function() while true do end end)()",
        CLOCK,
    ),
    lua(
        "coroutines without end",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        CLOCK,
    ),
    lua(
        "coroutine that closes itself anew",
        "while true do local co = coroutine.create(function() coroutine.yield() end) coroutine.resume(co) coroutine.close(co) end",
        CLOCK,
    ),
    lua(
        "pattern that backtracks",
        "local s = ('a'):rep(4000) return s:find('.-.-.-.-.-b')",
        CLOCK,
    ),
    lua(
        "pattern in gsub",
        "local s = ('a'):rep(4000) return (s:gsub('.-.-.-.-b', ''))",
        CLOCK,
    ),
    lua(
        "pattern in gmatch",
        "for _ in ('a'):rep(4000):gmatch('.-.-.-.-.-b') do end while true do end",
        CLOCK,
    ),
    lua(
        "balanced pattern",
        "local s = ('('):rep(200000) while true do s:match('%b()') end",
        CLOCK,
    ),
    lua(
        "plain search over and over",
        "local s = ('a'):rep(1000000) .. 'b' while true do s:find(('a'):rep(500000) .. 'c', 1, true) end",
        CLOCK,
    ),
    lua(
        "split over and over",
        "local s = ('a'):rep(1000000) while true do s:split(('a'):rep(500000) .. 'b') end",
        CLOCK,
    ),
    lua(
        "sort that never agrees",
        "local t = table.create(100000, 1) while true do pcall(table.sort, t, function() return true end) end",
        CLOCK,
    ),
    lua(
        "metamethod that never ends",
        "return #tostring(setmetatable({}, { __tostring = function() while true do end end }))",
        CLOCK,
    ),
    lua(
        "comparison that never ends",
        "local m = { __lt = function() while true do end end } return setmetatable({}, m) < setmetatable({}, m)",
        CLOCK,
    ),
    lua(
        "iterator that never ends",
        "for _ in function() return 1 end do end",
        CLOCK,
    ),
    lua(
        "iteration metamethod",
        "for _ in setmetatable({}, { __iter = function() return function() return 1 end end }) do end",
        CLOCK,
    ),
    lua(
        "numeric loop over all numbers",
        "for i = 1, 2^60 do end",
        CLOCK,
    ),
    lua(
        "moves without end",
        "local t = table.create(1000000, 1) while true do table.move(t, 1, 1000000, 2) end",
        CLOCK,
    ),
    lua(
        "joins without end",
        "local t = table.create(100000, 'x') while true do table.concat(t) end",
        CLOCK,
    ),
    lua(
        "formats without end",
        "while true do string.format('%99.99f', 1e300) end",
        CLOCK,
    ),
    lua(
        "buffer filled without end",
        "local b = buffer.create(1000000) while true do buffer.fill(b, 0, 1) end",
        CLOCK,
    ),
    lua(
        "unpack without end",
        "local t = table.create(7000, 1) while true do select('#', unpack(t)) end",
        CLOCK,
    ),
    lua(
        "reverse without end",
        "local s = ('ab'):rep(500000) while true do s = s:reverse() end",
        &[Clock, Memory],
    ),
    lua(
        "code points without end",
        "local s = ('a'):rep(1000000) while true do utf8.len(s) end",
        CLOCK,
    ),
    lua(
        "garbage without end",
        "while true do local t = { {}, {}, {} } end",
        CLOCK,
    ),
    lua(
        "tables without end",
        "local t = {} while true do t[#t + 1] = {} end",
        MEMORY,
    ),
    lua(
        "tables that catch the end",
        "pcall(function() local t = {} while true do t[#t + 1] = { 1, 2, 3, 4 } end end) return 1",
        MEMORY,
    ),
    lua(
        "doubling text",
        "local s = 'x' while true do s = s .. s end",
        MEMORY,
    ),
    lua("one huge table", "return #table.create(10000000)", MEMORY),
    lua(
        "one huge buffer",
        "return buffer.len(buffer.create(1000000000))",
        MEMORY,
    ),
    lua(
        "many texts in one",
        "local t = {} for i = 1, 40 do t[i] = ('x'):rep(1000000) .. i end return #table.concat(t)",
        MEMORY,
    ),
    lua(
        "closures without end",
        "local t = {} while true do local x = {} t[#t + 1] = function() return x end end",
        MEMORY,
    ),
    lua(
        "coroutines that are kept",
        "local t = {} while true do t[#t + 1] = coroutine.create(function() end) coroutine.resume(t[#t]) end",
        MEMORY,
    ),
    lua(
        "keys without end",
        "local t, i = {}, 0 while true do i += 1 t['key' .. i] = i end",
        MEMORY,
    ),
    lua(
        "random bytes kept",
        "local t = {} while true do t[#t + 1] = ctx.random.bytes(1024) end",
        MEMORY,
    ),
    lua(
        "decoded lists kept",
        "local t, text = {}, '[' .. ('1,'):rep(1000) .. '1]' while true do t[#t + 1] = ctx.json.decode(text) end",
        MEMORY,
    ),
    lua(
        "recursion",
        "local function f() return 1 + f() end return f()",
        DEPTH,
    ),
    lua(
        "recursion through a metamethod",
        "local t t = setmetatable({}, { __add = function(a, b) return 1 + (t + 1) end }) return t + 1",
        &[Depth, Refused],
    ),
    lua(
        "recursion through coroutines",
        "local function f() return coroutine.wrap(f)() end return f()",
        &[Depth, Memory, Refused],
    ),
    lua(
        "recursion through gsub",
        "local function f(s) return (s:gsub('.', f)) end return f('a')",
        &[Depth, Refused],
    ),
    lua(
        "recursion through sort",
        "local function f() table.sort({ 2, 1 }, function() f() return false end) end f()",
        &[Depth, Refused],
    ),
    lua(
        "index that asks itself",
        "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x",
        REFUSED,
    ),
    lua(
        "repeat beyond all bounds",
        "return #('x'):rep(9e15)",
        REFUSED,
    ),
    lua(
        "move over a range of nothing",
        "return table.move({}, 1, 2^53, 2, {})",
        REFUSED,
    ),
    lua(
        "unpack of a range of nothing",
        "return select('#', unpack({}, 1, 1e8))",
        REFUSED,
    ),
    lua(
        "width of a format",
        "return (('%99d'):rep(1000)):format(1)",
        REFUSED,
    ),
    lua(
        "read of a file by require",
        "return require('CANARY_FILE')",
        REFUSED,
    ),
    lua(
        "require above the package",
        "return require('../../../CANARY_NAME')",
        REFUSED,
    ),
    lua(
        "a file through io",
        "return io.open('CANARY_FILE'):read('a')",
        REFUSED,
    ),
    lua(
        "a command through os",
        "return os.execute('cat CANARY_FILE')",
        REFUSED,
    ),
    lua(
        "the environment through os",
        "return os.getenv('TEST_CANARY')",
        REFUSED,
    ),
    lua("code from text", "return loadstring('return 1')()", REFUSED),
    lua(
        "code from text by load",
        "return load('return 1')()",
        REFUSED,
    ),
    lua(
        "the machine's registry",
        "return debug.getregistry()",
        REFUSED,
    ),
    lua("a caller's environment", "return getfenv(2)", REFUSED),
    lua("userdata of its own", "return newproxy(true)", REFUSED),
    lua("the collector", "return collectgarbage('count')", REFUSED),
    lua(
        "all globals",
        "local names = {} for name in pairs(getmetatable(_G or {}) or {}) do names[#names + 1] = name end return names",
        NOTHING,
    ),
    lua(
        "a library of all plugins changed",
        "string.find = function() return 'changed' end return 1",
        REFUSED,
    ),
    lua(
        "a method of all texts changed",
        "getmetatable('').__index = { len = function() return 0 end } return 1",
        REFUSED,
    ),
    lua(
        "a host module changed",
        "ctx.db.query = function() return {} end return 1",
        REFUSED,
    ),
    lua(
        "rawset on a library",
        "rawset(table, 'insert', nil) return 1",
        REFUSED,
    ),
    lua(
        "a library's metatable",
        "setmetatable(string, { __index = error }) return 1",
        REFUSED,
    ),
    lua(
        "yield out of the route",
        "coroutine.yield() return 1",
        &[Wall::Yield],
    ),
    lua(
        "an error that cannot be told",
        "error(setmetatable({}, { __tostring = function() error('x') end }))",
        REFUSED,
    ),
    lua("an error without a value", "error()", REFUSED),
    lua(
        "a status of its own invention",
        "error({ status = 99999, message = ('x'):rep(100) })",
        REFUSED,
    ),
];
