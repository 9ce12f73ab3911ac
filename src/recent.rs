//! A bounded map of things that can be made again: when it is full, the one unused for longest goes.
//!
//! Refuses to know how its things are made, and holds no lock: its owner does.

use std::collections::HashMap;
use std::hash::Hash;

#[derive(Debug)]
pub struct Recent<K, V> {
    most: usize,
    kept: HashMap<K, (V, u64)>,
    /// Counts uses; an entry remembers the count at its last one.
    uses: u64,
}

impl<K: Clone + Eq + Hash, V: Clone> Recent<K, V> {
    /// Keeps no more than `most`.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            kept: HashMap::new(),
            uses: 0,
        }
    }

    pub fn find(&mut self, key: &K) -> Option<V> {
        self.uses += 1;
        let (value, used) = self.kept.get_mut(key)?;
        *used = self.uses;
        Some(value.clone())
    }

    pub fn keep(&mut self, key: K, value: V) {
        if self.kept.len() >= self.most
            && !self.kept.contains_key(&key)
            && let Some(oldest) = self.oldest()
        {
            self.kept.remove(&oldest);
        }
        self.uses += 1;
        self.kept.insert(key, (value, self.uses));
    }

    /// Forgets every entry whose key fails the test.
    pub fn retain(&mut self, mut test: impl FnMut(&K) -> bool) {
        self.kept.retain(|key, _| test(key));
    }

    fn oldest(&self) -> Option<K> {
        self.kept
            .iter()
            .min_by_key(|(_, (_, used))| *used)
            .map(|(key, _)| key.clone())
    }
}

#[cfg(test)]
mod tests {
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
}
