//! What tells one state of a file from the next, at the price of a look.

use std::fs::Metadata;
use std::time::SystemTime;

use crate::error::Result;

/// Time, size and, where the system has it, the identity of a file: one that was put in another's
/// place differs even if its time and size were set alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    modified: SystemTime,
    size: u64,
    identity: Option<(u64, u64)>,
}

impl Stamp {
    pub fn of(about: &Metadata) -> Result<Self> {
        Ok(Self {
            modified: about.modified()?,
            size: about.len(),
            identity: identity(about),
        })
    }
}

#[cfg(unix)]
fn identity(about: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn identity(_about: &Metadata) -> Option<(u64, u64)> {
    None
}
