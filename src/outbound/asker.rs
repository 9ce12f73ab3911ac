//! Whose request it is, for what is shared out: the look-ups of names.
//!
//! The client hands its resolver an address and nothing else, and resolves on the thread that asked. So who
//! asks is kept for that thread.

use std::cell::RefCell;

use crate::plugin_key::PluginKey;
use crate::tenant::TenantId;

/// A plugin of a tenant. What nobody asks for, such as the marketplace, is the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    pub tenant: TenantId,
    pub plugin: PluginKey,
}

thread_local! {
    static ASKER: RefCell<Option<Asker>> = const { RefCell::new(None) };
}

/// Requests of `work` are those of `asker`.
pub fn asked_by<T>(asker: Asker, work: impl FnOnce() -> T) -> T {
    let _until_the_end = Before(ASKER.replace(Some(asker)));
    work()
}

pub(super) fn current() -> Option<Asker> {
    ASKER.with_borrow(Clone::clone)
}

/// Who asked before; put back also where the work panics.
struct Before(Option<Asker>);

impl Drop for Before {
    fn drop(&mut self) {
        ASKER.set(self.0.take());
    }
}
