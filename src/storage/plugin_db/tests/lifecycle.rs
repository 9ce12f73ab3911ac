use super::*;

const INSTALLATION: &str = "INSERT INTO plugin_installations
    (plugin_key, installed_at, version, package_digest, created_at, updated_at)
    VALUES ('notes', '2026-11-24T07:00:00.000Z', '1.0.0', printf('%064d', 0),
            '2026-11-24T07:00:00.000Z', '2026-11-24T07:00:00.000Z')";

fn installations(fixture: &Fixture) -> i64 {
    fixture
        .storage
        .tenant(&tenant(), |c| {
            Ok(
                c.query_row("SELECT count(*) FROM plugin_installations", [], |row| {
                    row.get(0)
                })?,
            )
        })
        .unwrap()
}

/// An install hook with three tables and 500 rows.
fn install(db: &mut PluginDb) {
    db.enter_lifecycle();
    for table in ["one", "two", "three"] {
        db.execute(
            &format!(
                "CREATE TABLE {table} (id INTEGER PRIMARY KEY, parent REFERENCES {table} (id))"
            ),
            &Params::None,
        )
        .unwrap();
    }
    db.begin().unwrap();
    for row in 0..500 {
        db.execute(
            "INSERT INTO two (id) VALUES (?)",
            &Params::List(vec![Value::Int(row)]),
        )
        .unwrap();
    }
    db.commit().unwrap();
    db.host(|connection| Ok(connection.execute(INSTALLATION, [])?))
        .unwrap();
}

#[test]
fn tables_rows_and_the_installation_are_kept_together() {
    let fixture = Fixture::new();
    let mut db = plugin(&fixture, "notes");
    install(&mut db);
    assert!(db.in_transaction());
    assert_eq!(installations(&fixture), 0);
    db.commit_lifecycle().unwrap();
    assert_eq!(installations(&fixture), 1);
    let mut db = plugin(&fixture, "notes");
    assert_eq!(count(&mut db, "two"), 500);
    assert_eq!(
        fixture.storage.aside().check(&tenant()).unwrap(),
        crate::storage::Ownership::default()
    );
}

#[test]
fn a_lifecycle_that_is_not_committed_leaves_nothing() {
    let fixture = Fixture::new();
    let objects = |fixture: &Fixture| {
        fixture
            .storage
            .tenant(&tenant(), |c| {
                let sql = format!("SELECT (SELECT count(*) FROM {}.sqlite_schema) + (SELECT count(*) FROM plugin_objects)", tenant().quoted());
                Ok(c.query_row(&sql, [], |row| row.get::<_, i64>(0))?)
            })
            .unwrap()
    };
    let before = objects(&fixture);
    let mut db = plugin(&fixture, "notes");
    install(&mut db);
    drop(db);
    assert_eq!((objects(&fixture), installations(&fixture)), (before, 0));
    assert_eq!(fixture.storage.stats().in_use, 0);
    // And the names are free for anyone.
    plugin(&fixture, "other")
        .execute("CREATE TABLE two (a)", &Params::None)
        .unwrap();
}

#[test]
fn within_a_lifecycle_the_scripts_transaction_is_a_savepoint() {
    let fixture = Fixture::new();
    let mut db = plugin(&fixture, "notes");
    db.enter_lifecycle();
    assert!(!db.in_transaction());
    db.execute("CREATE TABLE kept (a)", &Params::None).unwrap();
    db.begin().unwrap();
    assert!(db.begin().is_err());
    db.execute("INSERT INTO kept VALUES (1)", &Params::None)
        .unwrap();
    db.execute("CREATE TABLE undone (a)", &Params::None)
        .unwrap();
    db.rollback().unwrap();
    assert!(db.commit().is_err());
    db.begin().unwrap();
    db.execute("INSERT INTO kept VALUES (2)", &Params::None)
        .unwrap();
    db.commit().unwrap();
    db.commit_lifecycle().unwrap();
    let mut db = plugin(&fixture, "notes");
    assert_eq!(count(&mut db, "kept"), 1);
    assert!(
        db.query("SELECT * FROM undone", &Params::None, LIMITS)
            .is_err()
    );
    assert_eq!(
        fixture.storage.aside().check(&tenant()).unwrap(),
        crate::storage::Ownership::default()
    );
}

#[test]
fn uninstalling_drops_all_that_the_plugin_owns_and_nothing_else() {
    let (fixture, mut db) = two_plugins();
    // Rows and keys that no order of dropping satisfies at each step.
    for sql in [
        "CREATE TABLE ring (id INTEGER PRIMARY KEY, next REFERENCES ring (id))",
        "INSERT INTO ring VALUES (1, 2), (2, 1)",
    ] {
        let _ = db.execute(sql, &Params::None);
    }
    db.begin().unwrap();
    db.execute("ALTER TABLE tags RENAME TO labels", &Params::None)
        .unwrap();
    db.commit().unwrap();
    db.enter_lifecycle();
    let dropped = db.drop_objects().unwrap();
    assert_eq!(dropped, ["ring", "tags_by_note", "labels", "notes"]);
    db.commit_lifecycle().unwrap();
    assert_eq!(count(&mut plugin(&fixture, "other"), "theirs"), 1);
    assert_eq!(
        fixture.storage.aside().check(&tenant()).unwrap(),
        crate::storage::Ownership::default()
    );
    let mut db = plugin(&fixture, "notes");
    assert!(
        db.query("SELECT * FROM notes", &Params::None, LIMITS)
            .is_err()
    );
    assert_eq!(db.drop_objects().unwrap(), [""; 0]);
}

#[test]
fn names_of_any_spelling_are_owned_and_dropped() {
    let fixture = Fixture::new();
    let mut db = plugin(&fixture, "notes");
    for (created, used) in [
        ("\"a\"\"b; DROP\"", "[a\"b; DROP]"),
        ("[Über ]", "\"Über \""),
        ("`order`", "\"ORDER\""),
    ] {
        db.execute(&format!("CREATE TABLE {created} (a)"), &Params::None)
            .unwrap();
        assert_eq!(count(&mut db, used), 0, "{created}");
    }
    assert_eq!(db.drop_objects().unwrap(), ["order", "Über ", "a\"b; DROP"]);
    let whole = fixture.storage.aside().check(&tenant()).unwrap();
    assert_eq!(whole, crate::storage::Ownership::default());
}

#[test]
fn a_dropped_table_takes_its_indexes_from_the_catalogue() {
    let (fixture, mut db) = two_plugins();
    db.execute("DROP TABLE tags", &Params::None).unwrap();
    assert_eq!(
        fixture.storage.aside().check(&tenant()).unwrap(),
        crate::storage::Ownership::default()
    );
    db.execute("CREATE TABLE tags_by_note (a)", &Params::None)
        .unwrap();
    assert_eq!(db.drop_objects().unwrap(), ["tags_by_note", "notes"]);
}

#[test]
fn a_deferred_key_that_is_broken_at_the_commit_undoes_all() {
    let (_fixture, mut db) = two_plugins();
    db.execute(
        "CREATE TABLE late (n REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)",
        &Params::None,
    )
    .unwrap();
    db.begin().unwrap();
    db.execute("INSERT INTO late VALUES (99)", &Params::None)
        .unwrap();
    let refusal = db.commit().unwrap_err();
    assert!(refusal.to_string().contains("FOREIGN KEY"), "{refusal}");
    assert_eq!(count(&mut db, "late"), 0);
}
