//! The id of the row that was inserted last, as SQLite's update hook tells it. SQLite's own
//! `last_insert_rowid` is kept per connection and would still tell that of the tenant before.

use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::hooks::Action;

#[derive(Default)]
pub struct Inserted(Mutex<Option<i64>>);

impl Inserted {
    /// The callback to install, once per connection. It is not called for changed or replaced rows'
    /// updates, nor for tables without row ids.
    pub fn hook(this: &Arc<Self>) -> impl FnMut(Action, &str, &str, i64) + Send + 'static {
        let inserted = Arc::clone(this);
        move |action, _, _, row| {
            if action == Action::SQLITE_INSERT {
                *inserted.0.lock() = Some(row);
            }
        }
    }

    /// The last id since this was asked before.
    pub fn take(&self) -> Option<i64> {
        self.0.lock().take()
    }
}
