//! Statements that want another's rows, the host's tables, a file, the transaction, or too much of everything.
//!
//! What a statement reads or writes is told by the canaries; most are refused, and some come to nothing.

use super::seed;
use crate::selftest::seed::{Kind, Seed, Wall};
use Wall::{Harmless, Memory, Refused, Size, Statement};

const REFUSED: &[Wall] = &[Refused];
/// Whether it is refused or finds nothing is for the walls of SQL; the canaries tell whether it found something.
const NOTHING: &[Wall] = &[Refused, Harmless];
const TOO_MUCH: &[Wall] = &[Refused, Statement, Memory, Size];

const fn sql(name: &'static str, code: &'static str, walls: &'static [Wall]) -> Seed {
    seed(Kind::Sql, name, code, walls)
}

pub const SEEDS: &[Seed] = &[
    sql("another plugin's rows", "SELECT * FROM OTHER", REFUSED),
    sql(
        "another plugin's rows in capitals",
        "SELECT * FROM \"OTHER\" WHERE 1",
        REFUSED,
    ),
    sql(
        "another plugin's rows by a join",
        "SELECT o.* FROM OWN LEFT JOIN OTHER AS o ON 1",
        REFUSED,
    ),
    sql(
        "another plugin's rows in a subquery",
        "SELECT (SELECT token FROM OTHER LIMIT 1)",
        REFUSED,
    ),
    sql(
        "another plugin's rows in a common table",
        "WITH x AS (SELECT * FROM OTHER) SELECT * FROM x",
        REFUSED,
    ),
    sql(
        "another plugin's rows by union",
        "SELECT 1 UNION ALL SELECT token FROM OTHER",
        REFUSED,
    ),
    sql(
        "another plugin's rows by exists",
        "SELECT EXISTS (SELECT 1 FROM OTHER WHERE token LIKE 'c%')",
        REFUSED,
    ),
    sql(
        "another plugin's rows copied",
        "INSERT INTO OWN (note) SELECT token FROM OTHER",
        REFUSED,
    ),
    sql(
        "another plugin's rows in an update",
        "UPDATE OWN SET note = (SELECT token FROM OTHER)",
        REFUSED,
    ),
    sql(
        "another plugin's rows deleted",
        "DELETE FROM OTHER",
        REFUSED,
    ),
    sql(
        "another plugin's rows changed",
        "UPDATE OTHER SET token = 'x'",
        REFUSED,
    ),
    sql(
        "another plugin's table dropped",
        "DROP TABLE OTHER",
        REFUSED,
    ),
    sql(
        "another plugin's table renamed",
        "ALTER TABLE OTHER RENAME TO mine",
        REFUSED,
    ),
    sql(
        "an index on another's table",
        "CREATE INDEX i ON OTHER (token)",
        REFUSED,
    ),
    sql(
        "a table over another's",
        "CREATE TABLE IF NOT EXISTS OTHER (token TEXT)",
        REFUSED,
    ),
    sql(
        "a reference to another's table",
        "CREATE TABLE c (o INTEGER REFERENCES OTHER(id) ON DELETE CASCADE)",
        NOTHING,
    ),
    sql(
        "a view of another's table",
        "CREATE VIEW v AS SELECT * FROM OTHER",
        REFUSED,
    ),
    sql(
        "a trigger",
        "CREATE TRIGGER t AFTER INSERT ON OWN BEGIN DELETE FROM OTHER; END",
        REFUSED,
    ),
    sql(
        "a temporary table",
        "CREATE TEMP TABLE plugin_installations (id INTEGER)",
        REFUSED,
    ),
    sql(
        "a virtual table",
        "CREATE VIRTUAL TABLE v USING fts5(x)",
        REFUSED,
    ),
    sql(
        "installations",
        "SELECT * FROM plugin_installations",
        REFUSED,
    ),
    sql(
        "installations changed",
        "UPDATE plugin_installations SET configuration = '{}'",
        REFUSED,
    ),
    sql("the catalogue", "DELETE FROM plugin_objects", REFUSED),
    sql("the schema", "SELECT sql FROM sqlite_schema", REFUSED),
    sql(
        "the schema by its old name",
        "SELECT name FROM sqlite_master",
        REFUSED,
    ),
    sql("the schema written", "PRAGMA writable_schema = ON", REFUSED),
    sql("pages read", "SELECT * FROM sqlite_dbpage", REFUSED),
    sql(
        "pragma as a table",
        "SELECT * FROM pragma_table_list",
        REFUSED,
    ),
    sql(
        "pragma of all databases",
        "SELECT * FROM pragma_database_list()",
        REFUSED,
    ),
    sql("a file attached", "ATTACH 'CANARY_FILE' AS x", REFUSED),
    sql(
        "another tenant attached",
        "ATTACH 'TENANT.db' AS other",
        REFUSED,
    ),
    sql(
        "another tenant by its name",
        "SELECT * FROM TENANT.OTHER",
        REFUSED,
    ),
    sql("a file written", "VACUUM INTO 'CANARY_FILE.copy'", REFUSED),
    sql("a file read", "SELECT readfile('CANARY_FILE')", REFUSED),
    sql(
        "a library loaded",
        "SELECT load_extension('CANARY_FILE')",
        REFUSED,
    ),
    sql("the transaction committed", "COMMIT", REFUSED),
    sql("the transaction rolled back", "ROLLBACK", REFUSED),
    sql("a savepoint", "SAVEPOINT s", REFUSED),
    sql(
        "a conflict that rolls back",
        "INSERT OR ROLLBACK INTO OWN (id, note) VALUES (1, 'x')",
        REFUSED,
    ),
    sql(
        "a constraint that rolls back",
        "CREATE TABLE r (a INTEGER UNIQUE ON CONFLICT ROLLBACK)",
        REFUSED,
    ),
    sql("two statements", "SELECT 1; DELETE FROM OTHER", REFUSED),
    sql(
        "a statement behind a comment",
        "SELECT 1 -- \n; DROP TABLE OTHER",
        REFUSED,
    ),
    sql(
        "memory of one value",
        "SELECT randomblob(900000000)",
        TOO_MUCH,
    ),
    sql("zeros of one value", "SELECT zeroblob(900000000)", TOO_MUCH),
    sql(
        "texts kept twice while it counts",
        "WITH RECURSIVE c(n, t) AS MATERIALIZED (SELECT 1, replace(hex(zeroblob(5000)), '0', 'x') UNION ALL SELECT n + 1, t FROM c WHERE n < 20000), d(m) AS (SELECT 1 UNION ALL SELECT m + 1 FROM d WHERE m < 300000) SELECT (SELECT count(*) FROM (SELECT DISTINCT n, t FROM c)), (SELECT count(*) FROM d)",
        TOO_MUCH,
    ),
    sql(
        "a sort of millions",
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000000) SELECT i FROM c ORDER BY i * 7919 % 5000011",
        TOO_MUCH,
    ),
    sql(
        "a search that takes minutes",
        "SELECT instr(replace(hex(zeroblob(400000)), '0', 'a'), replace(hex(zeroblob(200000)), '0', 'a') || 'b')",
        &[Refused, Statement, Harmless, Memory],
    ),
    sql(
        "rows without end",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        TOO_MUCH,
    ),
    sql(
        "a join of everything",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) SELECT a.i FROM n a, n b, n c",
        TOO_MUCH,
    ),
    sql(
        "a pattern that backtracks",
        "SELECT replace(hex(zeroblob(50000)), '0', 'a') LIKE '%a%a%a%a%a%a%a%b'",
        &[Refused, Statement, Harmless],
    ),
    sql(
        "a format of a billion",
        "SELECT printf('%1000000000d', 1)",
        &[Refused, Statement, Memory, Harmless],
    ),
    sql(
        "an expression of depth",
        "SELECT ((((((((((((((((((((1))))))))))))))))))))",
        NOTHING,
    ),
    sql(
        "calls after a dot that PostgreSQL's parser reads twice each",
        "SELECT now(), a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a.floor(a))))))))))))))))))))))))))))))))))))",
        REFUSED,
    ),
    sql(
        "special forms that PostgreSQL's parser reads twice each",
        "SELECT now(), position(overlay(position(overlay(position(overlay(position(overlay(position(overlay(position(overlay(position(overlay(position(overlay(position(overlay(position(overlay(position(overlay(position(overlay(position(overlay(position(overlay(a))))))))))))))))))))))))))))",
        REFUSED,
    ),
    sql(
        "a chain of special forms in PostgreSQL's spelling",
        "SELECT now(), not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval not interval a",
        REFUSED,
    ),
    sql("an unknown function", "SELECT edit('x', 'vi')", REFUSED),
    sql(
        "a tokenizer by address",
        "SELECT fts3_tokenizer('simple', x'4141414141414141')",
        REFUSED,
    ),
    sql("nothing", "", REFUSED),
];
