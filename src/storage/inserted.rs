//! The id of the row that was inserted last, as SQLite's update hook tells it. SQLite's own
//! `last_insert_rowid` is kept per connection and would still tell that of the tenant before.
//! Remembers besides whether the greatest id there is was among them: after it AUTOINCREMENT has none.

use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::hooks::Action;

#[derive(Default)]
pub struct Inserted(Mutex<Rows>);

#[derive(Default)]
struct Rows {
    last: Option<i64>,
    greatest: bool,
}

impl Inserted {
    /// The callback to install, once per connection. It is not called for changed or replaced rows'
    /// updates, nor for tables without row ids.
    pub fn hook(this: &Arc<Self>) -> impl FnMut(Action, &str, &str, i64) + Send + 'static {
        let inserted = Arc::clone(this);
        move |action, _, _, row| {
            if action == Action::SQLITE_INSERT {
                let mut rows = inserted.0.lock();
                rows.last = Some(row);
                rows.greatest |= row == i64::MAX;
            }
        }
    }

    /// The last id since this was asked before.
    pub fn take(&self) -> Option<i64> {
        self.0.lock().last.take()
    }

    /// Whether the greatest id was inserted since [`Self::forget`].
    pub fn has_met_greatest(&self) -> bool {
        self.0.lock().greatest
    }

    pub fn forget(&self) {
        *self.0.lock() = Rows::default();
    }
}
