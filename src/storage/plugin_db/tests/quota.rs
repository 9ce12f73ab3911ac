use super::*;
use crate::storage::StorageOptions;

const PAGES: i64 = 60;

fn small() -> Fixture {
    Fixture::with_options(&StorageOptions {
        plugin_pages: PAGES,
        busy: Duration::from_millis(150),
        ..StorageOptions::default()
    })
}

fn held(fixture: &Fixture, key: &str) -> Option<i64> {
    let sql = "SELECT max(pages) FROM plugin_usage WHERE plugin_key = ?";
    fixture
        .storage
        .tenant(
            &tenant(),
            |c| Ok(c.query_row(sql, [key], |row| row.get(0))?),
        )
        .unwrap()
}

/// About so many pages in one statement.
fn fill(db: &mut PluginDb, pages: i64) -> Result<Executed, DbError> {
    let sql = "INSERT INTO big (text) WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?)
               SELECT hex(randomness) FROM c, (SELECT ? AS randomness)";
    let half = "x".repeat(1_900);
    db.execute(sql, &Params::List(vec![Value::Int(pages), half.into()]))
}

fn with_table(fixture: &Fixture, key: &str) -> PluginDb {
    let mut db = plugin(fixture, key);
    let name = if key == "notes" { "big" } else { "others" };
    let sql = format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY, text TEXT)");
    db.execute(&sql, &Params::None).unwrap();
    db
}

#[test]
fn one_statement_cannot_pass_the_quota_and_the_error_names_it() {
    let fixture = small();
    let mut db = with_table(&fixture, "notes");
    let refusal = fill(&mut db, 1_000).unwrap_err();
    assert!(matches!(refusal, DbError::Full { .. }), "{refusal:?}");
    let text = refusal.to_string();
    assert!(text.contains("may hold 240 KB"), "{text}");
    assert_eq!(count(&mut db, "big"), 0);
    // In the middle of a transaction too, and nothing of it stays.
    db.begin().unwrap();
    fill(&mut db, 20).unwrap();
    assert!(matches!(fill(&mut db, 200), Err(DbError::Full { .. })));
    let _ = db.rollback();
    let mut db = plugin(&fixture, "notes");
    assert_eq!(count(&mut db, "big"), 0);
    assert!(held(&fixture, "notes").unwrap() <= 2);
}

#[test]
fn pages_are_counted_with_what_wrote_them_and_given_back() {
    let fixture = small();
    let mut db = with_table(&fixture, "notes");
    fill(&mut db, 40).unwrap();
    let full = held(&fixture, "notes").unwrap();
    assert!((40..=45).contains(&full), "{full}");
    // Undone with the rows.
    db.begin().unwrap();
    fill(&mut db, 10).unwrap();
    db.rollback().unwrap();
    assert_eq!(held(&fixture, "notes"), Some(full));
    // Freed pages are the file's, not the plugin's: used again only within the quota.
    db.execute("DELETE FROM big", &Params::None).unwrap();
    assert!(held(&fixture, "notes").unwrap() <= 2);
    let mut other = with_table(&fixture, "other");
    let sql = "INSERT INTO others (text) WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 30)
               SELECT ? FROM c";
    let text = Params::List(vec!["x".repeat(3_800).into()]);
    other.execute(sql, &text).unwrap();
    let theirs = held(&fixture, "other").unwrap();
    assert!((30..=35).contains(&theirs), "{theirs}");
    other.execute(sql, &text).unwrap_err();
    assert_eq!(held(&fixture, "other"), Some(theirs));
    fill(&mut db, 40).unwrap();
    assert!(fill(&mut db, 40).is_err());
}

#[test]
fn a_full_plugin_can_still_be_read_emptied_and_uninstalled() {
    let fixture = small();
    let mut db = with_table(&fixture, "notes");
    while fill(&mut db, 5).is_ok() {}
    assert!(count(&mut db, "big") > 40);
    // The host and other plugins are not held up by it.
    with_table(&fixture, "other");
    fixture
        .storage
        .tenant_write(&tenant(), |t| {
            let sql = "INSERT INTO files (filename, mime, size, sha256, uploaded_at, content)
                       VALUES ('f', 'm', 400000, printf('%064d', 0), '2026-11-24T07:00:00.000Z', zeroblob(400000))";
            Ok(t.execute(sql, [])?)
        })
        .unwrap();
    db.execute("DELETE FROM big WHERE id = 1", &Params::None)
        .unwrap();
    db.enter_lifecycle();
    db.execute("UPDATE big SET text = 'short' WHERE id = 2", &Params::None)
        .unwrap();
    db.host(|connection| {
        let sql = "INSERT INTO files (filename, mime, size, sha256, uploaded_at, content)
                   VALUES ('g', 'm', 400000, printf('%064d', 0), '2026-11-24T07:00:00.000Z', zeroblob(400000))";
        Ok(connection.execute(sql, [])?)
    })
    .unwrap();
    db.drop_objects().unwrap();
    db.commit_lifecycle().unwrap();
    assert_eq!(held(&fixture, "notes"), None);
    let mut again = with_table(&fixture, "notes");
    fill(&mut again, 40).unwrap();
}

#[test]
fn the_last_id_is_not_taken_for_a_full_disk() {
    let fixture = small();
    let mut db = with_table(&fixture, "notes");
    for sql in [
        "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT)",
        "INSERT INTO counted (id) VALUES (9223372036854775807)",
    ] {
        db.execute(sql, &Params::None).unwrap();
    }
    let again = "INSERT INTO counted (text) VALUES ('a')";
    let told = db.execute(again, &Params::None).unwrap_err();
    assert!(
        matches!(&told, DbError::Mistake { message } if message.contains("9223372036854775807")),
        "{told:?}"
    );
    db.execute("DELETE FROM counted", &Params::None).unwrap();
    assert!(matches!(
        db.execute(again, &Params::None),
        Err(DbError::Mistake { .. })
    ));
    // Both in one transaction, which SQLite gives up with the statement.
    db.execute("DROP TABLE counted", &Params::None).unwrap();
    db.begin().unwrap();
    for sql in [
        "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT)",
        "INSERT INTO counted (id) VALUES (9223372036854775807)",
    ] {
        db.execute(sql, &Params::None).unwrap();
    }
    let told = db.execute(again, &Params::None).unwrap_err();
    assert!(matches!(told, DbError::Mistake { .. }), "{told:?}");
    db.rollback().unwrap();
    let mut db = plugin(&fixture, "notes");
    assert!(matches!(
        fill(&mut db, 1_000).unwrap_err(),
        DbError::Full { .. }
    ));
}
