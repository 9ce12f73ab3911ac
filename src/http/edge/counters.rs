//! What the edge has seen, as plain numbers for the metrics page.

use std::sync::atomic::{AtomicU64, Ordering};

/// The statuses that the edge itself answers with.
pub const REFUSAL_STATUSES: [u16; 12] =
    [400, 408, 413, 414, 417, 431, 501, 502, 503, 504, 505, 507];

/// Read by anyone, written by the loop alone; exact enough for a graph.
#[derive(Debug, Default)]
pub struct Counters {
    open: AtomicU64,
    accepted: AtomicU64,
    forwarded: AtomicU64,
    accept_errors: AtomicU64,
    upstreams_lost: AtomicU64,
    refused: [AtomicU64; REFUSAL_STATUSES.len()],
}

impl Counters {
    /// Client connections open now.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Client connections accepted since the start.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Complete requests handed to tiny_http.
    pub fn forwarded(&self) -> u64 {
        self.forwarded.load(Ordering::Relaxed)
    }

    /// Failed accepts, such as those during a descriptor shortage.
    pub fn accept_errors(&self) -> u64 {
        self.accept_errors.load(Ordering::Relaxed)
    }

    /// Proven upstream connections that ended and were replaced.
    pub fn upstreams_lost(&self) -> u64 {
        self.upstreams_lost.load(Ordering::Relaxed)
    }

    /// Refusals by the edge itself, by status.
    pub fn refused(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        REFUSAL_STATUSES
            .iter()
            .zip(&self.refused)
            .map(|(status, count)| (*status, count.load(Ordering::Relaxed)))
    }

    pub(super) fn set_open(&self, connections: usize) {
        self.open.store(connections as u64, Ordering::Relaxed);
    }

    pub(super) fn add_accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_forwarded(&self) {
        self.forwarded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_accept_error(&self) {
        self.accept_errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_upstream_lost(&self) {
        self.upstreams_lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_refused(&self, status: u16) {
        let place = REFUSAL_STATUSES.iter().position(|known| *known == status);
        if let Some(count) = place.and_then(|place| self.refused.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}
