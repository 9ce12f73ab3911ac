//! T16. Twelve ways to end the transaction that the host has opened. Each is tried twice: through the
//! door, which refuses it and keeps the transaction, and as if the door had a hole, where the host
//! notices that its transaction is gone and ends the operation whole.

use super::*;

/// The text, and what prepares it: a table whose constraint rolls back, as no plugin can make it.
const WAYS: [(&str, &str, &str); 10] = [
    ("a statement", "", "ROLLBACK"),
    ("a commit", "", "COMMIT"),
    ("another word for it", "", "END TRANSACTION"),
    (
        "a comment and a mark before it",
        "",
        "\u{feff}/* x */ ROLLBACK",
    ),
    ("a second statement", "", "SELECT 1; ROLLBACK"),
    (
        "INSERT OR ROLLBACK",
        "",
        "INSERT OR ROLLBACK INTO notes (id) VALUES (1)",
    ),
    (
        "UPDATE OR ROLLBACK",
        "",
        "UPDATE OR ROLLBACK notes SET id = 1 WHERE id = 2",
    ),
    (
        "a UNIQUE that rolls back",
        "CREATE TABLE trap (a UNIQUE ON CONFLICT ROLLBACK)",
        "INSERT INTO trap VALUES (1), (1)",
    ),
    (
        "a NOT NULL that rolls back",
        "CREATE TABLE trap (a NOT NULL ON CONFLICT ROLLBACK)",
        "INSERT INTO trap VALUES (NULL)",
    ),
    (
        "a PRIMARY KEY that rolls back",
        "CREATE TABLE trap (a, PRIMARY KEY (a) ON CONFLICT ROLLBACK)",
        "INSERT INTO trap VALUES (1), (1)",
    ),
];

const MARK: &str = "INSERT INTO projects (project_title, last_updated, created_at)
    VALUES ('host', '2026-11-24T07:00:00.000Z', '2026-11-24T07:00:00.000Z')";

/// An operation of the host with its own row and the plugin's.
fn operation(fixture: &Fixture) -> PluginDb {
    let mut db = plugin(fixture, "notes");
    db.enter_lifecycle();
    db.execute("INSERT INTO notes (name) VALUES ('mine')", &Params::None)
        .unwrap();
    db.host(|connection| Ok(connection.execute(MARK, [])?))
        .unwrap();
    db
}

/// What is there of the operation: the host's rows and the plugin's.
fn kept(fixture: &Fixture) -> (i64, i64) {
    let sql = "SELECT (SELECT count(*) FROM projects WHERE project_title = 'host'),
                      (SELECT count(*) FROM notes WHERE name = 'mine')";
    fixture
        .storage
        .tenant(&tenant(), |c| {
            Ok(c.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
        .unwrap()
}

fn assert_nothing_follows(way: &str, fixture: &Fixture, mut db: PluginDb) {
    let next = db.execute("INSERT INTO notes (name) VALUES ('mine')", &Params::None);
    assert!(
        matches!(next, Err(DbError::TransactionEnded)),
        "{way}: {next:?}"
    );
    assert!(db.host(|_| Ok(())).is_err(), "{way}");
    assert!(db.begin().is_err(), "{way}");
    assert!(db.commit_lifecycle().is_err(), "{way}");
    assert_eq!(
        kept(fixture),
        (0, 0),
        "{way}: a part of the operation stayed"
    );
}

#[test]
fn twelve_ways_to_end_the_hosts_transaction_are_refused_or_end_the_operation_whole() {
    let mut detected = 0;
    for (way, prepare, steal) in WAYS {
        // Through the door.
        let (fixture, _) = two_plugins();
        let mut db = operation(&fixture);
        let words = if prepare.is_empty() { steal } else { prepare };
        let refusal = db.execute(words, &Params::None);
        assert!(
            matches!(refusal, Err(DbError::Denied { .. })),
            "{way}: {refusal:?}"
        );
        db.commit_lifecycle().unwrap();
        assert_eq!(
            kept(&fixture),
            (1, 1),
            "{way}: a refusal cost the operation"
        );
        // Through a hole in it.
        let (fixture, _) = two_plugins();
        let mut db = operation(&fixture);
        let stolen: Result<()> = db.host(|connection| {
            let here = format!("TABLE {}.trap", tenant().quoted());
            connection.execute_batch(&prepare.replace("TABLE trap", &here))?;
            let _ = connection.execute_batch(steal);
            assert!(
                connection.is_autocommit(),
                "{way} does not end a transaction"
            );
            Ok(())
        });
        stolen.unwrap();
        if way == "a commit" || way == "another word for it" {
            // What was committed cannot be undone, but nothing follows it.
            assert!(db.execute("DELETE FROM notes", &Params::None).is_err());
            assert!(db.commit_lifecycle().is_err(), "{way}");
        } else {
            assert_nothing_follows(way, &fixture, db);
        }
        detected += 1;
    }
    detected += a_clock_that_runs_out();
    detected += a_quota_that_is_met();
    assert_eq!(detected, 12);
}

/// SQLite ends the transaction of a write that is interrupted.
fn a_clock_that_runs_out() -> usize {
    let (fixture, _) = two_plugins();
    let mut db = operation(&fixture);
    db.set_deadline(Some(Instant::now() + Duration::from_millis(50)));
    let endless = "INSERT INTO notes (name) WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT 'mine' || i FROM c";
    let stopped = db.execute(endless, &Params::None);
    assert!(
        matches!(stopped, Err(DbError::Limit { which: "time", .. })),
        "{stopped:?}"
    );
    db.set_deadline(None);
    assert_nothing_follows("the clock", &fixture, db);
    1
}

/// And of a write that finds no room in the middle of its work.
fn a_quota_that_is_met() -> usize {
    let fixture = Fixture::with_options(&crate::storage::StorageOptions {
        plugin_pages: 40,
        ..crate::storage::StorageOptions::default()
    });
    let mut setup = plugin(&fixture, "notes");
    setup
        .execute(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, name TEXT)",
            &Params::None,
        )
        .unwrap();
    let mut db = operation(&fixture);
    let big = "UPDATE notes SET name = hex(hex(hex(hex(hex(?)))))";
    let full = db.execute(big, &Params::List(vec!["x".repeat(20_000).into()]));
    assert!(matches!(full, Err(DbError::Full { .. })), "{full:?}");
    // SQLite undoes the statement alone where it can; then the operation is as it was before it.
    if db.in_transaction() {
        drop(db);
        assert_eq!(kept(&fixture), (0, 0));
    } else {
        assert_nothing_follows("the quota", &fixture, db);
    }
    1
}

#[test]
fn a_trigger_that_would_roll_back_can_neither_be_made_nor_run() {
    let (fixture, mut db) = two_plugins();
    let trigger = "CREATE TRIGGER t BEFORE INSERT ON notes BEGIN SELECT RAISE(ROLLBACK, 'x'); END";
    assert!(db.execute(trigger, &Params::None).is_err());
    let mut db = operation(&fixture);
    // Even one that stands in the file sleeps.
    db.host(|connection| {
        let sql = trigger.replace("TRIGGER t", &format!("TRIGGER {}.t", tenant().quoted()));
        Ok(connection.execute_batch(&sql)?)
    })
    .unwrap();
    db.execute("INSERT INTO notes (name) VALUES ('mine')", &Params::None)
        .unwrap_err();
    drop(db);
    let mut db = operation(&fixture);
    db.execute(
        "UPDATE notes SET body = 'x' WHERE name = 'mine'",
        &Params::None,
    )
    .unwrap();
    db.commit_lifecycle().unwrap();
    assert_eq!(kept(&fixture), (1, 1));
}
