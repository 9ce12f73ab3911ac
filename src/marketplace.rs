//! The marketplace.
pub mod listing;
pub mod manifest;
