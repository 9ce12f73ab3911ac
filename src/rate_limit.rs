//! Fair-use limits: so many hits in a window, counted in the control database so that a restart forgets none.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, named_params};

use crate::clock;
use crate::error::{Error, Result};
use crate::storage::Storage;

/// Rows of ended windows are removed once there are about this many hits between sweeps.
const SWEEP_ONE_IN: i64 = 64;

#[derive(Clone, Copy)]
pub struct Limit {
    pub scope: &'static str,
    pub hits: u32,
    pub window: Duration,
}

pub struct Decision {
    pub allowed: bool,
    pub limit: u32,
    pub remaining: u32,
    pub resets_in: Duration,
}

/// Counts a hit and says whether it was within the limit.
pub fn hit(storage: &Storage, limit: Limit, name: &str) -> Result<Decision> {
    storage.control_write(|tx| {
        let now = clock::now();
        let (start, hits) = window(tx, limit, name, now)?;
        let hits = hits + 1;
        tx.execute(
            "INSERT INTO rate_limit_windows (scope, address, window_start, hits) VALUES (:scope, :name, :start, :hits)
             ON CONFLICT (scope, address) DO UPDATE SET window_start = excluded.window_start, hits = excluded.hits",
            named_params! { ":scope": limit.scope, ":name": name, ":start": clock::iso(start), ":hits": hits },
        )?;
        if now.as_millisecond() % SWEEP_ONE_IN == 0 {
            let ended = now.checked_sub(signed(limit.window)).unwrap_or(Timestamp::MIN);
            tx.execute(
                "DELETE FROM rate_limit_windows WHERE scope = :scope AND window_start < :ended",
                named_params! { ":scope": limit.scope, ":ended": clock::iso(ended) },
            )?;
        }
        Ok(decision(limit, start, hits, now))
    })
}

/// Takes one hit back, of something that turned out well.
pub fn take_back(storage: &Storage, limit: Limit, name: &str) -> Result<()> {
    storage.control_write(|tx| {
        tx.execute(
            "UPDATE rate_limit_windows SET hits = max(hits - 1, 0) WHERE scope = :scope AND address = :name",
            named_params! { ":scope": limit.scope, ":name": name },
        )?;
        Ok(())
    })
}

/// Forgets the hits under a name, as after a successful sign-in.
pub fn forget(storage: &Storage, limit: Limit, name: &str) -> Result<()> {
    storage.control_write(|tx| {
        tx.execute(
            "DELETE FROM rate_limit_windows WHERE scope = :scope AND address = :name",
            named_params! { ":scope": limit.scope, ":name": name },
        )?;
        Ok(())
    })
}

/// The running window, or a new one. A start in the future is a clock that was set back: it counts as now.
fn window(conn: &Connection, limit: Limit, name: &str, now: Timestamp) -> Result<(Timestamp, i64)> {
    let row: Option<(String, i64)> = conn
        .prepare_cached("SELECT window_start, hits FROM rate_limit_windows WHERE scope = :scope AND address = :name")?
        .query_row(named_params! { ":scope": limit.scope, ":name": name }, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((start, hits)) = row else {
        return Ok((now, 0));
    };
    let start: Timestamp = start
        .parse()
        .map_err(|error| Error::internal("rate_limit_windows.window_start", error))?;
    Ok(if start > now {
        (now, hits)
    } else if now.duration_since(start) < signed(limit.window) {
        (start, hits)
    } else {
        (now, 0)
    })
}

fn decision(limit: Limit, start: Timestamp, hits: i64, now: Timestamp) -> Decision {
    let passed = Duration::try_from(now.duration_since(start)).unwrap_or_default();
    let most = i64::from(limit.hits);
    Decision {
        allowed: hits <= most,
        limit: limit.hits,
        remaining: u32::try_from((most - hits).max(0)).unwrap_or(0),
        resets_in: limit.window.saturating_sub(passed),
    }
}

fn signed(window: Duration) -> SignedDuration {
    SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX)
}
