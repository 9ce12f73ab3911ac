//! Host functions called with what they do not expect. Written in Lua; the gate is the same for both languages.

use super::seed;
use crate::selftest::seed::{Kind, Seed, Wall};
use Wall::{Clock, Harmless, Memory, Refused, Size, Statement};

const REFUSED: &[Wall] = &[Refused];
const NOTHING: &[Wall] = &[Refused, Harmless];

const fn call(name: &'static str, code: &'static str, walls: &'static [Wall]) -> Seed {
    seed(Kind::HostCall, name, code, walls)
}

pub const SEEDS: &[Seed] = &[
    call("no arguments", "return ctx.db.query()", REFUSED),
    call(
        "a null byte in a statement",
        "return ctx.db.query('SELECT 1\\0 FROM OTHER')",
        REFUSED,
    ),
    call(
        "too many arguments",
        "return ctx.db.query('SELECT 1', {}, 1, 2, 3, 4, 5, 6, 7)",
        REFUSED,
    ),
    call(
        "a function as SQL",
        "return ctx.db.query(function() end)",
        REFUSED,
    ),
    call(
        "a host function as an argument",
        "return ctx.db.query(ctx.db.query)",
        REFUSED,
    ),
    call(
        "a table that holds itself",
        "local t = {} t.t = t return ctx.db.query('SELECT ?', t)",
        REFUSED,
    ),
    call(
        "arguments that unfold",
        "local t = {} for i = 1, 30 do t = { t, t } end return ctx.json.encode(t)",
        REFUSED,
    ),
    call(
        "arguments nested deep",
        "local t = {} for i = 1, 100000 do t = { t } end return ctx.json.encode(t)",
        REFUSED,
    ),
    call(
        "a million parameters",
        "return ctx.db.query('SELECT 1', table.create(1000000, 1))",
        REFUSED,
    ),
    call(
        "a statement of a megabyte",
        "return ctx.db.query('SELECT 1 ' .. ('-'):rep(1000000))",
        REFUSED,
    ),
    call(
        "a statement nested deep",
        "return ctx.db.query('SELECT ' .. ('('):rep(20000) .. '1' .. (')'):rep(20000))",
        REFUSED,
    ),
    call(
        "a statement of many terms",
        "return ctx.db.query('SELECT 1' .. (' UNION SELECT 1'):rep(3000))",
        REFUSED,
    ),
    call(
        "parameters by wrong names",
        "return ctx.db.query('SELECT :a', { ['b; DROP TABLE OTHER'] = 1 })",
        NOTHING,
    ),
    call(
        "statement within a statement's value",
        "return ctx.db.query('SELECT ?', { \"'; DELETE FROM OTHER; --\" })",
        NOTHING,
    ),
    call(
        "a transaction in a transaction",
        "ctx.db.transaction(function(tx) tx.transaction(function() end) end) return 1",
        NOTHING,
    ),
    call(
        "a transaction left by yield",
        "local co = coroutine.create(function() ctx.db.transaction(function() coroutine.yield() end) end) coroutine.resume(co) return 1",
        REFUSED,
    ),
    call(
        "a transaction that never ends",
        "ctx.db.transaction(function(tx) tx.execute(\"INSERT INTO OWN (note) VALUES ('x')\") while true do end end)",
        &[Clock],
    ),
    call(
        "a module kept beyond its transaction",
        "local kept ctx.db.transaction(function(tx) kept = tx end) return kept.query('SELECT 1')",
        NOTHING,
    ),
    call(
        "rows without end",
        "return #ctx.db.query('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n')",
        &[Refused, Statement, Size, Memory],
    ),
    call(
        "deep JSON",
        "return ctx.json.decode(('['):rep(100000) .. (']'):rep(100000))",
        REFUSED,
    ),
    call(
        "deep JSON of maps",
        "return ctx.json.decode(('{\"a\":'):rep(50000) .. '1' .. ('}'):rep(50000))",
        REFUSED,
    ),
    call(
        "half JSON",
        "return ctx.json.decode('{\"a\": [1, 2')",
        REFUSED,
    ),
    call(
        "a huge number in JSON",
        "return ctx.json.decode('1e999999')",
        NOTHING,
    ),
    call(
        "half a surrogate in JSON",
        "return ctx.json.decode('\"\\\\ud800\"')",
        REFUSED,
    ),
    call(
        "bytes that are no text",
        "return ctx.log.info('\\xff\\xfe')",
        NOTHING,
    ),
    call(
        "lines for the log of others",
        "ctx.log.info('a\\n2026-01-01T00:00:00Z ERROR forged') return 1",
        NOTHING,
    ),
    call(
        "log without end",
        "while true do ctx.log.info(('x'):rep(5000)) end",
        &[Clock, Refused],
    ),
    call(
        "base64 of nothing good",
        "return ctx.base64.decode('%%%%')",
        REFUSED,
    ),
    call(
        "base64 of too much",
        "return ctx.base64.encode(('x'):rep(4000000))",
        &[Refused, Size, Harmless],
    ),
    call(
        "a negative number of bytes",
        "return ctx.random.bytes(-1)",
        REFUSED,
    ),
    call(
        "too many random bytes",
        "return ctx.random.bytes(2^40)",
        REFUSED,
    ),
    call(
        "a range turned round",
        "return ctx.random.int(2, 1)",
        REFUSED,
    ),
    call(
        "the whole range of numbers",
        "return ctx.random.int(-2^53, 2^53)",
        NOTHING,
    ),
    call(
        "a time beyond all calendars",
        "return ctx.time.format(1e300)",
        REFUSED,
    ),
    call(
        "a time that is none",
        "return ctx.time.format(0/0)",
        REFUSED,
    ),
    call(
        "text that is no time",
        "return ctx.time.parse(('9'):rep(100000))",
        REFUSED,
    ),
    call(
        "a key of a megabyte",
        "return ctx.crypto.hmac(('k'):rep(900000), 'x')",
        NOTHING,
    ),
    call(
        "headers of its own",
        "return ctx.http.request({ method = 'GET', url = 'http://127.0.0.1:CANARY_PORT/', headers = { ['X\\r\\nHost'] = 'a\\r\\n\\r\\nGET / HTTP/1.1' } })",
        REFUSED,
    ),
    call(
        "a method of its own",
        "return ctx.http.request({ method = 'GET / HTTP/1.1\\r\\nX: y\\r\\n\\r\\nPOST', url = 'http://127.0.0.1:CANARY_PORT/' })",
        REFUSED,
    ),
    call(
        "a time-out beyond all bounds",
        "return ctx.http.request({ method = 'GET', url = 'http://127.0.0.1:CANARY_PORT/', timeoutMs = 2^60 })",
        REFUSED,
    ),
    call(
        "the configuration of another",
        "return ctx.config.get('../../OTHER')",
        NOTHING,
    ),
    call(
        "the host by a module's metatable",
        "return getmetatable(ctx.db).__index",
        REFUSED,
    ),
    call(
        "the host by an error",
        "local ok, e = pcall(ctx.db.query, 'SELEC') return e:match('/[%w/]+%.rs')",
        NOTHING,
    ),
];
