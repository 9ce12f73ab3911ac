use super::*;

fn parse(sql: &str) -> Result<Statement, Refusal> {
    Statement::parse(sql, &TenantId::of_organization(1))
}

#[test]
fn names_are_brought_to_the_tenants_schema() {
    for (sql, expected) in [
        (
            "CREATE TABLE notes (id)",
            r#"CREATE TABLE "a4ayc80OGd".notes (id)"#,
        ),
        (
            "create table if not exists [my notes] (id) ;",
            r#"create table if not exists "a4ayc80OGd".[my notes] (id)"#,
        ),
        (
            r#"CREATE TABLE "a4ayc80OGd".notes (id)"#,
            r#"CREATE TABLE "a4ayc80OGd".notes (id)"#,
        ),
        (
            "CREATE TABLE public.notes (id)",
            r#"CREATE TABLE "a4ayc80OGd".notes (id)"#,
        ),
        (
            "CREATE TABLE `A4AYC80OGD`.notes (id)",
            r#"CREATE TABLE "a4ayc80OGd".notes (id)"#,
        ),
        (
            r#"CREATE TABLE n (id, m REFERENCES "a4ayc80OGd".m (id), FOREIGN KEY (id) REFERENCES public . k)"#,
            r#"CREATE TABLE "a4ayc80OGd".n (id, m REFERENCES m (id), FOREIGN KEY (id) REFERENCES k)"#,
        ),
        (
            r#"CREATE UNIQUE INDEX i ON "a4ayc80OGd".notes (id)"#,
            r#"CREATE UNIQUE INDEX "a4ayc80OGd".i ON notes (id)"#,
        ),
        (
            "DROP TABLE IF EXISTS notes",
            r#"DROP TABLE IF EXISTS "a4ayc80OGd".notes"#,
        ),
        ("DROP INDEX public.i", r#"DROP INDEX "a4ayc80OGd".i"#),
        (
            "ALTER TABLE notes RENAME TO n2",
            r#"ALTER TABLE "a4ayc80OGd".notes RENAME TO n2"#,
        ),
        (
            "SELECT public.notes.id FROM Public.notes",
            r#"SELECT "a4ayc80OGd".notes.id FROM "a4ayc80OGd".notes"#,
        ),
        ("SELECT n.id FROM notes n", "SELECT n.id FROM notes n"),
        (
            "SELECT 'public.x', ':' || \"a.b\" FROM t",
            "SELECT 'public.x', ':' || \"a.b\" FROM t",
        ),
    ] {
        assert_eq!(parse(sql).unwrap().sql, expected);
    }
}

#[test]
fn the_verb_is_told_from_the_words_outside_parentheses() {
    for (sql, verb) in [
        (
            "WITH a AS (SELECT 1) SELECT replace(x, 1, 2) FROM a",
            Verb::Read,
        ),
        ("WITH a AS (DELETE) SELECT 1", Verb::Read),
        ("WITH replace AS (SELECT 1) SELECT 1", Verb::Read),
        (
            "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
            Verb::Write { inserts: true },
        ),
        (
            "WITH a AS (SELECT 1) REPLACE INTO t SELECT * FROM a",
            Verb::Write { inserts: true },
        ),
        (
            "WITH a AS (SELECT 1) DELETE FROM t",
            Verb::Write { inserts: false },
        ),
        ("VALUES (1)", Verb::Read),
        (
            "ALTER TABLE t RENAME a TO b",
            Verb::AlterTable {
                name: "t".to_owned(),
            },
        ),
        (
            "ALTER TABLE t RENAME TO \"b c\"",
            Verb::RenameTable {
                from: "t".to_owned(),
                to: "b c".to_owned(),
            },
        ),
        (
            "CREATE INDEX i ON public.t (a)",
            Verb::CreateIndex {
                name: "i".to_owned(),
                table: "t".to_owned(),
            },
        ),
    ] {
        assert_eq!(parse(sql).unwrap().verb, verb, "{sql}");
    }
}

#[test]
fn the_select_of_a_table_made_from_one_is_kept_apart() {
    let parsed = parse("CREATE TABLE t AS SELECT * FROM public.s").unwrap();
    let select = Some(r#" SELECT * FROM "a4ayc80OGd".s"#.to_owned());
    assert_eq!(
        parsed.verb,
        Verb::CreateTable {
            name: "t".to_owned(),
            select
        }
    );
}

#[test]
fn what_no_plugin_needs_is_refused_with_a_reason() {
    for (sql, reason) in [
        ("PRAGMA user_version", "PRAGMA is not allowed"),
        ("begin", "use db.transaction"),
        ("CREATE TEMP TABLE t (a)", "CREATE TEMP is not allowed"),
        (
            "CREATE TRIGGER t AFTER INSERT ON n BEGIN SELECT 1; END",
            "only one statement",
        ),
        ("CREATE VIEW v AS SELECT 1", "CREATE VIEW is not allowed"),
        (
            "CREATE VIRTUAL TABLE v USING fts5(a)",
            "CREATE VIRTUAL is not allowed",
        ),
        (
            "INSERT OR ROLLBACK INTO t VALUES (1)",
            "ROLLBACK as a conflict clause",
        ),
        (
            "CREATE TABLE t (a UNIQUE ON CONFLICT ROLLBACK)",
            "ROLLBACK as a conflict clause",
        ),
        ("SELECT RAISE(ROLLBACK, 'x')", "refused"),
        ("SELECT * FROM public.users", "use core.users instead"),
        ("SELECT * FROM public.projects", "use core.projects instead"),
        ("SELECT * FROM main.t", "'main' is not a schema"),
        ("SELECT * FROM temp.t", "'temp' is not a schema"),
        (
            "SELECT * FROM \"1HNeOiZeFu\".t",
            "'1HNeOiZeFu' is not a schema",
        ),
        ("SELECT * FROM 'a4ayc80OGd'.t", "write it in double quotes"),
        ("SELECT * FROM t, 'sqlite_schema'", "SQLite's own"),
        ("SELECT * FROM [SQLITE_MASTER]", "SQLite's own"),
        ("SELECT * FROM pragma_table_info('t')", "SQLite's own"),
        ("CREATE TABLE main.t (a)", "'main' is not a schema"),
        ("", "empty"),
        ("-- only a comment", "empty"),
    ] {
        let (Refusal::Wall(refusal) | Refusal::Mistake(refusal)) = parse(sql).unwrap_err();
        assert!(refusal.contains(reason), "{sql}: {refusal}");
    }
}
