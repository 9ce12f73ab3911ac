//! `db.select`, `db.insert`, `db.update` and `db.delete`, called by scripts of both languages.

use super::*;

fn with_tasks() -> Fixture {
    let storage = Fixture::new();
    let sql = "CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0, due TEXT)";
    database(&storage).execute(sql, &Params::None).unwrap();
    let key = crate::plugin_key::PluginKey::parse("other").unwrap();
    let mut other = PluginDb::new(Arc::clone(&storage.storage), fixture::call().tenant, key);
    let sql = "CREATE TABLE theirs (id INTEGER PRIMARY KEY, title TEXT)";
    other.execute(sql, &Params::None).unwrap();
    storage
}

/// Both languages write the calls alike but for maps, lists and null.
fn spelled(language: Language, text: &str) -> String {
    let text = match language {
        Language::Lua => text
            .replace('«', "{ ")
            .replace('»', " }")
            .replace(": ", " = ")
            .replace('[', "{")
            .replace(']', "}")
            .replace("NULL", "ctx.json.null"),
        Language::Rhai => text
            .replace('«', "#{ ")
            .replace('»', " }")
            .replace("NULL", "()"),
    };
    match language {
        Language::Lua => format!("return {text}"),
        Language::Rhai => text,
    }
}

fn told(language: Language, text: &str, storage: &Fixture) -> serde_json::Value {
    eval(language, &spelled(language, text), storage)
        .unwrap_or_else(|error| panic!("{language:?} {text}: {error}"))
        .unpacked()
        .to_json()
        .unwrap()
}

#[test]
fn rows_are_kept_found_changed_and_removed_without_sql() {
    for language in Language::BOTH {
        let storage = with_tasks();
        for (call, expected) in [
            (
                "ctx.db.insert(\"tasks\", «title: \"it's; DROP TABLE tasks\", due: NULL»)",
                r#"{"changes":1,"lastInsertId":1}"#,
            ),
            (
                "ctx.db.insert(\"tasks\", «title: \"b\", done: true, due: \"2026-12-01\"»)",
                r#"{"changes":1,"lastInsertId":2}"#,
            ),
            (
                "ctx.db.select(\"tasks\", «columns: [\"id\", \"done\"], where: «due: NULL»»)",
                r#"[{"id":1,"done":0}]"#,
            ),
            (
                "ctx.db.select(\"tasks\", «columns: \"title\", where: «id: [1, 7]»»)",
                r#"[{"title":"it's; DROP TABLE tasks"}]"#,
            ),
            (
                "ctx.db.select(\"tasks\", «columns: \"id\", where: «due: «op: \">\", value: \"2026\"», done: true»»)",
                r#"[{"id":2}]"#,
            ),
            (
                "ctx.db.select(\"tasks\", «columns: [\"id\"], orderBy: [\"id desc\"], limit: 1»)",
                r#"[{"id":2}]"#,
            ),
            (
                "ctx.db.update(\"tasks\", «title: \"a\"», «id: 1»)",
                r#"{"changes":1,"lastInsertId":0}"#,
            ),
            (
                "ctx.db.update(\"tasks\", «done: 1», «all: true»)",
                r#"{"changes":2,"lastInsertId":0}"#,
            ),
            (
                "ctx.db.delete(\"tasks\", «title: \"a\"»)",
                r#"{"changes":1,"lastInsertId":0}"#,
            ),
            (
                "ctx.db.select(\"tasks\")",
                r#"[{"id":2,"title":"b","done":1,"due":"2026-12-01"}]"#,
            ),
        ] {
            let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
            assert_eq!(
                told(language, call, &storage),
                expected,
                "{language:?} {call}"
            );
        }
    }
}

#[test]
fn they_are_there_inside_a_transaction() {
    for (language, body) in [
        (
            Language::Lua,
            "return ctx.db.transaction(function(tx)
               tx.insert('tasks', { title = 'a' })
               tx.update('tasks', { title = 'b' }, { title = 'a' })
               return tx.select('tasks')[1].title
             end)",
        ),
        (
            Language::Rhai,
            "ctx.db.transaction(|tx| {
               tx.insert(\"tasks\", #{ title: \"a\" });
               tx.update(\"tasks\", #{ title: \"b\" }, #{ title: \"a\" });
               tx.select(\"tasks\")[0].title
             })",
        ),
    ] {
        let storage = with_tasks();
        assert_eq!(eval(language, body, &storage).unwrap(), "b".into());
        assert_eq!(count(&storage, "tasks"), 1);
    }
}

#[test]
fn what_is_missing_or_anothers_is_told() {
    for language in Language::BOTH {
        let storage = with_tasks();
        for (call, why) in [
            ("ctx.db.delete(\"tasks\", «»)", "all = true"),
            ("ctx.db.update(\"tasks\", «», «id: 1»)", "values is empty"),
            (
                "ctx.db.select(\"theirs\")",
                "'theirs' does not belong to this plugin",
            ),
            ("ctx.db.select(\"users\")", "use core.users"),
            ("ctx.db.insert(\"projects\", «id: 1»)", "use core.projects"),
            ("ctx.db.select(\"sqlite_master\")", "SQLite's own"),
            (
                "ctx.db.select(\"tasks\", «columns: [\"sqlite_version()\"]»)",
                "SQLite's own",
            ),
            (
                "ctx.db.select(\"tasks\", «where: «colour: 1»»)",
                "no such column: \"colour\"",
            ),
            (
                "ctx.db.select(\"tasks\", «where: «id: «op: \"~\", value: 1»»»)",
                "one of =",
            ),
            (
                "ctx.db.select(\"tasks\", «wher: «id: 1»»)",
                "'wher' is not an option",
            ),
            (
                "ctx.db.insert(\"tasks\", «titel: \"x\"»)",
                "no column named titel",
            ),
            ("ctx.db.insert(\"tasks\", «title: «a: 1»»)", "json.encode"),
        ] {
            let told = message(eval(language, &spelled(language, call), &storage));
            assert!(told.contains(why), "{language:?} {call}: {told}");
        }
    }
}
