//! Requests and replies. Knows no SQL and no scripts.

pub mod assets;
