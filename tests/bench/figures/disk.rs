//! What this disk alone can do: commits of one row by one writer, each made durable before the next.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

const TIME: Duration = Duration::from_secs(2);

/// Commits per second in a new database in this folder.
pub fn full_commits_per_second(folder: &Path) -> Result<f64, String> {
    measure(folder).map_err(|error| format!("cannot measure the disk: {error}"))
}

fn measure(folder: &Path) -> rusqlite::Result<f64> {
    let folder = tempfile::tempdir_in(folder)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let connection = Connection::open(folder.path().join("disk.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL);",
    )?;
    let mut insert = connection.prepare("INSERT INTO rows (text) VALUES ('one row')")?;
    let start = Instant::now();
    let mut commits = 0;
    while start.elapsed() < TIME {
        insert.execute([])?;
        commits += 1;
    }
    Ok(f64::from(commits) / start.elapsed().as_secs_f64())
}
