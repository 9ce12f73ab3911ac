//! Starts the built program on a free port and speaks HTTP with it.

pub mod client;
pub mod mlflow;
pub mod server;

pub use client::{Answer, Client};
pub use server::{Start, TestServer};

use std::path::PathBuf;

/// The repository's own test marketplace.
pub fn marketplace() -> String {
    fixture("marketplace")
}

pub fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    path.to_str().unwrap().to_owned()
}

/// Material that lies beside a checkout of the project; `None`, and a printed reason, where it does not.
pub fn beside(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../shared")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}
