//! A bounded map of things that can be made again: when it is full, the one unused for longest goes.
//!
//! Refuses to know how its things are made, and holds no lock: its owner does. Each call takes the same
//! time however much is kept, since many requests wait for that lock.

use std::hash::Hash;

use hashlink::LruCache;

#[derive(Debug)]
pub struct Recent<K: Eq + Hash, V> {
    kept: LruCache<K, V>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// Keeps no more than `most`.
    pub fn new(most: usize) -> Self {
        Self {
            kept: LruCache::new(most),
        }
    }

    pub fn find(&mut self, key: &K) -> Option<V> {
        self.kept.get(key).cloned()
    }

    pub fn keep(&mut self, key: K, value: V) {
        self.kept.insert(key, value);
    }

    pub fn forget(&mut self, key: &K) {
        self.kept.remove(key);
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Forgets every entry whose key fails the test.
    pub fn retain(&mut self, mut test: impl FnMut(&K) -> bool) {
        self.kept.retain(|key, _| test(key));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_one_unused_for_longest_makes_room() {
        let mut recent = Recent::new(2);
        recent.keep("a", 1);
        recent.keep("b", 2);
        assert_eq!(recent.find(&"a"), Some(1));
        recent.keep("c", 3);
        assert_eq!(
            (recent.find(&"a"), recent.find(&"b"), recent.find(&"c")),
            (Some(1), None, Some(3))
        );
    }

    #[test]
    fn keeping_a_known_key_again_throws_nothing_out() {
        let mut recent = Recent::new(2);
        recent.keep("a", 1);
        recent.keep("b", 2);
        recent.keep("b", 3);
        assert_eq!((recent.find(&"a"), recent.find(&"b")), (Some(1), Some(3)));
        recent.retain(|key| *key == "a");
        assert_eq!((recent.find(&"a"), recent.find(&"b")), (Some(1), None));
    }

    /// A search for the oldest would take a thousand times as long as filling does.
    #[test]
    fn making_room_takes_no_longer_the_more_is_kept() {
        const MANY: usize = 20_000;
        let mut recent = Recent::new(MANY);
        let mut keep = |numbers: std::ops::Range<usize>| -> Duration {
            let begun = Instant::now();
            numbers.for_each(|number| recent.keep(number, number));
            begun.elapsed()
        };
        let filling = keep(0..MANY);
        let making_room = keep(MANY..2 * MANY);
        assert_eq!((recent.find(&0), recent.find(&MANY)), (None, Some(MANY)));
        println!("{MANY} kept: {filling:?}, and {making_room:?} when full");
        assert!(
            making_room < filling * 50,
            "{filling:?} became {making_room:?}"
        );
    }
}
