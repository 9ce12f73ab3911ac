//! Long for its tables of statements: what passes the door, and what does not, and why.

use std::time::{Duration, Instant};

use super::*;
use crate::storage::tests::Fixture;

mod door;
mod hunger;
mod lifecycle;
mod quota;
mod references;
mod seed;
mod theft;
mod transactions;
mod walls;

const LIMITS: RowLimits = RowLimits {
    rows: 1_000,
    bytes: 1 << 20,
};

fn tenant() -> TenantId {
    TenantId::of_organization(1)
}

fn plugin(fixture: &Fixture, key: &str) -> PluginDb {
    PluginDb::new(
        Arc::clone(&fixture.storage),
        tenant(),
        PluginKey::parse(key).unwrap(),
    )
}

/// Two plugins with tables, and rows of the host that must stay unseen.
fn two_plugins() -> (Fixture, PluginDb) {
    let fixture = Fixture::new();
    fixture
        .storage
        .tenant_write(&tenant(), |t| {
            Ok(t.execute_batch(
                "INSERT INTO projects (id, project_title, last_updated, created_at)
                 VALUES (1, 'SECRET', '2026-11-24T07:00:00.000Z', '2026-11-24T07:00:00.000Z');",
            )?)
        })
        .unwrap();
    let mut other = plugin(&fixture, "other");
    for sql in [
        "CREATE TABLE theirs (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE INDEX theirs_by_name ON theirs (name)",
        "INSERT INTO theirs VALUES (1, 'SECRET')",
    ] {
        other.execute(sql, &Params::None).unwrap();
    }
    let mut notes = plugin(&fixture, "notes");
    for sql in [
        "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, body TEXT)",
        "CREATE TABLE tags (id INTEGER PRIMARY KEY, note INTEGER REFERENCES notes (id), name TEXT)",
        "CREATE INDEX tags_by_note ON tags (note)",
        "INSERT INTO notes (name, body) VALUES ('a', '{\"k\": [1, 2]}'), ('b', NULL)",
        "INSERT INTO tags VALUES (1, 1, 'x')",
    ] {
        notes
            .execute(sql, &Params::None)
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
    (fixture, notes)
}

fn texts(rows: &Rows) -> String {
    rows.iter()
        .flatten()
        .map(|cell| format!("{cell:?} "))
        .collect()
}

fn first(rows: &Rows) -> Map {
    rows.maps().next().unwrap()
}

fn count(db: &mut PluginDb, table: &str) -> i64 {
    let rows = db
        .query(
            &format!("SELECT count(*) AS n FROM {table}"),
            &Params::None,
            LIMITS,
        )
        .unwrap();
    first(&rows)["n"].as_i64().unwrap()
}

#[test]
fn a_plugins_database_may_move_to_another_thread() {
    let (_fixture, mut db) = two_plugins();
    db.begin().unwrap();
    let moved = std::thread::spawn(move || count(&mut db, "notes"));
    assert_eq!(moved.join().unwrap(), 2);
}
