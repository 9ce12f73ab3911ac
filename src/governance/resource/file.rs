//! A file's bytes, which no list carries.

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension as _};

use super::FILES;
use crate::clock;
use crate::error::{Error, Result};

/// A new file of the organization.
pub struct NewFile<'a> {
    pub filename: &'a str,
    pub mime: &'a str,
    pub content: &'a [u8],
    pub uploaded_by: i64,
}

/// The content of a file, after its fields.
pub fn content(conn: &Connection, id: i64, most: i64) -> Result<Option<Vec<u8>>> {
    let size: Option<i64> = conn
        .prepare_cached("SELECT size FROM files WHERE id = ?")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    match size {
        None => Ok(None),
        Some(size) if size > most => Err(Error::invalid(
            "id",
            format!("the file has {size} bytes; a plugin may read at most {most}"),
        )),
        Some(_) => Ok(Some(conn.query_row(
            "SELECT content FROM files WHERE id = ?",
            [id],
            |row| row.get(0),
        )?)),
    }
}

pub fn create(conn: &Connection, new: &NewFile<'_>) -> Result<i64> {
    let size = i64::try_from(new.content.len()).unwrap_or(i64::MAX);
    let digest = crate::digest::Digest::of(new.content).to_string();
    let columns: [&dyn ToSql; 7] = [
        &new.filename,
        &new.mime,
        &size,
        &digest,
        &new.uploaded_by,
        &clock::now_iso(),
        &new.content,
    ];
    conn.execute(
        "INSERT INTO files (filename, mime, size, sha256, uploaded_by, uploaded_at, content)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        columns,
    )
    .map_err(|error| FILES.explain(error))?;
    Ok(conn.last_insert_rowid())
}
