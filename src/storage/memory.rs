//! What SQLite holds, counted per thread, and how much of it one statement may take.
//!
//! SQLite counts its memory for the process alone: with that, one hungry statement starves the host and every
//! other tenant. A statement runs on one thread from beginning to end, so SQLite is given an allocator that counts
//! for each thread and refuses what goes beyond the budget of the statement that runs there. Only that
//! statement then ends for want of memory. The count is an addition without a lock.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::ptr;
use std::sync::OnceLock;

use rusqlite::ffi;

/// A statement that held more than this leaves pages behind that are worth giving back.
const HEAVY: isize = 8 << 20;
/// Before each block stands its size.
const HEAD: usize = 8;

thread_local! {
    // Without a destructor and a lazy start: they may be used while a thread begins and ends.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(isize::MAX) };
    static REFUSED: Cell<bool> = const { Cell::new(false) };
    static HUNGRY: Cell<bool> = const { Cell::new(false) };
}

/// While this lives, SQLite gets so much more on this thread and no further.
pub struct Budget {
    start: isize,
    /// It counts for the thread that made it.
    here: PhantomData<*const ()>,
}

impl Budget {
    pub fn begin(bytes: isize) -> Self {
        let start = HELD.get();
        PEAK.set(start);
        MOST.set(start.saturating_add(bytes));
        REFUSED.set(false);
        Self {
            start,
            here: PhantomData,
        }
    }

    /// Whether SQLite was refused memory by this budget, and not by the limit of the process.
    pub fn was_met(&self) -> bool {
        REFUSED.get()
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        MOST.set(isize::MAX);
        if PEAK.get().wrapping_sub(self.start) > HEAVY {
            HUNGRY.set(true);
        }
    }
}

/// Whether a statement on this thread has held much since this was asked last.
pub fn was_hungry() -> bool {
    HUNGRY.take()
}

/// Gives SQLite this allocator. Must come before anything else of SQLite: later it takes none.
pub fn install() -> rusqlite::Result<()> {
    static INSTALLED: OnceLock<c_int> = OnceLock::new();
    match *INSTALLED.get_or_init(configure) {
        ffi::SQLITE_OK => Ok(()),
        code => Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(code),
            Some(
                "SQLite was in use before its memory could be bounded: open the storage first"
                    .to_owned(),
            ),
        )),
    }
}

#[expect(unsafe_code, reason = "SQLite's own configuration has no safe form")]
fn configure() -> c_int {
    let methods = ffi::sqlite3_mem_methods {
        xMalloc: Some(allocate),
        xFree: Some(free),
        xRealloc: Some(resize),
        xSize: Some(size),
        xRoundup: Some(round_up),
        xInit: Some(begin),
        xShutdown: Some(end),
        pAppData: ptr::null_mut(),
    };
    // SAFETY: SQLite copies the methods, and refuses them once it has begun to allocate.
    unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const methods) }
}

/// Counts `more` bytes, unless they go beyond the budget.
fn take(more: isize) -> bool {
    let held = HELD.get().wrapping_add(more);
    if more > 0 && held > MOST.get() {
        REFUSED.set(true);
        return false;
    }
    HELD.set(held);
    if held > PEAK.get() {
        PEAK.set(held);
    }
    true
}

/// A block of so many bytes, as the system keeps it.
fn layout(bytes: c_int) -> Option<Layout> {
    let bytes = usize::try_from(bytes).ok()?;
    Layout::from_size_align(bytes + HEAD, HEAD).ok()
}

fn signed(layout: Layout) -> isize {
    layout.size().cast_signed()
}

extern "C" fn allocate(bytes: c_int) -> *mut c_void {
    let Some(layout) = layout(bytes).filter(|layout| take(signed(*layout))) else {
        return ptr::null_mut();
    };
    #[expect(unsafe_code, reason = "an allocator cannot be written without")]
    // SAFETY: the layout is never empty; what is returned has room for the head and is aligned for it.
    unsafe {
        keep_size(System.alloc(layout), bytes, layout)
    }
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe extern "C" fn free(block: *mut c_void) {
    // SAFETY: SQLite gives back only what `allocate` or `resize` gave it, or null.
    unsafe {
        if let Some(layout) = layout(size(block)).filter(|_| !block.is_null()) {
            take(-signed(layout));
            System.dealloc(block.cast::<u8>().sub(HEAD), layout);
        }
    }
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe extern "C" fn resize(block: *mut c_void, bytes: c_int) -> *mut c_void {
    // SAFETY: SQLite resizes only what `allocate` or `resize` gave it, and never to nothing.
    unsafe {
        let (Some(old), Some(new)) = (layout(size(block)), layout(bytes)) else {
            return ptr::null_mut();
        };
        let more = signed(new) - signed(old);
        if !take(more) {
            return ptr::null_mut();
        }
        let start = System.realloc(block.cast::<u8>().sub(HEAD), old, new.size());
        if start.is_null() {
            take(-more);
            return ptr::null_mut();
        }
        keep_size(start, bytes, new)
    }
}

/// Writes the head, and gives what comes after it.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe fn keep_size(start: *mut u8, bytes: c_int, layout: Layout) -> *mut c_void {
    if start.is_null() {
        take(-signed(layout));
        return ptr::null_mut();
    }
    // SAFETY: the caller's block begins here, is aligned to the head and longer than it.
    unsafe {
        start.cast::<c_int>().write(bytes);
        start.add(HEAD).cast()
    }
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe extern "C" fn size(block: *mut c_void) -> c_int {
    if block.is_null() {
        return 0;
    }
    // SAFETY: the size stands before every block that SQLite was given.
    unsafe { block.cast::<u8>().sub(HEAD).cast::<c_int>().read() }
}

/// To whole heads, so that SQLite makes use of all that it gets.
extern "C" fn round_up(bytes: c_int) -> c_int {
    bytes.saturating_add(7) & !7
}

extern "C" fn begin(_: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

extern "C" fn end(_: *mut c_void) {}
