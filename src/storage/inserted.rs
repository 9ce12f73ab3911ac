//! The id of the row that was inserted last, as SQLite's update hook tells it. SQLite's own
//! `last_insert_rowid` is kept per connection and would still tell that of the tenant before.
//! Remembers besides whether the greatest id there is was among them: after it AUTOINCREMENT has none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use rusqlite::hooks::Action;

/// One thread at a time uses a connection; atomic only because the callback must be sendable.
#[derive(Default)]
pub struct Inserted {
    row: AtomicI64,
    is_new: AtomicBool,
    greatest: AtomicBool,
}

impl Inserted {
    /// The callback to install, once per connection. It is not called for changed or replaced rows'
    /// updates, nor for tables without row ids.
    pub fn hook(this: &Arc<Self>) -> impl FnMut(Action, &str, &str, i64) + Send + 'static {
        let inserted = Arc::clone(this);
        move |action, _, _, row| {
            if action == Action::SQLITE_INSERT {
                inserted.row.store(row, Ordering::Relaxed);
                inserted.is_new.store(true, Ordering::Relaxed);
                if row == i64::MAX {
                    inserted.greatest.store(true, Ordering::Relaxed);
                }
            }
        }
    }

    /// The last id since this was asked before.
    pub fn take(&self) -> Option<i64> {
        let is_new = self.is_new.load(Ordering::Relaxed);
        self.is_new.store(false, Ordering::Relaxed);
        is_new.then(|| self.row.load(Ordering::Relaxed))
    }

    /// Whether the greatest id was inserted since [`Self::forget`].
    pub fn has_met_greatest(&self) -> bool {
        self.greatest.load(Ordering::Relaxed)
    }

    pub fn forget(&self) {
        self.is_new.store(false, Ordering::Relaxed);
        self.greatest.store(false, Ordering::Relaxed);
    }
}
