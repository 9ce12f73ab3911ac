//! Content-addressed storage of packages: `blobs/sha256/ab/<hex>`.
//!
//! A file is written in `staging/<uuid>/`, synced, and only then renamed to its place, whose
//! folder is synced too. So a blob that exists under its name is whole, a crash leaves nothing
//! but a staging folder (emptied at the next start, see `data_dir`) or an unreferenced blob (collected later),
//! and a digest that was committed to a database names bytes that are on the disk.
//!
//! Blobs never change. Two packages with the same file share it.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::{Mutex, RwLock};

use super::Package;
use super::blobs::BlobReader;
use super::staging::Staged;
use crate::data_dir::DataDir;
use crate::digest::Digest;
use crate::error::Result;
use crate::recent::Recent;

/// A blob younger than this may belong to an install that has not committed its row yet.
const COLLECT_AFTER: Duration = Duration::from_hours(1);
/// Opened packages that are remembered: their indexes, not their files.
const OPENED: usize = 512;

#[derive(Debug)]
pub struct PackageStore {
    pub(super) blobs: BlobReader,
    pub(super) staging: PathBuf,
    /// Writers of blobs share it, the collector holds it alone: a blob that is being
    /// reused can then not be collected between the look and the touch.
    pub(super) collecting: RwLock<()>,
    /// A package never changes, so its index is read and verified once.
    opened: Mutex<Recent<Digest, Package>>,
}

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub blobs: u64,
    pub bytes: u64,
}

impl PackageStore {
    pub fn new(data: &DataDir) -> Self {
        Self {
            blobs: BlobReader::new(&data.blobs()),
            staging: data.staging(),
            collecting: RwLock::new(()),
            opened: Mutex::new(Recent::new(OPENED)),
        }
    }

    /// Whether packages can be written now.
    pub fn ready(&self) -> Result<()> {
        let probe = tempfile::NamedTempFile::new_in(&self.staging)?;
        Ok(probe.as_file().sync_all()?)
    }

    /// Begins a package; nothing of it can be seen until `Staged::publish`.
    pub fn stage(&self) -> Result<Staged<'_>> {
        Staged::begin(self)
    }

    /// Opens a package by its digest. The first time the index is verified whole and each file
    /// by its size; a file that is damaged later is found when it is read.
    pub fn get(&self, digest: &Digest) -> Result<Package> {
        if let Some(package) = self.opened.lock().find(digest) {
            return Ok(package);
        }
        let index = self.blobs.read_index(digest)?;
        for (path, blob) in &index.files {
            self.blobs.check_size(*blob, path.as_str())?;
        }
        let package = Package {
            digest: *digest,
            index: Arc::new(index),
            blobs: self.blobs.clone(),
        };
        self.opened.lock().keep(*digest, package.clone());
        Ok(package)
    }

    /// Removes blobs that none of the packages in `keep` names and that are older than an hour.
    /// If one of those packages cannot be read, nothing is removed: what it names is not known.
    pub fn collect(&self, keep: &HashSet<Digest>) -> Result<Collected> {
        let _alone = self.collecting.write();
        let mut named = keep.clone();
        for digest in keep {
            let index = self.blobs.read_index(digest)?;
            named.extend(index.files.values().map(|blob| blob.sha256));
        }
        self.opened.lock().retain(|digest| keep.contains(digest));
        let mut collected = Collected::default();
        for shard in fs::read_dir(self.blobs.root())? {
            let shard = shard?;
            if !shard.file_type()?.is_dir() {
                continue;
            }
            for entry in fs::read_dir(shard.path())? {
                let entry = entry?;
                let name = entry.file_name();
                let Some(digest) = name.to_str().and_then(|name| Digest::parse(name).ok()) else {
                    continue;
                };
                let about = entry.metadata()?;
                if !named.contains(&digest) && is_old(about.modified()?) {
                    fs::remove_file(entry.path())?;
                    collected.blobs += 1;
                    collected.bytes += about.len();
                }
            }
        }
        Ok(collected)
    }
}

/// A time in the future (the clock was set back) counts as young.
fn is_old(modified: SystemTime) -> bool {
    modified.elapsed().is_ok_and(|age| age > COLLECT_AFTER)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs::File;

    use serde_json::{Map, Value};

    use super::*;
    use crate::error::Error;
    use crate::package::path::PackagePath;
    use crate::package::{FILE_BYTES, PACKAGE_FILES};

    fn store() -> (tempfile::TempDir, DataDir, PackageStore) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let store = PackageStore::new(&data);
        (folder, data, store)
    }

    fn put(
        store: &PackageStore,
        manifest: &Map<String, Value>,
        files: &BTreeMap<PackagePath, Vec<u8>>,
    ) -> Result<Package> {
        let mut staged = store.stage()?;
        for (path, bytes) in files {
            staged.add(path, bytes)?;
        }
        staged.publish(manifest)
    }

    fn path(text: &str) -> PackagePath {
        PackagePath::parse(text).unwrap()
    }

    fn files(list: &[(&str, &str)]) -> BTreeMap<PackagePath, Vec<u8>> {
        list.iter()
            .map(|(name, text)| (path(name), text.as_bytes().to_vec()))
            .collect()
    }

    fn manifest(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    fn make_old(store: &PackageStore, digest: &Digest) {
        let two_hours_ago = SystemTime::now() - 2 * COLLECT_AFTER;
        File::open(store.blobs.path(digest))
            .unwrap()
            .set_modified(two_hours_ago)
            .unwrap();
    }

    #[test]
    fn a_package_is_read_back_by_its_digest_in_another_process() {
        let (_folder, data, store) = store();
        let put = put(
            &store,
            &manifest(r#"{"key":"a"}"#),
            &files(&[
                ("main.lua", "return {}"),
                ("lib/x.lua", "1"),
                ("README.md", "#"),
            ]),
        )
        .unwrap();
        let package = PackageStore::new(&data).get(&put.digest()).unwrap();
        assert_eq!(package.manifest()["key"], "a");
        assert_eq!(package.read("README.md").unwrap(), b"#");
        assert_eq!(
            package.script_files().unwrap().keys().collect::<Vec<_>>(),
            ["lib/x.lua", "main.lua"]
        );
        assert!(matches!(
            package.read("../souk.db"),
            Err(Error::NotFound(_))
        ));
        assert_eq!(fs::read_dir(data.staging()).unwrap().count(), 0);
    }

    #[test]
    fn the_same_contents_have_the_same_digest_and_another_manifest_another_one() {
        let (_folder, _data, store) = store();
        let twins = files(&[("a", "same"), ("b", "same")]);
        let first = put(&store, &manifest(r#"{"version":"1"}"#), &twins).unwrap();
        assert_eq!(
            put(&store, &manifest(r#"{"version":"1"}"#), &twins)
                .unwrap()
                .digest(),
            first.digest()
        );
        assert_ne!(
            put(&store, &manifest(r#"{"version":"2"}"#), &twins)
                .unwrap()
                .digest(),
            first.digest()
        );
    }

    #[cfg(unix)]
    #[test]
    fn blobs_are_read_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, _data, store) = store();
        let package = put(&store, &Map::new(), &files(&[("main.lua", "x")])).unwrap();
        let blob = store.blobs.path(&package.blob("main.lua").unwrap().sha256);
        assert_eq!(
            fs::metadata(blob).unwrap().permissions().mode() & 0o777,
            0o444
        );
    }

    #[test]
    fn a_damaged_blob_is_never_served_and_putting_the_package_again_heals_it() {
        let (_folder, _data, store) = store();
        let contents = files(&[("main.lua", "good"), ("x", "other")]);
        let package = put(&store, &Map::new(), &contents).unwrap();
        let digest = package.blob("main.lua").unwrap().sha256;
        let place = store.blobs.path(&digest);

        fs::remove_file(&place).unwrap();
        fs::write(&place, "evil").unwrap();
        let error = package.read("main.lua").unwrap_err().to_string();
        assert!(
            error.contains(&digest.to_string()) && error.contains("main.lua"),
            "{error}"
        );
        assert!(package.script_files().is_err());
        assert_eq!(package.read("x").unwrap(), b"other");

        fs::write(&place, "short or long").unwrap();
        assert!(store.get(&package.digest()).is_err());

        put(&store, &Map::new(), &contents).unwrap();
        assert_eq!(package.read("main.lua").unwrap(), b"good");
    }

    #[test]
    fn an_unknown_or_damaged_index_is_an_error_that_names_it() {
        let (_folder, _data, store) = store();
        let unknown = Digest::of(b"unknown");
        assert!(
            store
                .get(&unknown)
                .unwrap_err()
                .to_string()
                .contains(&unknown.to_string())
        );
        let package = put(&store, &Map::new(), &files(&[("a", "a")])).unwrap();
        let index = store.blobs.path(&package.digest());
        fs::remove_file(&index).unwrap();
        fs::write(&index, "souk-package 1\n{}\n").unwrap();
        assert!(store.get(&package.digest()).is_err());
    }

    #[test]
    fn an_opened_package_is_not_read_again() {
        let (_folder, _data, store) = store();
        let digest = put(&store, &Map::new(), &files(&[("a", "a")]))
            .unwrap()
            .digest();
        let first = store.get(&digest).unwrap();
        fs::remove_file(store.blobs.path(&digest)).unwrap();
        assert!(Arc::ptr_eq(
            &first.index,
            &store.get(&digest).unwrap().index
        ));
    }

    #[test]
    fn collecting_keeps_what_is_named_and_what_is_young() {
        let (_folder, _data, store) = store();
        let kept = put(
            &store,
            &Map::new(),
            &files(&[("a", "shared"), ("b", "kept")]),
        )
        .unwrap();
        let gone = put(
            &store,
            &Map::new(),
            &files(&[("a", "shared"), ("b", "gone")]),
        )
        .unwrap();
        let keep = HashSet::from([kept.digest()]);
        assert_eq!(store.collect(&keep).unwrap(), Collected::default());

        for blob in kept.files().values().chain(gone.files().values()) {
            make_old(&store, &blob.sha256);
        }
        make_old(&store, &kept.digest());
        make_old(&store, &gone.digest());
        assert_eq!(store.collect(&keep).unwrap().blobs, 2);
        assert_eq!(
            store.get(&kept.digest()).unwrap().read("b").unwrap(),
            b"kept"
        );
        assert!(store.get(&gone.digest()).is_err());
    }

    #[test]
    fn collecting_removes_nothing_when_a_kept_package_cannot_be_read() {
        let (_folder, _data, store) = store();
        let package = put(&store, &Map::new(), &files(&[("a", "a")])).unwrap();
        make_old(&store, &package.digest());
        let keep = HashSet::from([Digest::of(b"lost")]);
        assert!(store.collect(&keep).is_err());
        assert!(store.get(&package.digest()).is_ok());
    }

    #[test]
    fn a_blob_that_is_used_again_is_young_again() {
        let (_folder, _data, store) = store();
        let contents = files(&[("a", "a")]);
        let package = put(&store, &Map::new(), &contents).unwrap();
        make_old(&store, &package.digest());
        make_old(&store, &package.blob("a").unwrap().sha256);
        put(&store, &Map::new(), &contents).unwrap();
        assert_eq!(
            store.collect(&HashSet::new()).unwrap(),
            Collected::default()
        );
    }

    #[test]
    fn limits_on_files_and_bytes_are_named_and_leave_nothing_behind() {
        let (_folder, data, store) = store();
        let big = vec![0; usize::try_from(FILE_BYTES).unwrap()];
        {
            let mut staged = store.stage().unwrap();
            let error = staged
                .add(&path("x"), &[&big[..], b"1"].concat())
                .unwrap_err();
            assert!(matches!(error, Error::TooLarge(_)), "{error}");
            for number in 0..6 {
                staged.add(&path(&format!("f{number}")), &big).unwrap();
            }
            assert!(matches!(
                staged.add(&path("over"), b"1"),
                Err(Error::TooLarge(_))
            ));
        }
        let mut staged = store.stage().unwrap();
        for number in 0..PACKAGE_FILES {
            staged.add(&path(&format!("f{number}")), b"same").unwrap();
        }
        assert!(matches!(
            staged.add(&path("over"), b"1"),
            Err(Error::TooLarge(_))
        ));
        drop(staged);
        assert_eq!(fs::read_dir(data.staging()).unwrap().count(), 0);
        assert_eq!(fs::read_dir(data.blobs()).unwrap().count(), 0);
    }
}
