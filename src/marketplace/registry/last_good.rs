//! The last good copy of a remote registry, in the control database: it outlives a restart.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, named_params};

use crate::clock;
use crate::error::{Error, Result};
use crate::storage::Storage;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastGood {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub body: Vec<u8>,
    /// When the body came.
    pub fetched_at: Timestamp,
    /// When the source last said that the body is still the right one.
    pub checked_at: Timestamp,
}

const LOAD: &str = "SELECT etag, last_modified, body, fetched_at, checked_at FROM marketplace_cache WHERE source = :source";

const SAVE: &str = "
    INSERT INTO marketplace_cache (source, etag, last_modified, body, fetched_at, checked_at)
    VALUES (:source, :etag, :last_modified, :body, :fetched_at, :checked_at)
    ON CONFLICT (source) DO UPDATE SET
      etag = excluded.etag, last_modified = excluded.last_modified, body = excluded.body,
      fetched_at = excluded.fetched_at, checked_at = excluded.checked_at";

const CONFIRM: &str =
    "UPDATE marketplace_cache SET checked_at = :checked_at WHERE source = :source";

pub fn load(storage: &Storage, source: &str) -> Result<Option<LastGood>> {
    storage.control(|connection| {
        let row = connection
            .prepare_cached(LOAD)?
            .query_row(named_params! { ":source": source }, |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get::<_, String>(3)?,
                    row.get::<_, String>(4)?,
                ))
            })
            .optional()?;
        let Some((etag, last_modified, body, fetched_at, checked_at)) = row else {
            return Ok(None);
        };
        Ok(Some(LastGood {
            etag,
            last_modified,
            body,
            fetched_at: time(&fetched_at)?,
            checked_at: time(&checked_at)?,
        }))
    })
}

pub fn save(storage: &Storage, source: &str, copy: &LastGood) -> Result<()> {
    storage.control_write(|transaction| {
        transaction.prepare_cached(SAVE)?.execute(named_params! {
            ":source": source,
            ":etag": copy.etag,
            ":last_modified": copy.last_modified,
            ":body": copy.body,
            ":fetched_at": clock::iso(copy.fetched_at),
            ":checked_at": clock::iso(copy.checked_at),
        })?;
        Ok(())
    })
}

pub fn confirm(storage: &Storage, source: &str, checked_at: Timestamp) -> Result<()> {
    storage.control_write(|transaction| {
        transaction
            .prepare_cached(CONFIRM)?
            .execute(named_params! { ":source": source, ":checked_at": clock::iso(checked_at) })?;
        Ok(())
    })
}

fn time(text: &str) -> Result<Timestamp> {
    text.parse()
        .map_err(|error| Error::internal("a time in marketplace_cache", error))
}
