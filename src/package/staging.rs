//! A package in the making: files written and synced out of sight, then moved to their places.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::blobs::INDEX_BYTES;
use super::index::{Blob, Index};
use super::path::PackagePath;
use super::store::PackageStore;
use super::{FILE_BYTES, PACKAGE_BYTES, PACKAGE_FILES, Package};
use crate::digest::Digest;
use crate::durable::sync_folder;
use crate::error::{Error, Result};

/// Dropping it removes what was written and not published.
#[derive(Debug)]
pub struct Staged<'store> {
    store: &'store PackageStore,
    folder: PathBuf,
    files: BTreeMap<PackagePath, Blob>,
    bytes: u64,
}

impl<'store> Staged<'store> {
    pub(super) fn begin(store: &'store PackageStore) -> Result<Self> {
        let folder = store.staging.join(Uuid::now_v7().to_string());
        fs::create_dir(&folder)?;
        Ok(Self {
            store,
            folder,
            files: BTreeMap::new(),
            bytes: 0,
        })
    }

    pub fn add(&mut self, path: &PackagePath, bytes: &[u8]) -> Result<Blob> {
        let size = bytes.len() as u64;
        if size > FILE_BYTES {
            return Err(Error::TooLarge(format!(
                "The file '{path}' has {size} bytes; one file of a package may have {FILE_BYTES}"
            )));
        }
        if self.bytes + size > PACKAGE_BYTES {
            return Err(Error::TooLarge(format!(
                "With '{path}' the package has more than {PACKAGE_BYTES} bytes"
            )));
        }
        if self.files.len() >= PACKAGE_FILES {
            return Err(Error::TooLarge(format!(
                "The package has more than {PACKAGE_FILES} files"
            )));
        }
        if self.files.contains_key(path) {
            return Err(Error::refused(format!(
                "The package lists the file '{path}' twice"
            )));
        }
        let blob = Blob {
            sha256: Digest::of(bytes),
            size,
        };
        // Files with the same contents share one blob.
        if !self.files.values().any(|known| known.sha256 == blob.sha256) {
            write_synced(&self.folder.join(blob.sha256.to_string()), bytes)?;
        }
        self.bytes += size;
        self.files.insert(path.clone(), blob);
        Ok(blob)
    }

    /// Moves the files to their places and writes the index last.
    pub fn publish(self, manifest: &Map<String, Value>) -> Result<Package> {
        let index = Index {
            manifest: manifest.clone(),
            files: self.files.clone(),
        };
        let text = index.encode();
        if text.len() as u64 > INDEX_BYTES {
            return Err(Error::TooLarge(format!(
                "The manifest and the file list of the package have more than {INDEX_BYTES} bytes"
            )));
        }
        let digest = Digest::of(text.as_bytes());
        let _shared = self.store.collecting.read();
        for (path, blob) in &self.files {
            self.place(*blob, path.as_str())?;
        }
        write_synced(&self.folder.join(digest.to_string()), text.as_bytes())?;
        self.place(
            Blob {
                sha256: digest,
                size: text.len() as u64,
            },
            "the index",
        )?;
        Ok(Package {
            digest,
            index: Arc::new(index),
            blobs: self.store.blobs.clone(),
        })
    }

    fn place(&self, blob: Blob, what: &str) -> Result<()> {
        let staged = self.folder.join(blob.sha256.to_string());
        let place = self.store.blobs.path(&blob.sha256);
        let root = self.store.blobs.root();
        let shard = place.parent().unwrap_or(root);
        // A blob that is already there and whole is kept, and is young again for the collector;
        // whoever wrote it may have crashed before its folder was synced.
        if self.store.blobs.read(blob, what).is_ok() {
            File::open(&place)?.set_modified(SystemTime::now())?;
            return sync_folder(shard);
        }
        if !shard.exists() {
            fs::create_dir_all(shard)?;
            sync_folder(root)?;
        }
        // A damaged blob is replaced.
        fs::rename(&staged, &place)?;
        sync_folder(shard)
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(
                "cannot empty the staging folder {}: {error}",
                self.folder.display()
            );
        }
    }
}

/// Read-only from the start: nothing may change a blob, not even by accident.
fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o444);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}
