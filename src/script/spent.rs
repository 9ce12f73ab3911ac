//! What a heavy call leaves behind where it ran: pages of a heap that nobody uses, and a stack that was deep once.
//!
//! Neither goes back to the system by itself. The heap's are given back at the end of the call. A stack goes with its
//! thread: whoever owns the thread asks whether it is spent, and takes another.

use std::cell::Cell;

use crate::script::heap;
use crate::storage;

thread_local! {
    static HEAP: Cell<bool> = const { Cell::new(false) };
    static STACK: Cell<bool> = const { Cell::new(false) };
}

/// The call on this thread has held much.
pub fn note_heap() {
    HEAP.set(true);
}

/// The same in a language that drops what is nested by recursion: three hundred thousand closures, each in the next,
/// take 40 MB of heap and 200 MB of stack.
pub fn note_heap_and_stack() {
    HEAP.set(true);
    STACK.set(true);
}

/// Called once a call has dropped all it had.
pub fn give_back() {
    // Both are asked: each forgets what it has told.
    if HEAP.take() | storage::was_hungry() {
        heap::give_back();
    }
}

/// Whether a script on this thread may have used much of the stack since this was asked last.
pub fn stack_is_spent() -> bool {
    STACK.take()
}
