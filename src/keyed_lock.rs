//! One lock per name, made when it is asked for and forgotten when nobody holds or awaits it.
//!
//! Waiting is fair and ends at an exact time. What a name stands for, and what to tell someone
//! who waited in vain, is the caller's business.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{ArcMutexGuard, Mutex, RawMutex};

/// Above this many names, those that nobody uses are forgotten.
const REMEMBERED: usize = 256;

/// Held while the named thing is in use.
pub type KeyedGuard = ArcMutexGuard<RawMutex, ()>;

#[derive(Debug)]
pub struct KeyedLock<K> {
    locks: Mutex<HashMap<K, Arc<Mutex<()>>>>,
}

impl<K: Eq + Hash> KeyedLock<K> {
    pub fn new() -> Self {
        Self {
            locks: Mutex::new(HashMap::new()),
        }
    }

    /// `None` when the name was not free in time.
    pub fn lock(&self, key: K, patience: Duration) -> Option<KeyedGuard> {
        // Nothing waits while the map is locked: the one lock is awaited after it.
        self.lock_of(key).try_lock_arc_for(patience)
    }

    fn lock_of(&self, key: K) -> Arc<Mutex<()>> {
        let mut locks = self.locks.lock();
        if locks.len() >= REMEMBERED {
            // A guard or a waiter holds a second reference.
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Arc::clone(locks.entry(key).or_default())
    }
}

impl<K: Eq + Hash> Default for KeyedLock<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(5);

    #[test]
    fn a_second_holder_of_one_name_waits_and_other_names_are_free() {
        let locks = KeyedLock::new();
        let first = locks.lock("one", SHORT).unwrap();
        assert!(locks.lock("two", SHORT).is_some());
        assert!(locks.lock("one", SHORT).is_none());
        drop(first);
        assert!(locks.lock("one", SHORT).is_some());
    }

    #[test]
    fn idle_names_are_forgotten_and_held_ones_are_not() {
        let locks = KeyedLock::new();
        let held = locks.lock(0, SHORT).unwrap();
        for name in 1..1_000 {
            assert!(locks.lock(name, SHORT).is_some());
        }
        assert!(locks.locks.lock().len() <= REMEMBERED);
        assert!(locks.lock(0, SHORT).is_none());
        drop(held);
    }
}
