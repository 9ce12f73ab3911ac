//! Foreign keys across plugins: none may come to be, and whatever there is, uninstalling ends well.

use super::*;

fn run(db: &mut PluginDb, statements: &[&str]) {
    for sql in statements {
        db.execute(sql, &Params::None)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

fn refusal(db: &mut PluginDb, sql: &str) -> String {
    db.execute(sql, &Params::None).unwrap_err().to_string()
}

fn uninstall(fixture: &Fixture, key: &str) {
    let mut db = plugin(fixture, key);
    db.enter_lifecycle();
    db.drop_objects().unwrap();
    db.commit_lifecycle().unwrap();
}

const PARENT_AND_CHILD: &[&str] = &[
    "CREATE TABLE victim (id INTEGER PRIMARY KEY, s TEXT UNIQUE)",
    "CREATE TABLE child (x INTEGER REFERENCES victim (id) ON DELETE CASCADE, y TEXT REFERENCES VICTIM (s))",
];

/// As a file may hold it from before: the plugin's child refers to a name that is free.
fn dangling(fixture: &Fixture) -> PluginDb {
    let mut db = plugin(fixture, "first");
    run(&mut db, PARENT_AND_CHILD);
    db.host(|connection| {
        let name = tenant().quoted();
        connection.set_db_config(
            rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY,
            false,
        )?;
        connection.execute_batch(&format!("DROP TABLE {name}.victim"))?;
        connection.set_db_config(
            rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY,
            true,
        )?;
        connection.execute("DELETE FROM plugin_objects WHERE name = 'victim'", [])?;
        Ok(())
    })
    .unwrap();
    db
}

#[test]
fn a_name_that_was_dropped_under_its_references_stays_its_plugins() {
    let fixture = Fixture::new();
    let mut first = plugin(&fixture, "first");
    run(&mut first, PARENT_AND_CHILD);
    run(&mut first, &["DROP TABLE victim"]);
    let mut second = plugin(&fixture, "second");
    let told = refusal(&mut second, "CREATE TABLE Victim (id INTEGER PRIMARY KEY)");
    assert!(told.contains("'Victim' is taken"), "{told}");
    run(&mut first, &["DROP TABLE child"]);
    run(
        &mut second,
        &["CREATE TABLE Victim (id INTEGER PRIMARY KEY)"],
    );
}

#[test]
fn a_renamed_table_takes_its_references_along() {
    let fixture = Fixture::new();
    let mut db = plugin(&fixture, "first");
    run(&mut db, PARENT_AND_CHILD);
    run(&mut db, &["ALTER TABLE victim RENAME TO moved"]);
    run(
        &mut plugin(&fixture, "second"),
        &[
            "CREATE TABLE victim (a TEXT)",
            "INSERT INTO victim VALUES ('x')",
            "DELETE FROM victim",
        ],
    );
}

#[test]
fn a_name_that_another_plugins_table_refers_to_is_taken() {
    let fixture = Fixture::new();
    let mut first = dangling(&fixture);
    let mut second = plugin(&fixture, "second");
    run(&mut second, &["CREATE TABLE own (a TEXT)"]);
    for sql in [
        "CREATE TABLE victim (id INTEGER PRIMARY KEY)",
        "CREATE TABLE IF NOT EXISTS VICTIM (id INTEGER PRIMARY KEY)",
        "CREATE TABLE victim AS SELECT 1 AS id",
        "ALTER TABLE own RENAME TO victim",
    ] {
        let told = refusal(&mut second, sql);
        assert!(
            told.contains("'victim' is taken") || told.contains("'VICTIM' is taken"),
            "{told}"
        );
    }
    // It is its own plugin's still.
    run(
        &mut first,
        &["CREATE TABLE victim (id INTEGER PRIMARY KEY, s TEXT UNIQUE)"],
    );
}

#[test]
fn uninstalling_ends_well_whatever_refers_to_what() {
    let fixture = Fixture::new();
    let _ = dangling(&fixture);
    let mut second = plugin(&fixture, "second");
    // As a file may hold it from before.
    second
        .host(|connection| {
            let name = tenant().quoted();
            connection.execute_batch(&format!(
                "CREATE TABLE {name}.victim (id INTEGER PRIMARY KEY, s TEXT);
                 INSERT INTO {name}.victim VALUES (1, 'x');
                 INSERT INTO plugin_objects (plugin_key, kind, name) VALUES ('second', 'table', 'victim');"
            ))?;
            Ok(())
        })
        .unwrap();
    for sql in ["DROP TABLE victim", "ALTER TABLE victim RENAME TO mine"] {
        let told = refusal(&mut plugin(&fixture, "second"), sql);
        assert!(told.contains("another plugin's table"), "{told}");
    }
    uninstall(&fixture, "second");
    uninstall(&fixture, "first");
    assert_eq!(
        fixture.storage.aside().check(&tenant()).unwrap(),
        crate::storage::Ownership::default()
    );
}
