//! How much memory a thread holds, for a language that does not count its own.
//!
//! Rhai limits each value but not all of them together: a loop that keeps closures over fresh arrays
//! held 3.7 GB before its clock ended. So the allocator counts, per thread, what it hands out and
//! takes back; a Rhai call stays on one thread, and the difference since it began is what it holds. The
//! count is one addition without a lock, and nothing else of the system's allocator changes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// A call that held more than this leaves pages behind that are worth giving back.
pub const HEAVY: usize = 8 << 20;

thread_local! {
    // Without a destructor and a lazy start: it may be used while a thread begins and ends.
    static HELD: Cell<isize> = const { Cell::new(0) };
}

/// What a block costs beside its bytes: the allocator's own head and rounding, and the stack that it takes to drop
/// blocks which stand in one another. Without it, closures nested for 64 MB dropped through another hundred.
const BLOCK: isize = 64;

/// Bytes that this thread has allocated and not freed; what other threads free for it is not seen.
pub fn held() -> isize {
    HELD.get()
}

/// Says once what the system's allocator may keep. By itself glibc learns from a hungry script to keep up to 64 MB
/// of freed pages for each thread: eight workers that each met one held a few hundred.
pub fn keep_little() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(glibc::keep_little);
}

/// Gives back the pages of freed blocks that lie between blocks in use.
pub fn give_back() {
    glibc::trim();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the allocator's own settings have no safe form")]
mod glibc {
    /// Freed pages at the end of each thread's heap that may stay.
    const KEPT: libc::c_int = 4 << 20;
    /// Blocks from this size on are the system's own, and go back at once.
    const LARGE: libc::c_int = 1 << 20;

    pub fn keep_little() {
        // SAFETY: both set a number of the allocator, under its own lock.
        unsafe {
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        }
    }

    pub fn trim() {
        // SAFETY: it takes a number, locks what it looks at, and touches no block that is in use.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod glibc {
    pub fn keep_little() {}

    pub fn trim() {}
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(bytes: isize) {
    // `try_with`: a thread that is past its end is no longer counted.
    let _ = HELD.try_with(|held| held.set(held.get().wrapping_add(bytes)));
}

/// A layout's size is at most `isize::MAX`, by the rules of `Layout`.
fn size(layout: Layout) -> isize {
    layout.size().cast_signed()
}

#[expect(
    unsafe_code,
    reason = "an allocator cannot be written without; each call goes to the system's with the caller's own arguments"
)]
// SAFETY: every method forwards to `System` under the contract that its caller has to keep, and
// returns what `System` returned. Counting touches a thread-local number and never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(size(layout) + BLOCK);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(size(layout) + BLOCK);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-size(layout) - BLOCK);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size.cast_signed() - size(layout));
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allocated_is_held_until_it_is_freed() {
        let before = held();
        let block = std::hint::black_box(vec![0_u8; 1 << 20]);
        assert!(held() - before >= 1 << 20);
        drop(block);
        assert!(held() - before < 1 << 10);
    }
}
