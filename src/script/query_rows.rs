//! Rows of a query are a list like any other, though they are only built when a script looks at them.

use super::fixture::Language;
use super::reach::{database, eval};
use super::{Limits, ScriptError};
use crate::storage::plugin_db::Params;
use crate::storage::tests::Fixture;
use crate::value::Value;

/// Enough rows to stay packed.
const ROWS: i64 = 12;

fn with_rows(count: i64) -> Fixture {
    let storage = Fixture::new();
    let mut db = database(&storage);
    for sql in [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, n)",
        &format!(
            "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {count})
             INSERT INTO t (id, v) SELECT i, 'v' || i FROM c"
        ),
    ] {
        db.execute(sql, &Params::None).unwrap();
    }
    storage
}

/// What Lua code says of `rows`, once packed and once as a list that a script built.
fn both(body: &str) -> (Value, Value) {
    let storage = with_rows(ROWS);
    let query = "local rows = ctx.db.query('SELECT id, v, n FROM t ORDER BY id')\n";
    let built = "local rows = json_array()
        for i = 1, 12 do rows[i] = { id = i, v = 'v' .. i, n = ctx.json.null } end\n";
    let built = built.replace("json_array", "ctx.json.array");
    let run = |prefix: &str| {
        eval(Language::Lua, &format!("{prefix}{body}"), &storage)
            .unwrap_or_else(|error| panic!("{body}: {error}"))
            .unpacked()
    };
    (run(query), run(&built))
}

#[test]
fn packed_rows_answer_every_question_as_a_list_does() {
    for body in [
        "return rows",
        "return #rows",
        "return { rows[1], rows[12], tostring(rows[0]), tostring(rows[13]), tostring(rows[1.5]), tostring(rows.id) }",
        "return rows[3].v .. rows[3].id .. tostring(rows[3].n == ctx.json.null)",
        "return { rows[2] == rows[2], type(rows), typeof(rows), rows == rows, rawequal(rows, rows) }",
        "local n = 0 for i, row in ipairs(rows) do n += i * row.id end return n",
        "local n = 0 for i, row in pairs(rows) do n += i * row.id end return n",
        "local n = 0 for i, row in rows do n += i * row.id end return n",
        "local n = 0 for i, row in next, rows do n += row.id end return n",
        "local k, row = next(rows) return { k, row.id, next(rows, 12) == nil }",
        "return { rawlen(rows), rawget(rows, 2).id, tostring(rawget(rows, 99)) }",
        "rawset(rows, 1, 'x') return rows",
        "rows[1] = 'x' return rows",
        "rows[13] = 'x' return { #rows, rows }",
        "local row = rows[2] row.v = 'changed' return rows",
        "local row = rows[2] rows[2] = nil return { tostring(rows[2]), row.id, rows[3].id }",
        "for i = #rows, 1, -1 do if rows[i].id % 2 == 0 then table.remove(rows, i) end end return rows",
        "table.insert(rows, { id = 13 }) return { #rows, rows[13] }",
        "table.insert(rows, 1, 'first') return rows",
        "table.sort(rows, function(a, b) return a.id > b.id end) return rows",
        "local part = table.move(rows, 2, 4, 1, {}) return part",
        "local other = table.clone(rows) other[1] = 0 return { rows[1].id, other[1], other }",
        "return { table.unpack(rows, 2, 3) }",
        "return { unpack(rows, 11) }",
        "return { select('#', table.unpack(rows)), #table.pack(table.unpack(rows)) }",
        "return { table.find(rows, rows[5]), table.maxn(rows), table.isfrozen(rows) }",
        "table.clear(rows) return rows",
        "return { table.freeze(rows)[1].id, table.isfrozen(rows), (pcall(function() rows[1] = 1 end)) }",
        "return getmetatable(rows) == getmetatable(ctx.json.array())",
        "local t = setmetatable({}, { __index = rows }) return { t[4].id, #t }",
        "setmetatable(rows, { __index = function() return 'none' end }) return { rows[12].id, rows[13] }",
        "return ctx.json.array(rows)",
        "return #ctx.json.encode(rows)",
        "return { a = { b = rows } }",
        "local seen = {} for i = 1, 30 do seen[i] = rows[(i - 1) % 12 + 1].id end return { seen, rows }",
        "local co = coroutine.wrap(function() for _, row in ipairs(rows) do coroutine.yield(row.id) end end) return { co(), co() }",
        "local f = {} for i, row in ipairs(rows) do if row.id > 6 then f[#f + 1] = row end end return f",
        "return { (pcall(function() return rows < rows end)), (pcall(function() return rows .. 'x' end)), (pcall(rows)) }",
        "return ({ string.gsub('ab', '%w', rows) })[1]",
    ] {
        let (packed, built) = both(body);
        assert_eq!(
            packed.to_json().unwrap(),
            built.to_json().unwrap(),
            "{body}"
        );
    }
}

#[test]
fn numbers_read_alike_whether_rows_are_packed_looked_at_or_few() {
    let storage = with_rows(ROWS);
    let values = "9007199254740993 AS big, 3.0 AS whole, -0.0 AS zero, 0.5 AS half, 1e18 AS large, 1e300 AS huge, -7 AS n";
    for (look, limit) in [("", 12), ("", 2), ("local _ = rows[1] ", 12)] {
        for reply in ["{ data = rows }", "{ data = { rows, [3] = 1 } }", "rows"] {
            let body = format!(
                "local rows = ctx.db.query('SELECT {values} FROM t LIMIT {limit}') {look}return {reply}"
            );
            let reply = eval(Language::Lua, &body, &storage).unwrap();
            let text = match reply.get("data") {
                Some(Value::Json(text)) => String::from_utf8(text.clone()).unwrap(),
                _ => reply.to_json().unwrap().to_string(),
            };
            for expected in [
                "\"big\":\"9007199254740993\"",
                "\"whole\":3",
                "\"zero\":-0.0",
                "\"half\":0.5",
                "\"large\":1000000000000000000",
                "\"huge\":1e+300",
                "\"n\":-7",
            ] {
                let found = text.match_indices(expected).any(|(at, _)| {
                    matches!(text.as_bytes().get(at + expected.len()), Some(b',' | b'}'))
                });
                assert!(found, "{body}: {expected} in {text}");
            }
        }
    }
}

#[test]
fn rows_deep_inside_what_a_script_returns_are_lists_too() {
    let storage = with_rows(ROWS);
    let body = "return { errors = ctx.db.query('SELECT v AS message FROM t') }";
    let returned = eval(Language::Lua, body, &storage).unwrap();
    let Some(Value::List(errors)) = returned.get("errors") else {
        panic!("{returned:?}");
    };
    assert_eq!(errors[11].get("message"), Some(&"v12".into()));
}

#[test]
fn bytes_among_the_rows_of_a_reply_are_refused_with_their_place() {
    let storage = with_rows(ROWS);
    let body =
        "return { data = ctx.db.query(\"SELECT id, CASE id WHEN 7 THEN x'00' END AS b FROM t\") }";
    match eval(Language::Lua, body, &storage) {
        Err(ScriptError::BadResult { message }) => {
            assert!(message.contains("result.data[7].b is bytes"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn lists_that_hold_each_other_are_given_back() {
    let storage = with_rows(200);
    let body = "for i = 1, 1000 do
            local rows = ctx.db.query('SELECT id, v FROM t')
            rows[1].all = rows
        end
        return 1";
    assert_eq!(eval(Language::Lua, body, &storage).unwrap(), Value::Int(1));
}

#[test]
fn tables_of_mixed_keys_inside_each_other_are_read_twice_at_most() {
    let storage = with_rows(1);
    let body = "local t = table.create(90000, 1)
        for i = 1, 50 do t = { t, x = 1 } end
        return { data = t }";
    // Within the time of a script, though each level is mixed; sixty-fold it would not be.
    eval(Language::Lua, body, &storage).unwrap();
}

#[test]
fn errors_of_library_functions_stand_where_the_plugin_called_them() {
    let storage = with_rows(1);
    for (body, expected) in [
        (
            "for _ in ipairs(nil) do end",
            "main.lua:4: invalid argument #1 to 'ipairs' (table expected, got nil)",
        ),
        (
            "for _ in pairs(5) do end",
            "main.lua:4: invalid argument #1 to 'pairs' (table expected, got number)",
        ),
        (
            "table.insert(nil, 1)",
            "main.lua:4: invalid argument #1 to 'insert' (table expected, got nil)",
        ),
        (
            "return table.concat({ {} })",
            "main.lua:4: invalid value (table) at index 1 in table for 'concat'",
        ),
        (
            "return setmetatable(1, {})",
            "main.lua:4: invalid argument #1 to 'setmetatable' (table expected, got number)",
        ),
        ("table.sort({ 1, 'a' })", "attempt to compare"),
        (
            "next({}, 'no such key')",
            "main.lua:4: invalid key to 'next'",
        ),
    ] {
        match eval(Language::Lua, body, &storage) {
            Err(ScriptError::Raised { message, .. }) => {
                assert!(message.contains(expected), "{body}: {message}");
                assert!(!message.contains("host:"), "{body}: {message}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn packed_rows_count_as_memory_of_the_script() {
    let storage = with_rows(2_000);
    let body = "local kept = {}
        for i = 1, 10000 do kept[i] = ctx.db.query('SELECT id, v, n FROM t') end
        return #kept";
    match eval(Language::Lua, body, &storage) {
        Err(ScriptError::Limit { which }) => assert!(which.contains("memory"), "{which}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reply_with_more_rows_than_it_may_have_is_refused_packed_too() {
    let most = i64::try_from(Limits::default().result.nodes).unwrap() / 4;
    let storage = with_rows(most / 10);
    let ten = "SELECT a.id, a.v, a.n FROM t a, (SELECT id FROM t LIMIT 10) b";
    let (all, fewer) = (format!("{ten} LIMIT 10000"), format!("{ten} LIMIT 5000"));
    for language in Language::BOTH {
        let list = |sql: &str| match language {
            Language::Lua => format!(
                "local all = {{}} for i = 1, 3 do all[i] = ctx.db.query('{sql}') end return all"
            ),
            Language::Rhai => {
                format!("let all = []; for i in 0..3 {{ all.push(ctx.db.query(\"{sql}\")); }} all")
            }
        };
        assert!(matches!(
            eval(language, &list(&all), &storage),
            Err(ScriptError::Limit { .. })
        ));
        assert!(eval(language, &list(&fewer), &storage).is_ok());
    }
}
