use super::*;
use crate::storage::door::tokens::tokens;

fn how(sql: &str) -> Spelling {
    spelling(sql, tokens(sql).ok().as_deref())
}

#[test]
fn what_sqlite_reads_as_it_stands_is_left_alone() {
    for sql in [
        "SELECT 'a::b', now FROM t -- NOW()",
        "SELECT json_extract(jsonb('{}'), '$.a') FROM t",
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT) STRICT",
        "SELECT \"ilike\" FROM t",
        "DELETE FROM t WHERE now > ?",
        "CREATE TABLE c (p REFERENCES t ON DELETE CASCADE)",
        "SELECT $1",
        "DROP TABLE t",
    ] {
        assert_eq!(how(sql), Spelling::Sqlite, "{sql}");
    }
    for sql in [
        "CREATE TABLE t (a VARCHAR(3))",
        "CREATE TABLE t (a TIMESTAMP, b INTEGER PRIMARY KEY AUTOINCREMENT)",
    ] {
        assert_eq!(how(sql), Spelling::Either, "{sql}");
    }
    for sql in [
        "SELECT a::text FROM t",
        "SELECT Now ( )",
        "SELECT 1 WHERE a ILIKE 'x'",
        "CREATE TABLE t (id SERIAL)",
        "DROP TABLE t CASCADE",
        "CREATE INDEX CONCURRENTLY i ON t (a)",
    ] {
        assert_eq!(how(sql), Spelling::Postgres, "{sql}");
    }
}

#[test]
fn types_become_what_sqlite_keeps_and_their_promises_become_checks() {
    for (postgres, sqlite) in [
        (
            "id SERIAL PRIMARY KEY",
            "id INTEGER PRIMARY KEY AUTOINCREMENT",
        ),
        (
            "id BIGSERIAL NOT NULL PRIMARY KEY",
            "id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
        ),
        (
            "id serial, PRIMARY KEY (id)",
            "id INTEGER PRIMARY KEY AUTOINCREMENT",
        ),
        (
            "id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            "id INTEGER PRIMARY KEY AUTOINCREMENT",
        ),
        (
            "a VARCHAR(5) NOT NULL",
            "a TEXT NOT NULL CHECK (length(a) <= 5)",
        ),
        (
            "\"a b\" CHARACTER VARYING (5)",
            "\"a b\" TEXT CHECK (length(\"a b\") <= 5)",
        ),
        ("a VARCHAR", "a TEXT"),
        (
            "a BOOLEAN DEFAULT true",
            "a INTEGER DEFAULT true CHECK (a IN (0, 1))",
        ),
        (
            "a JSONB NOT NULL DEFAULT '{}'::jsonb",
            "a TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(a))",
        ),
        (
            "a TIMESTAMP DEFAULT NOW()",
            "a TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
        ),
        (
            "a TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP",
            "a TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
        ),
        ("a TIMESTAMPTZ, b DATE, c UUID", "a TEXT, b TEXT, c TEXT"),
        ("a NUMERIC(10, 2) DEFAULT -1", "a NUMERIC DEFAULT -1"),
        (
            "a DOUBLE PRECISION, b BYTEA, c INT8",
            "a REAL, b BLOB, c INTEGER",
        ),
        (
            "a INT DEFAULT '5'::int",
            "a INTEGER DEFAULT (CAST('5' AS INTEGER))",
        ),
        (
            "a INT REFERENCES \"x\".t(id) ON DELETE CASCADE, CONSTRAINT u UNIQUE (a)",
            "a INTEGER REFERENCES \"x\".t (id) ON DELETE CASCADE, CONSTRAINT u UNIQUE (a)",
        ),
    ] {
        assert_eq!(
            translate(&format!("CREATE TABLE IF NOT EXISTS \"x\".t ({postgres})")),
            Ok(format!("CREATE TABLE IF NOT EXISTS \"x\".t ({sqlite})"))
        );
    }
}

#[test]
fn expressions_keep_their_meaning() {
    for (postgres, sqlite) in [
        ("a::text || 'b'", "CAST(a AS TEXT) || 'b'"),
        (
            "(a + 1)::int::text",
            "CAST(CAST((a + 1) AS INTEGER) AS TEXT)",
        ),
        ("CAST(a AS VARCHAR(3))", "substr(CAST(a AS TEXT), 1, 3)"),
        (":data::jsonb", "json(:data)"),
        ("?::jsonb", "json(?)"),
        ("$2::int", "CAST($2 AS INTEGER)"),
        ("?2::int", "CAST(?2 AS INTEGER)"),
        ("'it''s'::text", "'it''s'"),
        ("'a''''b\\'::text", "'a''''b\\'"),
        ("'yes'::boolean", "TRUE"),
        ("a::date", "date(a)"),
        ("a NOT ILIKE '%b'", "a NOT LIKE '%b'"),
        ("NOW()", "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"),
        (
            "$$it's$$ || NOW()",
            "'it''s' || strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
        ),
        ("data::json->>'a'", "json(data) ->> 'a'"),
        ("position('b' in a)", "instr(a, 'b')"),
        ("substring(a from 1 for 2)", "SUBSTRING(a, 1, 2)"),
        (
            "count(*) FILTER (WHERE a::int > 1)",
            "count(*) FILTER (WHERE CAST(a AS INTEGER) > 1)",
        ),
    ] {
        assert_eq!(
            translate(&format!("SELECT {postgres} FROM t")),
            Ok(format!("SELECT {sqlite} FROM t"))
        );
    }
}

#[test]
fn what_has_no_counterpart_is_refused_by_name() {
    for (sql, reason) in [
        ("CREATE TABLE t (id SERIAL)", "primary key"),
        (
            "CREATE TABLE t (a UUID DEFAULT gen_random_uuid())",
            "random.uuid",
        ),
        ("CREATE TABLE t (a TEXT[])", "json.encode"),
        ("CREATE TABLE t (a INTERVAL)", "the type INTERVAL"),
        ("CREATE TABLE t (a mood)", "the type mood"),
        (
            "CREATE INDEX CONCURRENTLY i ON t USING GIN (a)",
            "USING GIN",
        ),
        ("SELECT a FROM t WHERE a @> '{}'::jsonb", "the operator @>"),
        ("SELECT a FROM t WHERE a::text ~ 'b'", "the operator ~"),
        ("SELECT NOW() - INTERVAL '1 day'", "INTERVAL"),
        ("SELECT a FROM t WHERE a = ANY($1::int[])", "lists"),
        ("SELECT EXTRACT(YEAR FROM NOW())", "EXTRACT"),
        ("SELECT NOW() FROM t FOR UPDATE", "FOR UPDATE"),
        ("SELECT E'\\n'::text", "a string with a letter"),
        ("SELECT '{'::jsonb", "is not JSON"),
        ("DROP TABLE a, b CASCADE", "one name at a time"),
        ("SELECT 1::int; SELECT 2", "one statement"),
        ("SELECT ::", "cannot be read"),
        ("SELECT a::int FRM t WHERE", "Line: 1"),
        (
            "INSERT INTO t (a) VALUES (NOW()) ON CONFLICT ON CONSTRAINT u DO NOTHING",
            "name the columns",
        ),
        (
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS a SERIAL",
            "IF NOT EXISTS",
        ),
        ("SET x = a::int", "not allowed"),
    ] {
        let refusal = translate(sql).unwrap_err();
        assert!(refusal.contains(reason), "{sql}: {refusal}");
    }
}

#[test]
fn the_longest_chain_and_the_deepest_nest_end_without_a_crash() {
    let chain = |times| format!("SELECT {} NOW()", "1 + ".repeat(times));
    assert!(translate(&chain(LONGEST_CHAIN / 2 - 10)).is_ok());
    assert!(translate(&chain(LONGEST_CHAIN)).is_err());
    let mut nest = "NOW()".to_owned();
    for _ in 0..30 {
        nest = format!("({nest}{})", " + 1".repeat(40));
    }
    assert!(
        translate(&format!("SELECT {nest}"))
            .unwrap_err()
            .contains("without a comma")
    );
    let rows = vec!["(1, NOW())"; 500].join(", ");
    assert!(translate(&format!("INSERT INTO t VALUES {rows}")).is_ok());
    for open in ["(", "NOT ", "CASE WHEN ", "(SELECT ", "- ", "f("] {
        let deep = format!("SELECT {}NOW()", open.repeat(900));
        let _ = translate(&deep);
    }
}
