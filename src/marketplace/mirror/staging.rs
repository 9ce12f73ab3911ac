//! The folder that a mirror is written into: each file whole, synced and then renamed into place.
//!
//! What is not finished lies in a folder of its own inside, with the journal. `plugins.json` comes
//! last: until then the folder is the mirror that it was before.
//!
//! A folder that only stages an archive is not synced, which for many small files takes far longer
//! than all the rest: each file is checked by its digest before it is used, by the next pull and by the archive.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use uuid::Uuid;

use super::document::Document;
use super::journal::Journal;
use crate::digest::Digest;
use crate::durable::sync_folder;
use crate::error::{Error, Result};
use crate::marketplace::listing::ListedFile;
use crate::marketplace::manifest::FILE_NAME;
use crate::marketplace::source::Files as _;
use crate::marketplace::source::folder::Folder;
use crate::marketplace::source::stamp::Stamp;
use crate::package::index::Blob;
use crate::package::path::PackagePath;

/// Unfinished work inside the folder of a mirror.
const WORK: &str = ".souk-mirror";

pub struct Staging {
    root: PathBuf,
    is_mirror: bool,
    pub journal: Journal,
    /// What the mirror that was here before lists.
    before: BTreeSet<PackagePath>,
    /// What this pull wrote.
    written: Mutex<BTreeSet<PackagePath>>,
    /// Folders that got new names since they were last synced.
    changed: Mutex<BTreeSet<PathBuf>>,
    _lock: File,
}

impl Staging {
    /// `source` tells apart the pulls that may go on from one another; `is_mirror` says that the
    /// folder is to become the mirror itself.
    pub fn open(root: &Path, source: &Digest, is_mirror: bool) -> Result<Self> {
        let cannot = |error: std::io::Error| {
            Error::Conflict(format!("{} cannot be written: {error}", root.display()))
        };
        let before = mirror_before(root)?;
        let work = root.join(WORK);
        fs::create_dir_all(&work).map_err(cannot)?;
        let root = root.canonicalize()?;
        let work = inside(&root, &work)?;
        let lock = File::create(work.join("LOCK")).map_err(cannot)?;
        if lock.try_lock().is_err() {
            return Err(Error::Conflict(format!(
                "another 'souk mirror pull' writes to {}; wait for its end",
                root.display()
            )));
        }
        remove_unfinished(&work)?;
        let journal = Journal::open(&work.join("journal"), source)?;
        Ok(Self {
            root,
            is_mirror,
            journal,
            before,
            written: Mutex::default(),
            changed: Mutex::default(),
            _lock: lock,
        })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether no file of a mirror may lie there.
    pub fn is_reserved(path: &PackagePath) -> bool {
        path.segments().next().is_some_and(|first| {
            first.eq_ignore_ascii_case(FILE_NAME) || first.eq_ignore_ascii_case(WORK)
        })
    }

    /// Whether exactly these bytes lie there already.
    pub fn holds(&self, path: &PackagePath, blob: Blob) -> bool {
        let place = self.root.join(path.as_str());
        let is_file = fs::symlink_metadata(&place)
            .is_ok_and(|about| about.is_file() && about.len() == blob.size);
        is_file && fs::read(&place).is_ok_and(|bytes| Digest::of(&bytes) == blob.sha256)
    }

    pub fn put(&self, path: &PackagePath, bytes: &[u8]) -> Result<()> {
        let place = self.root.join(path.as_str());
        let folder = place.parent().unwrap_or(&self.root);
        if let Some(known) = folder.ancestors().find(|folder| folder.exists()) {
            inside(&self.root, known)?;
        }
        fs::create_dir_all(folder).map_err(|error| unwritable(path, &error))?;
        let unfinished = self.work().join(Uuid::now_v7().to_string());
        let mut file = File::create_new(&unfinished)?;
        file.write_all(bytes)?;
        if self.is_mirror {
            file.sync_all()?;
        }
        fs::rename(&unfinished, &place).map_err(|error| unwritable(path, &error))?;
        self.written.lock().insert(path.clone());
        let mut changed = self.changed.lock();
        for folder in folder.ancestors() {
            if !changed.insert(folder.to_owned()) || folder == self.root {
                break;
            }
        }
        Ok(())
    }

    /// After it, the names of all files of a mirror are on the disk too.
    pub fn settle(&self) -> Result<()> {
        let changed = std::mem::take(&mut *self.changed.lock());
        for folder in changed.iter().filter(|_| self.is_mirror) {
            sync_folder(folder)?;
        }
        Ok(())
    }

    /// Writes the registry, takes away what an earlier mirror or pull left and this one does not have,
    /// and ends the work.
    pub fn publish(
        self,
        registry: &[u8],
        listed: &BTreeMap<PackagePath, ListedFile>,
    ) -> Result<()> {
        self.settle()?;
        let registry_path = PackagePath::parse(FILE_NAME).map_err(Error::Internal)?;
        self.put(&registry_path, registry)?;
        self.settle()?;
        let mut left = self.journal.earlier_paths();
        left.extend(self.before.iter().cloned());
        // A plugin that may be missing may have brought some of its files.
        left.append(&mut self.written.lock());
        left.remove(&registry_path);
        left.retain(|path| !listed.contains_key(path));
        let kept: HashMap<String, &PackagePath> =
            listed.keys().map(|path| (lower_case(path), path)).collect();
        for path in &left {
            let twin = kept.get(&lower_case(path));
            if twin.is_some_and(|twin| self.is_same_file(path, twin)) {
                continue;
            }
            self.remove(path)?;
        }
        fs::remove_dir_all(self.work())?;
        sync_folder(&self.root)
    }

    pub fn work(&self) -> PathBuf {
        self.root.join(WORK)
    }

    /// On many a stick two names that differ in case alone are one file.
    fn is_same_file(&self, one: &PackagePath, other: &PackagePath) -> bool {
        let stamp = |path: &PackagePath| {
            let about = fs::symlink_metadata(self.root.join(path.as_str())).ok()?;
            Stamp::of(&about).ok()
        };
        stamp(one).is_some_and(|known| stamp(other) == Some(known))
    }

    fn remove(&self, path: &PackagePath) -> Result<()> {
        let place = self.root.join(path.as_str());
        if let Some(folder) = place.parent().filter(|folder| folder.exists()) {
            inside(&self.root, folder)?;
        }
        match fs::remove_file(&place) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        // Folders that became empty go with it; one that did not says so by failing.
        for folder in place.ancestors().skip(1) {
            if folder == self.root || fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }
}

fn lower_case(path: &PackagePath) -> String {
    path.as_str().to_lowercase()
}

/// The folder, which a link must not lead out of the mirror: a stick that somebody prepared would
/// have us write elsewhere.
fn inside(root: &Path, folder: &Path) -> Result<PathBuf> {
    let place = folder.canonicalize()?;
    if place.starts_with(root) {
        return Ok(place);
    }
    Err(Error::Conflict(format!(
        "{} is a link to a place outside of the mirror; remove it",
        folder.display()
    )))
}

fn unwritable(path: &PackagePath, error: &std::io::Error) -> Error {
    if error.kind() == ErrorKind::StorageFull {
        return Error::Full("The disk is full; free space and try again".to_owned());
    }
    Error::Conflict(format!("'{path}' cannot be written: {error}"))
}

/// What the mirror in this folder lists. Anything else that is there belongs to somebody, and is refused.
fn mirror_before(root: &Path) -> Result<BTreeSet<PackagePath>> {
    let foreign = |reason: &str| {
        Err(Error::Conflict(format!(
            "{} {reason}; choose an empty folder, or the folder of a mirror",
            root.display()
        )))
    };
    let mut entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return foreign("is no folder");
        }
        Err(error) => return Err(error.into()),
    };
    if !root.join(FILE_NAME).exists() {
        return if entries.next().is_none() || root.join(WORK).is_dir() {
            Ok(BTreeSet::new())
        } else {
            foreign("holds something that is not a mirror")
        };
    }
    let document = Folder::new(root)
        .registry()
        .and_then(|text| Document::parse(&text));
    match document.map(|document| document.listed()) {
        Ok(Ok(listed)) => Ok(listed.into_keys().collect()),
        Ok(Err(reason)) => foreign(&format!(
            "holds a marketplace that is not a mirror: {reason}"
        )),
        Err(error) => foreign(&format!("holds a marketplace that cannot be read: {error}")),
    }
}

/// Files that a killed pull was writing.
fn remove_unfinished(work: &Path) -> Result<()> {
    for entry in fs::read_dir(work)? {
        let entry = entry?;
        let name = entry.file_name();
        if name
            .to_str()
            .is_some_and(|name| Uuid::parse_str(name).is_ok())
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
