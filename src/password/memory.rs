//! The memory that argon2 works in, and how many hashes work at once. Knows no password.
//!
//! A hash takes 19 MB for 20 ms. glibc keeps a freed block of that size for the thread's next one, and
//! each of its arenas keeps its own: a server that had seen 24 sign-ins held 450 MB for good. What is
//! larger than 32 MB it always takes from the system and gives back, so that much is asked for; the part
//! beyond what the hash needs is never touched and costs nothing.

use argon2::{Block, Params};
use parking_lot::{Condvar, Mutex};

/// More than the largest block that glibc ever keeps (`DEFAULT_MMAP_THRESHOLD_MAX`).
const RESERVED_BYTES: usize = 33 << 20;

/// Hashes at once: 76 MB. More would not be faster on few cores, and a worker waits its turn for milliseconds.
const AT_ONCE: usize = 4;

static WORKING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// One hash's turn with its memory. Dropping it gives both back.
pub struct Workspace {
    blocks: Vec<Block>,
}

impl Workspace {
    /// Waits for a turn.
    pub fn take(params: &Params) -> Self {
        let mut working = WORKING.lock();
        ENDED.wait_while(&mut working, |working| *working >= AT_ONCE);
        *working += 1;
        drop(working);
        let mut blocks = Vec::with_capacity(RESERVED_BYTES / Block::SIZE);
        blocks.resize(params.block_count(), Block::new());
        Self { blocks }
    }

    pub fn blocks(&mut self) -> &mut [Block] {
        &mut self.blocks
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // The memory goes before the turn: whoever gets the turn must find it free.
        self.blocks = Vec::new();
        *WORKING.lock() -= 1;
        ENDED.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_few_hashes_hold_memory_at_once() {
        let params = Params::default();
        std::thread::scope(|scope| {
            for _ in 0..3 * AT_ONCE {
                scope.spawn(|| {
                    let workspace = Workspace::take(&params);
                    assert!(*WORKING.lock() <= AT_ONCE);
                    drop(workspace);
                });
            }
        });
    }
}
