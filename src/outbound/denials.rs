//! How many requests each wall has refused, since the start.

use std::sync::atomic::{AtomicU64, Ordering};

use super::error::OutboundError;

/// The words of [`OutboundError::denial`].
pub const DENIALS: [&str; 4] = ["offline", "not_granted", "address", "certificate"];

#[derive(Debug, Default)]
pub(super) struct Denials([AtomicU64; DENIALS.len()]);

impl Denials {
    pub(super) fn count(&self, error: &OutboundError) {
        let denial = error.denial();
        for (word, count) in DENIALS.iter().zip(&self.0) {
            if denial == Some(*word) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn counts(&self) -> Vec<(&'static str, u64)> {
        DENIALS
            .iter()
            .zip(&self.0)
            .map(|(word, count)| (*word, count.load(Ordering::Relaxed)))
            .collect()
    }
}
