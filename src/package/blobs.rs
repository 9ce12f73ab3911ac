//! Reads blobs and lets none through that is not what its name says.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::index::{Blob, Index};
use crate::digest::Digest;
use crate::error::{Error, Result};

/// An index holds a manifest and one line for each file.
pub const INDEX_BYTES: u64 = 1024 * 1024;

#[derive(Clone, Debug)]
pub struct BlobReader {
    root: Arc<Path>,
}

impl BlobReader {
    pub fn new(root: &Path) -> Self {
        Self { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.to_string();
        let shard = hex.get(..2).unwrap_or_default();
        self.root.join(shard).join(&hex)
    }

    pub fn read(&self, blob: Blob, what: &str) -> Result<Vec<u8>> {
        self.check_size(blob, what)?;
        let bytes = self.read_up_to(&blob.sha256, blob.size, what)?;
        if Digest::of(&bytes) == blob.sha256 {
            Ok(bytes)
        } else {
            Err(damaged(
                &blob.sha256,
                what,
                "its contents do not match its digest",
            ))
        }
    }

    pub fn read_index(&self, digest: &Digest) -> Result<Index> {
        let what = "a package's index";
        let bytes = self.read_up_to(digest, INDEX_BYTES, what)?;
        if Digest::of(&bytes) != *digest {
            return Err(damaged(
                digest,
                what,
                "its contents do not match its digest",
            ));
        }
        std::str::from_utf8(&bytes)
            .ok()
            .and_then(Index::decode)
            .ok_or_else(|| damaged(digest, what, "it is not an index"))
    }

    fn read_up_to(&self, digest: &Digest, limit: u64, what: &str) -> Result<Vec<u8>> {
        let file = File::open(self.path(digest))
            .map_err(|error| damaged(digest, what, &error.to_string()))?;
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    pub fn check_size(&self, blob: Blob, what: &str) -> Result<()> {
        let about = fs::metadata(self.path(&blob.sha256))
            .map_err(|error| damaged(&blob.sha256, what, &error.to_string()))?;
        if about.len() == blob.size {
            Ok(())
        } else {
            let problem = format!("it has {} bytes instead of {}", about.len(), blob.size);
            Err(damaged(&blob.sha256, what, &problem))
        }
    }
}

fn damaged(digest: &Digest, what: &str, problem: &str) -> Error {
    Error::internal(
        &format!(
            "the blob {digest} ({what}) is damaged; restore it from a backup or install the plugin again"
        ),
        problem,
    )
}
