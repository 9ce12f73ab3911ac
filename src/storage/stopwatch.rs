//! The moment at which SQLite must stop a running statement. Set by whoever runs it, read by the
//! progress handler inside SQLite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const NONE: u64 = 0;

pub struct Stopwatch {
    /// Instants are kept as nanoseconds since here, so that one atomic holds them.
    origin: Instant,
    end: AtomicU64,
}

impl Default for Stopwatch {
    fn default() -> Self {
        Self {
            origin: Instant::now(),
            end: AtomicU64::new(NONE),
        }
    }
}

impl Stopwatch {
    pub fn set(&self, end: Instant) {
        // A moment before the origin is over as well; it must not read as "none".
        self.end.store(self.nanos(end).max(1), Ordering::Relaxed);
    }

    pub fn clear(&self) {
        self.end.store(NONE, Ordering::Relaxed);
    }

    pub fn is_over(&self) -> bool {
        let end = self.end.load(Ordering::Relaxed);
        end != NONE && self.nanos(Instant::now()) >= end
    }

    /// The progress handler: true interrupts the statement.
    pub fn hook(this: &Arc<Self>) -> impl FnMut() -> bool + Send + 'static {
        let stopwatch = Arc::clone(this);
        move || stopwatch.is_over()
    }

    fn nanos(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.origin).as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_moment_is_over_and_a_cleared_one_never_is() {
        let stopwatch = Stopwatch::default();
        assert!(!stopwatch.is_over());
        stopwatch.set(stopwatch.origin);
        assert!(stopwatch.is_over());
        stopwatch.clear();
        assert!(!stopwatch.is_over());
        stopwatch.set(Instant::now() + std::time::Duration::from_secs(60));
        assert!(!stopwatch.is_over());
    }
}
