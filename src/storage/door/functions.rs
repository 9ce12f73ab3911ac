//! The SQL functions that a plugin may call, and bounded ones of ours in place of those that can run
//! for minutes inside one instruction, where no time-out reaches them.

use memchr::memmem;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, Result};

/// The text and the pattern may each be as long as a value may be; a set of characters may not.
const CHARACTER_SET: usize = 256;
const RESULT_BYTES: usize = 1_000_000;

/// They take memory or time without end, reach the machine, or tell of other plugins' statements.
const HARMFUL: &[&str] = &[
    "changes",
    "format",
    "fts3_tokenizer",
    "json_patch",
    "jsonb_patch",
    "last_insert_rowid",
    "load_extension",
    "printf",
    "randomblob",
    "total_changes",
    "zeroblob",
];

/// In lower case, sorted.
const ALLOWED: &[&str] = &[
    "->",
    "->>",
    "abs",
    "acos",
    "asin",
    "atan",
    "atan2",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "cos",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "degrees",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_insert",
    "json_array_length",
    "json_each",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_tree",
    "json_type",
    "json_valid",
    "jsonb",
    "jsonb_array",
    "jsonb_extract",
    "jsonb_group_array",
    "jsonb_group_object",
    "jsonb_insert",
    "jsonb_object",
    "jsonb_remove",
    "jsonb_replace",
    "jsonb_set",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "max",
    "median",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "percentile",
    "pi",
    "pow",
    "power",
    "quote",
    "radians",
    "random",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sin",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "subtype",
    "sum",
    "tan",
    "time",
    "timediff",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unixepoch",
    "unlikely",
    "upper",
];

pub fn is_allowed(name: &str) -> bool {
    ALLOWED
        .binary_search(&name.to_ascii_lowercase().as_str())
        .is_ok()
}

/// Functions of SQLite that may not even stand in a table's definition.
pub fn is_harmful(name: &str) -> bool {
    HARMFUL
        .iter()
        .any(|harmful| harmful.eq_ignore_ascii_case(name))
}

/// Why a function is refused, and what to use instead.
pub fn refusal(name: &str) -> String {
    let reason = match name.to_ascii_lowercase().as_str() {
        "last_insert_rowid" => "use lastInsertId of db.execute",
        "changes" | "total_changes" => "use changes of db.execute",
        "printf" | "format" => "it can take any amount of memory; format the value in the script",
        "zeroblob" => "it can take any amount of memory",
        // 58 s for two objects of 0.6 MB, in one instruction.
        "json_patch" | "jsonb_patch" => "it can run for minutes; merge the values in the script",
        "randomblob" => "it can take any amount of memory; use the host's random functions",
        _ => "it is not on the list of functions for plugins",
    };
    format!("the SQL function {name}() is refused: {reason}")
}

/// Replaces SQLite's own by ones whose work grows with the length of the input and not with its square.
pub fn install(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("replace", 3, flags, replace)?;
    connection.create_scalar_function("instr", 2, flags, instr)?;
    connection.create_scalar_function("trim", 2, flags, |call| trim(call, true, true))?;
    connection.create_scalar_function("ltrim", 2, flags, |call| trim(call, true, false))?;
    connection.create_scalar_function("rtrim", 2, flags, |call| trim(call, false, true))?;
    connection.create_scalar_function("unhex", 2, flags, unhex)
}

fn replace(call: &Context<'_>) -> Result<Value> {
    let (Some(text), Some(from), Some(to)) = (text(call, 0)?, text(call, 1)?, text(call, 2)?)
    else {
        return Ok(Value::Null);
    };
    if from.is_empty() {
        return Ok(Value::Text(text));
    }
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for found in memmem::find_iter(text.as_bytes(), from.as_bytes()) {
        replaced.push_str(text.get(done..found).unwrap_or_default());
        replaced.push_str(&to);
        done = found + from.len();
        if replaced.len() > RESULT_BYTES {
            return Err(too_big("replace"));
        }
    }
    replaced.push_str(text.get(done..).unwrap_or_default());
    Ok(Value::Text(replaced))
}

/// Counts bytes between blobs and characters otherwise, from 1; 0 is "not found".
fn instr(call: &Context<'_>) -> Result<Option<i64>> {
    if let (ValueRef::Blob(haystack), ValueRef::Blob(needle)) = (call.get_raw(0), call.get_raw(1)) {
        return Ok(Some(
            memmem::find(haystack, needle).map_or(0, |at| place(at + 1)),
        ));
    }
    let (Some(haystack), Some(needle)) = (text(call, 0)?, text(call, 1)?) else {
        return Ok(None);
    };
    let found = memmem::find(haystack.as_bytes(), needle.as_bytes());
    let before = found.and_then(|at| haystack.get(..at));
    Ok(Some(
        before.map_or(0, |before| place(before.chars().count() + 1)),
    ))
}

fn trim(call: &Context<'_>, start: bool, end: bool) -> Result<Option<String>> {
    let (Some(text), Some(set)) = (text(call, 0)?, text(call, 1)?) else {
        return Ok(None);
    };
    if set.len() > CHARACTER_SET {
        return Err(too_big("trim"));
    }
    let set: Vec<char> = set.chars().collect();
    let mut rest = text.as_str();
    if start {
        rest = rest.trim_start_matches(set.as_slice());
    }
    if end {
        rest = rest.trim_end_matches(set.as_slice());
    }
    Ok(Some(rest.to_owned()))
}

/// Hex digits in pairs, with characters of a set between them; anything else gives null.
fn unhex(call: &Context<'_>) -> Result<Option<Vec<u8>>> {
    let (Some(text), Some(set)) = (text(call, 0)?, text(call, 1)?) else {
        return Ok(None);
    };
    if set.len() > CHARACTER_SET {
        return Err(too_big("unhex"));
    }
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut rest = text.chars();
    while let Some(first) = rest.next() {
        match first.to_digit(16) {
            Some(high) => {
                let Some(low) = rest.next().and_then(|second| second.to_digit(16)) else {
                    return Ok(None);
                };
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
            }
            None if set.contains(first) => {}
            None => return Ok(None),
        }
    }
    Ok(Some(bytes))
}

/// An argument as SQLite would read it where text is asked for.
fn text(call: &Context<'_>, index: usize) -> Result<Option<String>> {
    Ok(match call.get_raw(index) {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        // `{:?}` keeps the point of 1.0, as SQLite does.
        ValueRef::Real(number) => Some(format!("{number:?}")),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    })
}

fn place(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

fn too_big(function: &str) -> Error {
    Error::UserFunctionError(
        format!("an argument or the result of {function}() is too long").into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::settings::open_in_memory;

    #[test]
    fn the_list_is_sorted_for_the_search() {
        assert!(ALLOWED.is_sorted());
        assert!(is_allowed("COUNT") && !is_allowed("load_extension"));
    }

    #[test]
    fn our_functions_answer_as_those_of_sqlite() {
        let theirs = open_in_memory().unwrap();
        let ours = open_in_memory().unwrap();
        install(&ours).unwrap();
        for expression in [
            "replace('aXbXc', 'X', '--')",
            "replace('abc', '', 'x')",
            "replace(NULL, 'a', 'b')",
            "replace('a', NULL, 'b')",
            "replace(1221, 2, 7)",
            "replace('äöä', 'ä', 'a')",
            "instr('abc', 'c')",
            "instr('äöü', 'ü')",
            "instr('abc', 'x')",
            "instr('abc', '')",
            "instr(NULL, 'a')",
            "instr(x'0102', x'02')",
            "instr(1234, 3)",
            "trim('xxabcxx', 'x')",
            "ltrim('xyabc', 'yx')",
            "rtrim('abcxy', 'yx')",
            "trim('abc', '')",
            "trim(NULL, 'x')",
            "trim('ääbää', 'ä')",
            "trim('  abc ')",
            "replace(1.5, '.', ',')",
            "unhex('4142', '')",
            "unhex('41-42 -', '- ')",
            "unhex('4-142', '-')",
            "unhex('41x42', '-')",
            "unhex('414', '-')",
            "unhex('aF--é00', '-é')",
            "unhex(NULL, '-')",
            "unhex('41', NULL)",
            "unhex('', '-')",
            "unhex(41, '')",
        ] {
            let answer = |c: &Connection| {
                c.query_row(&format!("SELECT {expression}"), [], |row| {
                    row.get::<_, Value>(0)
                })
                .unwrap()
            };
            assert_eq!(answer(&ours), answer(&theirs), "{expression}");
        }
    }

    #[test]
    fn the_worst_arguments_take_no_time() {
        let connection = open_in_memory().unwrap();
        install(&connection).unwrap();
        let (long, half) = ("a".repeat(1_000_000), "a".repeat(500_000) + "b");
        let started = std::time::Instant::now();
        let sql = "SELECT instr(?1, ?2) + length(replace(?1, ?2, ''))";
        let answer: i64 = connection
            .query_row(sql, [&long, &half], |row| row.get(0))
            .unwrap();
        assert_eq!(answer, 1_000_000);
        for sql in ["SELECT trim(?1, ?2)", "SELECT unhex(?1, ?2)"] {
            assert!(
                connection
                    .query_row(sql, [&long, &half], |_| Ok(()))
                    .is_err(),
                "{sql}"
            );
        }
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    }
}
