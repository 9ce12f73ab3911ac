use super::*;

/// Runs as the kind of call that fits, undoes it, and returns what was seen.
fn attempt(db: &mut PluginDb, sql: &str) -> Result<String, DbError> {
    db.begin().unwrap();
    let queries = ["SELECT", "WITH", "VALUES"]
        .iter()
        .any(|verb| sql.trim_start().to_uppercase().starts_with(verb));
    let result = if queries || sql.contains("RETURNING") {
        db.query(sql, &Params::None, LIMITS)
            .map(|rows| texts(&rows))
    } else {
        db.execute(sql, &Params::None)
            .map(|done| format!("{done:?}"))
    };
    db.rollback().unwrap();
    result
}

#[test]
fn what_plugins_need_passes() {
    let mut wrong = Vec::new();
    let (_fixture, mut db) = two_plugins();
    for sql in [
        "SELECT * FROM notes",
        "SELECT id, name FROM \"a4ayc80OGd\".notes WHERE id = 1",
        "SELECT id FROM [a4ayc80OGd].[notes]",
        "SELECT id FROM `a4ayc80OGd`.`notes`",
        "SELECT id FROM A4AYC80OGD.NOTES",
        "SELECT public.notes.id FROM public.notes",
        "SELECT n.id, t.name FROM notes n LEFT JOIN tags t ON t.note = n.id",
        "SELECT id FROM notes NATURAL JOIN tags",
        "SELECT * FROM notes FULL JOIN tags USING (id)",
        "SELECT count(*) FROM notes",
        "SELECT count(*), sum(id), avg(id), min(name), max(name), total(id), group_concat(name, ',') FROM notes",
        "SELECT upper(name), lower(name), length(name), substr(name, 1, 1), trim(name), replace(name, 'a', 'b'), instr(name, 'a') FROM notes",
        "SELECT coalesce(body, ''), ifnull(body, ''), nullif(name, 'a'), abs(-1), round(1.5), typeof(id), random() FROM notes",
        "SELECT date('now'), datetime('now'), strftime('%Y', 'now'), julianday('now'), unixepoch(), CURRENT_TIMESTAMP",
        "SELECT json_extract(body, '$.k'), body -> '$.k', body ->> '$.k', json_valid(body), json_array(1, 2), json_object('a', 1) FROM notes",
        "SELECT value FROM notes, json_each(notes.body, '$.k') WHERE notes.id = 1",
        "SELECT key FROM json_tree('{\"a\": {\"b\": 1}}')",
        "SELECT json_group_array(name) FROM notes",
        "SELECT name, row_number() OVER (ORDER BY id), rank() OVER w, lag(id, 1) OVER w FROM notes WINDOW w AS (ORDER BY id)",
        "SELECT * FROM notes WHERE name LIKE '%a%' OR name GLOB 'b*' ORDER BY name COLLATE NOCASE LIMIT 5 OFFSET 0",
        "SELECT name FROM notes WHERE id IN (SELECT note FROM tags) AND EXISTS (SELECT 1 FROM tags)",
        "SELECT name FROM notes UNION ALL SELECT name FROM tags ORDER BY 1",
        "SELECT CASE WHEN id > 1 THEN 'x' ELSE 'y' END, CAST(id AS TEXT) FROM notes GROUP BY 1 HAVING count(*) > 0",
        "WITH n AS (SELECT * FROM notes) SELECT count(*) FROM n",
        "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5) SELECT * FROM c",
        // A name of the host's, but a derived table of the plugin's own making.
        "WITH plugin_installations AS (SELECT 1 AS a) SELECT a FROM plugin_installations",
        "SELECT a FROM (SELECT id AS a FROM notes) AS projects",
        "VALUES (1, 'a'), (2, 'b')",
        "SELECT 'DROP TABLE x; ROLLBACK', \"name\" FROM notes -- ; ATTACH",
        "SELECT /* PRAGMA */ 1 ;",
        "INSERT INTO notes (name) VALUES ('c')",
        "INSERT INTO public.notes (name) VALUES ('c')",
        "INSERT OR IGNORE INTO notes (name) VALUES ('a')",
        "INSERT OR REPLACE INTO notes (id, name) VALUES (2, 'z')",
        "REPLACE INTO notes (id, name) VALUES (2, 'z')",
        "INSERT INTO notes (name) VALUES ('a') ON CONFLICT (name) DO UPDATE SET body = excluded.name",
        "INSERT INTO notes (name) VALUES ('a') ON CONFLICT DO NOTHING",
        "INSERT INTO notes (name) SELECT name FROM tags",
        "INSERT INTO notes (name) VALUES ('c') RETURNING id, name",
        "WITH s AS (SELECT 'q' AS v) INSERT INTO notes (name) SELECT v FROM s RETURNING id",
        "UPDATE notes SET body = 'x' WHERE id = 1",
        "UPDATE notes SET body = tags.name FROM tags WHERE tags.note = notes.id",
        "DELETE FROM tags WHERE id = 1",
        "DELETE FROM tags",
        "CREATE TABLE more (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT DEFAULT CURRENT_TIMESTAMP, n INTEGER CHECK (n > 0))",
        "CREATE TABLE more (id INTEGER, at TEXT DEFAULT (CAST(strftime('%s', 'now') AS VARCHAR(12))))",
        "CREATE TABLE IF NOT EXISTS notes (id INTEGER)",
        "CREATE TABLE IF NOT EXISTS \"a4ayc80OGd\".Notes (id INTEGER)",
        "CREATE TABLE public.slack_webhooks (id INTEGER PRIMARY KEY) STRICT",
        "CREATE TABLE w (a TEXT PRIMARY KEY, b) WITHOUT ROWID",
        "CREATE TABLE copy AS SELECT * FROM notes",
        "CREATE TABLE child (id, parent REFERENCES child (id), n REFERENCES public.notes (id) ON DELETE CASCADE)",
        "CREATE TABLE g (a, b GENERATED ALWAYS AS (upper(a)) STORED)",
        "CREATE INDEX i ON notes (body)",
        "CREATE UNIQUE INDEX IF NOT EXISTS i ON \"a4ayc80OGd\".notes (lower(name)) WHERE body IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS tags_by_note ON tags (note)",
        "DROP INDEX tags_by_note",
        "DROP TABLE tags",
        "DROP TABLE IF EXISTS nowhere",
        "ALTER TABLE tags ADD COLUMN n INTEGER CHECK (n > 0)",
        "ALTER TABLE tags ADD COLUMN n INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE tags ADD COLUMN n REFERENCES notes (id)",
        "ALTER TABLE tags ADD COLUMN colour TEXT DEFAULT 'red'",
        "ALTER TABLE tags RENAME COLUMN name TO label",
        "ALTER TABLE tags DROP COLUMN name",
        "ALTER TABLE tags RENAME TO labels",
        "ALTER TABLE notes RENAME TO notes2",
    ] {
        match attempt(&mut db, sql) {
            Ok(seen) if !seen.contains("SECRET") => {}
            other => wrong.push(format!("{sql}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_would_reach_beyond_the_plugin_is_refused() {
    let mut wrong = Vec::new();
    let (fixture, mut db) = two_plugins();
    for sql in [
        // The host's tables and another plugin's, under every spelling.
        "SELECT * FROM projects",
        "SELECT * FROM Projects",
        "SELECT * FROM \"a4ayc80OGd\".projects",
        "SELECT * FROM public.projects",
        "SELECT * FROM public . users",
        "SELECT * FROM users",
        "SELECT * FROM plugin_installations",
        "SELECT * FROM plugin_objects",
        "SELECT * FROM theirs",
        "SELECT * FROM THEIRS",
        "SELECT * FROM [theirs]",
        "SELECT * FROM `theirs`",
        "SELECT * FROM \"theirs\"",
        "SELECT * FROM 'theirs'",
        "SELECT * FROM notes, 'theirs'",
        "SELECT * FROM ('theirs')",
        "SELECT * FROM/**/theirs",
        "SELECT count(*) FROM theirs",
        "SELECT 1 FROM projects",
        "SELECT (SELECT name FROM theirs)",
        "SELECT * FROM notes WHERE id IN (SELECT id FROM theirs)",
        "SELECT * FROM notes WHERE EXISTS (SELECT 1 FROM theirs WHERE name LIKE 'S%')",
        "WITH t AS (SELECT * FROM theirs) SELECT * FROM t",
        "WITH RECURSIVE t AS (SELECT name FROM theirs UNION SELECT name FROM t) SELECT * FROM t",
        "SELECT name FROM notes UNION SELECT name FROM theirs",
        "VALUES ((SELECT name FROM theirs))",
        "INSERT INTO notes (name) SELECT name FROM theirs",
        "INSERT INTO notes (name) VALUES ((SELECT name FROM theirs))",
        "UPDATE notes SET body = (SELECT name FROM theirs)",
        "UPDATE notes SET body = theirs.name FROM theirs",
        "DELETE FROM notes WHERE id IN (SELECT id FROM theirs) RETURNING id",
        "INSERT INTO notes (name) VALUES ('c') RETURNING (SELECT name FROM theirs)",
        "CREATE TABLE copy AS SELECT * FROM theirs",
        "CREATE TABLE copy AS SELECT project_title FROM projects",
        "INSERT INTO theirs VALUES (2, 'x')",
        "UPDATE theirs SET name = 'x'",
        "DELETE FROM theirs",
        "DELETE FROM projects",
        "UPDATE plugin_objects SET plugin_key = 'notes'",
        "INSERT INTO plugin_objects (plugin_key, kind, name) VALUES ('notes', 'table', 'theirs')",
        "SELECT * FROM notes INDEXED BY theirs_by_name",
        // Joins that the authorizer is not told of.
        "SELECT name FROM notes FULL JOIN theirs USING (name)",
        "SELECT name FROM notes NATURAL FULL JOIN theirs",
        "SELECT name FROM notes RIGHT JOIN theirs USING (name)",
        "SELECT 1 FROM notes JOIN theirs USING (name)",
        "SELECT 1 FROM notes NATURAL JOIN theirs",
        "SELECT id FROM notes FULL JOIN projects USING (id)",
        "SELECT id FROM notes FULL JOIN plugin_installations USING (id)",
        "SELECT name FROM notes FULL JOIN \"a4ayc80OGd\".theirs USING (name)",
        "SELECT name FROM notes FULL JOIN (theirs) USING (name)",
        "INSERT INTO notes (name) SELECT name FROM tags FULL JOIN theirs USING (name)",
        "CREATE TABLE copy AS SELECT name FROM notes FULL JOIN theirs USING (name)",
        "CREATE TABLE copy AS SELECT name FROM notes FULL JOIN 'sqlite_schema' USING (name)",
        // SQLite's own tables.
        "SELECT * FROM sqlite_master",
        "SELECT * FROM \"a4ayc80OGd\".sqlite_schema",
        "SELECT * FROM [sqlite_temp_master]",
        "SELECT seq FROM sqlite_sequence",
        "SELECT name FROM notes FULL JOIN sqlite_schema USING (name)",
        "INSERT INTO notes (name) SELECT name FROM notes, 'sqlite_sequence' USING (name)",
        "SELECT * FROM pragma_table_list",
        "SELECT * FROM pragma_table_info('theirs')",
        "SELECT * FROM notes, 'pragma_table_list' USING (name)",
        "SELECT * FROM dbstat",
        "DELETE FROM sqlite_sequence",
        // Other schemas.
        "SELECT * FROM main.notes",
        "SELECT * FROM temp.notes",
        "SELECT * FROM \"1HNeOiZeFu\".notes",
        "SELECT * FROM notes, other.theirs",
        "INSERT INTO main.notes (name) VALUES ('c')",
        "CREATE TABLE temp.x (a)",
        "CREATE TABLE \"1HNeOiZeFu\".x (a)",
        // Names that are taken.
        "CREATE TABLE theirs (a)",
        "CREATE TABLE IF NOT EXISTS theirs (a)",
        "CREATE TABLE IF NOT EXISTS Theirs (a)",
        "CREATE TABLE theirs_by_name (a)",
        "CREATE INDEX theirs_by_name ON notes (name)",
        "CREATE INDEX IF NOT EXISTS theirs_by_name ON notes (name)",
        "CREATE TABLE users (a)",
        "CREATE TABLE IF NOT EXISTS \"PROJECTS\" (a)",
        "CREATE TABLE public.risks (a)",
        "CREATE TABLE sqlite_mine (a)",
        "CREATE TABLE \"\" (a)",
        "CREATE INDEX i ON theirs (name)",
        "CREATE INDEX i ON projects (id)",
        "DROP TABLE theirs",
        "DROP TABLE IF EXISTS projects",
        "DROP INDEX theirs_by_name",
        "DROP INDEX risks_by_project",
        "ALTER TABLE theirs ADD COLUMN x",
        "ALTER TABLE theirs RENAME TO mine",
        "ALTER TABLE notes RENAME TO theirs",
        "ALTER TABLE notes RENAME TO Users",
        "CREATE TABLE child (a REFERENCES theirs (id))",
        "CREATE TABLE child (a REFERENCES projects (id) ON DELETE CASCADE)",
        "CREATE TABLE child (a, FOREIGN KEY (a) REFERENCES not_yet (id))",
        "ALTER TABLE notes ADD COLUMN p REFERENCES projects (id)",
        // What ends the host's transaction.
        "INSERT OR ROLLBACK INTO notes (name) VALUES ('a')",
        "INSERT/**/OR/**/rollback INTO notes (name) VALUES ('a')",
        "UPDATE OR ROLLBACK notes SET id = 1",
        "CREATE TABLE trap (a UNIQUE ON CONFLICT ROLLBACK)",
        "CREATE TABLE trap (a NOT NULL ON CONFLICT ROLLBACK)",
        "CREATE TABLE trap (a, PRIMARY KEY (a) ON CONFLICT ROLLBACK)",
        "SELECT RAISE(ROLLBACK, 'x')",
        "ROLLBACK",
        "ROLLBACK TO script",
        "COMMIT",
        "END",
        "BEGIN",
        "SAVEPOINT s",
        "RELEASE s",
        "\u{feff}ROLLBACK",
        "SELECT 1; ROLLBACK",
        "SELECT :a('x); ROLLBACK -- ')",
        // Kinds of statement.
        "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM tags; END",
        "CREATE TEMP TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM tags; END",
        "CREATE VIEW v AS SELECT * FROM theirs",
        "CREATE TEMP VIEW v AS SELECT 1",
        "CREATE TEMP TABLE notes (a)",
        "CREATE TEMPORARY TABLE notes (a)",
        "CREATE VIRTUAL TABLE v USING fts5(a)",
        "ATTACH ':memory:' AS x",
        "DETACH a4ayc80OGd",
        "PRAGMA table_list",
        "PRAGMA writable_schema = 1",
        "VACUUM",
        "VACUUM INTO 'copy.db'",
        "REINDEX",
        "ANALYZE",
        "EXPLAIN SELECT 1",
        "EXPLAIN QUERY PLAN SELECT 1",
        "DROP VIEW v",
        "DROP TRIGGER t",
        "",
        "-- nothing",
        ";",
        // Functions.
        "SELECT load_extension('x')",
        "SELECT json_patch('{}', '{}')",
        "CREATE TABLE bomb (a, b GENERATED ALWAYS AS (json_patch(a, a)))",
        "SELECT randomblob(900000000)",
        "SELECT zeroblob(900000000)",
        "SELECT printf('%.*c', 900000000, 'x')",
        "SELECT format('%d', 1)",
        "SELECT last_insert_rowid()",
        "SELECT changes()",
        "SELECT total_changes()",
        "SELECT sqlite_version()",
        "SELECT fts3_tokenizer('simple')",
        "SELECT sqlite_compileoption_get(0)",
        "SELECT \"sqlite_rename_table\"(1, 2, 3, 4, 5, 6, 7)",
        "CREATE TABLE bomb (a, b DEFAULT (randomblob(900000000)))",
        "CREATE TABLE bomb (a, b DEFAULT (unistr('x')))",
        "CREATE TABLE bomb (a, b DEFAULT ((1 + \"rtreecheck\"('a4ayc80OGd', 'projects'))))",
        "ALTER TABLE notes ADD COLUMN b DEFAULT (unistr('x'))",
        "CREATE TABLE bomb (a CHECK (unistr(a) > 0))",
        "CREATE TABLE bomb (a, b AS (unistr(a)))",
        "CREATE INDEX bomb ON notes (unistr(name))",
        "CREATE TABLE bomb (a CHECK (printf('%d', a) > 0))",
        "CREATE INDEX bomb ON notes (printf('%d', id))",
    ] {
        match attempt(&mut db, sql) {
            Err(DbError::Denied { .. } | DbError::Mistake { .. } | DbError::Sql { .. }) => {}
            other => wrong.push(format!("{sql}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        fixture.storage.aside().check(&tenant()).unwrap(),
        crate::storage::Ownership::default()
    );
}

#[test]
fn joins_that_the_authorizer_does_not_see_read_nothing_of_others() {
    let (_fixture, mut db) = two_plugins();
    for table in [
        "theirs",
        "projects",
        "plugin_installations",
        "plugin_objects",
        "risks",
    ] {
        for column in ["id", "name", "plugin_key"] {
            for join in ["FULL JOIN", "LEFT JOIN", "RIGHT JOIN", "JOIN", ","] {
                let sql = format!("SELECT {column} FROM notes {join} {table} USING ({column})");
                assert!(attempt(&mut db, &sql).is_err(), "{sql}");
            }
        }
        for join in [
            "NATURAL FULL JOIN",
            "NATURAL LEFT JOIN",
            "NATURAL RIGHT JOIN",
            "NATURAL JOIN",
        ] {
            let sql = format!("SELECT * FROM notes {join} {table}");
            // A LEFT JOIN whose columns nobody needs is left out of the program, and so reads nothing.
            let seen = attempt(&mut db, &sql);
            assert!(
                seen.as_ref().map_or(true, |seen| join.contains("LEFT")
                    && !seen.contains("SECRET")),
                "{sql}: {seen:?}"
            );
        }
    }
}

#[test]
fn a_verdict_does_not_outlive_the_schema_it_was_given_under() {
    let (fixture, mut db) = two_plugins();
    let leak = "SELECT name FROM notes FULL JOIN swap USING (name)";
    db.execute("CREATE TABLE swap (name TEXT)", &Params::None)
        .unwrap();
    db.query(leak, &Params::None, LIMITS).unwrap();
    db.execute("DROP TABLE swap", &Params::None).unwrap();
    // The same within a transaction that is undone: its schema version is used again by the next.
    db.begin().unwrap();
    db.execute("CREATE TABLE swap (name TEXT)", &Params::None)
        .unwrap();
    db.query(leak, &Params::None, LIMITS).unwrap();
    db.rollback().unwrap();
    plugin(&fixture, "other")
        .execute("CREATE TABLE swap (name TEXT)", &Params::None)
        .unwrap();
    assert!(db.query(leak, &Params::None, LIMITS).is_err());
}

#[test]
fn one_plugins_verdict_is_not_anothers() {
    let (fixture, mut db) = two_plugins();
    let sql = "SELECT name FROM theirs";
    let mut other = plugin(&fixture, "other");
    assert_eq!(other.query(sql, &Params::None, LIMITS).unwrap().len(), 1);
    assert!(db.query(sql, &Params::None, LIMITS).is_err());
    assert_eq!(other.query(sql, &Params::None, LIMITS).unwrap().len(), 1);
}

#[test]
fn refusals_say_what_to_do_and_errors_name_the_place() {
    let (_fixture, mut db) = two_plugins();
    for (sql, text) in [
        ("SELECT * FROM projects", "use core.projects instead"),
        ("SELECT * FROM users", "use core.users instead"),
        ("SELECT * FROM public.users", "use core.users instead"),
        (
            "SELECT * FROM theirs",
            "'theirs' does not belong to this plugin",
        ),
        (
            "SELECT last_insert_rowid()",
            "use lastInsertId of db.execute",
        ),
        (
            "CREATE TABLE theirs (a)",
            "taken by the host or another plugin",
        ),
        ("SELECT id\nFRM notes", "line 2, column 5, near \"notes\""),
        (
            "SELECT nme FROM public.notes",
            "no such column: nme (line 1, column 8, near \"nme FROM public.notes\")",
        ),
        (
            "INSERT INTO notes (name) VALUES ('a')",
            "UNIQUE constraint failed: notes.name",
        ),
    ] {
        let message = attempt(&mut db, sql).unwrap_err().to_string();
        assert!(message.contains(text), "{sql}: {message}");
    }
}
