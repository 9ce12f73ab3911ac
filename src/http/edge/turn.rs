//! What a connection may use while it has its turn in the loop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::counters::Counters;
use super::limits::{Limits, READ_BYTES};
use super::spool::SpillFolder;

#[derive(Debug)]
pub struct Turn {
    pub limits: Limits,
    pub counters: Arc<Counters>,
    /// Where bodies go that are too large for memory.
    pub spill: SpillFolder,
    /// Sent upstream with each request on the loopback fallback.
    pub secret: Option<String>,
    /// The clock of this turn, read once per wake-up.
    pub now: Instant,
    /// The edge is stopping: no connection is kept alive.
    pub stopping: bool,
    /// Where every read lands first.
    pub scratch: Vec<u8>,
    connections: u64,
}

impl Turn {
    pub fn new(limits: Limits, spill: PathBuf, secret: Option<String>) -> Self {
        Self {
            spill: SpillFolder::new(spill, limits.spill_bytes),
            limits,
            counters: Arc::new(Counters::default()),
            secret,
            now: Instant::now(),
            stopping: false,
            scratch: vec![0; READ_BYTES],
            connections: 0,
        }
    }

    /// A number for a new connection.
    pub fn next_connection(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    #[cfg(test)]
    pub fn for_tests() -> Self {
        Self::new(Limits::default(), std::env::temp_dir(), None)
    }
}
