//! The call that this thread runs in Rhai.
//!
//! Rhai tells its progress callback nothing but a count, and one engine serves all calls; so the
//! call is found by its thread, which it never leaves.

use std::cell::RefCell;
use std::sync::Arc;

use crate::script::running::Running;

thread_local! {
    static CURRENT: RefCell<Vec<Arc<Running>>> = const { RefCell::new(Vec::new()) };
}

/// While it lives, `running` is the current call.
pub struct Entered(());

pub fn enter(running: &Arc<Running>) -> Entered {
    CURRENT.with_borrow_mut(|calls| calls.push(Arc::clone(running)));
    Entered(())
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(|calls| calls.pop());
    }
}

pub fn running() -> Option<Arc<Running>> {
    CURRENT.with_borrow(|calls| calls.last().cloned())
}

pub fn must_stop() -> bool {
    CURRENT.with_borrow(|calls| calls.last().is_none_or(|running| running.must_stop()))
}
