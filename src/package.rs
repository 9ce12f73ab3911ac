//! Packages: all files of one plugin version, kept under the digest of their contents.
//!
//! Knows bytes, digests and files on disk. Refuses to know where a package came from,
//! what a script means, or which tenant has it installed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::digest::Digest;
use crate::error::{Error, Result};

mod blobs;
pub mod index;
pub mod path;
pub mod staging;
pub mod store;

use blobs::BlobReader;
use index::{Blob, Index};
use path::PackagePath;

/// The most that one file of a package may weigh.
pub const FILE_BYTES: u64 = 5 * 1024 * 1024;
/// The most that all files of a package may weigh together.
pub const PACKAGE_BYTES: u64 = 30 * 1024 * 1024;
pub const PACKAGE_FILES: usize = 500;
/// The most that one plugin's manifest may weigh.
pub const MANIFEST_BYTES: usize = 256 * 1024;

/// A stored package. Its files were all there, with the right sizes, when it was opened;
/// each digest is checked again whenever a file is read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Package {
    digest: Digest,
    index: Arc<Index>,
    blobs: BlobReader,
}

impl Package {
    /// The one digest that pins every byte of the package and its manifest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub fn manifest(&self) -> &Map<String, Value> {
        &self.index.manifest
    }

    #[cfg(test)]
    pub fn files(&self) -> &BTreeMap<PackagePath, Blob> {
        &self.index.files
    }

    /// `None` for a path that the package does not list. The text may come from a URL:
    /// it is only looked up, never made into a file name.
    pub fn blob(&self, path: &str) -> Option<Blob> {
        let path = PackagePath::parse(path).ok()?;
        self.index.files.get(&path).copied()
    }

    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        let blob = self
            .blob(path)
            .ok_or_else(|| Error::NotFound(format!("The package has no file '{path}'")))?;
        self.blobs.read(blob, path)
    }

    /// The scripts of the package, for the compiler: path inside the package → source.
    pub fn script_files(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        self.index
            .files
            .iter()
            .filter(|(path, _)| is_script(path))
            .map(|(path, blob)| Ok((path.to_string(), self.blobs.read(*blob, path.as_str())?)))
            .collect()
    }
}

fn is_script(path: &PackagePath) -> bool {
    matches!(path.file_name().rsplit_once('.'), Some((_, "lua" | "rhai")))
}
