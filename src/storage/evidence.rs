//! A database of rows that may be lost: hardened like the others, and not waited for.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::{memory, settings};

/// Nobody else writes to such a file.
const BUSY: Duration = Duration::from_secs(1);
/// Pages are read once in a while: 512 KB of them are kept.
const CACHE_KIB: i64 = 512;
const JOURNAL_SIZE_LIMIT: i64 = 8 << 20;

/// Opens it, or makes an empty one. After a crash of the machine the last writes may be gone, and the
/// file is whole: that is what synchronous NORMAL means in WAL mode.
pub fn open_evidence(path: &Path) -> rusqlite::Result<Connection> {
    memory::install()?;
    let connection = Connection::open_with_flags(path, settings::OPEN_OR_CREATE)?;
    settings::harden(&connection, BUSY)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection
        .pragma_update_and_check(None, "journal_size_limit", JOURNAL_SIZE_LIMIT, |_| Ok(()))?;
    Ok(connection)
}
