//! A marketplace in one zip file, such as `souk mirror pull` writes.
//!
//! The archive is never unpacked: its list of files is read once and judged (see `index`), and each
//! file is read from its place when it is asked for. A name in the archive is looked up, it never
//! becomes a path of this machine. An archive that was replaced is noticed at the next look.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use zip::read::ZipReadOptions;

use super::stamp::Stamp;
use super::{Files, Local, too_large};
use crate::error::{Error, Result};
use crate::package::PACKAGE_FILES;
use crate::package::path::PackagePath;
use index::Index;

mod index;

pub struct Zip {
    file: PathBuf,
    /// What the last look found, a refusal too: a large hostile archive costs one look and not one per request.
    seen: Mutex<Option<Seen>>,
}

#[derive(Clone)]
struct Seen {
    stamp: Stamp,
    index: Result<Arc<Index>, String>,
}

impl Zip {
    pub fn new(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            seen: Mutex::new(None),
        }
    }

    /// The archive as it is now, and its index. Both are of the same file, whatever happens to its name meanwhile.
    fn open(&self) -> Result<(File, Arc<Index>)> {
        let unusable = |reason: &dyn std::fmt::Display| {
            Error::Upstream(format!(
                "The marketplace archive {} cannot be used: {reason}",
                self.file.display()
            ))
        };
        // Opening a pipe would wait for ever.
        let about = std::fs::metadata(&self.file).map_err(|error| unusable(&error))?;
        if !about.is_file() {
            return Err(unusable(&"it is not a plain file"));
        }
        let file = File::open(&self.file).map_err(|error| unusable(&error))?;
        let about = file.metadata()?;
        let stamp = Stamp::of(&about)?;
        let mut seen = self.seen.lock();
        let known = seen.as_ref().filter(|seen| seen.stamp == stamp);
        let index = match known {
            Some(known) => known.index.clone(),
            None => {
                let index = Index::read(&file, about.len()).map(Arc::new);
                seen.insert(Seen { stamp, index }).index.clone()
            }
        };
        Ok((file, index.map_err(|reason| unusable(&reason))?))
    }
}

impl Files for Zip {
    fn read(&self, path: &PackagePath, limit: u64, _patience: Duration) -> Result<Option<Vec<u8>>> {
        let (mut file, index) = self.open()?;
        let Some(entry) = index.find(path) else {
            return Ok(None);
        };
        if entry.size() > limit {
            return Err(too_large(path, limit));
        }
        let damaged = |reason: &dyn std::fmt::Display| {
            Error::Upstream(format!(
                "'{path}' in the marketplace archive is damaged: {reason}"
            ))
        };
        let size = entry.size();
        let reader = entry
            .as_ref()
            .with_reader(&mut file, ZipReadOptions::new())
            .map_err(|error| damaged(&error))?;
        let mut bytes = Vec::new();
        // What an archive says of a size is not believed; reading to the end checks the checksum.
        reader
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(&error))?;
        if bytes.len() as u64 != size {
            return Err(damaged(&format!(
                "it has {} bytes and is listed with {size}",
                bytes.len()
            )));
        }
        Ok(Some(bytes))
    }

    fn list(&self, folder: &PackagePath) -> Result<Option<Vec<PackagePath>>> {
        let (_file, index) = self.open()?;
        let found: Vec<_> = index.below(folder).take(PACKAGE_FILES + 1).collect();
        if found.len() > PACKAGE_FILES {
            return Err(Error::TooLarge(format!(
                "'{folder}' has more than {PACKAGE_FILES} files"
            )));
        }
        Ok(Some(found))
    }
}

impl Local for Zip {
    fn stamp(&self) -> Result<Stamp> {
        let about = std::fs::metadata(&self.file).map_err(|error| {
            Error::Upstream(format!("{} cannot be read: {error}", self.file.display()))
        })?;
        Stamp::of(&about)
    }

    fn everything(&self) -> Result<Vec<PackagePath>> {
        Ok(self.open()?.1.visible().cloned().collect())
    }
}

/// Looks at an archive as a marketplace does, and reads every file of it.
#[cfg(feature = "fuzzing")]
pub fn fuzz(file: &Path) {
    use super::Local as _;
    let archive = Zip::new(file);
    for path in archive.everything().unwrap_or_default() {
        let _ = archive.read(&path, 1 << 20, Duration::ZERO);
    }
    let _ = archive.registry();
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
