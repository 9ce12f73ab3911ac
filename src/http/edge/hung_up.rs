//! Clients that hung up while the application has their request: written by the loop, read by
//! whoever decides which request to begin next. Knows nothing of either.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

/// The connections, by number, whose client has ended its side before it was answered.
#[derive(Debug, Default)]
pub struct HungUp(Mutex<HashSet<u64>>);

/// Keeps a connection among those that hung up, until its request is answered.
#[derive(Debug)]
pub struct Mark {
    connection: u64,
    among: Arc<HungUp>,
}

impl HungUp {
    pub fn contains(&self, connection: u64) -> bool {
        self.0.lock().contains(&connection)
    }

    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Each connection has one request in flight, so at most one mark.
    pub fn mark(self: &Arc<Self>, connection: u64) -> Mark {
        self.0.lock().insert(connection);
        Mark {
            connection,
            among: Arc::clone(self),
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.among.0.lock().remove(&self.connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_lasts_until_it_is_dropped() {
        let hung_up = Arc::new(HungUp::default());
        let mark = hung_up.mark(7);
        assert!(hung_up.contains(7) && !hung_up.contains(8));
        drop(mark);
        assert!(hung_up.is_empty());
    }
}
