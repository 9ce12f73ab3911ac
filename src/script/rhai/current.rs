//! The call that this thread runs in Rhai.
//!
//! Rhai tells its progress callback nothing but a count, and one engine serves all calls; so the
//! call is found by its thread, which it never leaves.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::script::limits::readable;
use crate::script::running::Running;
use crate::script::{heap, spent};

thread_local! {
    static CURRENT: RefCell<Vec<Current>> = const { RefCell::new(Vec::new()) };
}

struct Current {
    running: Arc<Running>,
    /// What the thread held when the call began.
    held: isize,
    most: usize,
    /// Names that its sources have declared so far, while they are parsed.
    declared: u32,
    peak: Cell<usize>,
}

/// While it lives, `running` is the current call.
pub struct Entered(());

/// Enters a call that may hold `most` bytes.
pub fn enter(running: &Arc<Running>, most: usize) -> Entered {
    let current = Current {
        running: Arc::clone(running),
        held: heap::held(),
        most,
        declared: 0,
        peak: Cell::new(0),
    };
    CURRENT.with_borrow_mut(|calls| calls.push(current));
    Entered(())
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(ended) = CURRENT.with_borrow_mut(Vec::pop) {
            ended.held_now();
            ended.running.holds(ended.peak.get());
        }
    }
}

pub fn running() -> Option<Arc<Running>> {
    CURRENT.with_borrow(|calls| calls.last().map(|current| Arc::clone(&current.running)))
}

/// Whether the script must stop, for its clock or for its memory. Rhai asks before each operation.
pub fn must_stop() -> bool {
    CURRENT.with_borrow(|calls| calls.last().is_none_or(Current::must_stop))
}

/// The bytes that the call may still take.
pub fn room() -> usize {
    CURRENT.with_borrow(|calls| {
        calls
            .last()
            .map_or(0, |current| current.most.saturating_sub(current.held_now()))
    })
}

/// Counts one more name that a source declares, and gives their number.
pub fn declare() -> u32 {
    CURRENT.with_borrow_mut(|calls| {
        calls.last_mut().map_or(0, |current| {
            current.declared = current.declared.saturating_add(1);
            current.declared
        })
    })
}

impl Current {
    fn must_stop(&self) -> bool {
        let held = self.held_now();
        if held > heap::HEAVY {
            spent::note_heap_and_stack();
        }
        if held > self.most {
            self.running.meet(format!("memory {}", readable(self.most)));
        }
        self.running.must_stop()
    }

    fn held_now(&self) -> usize {
        let held = usize::try_from(heap::held().wrapping_sub(self.held)).unwrap_or(0);
        self.peak.set(self.peak.get().max(held));
        held
    }
}
