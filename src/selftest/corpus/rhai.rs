//! Scripts in Rhai that want time, memory, the stack, the host's files or another's values.

use super::seed;
use crate::selftest::seed::{Kind, Seed, Wall};
use Wall::{Clock, Count, Depth, Harmless, Memory, Refused};

const CLOCK: &[Wall] = &[Clock, Count];
const MEMORY: &[Wall] = &[Memory];
const DEPTH: &[Wall] = &[Depth];
const REFUSED: &[Wall] = &[Refused];
/// What is nested deep is no harm as long as the process lives.
const NESTED: &[Wall] = &[Harmless, Memory, Count, Depth];

const fn rhai(name: &'static str, code: &'static str, walls: &'static [Wall]) -> Seed {
    seed(Kind::Rhai, name, code, walls)
}

pub const SEEDS: &[Seed] = &[
    rhai("endless loop", "loop { }", CLOCK),
    rhai("endless while", "while true { }", CLOCK),
    rhai("endless do", "do { } while true", CLOCK),
    rhai(
        "endless loop that catches its end",
        "loop { try { loop { } } catch { } }",
        CLOCK,
    ),
    rhai(
        "endless closure",
        "let f = |x| { loop { } }; f.call(1)",
        CLOCK,
    ),
    rhai("endless map", "[1, 2, 3].map(|x| { loop { } })", CLOCK),
    rhai("endless filter", "[1].filter(|x| { loop { } })", CLOCK),
    rhai(
        "endless reduce",
        "[1, 2].reduce(|a, b| { loop { } })",
        CLOCK,
    ),
    rhai(
        "endless sort",
        "let a = []; a.pad(50000, 1); loop { a.sort(|x, y| 1); }",
        CLOCK,
    ),
    rhai(
        "range of all numbers",
        "let n = 0; for i in 0..9223372036854775807 { n = i; }",
        CLOCK,
    ),
    rhai(
        "range by steps of nothing",
        "let n = 0; for i in range(0, 9000000000000000000, 1) { n = i; } n",
        CLOCK,
    ),
    rhai(
        "searches without end",
        "let s = \"\"; s.pad(500000, 'a'); loop { s.index_of(\"b\"); }",
        CLOCK,
    ),
    rhai(
        "contains without end",
        "let a = []; a.pad(90000, 1); loop { a.contains(2); }",
        CLOCK,
    ),
    rhai(
        "replaces without end",
        "let s = \"\"; s.pad(100000, 'a'); loop { s.replace(\"a\", \"b\"); }",
        CLOCK,
    ),
    rhai(
        "splits without end",
        "let s = \"\"; s.pad(50000, 'a'); loop { s.split(\"a\"); }",
        CLOCK,
    ),
    rhai(
        "reverses without end",
        "let a = []; a.pad(90000, 1); loop { a.reverse(); }",
        CLOCK,
    ),
    rhai(
        "copies without end",
        "let a = []; a.pad(90000, 1); loop { let b = a; b[0] = 2; }",
        CLOCK,
    ),
    rhai(
        "keys without end",
        "let m = #{}; for i in 0..10000 { m[`k${i}`] = i; } loop { m.keys(); }",
        CLOCK,
    ),
    rhai(
        "encodes without end",
        "loop { ctx.json.encode([1, 2, 3]); }",
        CLOCK,
    ),
    rhai(
        "hashes without end",
        "loop { ctx.crypto.sha256(\"x\"); }",
        CLOCK,
    ),
    rhai(
        "powers without end",
        "let x = 1.5; loop { x = x ** 1.0001; }",
        CLOCK,
    ),
    rhai(
        "switch without end",
        "let n = 0; loop { switch n { 0 => n = 1, 1 => n = 0, _ => n = 0 } }",
        CLOCK,
    ),
    rhai(
        "unique without end",
        "let a = []; a.pad(20000, 1); loop { a.dedup(|x, y| false); }",
        CLOCK,
    ),
    rhai("doubling text", "let s = \"x\"; loop { s += s; }", MEMORY),
    rhai(
        "doubling text that catches",
        "let s = \"x\"; loop { try { s += s; } catch { } }",
        MEMORY,
    ),
    rhai(
        "text in templates",
        "let s = \"x\"; loop { s = `${s}${s}`; }",
        MEMORY,
    ),
    rhai(
        "list in itself",
        "let a = []; loop { a.push(a); }",
        &[Memory, Depth],
    ),
    rhai("doubling list", "let a = [1]; loop { a += a; }", MEMORY),
    rhai(
        "map without end",
        "let m = #{}; let i = 0; loop { m[`k${i}`] = i; i += 1; }",
        &[Memory, Count, Clock],
    ),
    rhai(
        "padding beyond all bounds",
        "let s = \"\"; s.pad(100000000, 'x'); s.len",
        MEMORY,
    ),
    rhai(
        "padding of a list",
        "let a = []; a.pad(100000000, 1); a.len",
        MEMORY,
    ),
    rhai(
        "growth by replace",
        "let s = \"\"; s.pad(1000000, 'x'); s.replace(\"x\", \"xxxxxxxxxx\"); s.len",
        MEMORY,
    ),
    rhai("one huge blob", "blob(100000000).len", MEMORY),
    rhai(
        "blobs that are kept",
        "let b = []; loop { b.push(blob(90000, 1)); }",
        MEMORY,
    ),
    rhai(
        "closures over fresh lists",
        "let a = []; a.pad(99999, 1); let b = []; loop { let c = a; c[0] = 2; b.push(|x| c[x]); }",
        MEMORY,
    ),
    rhai(
        "currying without end",
        "let f = |x| x; let s = \"\"; s.pad(100000, 'x'); loop { f = f.curry(s + \"y\"); }",
        MEMORY,
    ),
    rhai(
        "texts that are kept",
        "let s = \"\"; s.pad(1000, 'x'); let b = []; loop { b.push(s + b.len); }",
        MEMORY,
    ),
    rhai(
        "split into characters",
        "let s = \"\"; s.pad(1000000, 'x'); let a = s.split(); a.len()",
        &[Memory, Harmless],
    ),
    rhai(
        "characters as a list",
        "let s = \"\"; s.pad(1000000, 'x'); s.to_chars().len()",
        &[Memory, Harmless, Refused],
    ),
    rhai(
        "recursion by a closure",
        "let f = |g, n| g.call(g, n + 1); f.call(f, 1)",
        DEPTH,
    ),
    rhai(
        "recursion of two closures",
        "let f = |g, h, n| h.call(h, g, n); f.call(f, f, 1)",
        DEPTH,
    ),
    rhai(
        "recursion within a map",
        "let f = |g| [1].map(|x| g.call(g)); f.call(f)",
        DEPTH,
    ),
    rhai(
        "closures nested deep",
        "let f = || 1; for i in 0..10000 { let g = f; f = || g.call(); } 1",
        NESTED,
    ),
    rhai(
        "closures nested as deep as memory allows",
        "let f = || 1; for i in 0..1000000 { let g = f; f = || g.call(); } 1",
        &[Memory],
    ),
    rhai(
        "closures nested and called",
        "let f = || 1; for i in 0..10000 { let g = f; f = || g.call(); } f.call()",
        NESTED,
    ),
    rhai(
        "lists nested deep",
        "let a = []; for i in 0..2000 { a = [a]; } 1",
        NESTED,
    ),
    rhai(
        "maps nested deep",
        "let m = #{}; for i in 0..1500 { m = #{ m: m }; } 1",
        NESTED,
    ),
    rhai(
        "curried with itself",
        "let f = |x| 1; for i in 0..12000 { f = f.curry(f); } 1",
        REFUSED,
    ),
    rhai(
        "a heavy function copied in one step",
        "let big = []; big.pad(99990, 1); let f = Fn(\"ok\").curry(big); let a = []; a.pad(4000, f); 1",
        REFUSED,
    ),
    rhai(
        "a function of many numbers copied in one step",
        "let f = |x| x; for i in 0..2000 { f = f.curry(1, 2, 3, 4, 5); } let a = []; a.pad(4000, f); 1",
        &[Memory, Clock, Count],
    ),
    rhai(
        "nesting hidden in what a function carries",
        "let a = [0]; for i in 0..150000 { a = [[[[[a.pop()]]]]]; a = [Fn(\"ok\").curry(a.pop())]; } let b = a; 1",
        REFUSED,
    ),
    rhai(
        "nesting hidden in closures, hashed and copied",
        "let a = [0]; for i in 0..150000 { a = [[[[[a.pop()]]]]]; let b = a; a = [|| b]; } let c = a; switch a { 1 => 2, _ => 3 }",
        &[Harmless, Memory, Count, Depth, Clock],
    ),
    rhai(
        "JSON of one text that many functions share",
        "let s = \"\"; s.pad(900000, 'x'); let f = || s; let a = []; a.pad(20000, f); #{ a: a }.to_json()",
        REFUSED,
    ),
    rhai(
        "an error of one text that many functions share",
        "let s = \"\"; s.pad(900000, 'x'); let f = || s; let a = []; a.pad(20000, f); throw a",
        REFUSED,
    ),
    rhai(
        "nested and printed",
        "let a = []; for i in 0..2000 { a = [a]; } `${a}`.len",
        NESTED,
    ),
    rhai(
        "nested and compared",
        "let a = []; for i in 0..1500 { a = [a]; } let b = a; a == b",
        NESTED,
    ),
    rhai("sleep", "sleep(8)", REFUSED),
    rhai("eval", "let f = Fn(\"eval\"); f.call(\"1 + 1\")", REFUSED),
    rhai(
        "import of a file put together",
        "let p = \"CANARY\" + \"_FILE\"; import p as m; 1",
        REFUSED,
    ),
    rhai("the time", "timestamp()", REFUSED),
    rhai("a file", "open_file(\"CANARY_FILE\")", REFUSED),
    rhai(
        "a variable of the environment",
        "env(\"TEST_CANARY\")",
        REFUSED,
    ),
    rhai(
        "a function of the host by name",
        "call(\"souk_call_route\", \"GET /\", ctx)",
        REFUSED,
    ),
    rhai(
        "a route within a route",
        "souk_call_route(\"GET /\", ctx)",
        &[Refused, Depth],
    ),
    rhai("exit", "exit(1)", REFUSED),
    rhai("number too large", "9223372036854775807 + 1", REFUSED),
    rhai(
        "smallest number turned",
        "let x = -9223372036854775807 - 1; -x",
        REFUSED,
    ),
    rhai(
        "division of the smallest number",
        "(-9223372036854775807 - 1) / -1",
        REFUSED,
    ),
    rhai(
        "shift beyond the width",
        "1 << 9223372036854775807",
        &[Refused, Harmless],
    ),
    rhai(
        "power beyond all bounds",
        "9 ** 9223372036854775807",
        REFUSED,
    ),
    rhai(
        "index beyond all bounds",
        "let a = [1]; a[9223372036854775807]",
        REFUSED,
    ),
    rhai(
        "index before all bounds",
        "let a = [1]; a[-9223372036854775807]",
        REFUSED,
    ),
    rhai(
        "slice beyond all bounds",
        "let s = \"abc\"; s.sub_string(-9223372036854775807, 9223372036854775807)",
        &[Refused, Harmless],
    ),
    rhai(
        "bits beyond all bounds",
        "let x = 1; x.get_bits(-9223372036854775807, 9223372036854775807)",
        &[Refused, Harmless],
    ),
    rhai(
        "insert before all bounds",
        "let a = []; a.insert(-9223372036854775807, 1); a.len",
        &[Refused, Harmless],
    ),
    rhai(
        "half a character",
        "let s = \"äöü\"; s.crop(1, 1); s[0] = 'x'; s",
        &[Refused, Harmless],
    ),
    rhai(
        "blob read beyond its end",
        "let b = blob(2, 0); b.parse_le_int(0, 9223372036854775807)",
        &[Refused, Harmless],
    ),
    rhai("an error that is a function", "throw || 1", REFUSED),
    rhai("an error without a value", "throw", REFUSED),
    rhai(
        "a status of its own invention",
        "throw #{ status: 99999, message: \"x\" }",
        REFUSED,
    ),
    rhai(
        "a host module as a value",
        "let db = ctx.db; db + db",
        REFUSED,
    ),
    rhai(
        "a host module in a list of itself",
        "ctx.db = ctx; ctx.db.db = 1; 1",
        &[Harmless, Refused],
    ),
];
