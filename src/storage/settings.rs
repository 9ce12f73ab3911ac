//! How every connection is set: what SQLite is told about trust, durability and size.
//! SQLite keeps most of this per connection or per attached file, so it is set each time, in one place.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::{TENANT_SLOTS, memory};
use crate::error::Result;

/// Without CREATE: neither opening nor attaching ever makes a file for an unknown name.
pub const OPEN_EXISTING: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
pub const OPEN_OR_CREATE: OpenFlags = OPEN_EXISTING.union(OpenFlags::SQLITE_OPEN_CREATE);

const JOURNAL_SIZE_LIMIT: i64 = 64 << 20;
pub const PAGE_BYTES: i64 = 4_096;
/// A tenant's quota in pages: 1 GB.
pub const TENANT_PAGES: i64 = 262_144;
/// What one plugin may hold of it: 256 MB.
pub const PLUGIN_PAGES: i64 = 65_536;
const CACHED_STATEMENTS: usize = 64;
/// What one statement of a plugin may take: sorting, groups, common tables and values together.
pub const PLUGIN_STATEMENT_BYTES: isize = 32 << 20;
/// What the host is left when every connection runs such a statement.
const HOST_BYTES: i64 = 256 << 20;
/// What all connections of the process may hold together, page caches included: a last wall, which no
/// plugin comes to.
const MEMORY_BYTES: i64 = TENANT_SLOTS as i64 * PLUGIN_STATEMENT_BYTES as i64 + HOST_BYTES;

const HOST_VALUE_BYTES: i32 = 64 << 20;
const HOST_SQL_BYTES: i32 = 1_000_000;
const PLUGIN_VALUE_BYTES: i32 = 1_000_000;
const PLUGIN_SQL_BYTES: i32 = 100_000;
const HOST_VDBE_OPS: i32 = 1_000_000;
const PLUGIN_VDBE_OPS: i32 = 50_000;
/// LIKE costs text times pattern and cannot be interrupted, so the pattern is short.
const PLUGIN_LIKE_BYTES: i32 = 200;
const HOST_LIKE_BYTES: i32 = 1_000;
/// The rest is the same for the host, whose SQL is constant text far below these.
const EXPRESSION_DEPTH: i32 = 100;
const COMPOUND_SELECTS: i32 = 50;
const VARIABLES: i32 = 2_000;
const TRIGGER_DEPTH: i32 = 20;
const COLUMNS: i32 = 500;

/// Whose statements a connection is about to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Host,
    Plugin,
}

/// What holds for a connection as a whole, whatever is attached to it.
pub fn harden(connection: &Connection, busy: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(busy)?;
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
    ] {
        connection.set_db_config(setting, value)?;
    }
    connection.pragma_update_and_check(None, "hard_heap_limit", MEMORY_BYTES, |_| Ok(()))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_ATTACHED, 1),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, EXPRESSION_DEPTH),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, COMPOUND_SELECTS),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, VARIABLES),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, TRIGGER_DEPTH),
        (Limit::SQLITE_LIMIT_COLUMN, COLUMNS),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, value)?;
    }
    limit(connection, Work::Host)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    Ok(())
}

/// What holds for one file: `schema` is `main` of its own connection, or the name it is attached under.
pub fn make_durable(connection: &Connection, schema: &str) -> rusqlite::Result<()> {
    // Answers with the mode it chose, so it cannot be a plain update.
    connection.pragma_update_and_check(Some(schema), "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(Some(schema), "synchronous", "FULL")?;
    // What is replaced or deleted is overwritten where that costs no more writes: sealed secrets under an
    // old key do not linger in the free space of a page.
    connection.pragma_update_and_check(Some(schema), "secure_delete", "FAST", |_| Ok(()))?;
    connection.pragma_update_and_check(
        Some(schema),
        "journal_size_limit",
        JOURNAL_SIZE_LIMIT,
        |_| Ok(()),
    )
}

/// SQLite forgets this number when a file is detached.
pub fn limit_pages(connection: &Connection, schema: &str, pages: i64) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(Some(schema), "max_page_count", pages, |_| Ok(()))
}

/// Makes every write to the empty `main` of a tenant connection fail: a table needs two pages.
pub fn close_main(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(Some("main"), "max_page_count", 1, |_| Ok(()))
}

/// The sizes that differ between the host, which stores files, and plugins.
pub fn limit(connection: &Connection, work: Work) -> rusqlite::Result<()> {
    let [value, sql, ops, like] = match work {
        Work::Host => [
            HOST_VALUE_BYTES,
            HOST_SQL_BYTES,
            HOST_VDBE_OPS,
            HOST_LIKE_BYTES,
        ],
        Work::Plugin => [
            PLUGIN_VALUE_BYTES,
            PLUGIN_SQL_BYTES,
            PLUGIN_VDBE_OPS,
            PLUGIN_LIKE_BYTES,
        ],
    };
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, value)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, sql)?;
    connection.set_limit(Limit::SQLITE_LIMIT_VDBE_OP, ops)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, like)?;
    Ok(())
}

/// Runs constant text that gives no rows, compiled once per connection.
pub fn run_cached(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

/// An empty database that no file holds.
pub fn open_in_memory() -> rusqlite::Result<Connection> {
    memory::install()?;
    Connection::open_with_flags(":memory:", OPEN_EXISTING)
}

/// Opens a database as `main` of a connection of its own.
pub fn open_file(path: &std::path::Path, flags: OpenFlags, busy: Duration) -> Result<Connection> {
    memory::install()?;
    let connection = Connection::open_with_flags(path, flags)?;
    harden(&connection, busy)?;
    make_durable(&connection, "main")?;
    Ok(connection)
}
