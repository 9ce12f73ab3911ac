//! Users that were read lately, kept until the control database is written again.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::Caller;
use crate::storage::Generation;

/// Users kept; beyond that all are forgotten and read again.
const MOST: usize = 10_000;

#[derive(Default)]
pub struct Known(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    generation: Generation,
    callers: HashMap<i64, Caller>,
}

impl Known {
    /// `generation` is that of now.
    pub fn find(&self, user: i64, generation: Generation) -> Option<Caller> {
        let kept = self.0.lock();
        if kept.generation != generation {
            return None;
        }
        kept.callers.get(&user).cloned()
    }

    /// `generation` was taken before `caller` was read.
    pub fn keep(&self, caller: Caller, generation: Generation) {
        let mut kept = self.0.lock();
        if kept.generation != generation || kept.callers.len() >= MOST {
            kept.callers.clear();
            kept.generation = generation;
        }
        kept.callers.insert(caller.user_id, caller);
    }
}
