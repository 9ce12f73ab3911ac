//! The way of packages from a source into the folder of a mirror, a few plugins at a time.
//!
//! What an earlier pull brought is looked at and kept where it is what it should be: by its digest
//! where the source lists digests, by the journal where it does not.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;

use super::journal::Found;
use super::staging::Staging;
use super::{Copied, Outcome, Step};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::marketplace::gathering::{Basket, Known, Lack, Patience, documents, gather};
use crate::marketplace::listing::{ListedFile, Listing};
use crate::marketplace::source::Files;
use crate::marketplace::{DOCUMENT_BYTES, icon};
use crate::package::PACKAGE_BYTES;
use crate::package::index::Blob;
use crate::package::path::PackagePath;

const PLUGINS_AT_ONCE: usize = 4;
/// Nobody waits in front of a browser here.
const PATIENCE: Patience = Patience {
    file: Duration::from_mins(2),
    package: Duration::from_hours(1),
};

pub struct Copying<'a> {
    pub files: &'a dyn Files,
    pub staging: &'a Staging,
    pub is_remote: bool,
    /// Files that belong to no package, by their place in the marketplace.
    pub beside: Mutex<BTreeMap<PackagePath, ListedFile>>,
}

impl Copying<'_> {
    /// Copies the plugins, and gives for each what became of it and its files, in the given order.
    pub fn all(
        &self,
        chosen: &[&Listing],
        watch: &(dyn Fn(Step<'_>) + Sync),
    ) -> Vec<(Copied, Vec<ListedFile>)> {
        let (next, done) = (AtomicUsize::new(0), Mutex::new(0));
        let work = || {
            let mut brought = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(listing) = chosen.get(number) else {
                    return brought;
                };
                let (copied, files) = self.plugin(listing);
                // Held while it is told, so that the lines come in the order of their numbers.
                let mut done = done.lock();
                *done += 1;
                watch(Step {
                    done: *done,
                    of: chosen.len(),
                    plugin: &copied,
                });
                brought.push((number, (copied, files)));
            }
        };
        let mut brought = thread::scope(|scope| {
            let others: Vec<_> = (1..PLUGINS_AT_ONCE).map(|_| scope.spawn(work)).collect();
            let mut brought = work();
            for other in others {
                match other.join() {
                    Ok(more) => brought.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            brought
        });
        brought.sort_by_key(|(number, _)| *number);
        brought.into_iter().map(|(_, plugin)| plugin).collect()
    }

    fn plugin(&self, listing: &Listing) -> (Copied, Vec<ListedFile>) {
        let mut package = MirrorPackage {
            copying: self,
            listing,
            manifest: Digest::of(
                Value::Object(listing.manifest.clone())
                    .to_string()
                    .as_bytes(),
            ),
            files: Vec::new(),
            bytes: 0,
            kept: 0,
        };
        let gathered = gather(listing, self.files, PATIENCE, &mut package)
            .and_then(|()| package.beside().map_err(Lack::Failed));
        let outcome = match gathered {
            Ok(()) => Outcome::Whole {
                files: package.files.len(),
                bytes: package.bytes,
                kept: package.kept,
            },
            Err(Lack::Missing(reason)) => Outcome::Missing(reason),
            Err(Lack::Wrong(reason)) => Outcome::Failed(reason),
            Err(Lack::Failed(error)) => Outcome::Failed(error.to_string()),
        };
        let whole = matches!(outcome, Outcome::Whole { .. });
        let copied = Copied {
            key: listing.key.clone(),
            version: listing.version.clone(),
            outcome,
        };
        (copied, if whole { package.files } else { Vec::new() })
    }
}

/// The package of one plugin on its way into the mirror.
struct MirrorPackage<'a> {
    copying: &'a Copying<'a>,
    listing: &'a Listing,
    manifest: Digest,
    files: Vec<ListedFile>,
    bytes: u64,
    kept: usize,
}

impl MirrorPackage<'_> {
    /// What the marketplace shows of a plugin from outside its package: texts and a picture.
    fn beside(&mut self) -> Result<()> {
        let folder = &self.listing.package_path;
        let icons = self.listing.icon_places();
        let wanted: Vec<_> = documents()
            .map(|name| (folder.join(&name), DOCUMENT_BYTES))
            .chain(icons.into_iter().map(|place| (place, icon::ICON_BYTES)))
            // Without a list, all that lies in the plugin's folder is in the package.
            .filter(|(place, _)| self.listing.files.is_some() || place.below(folder).is_none())
            .filter(|(place, _)| {
                !self
                    .files
                    .iter()
                    .any(|file| folder.join(&file.path) == *place)
            })
            .collect();
        for (place, limit) in wanted {
            if self.copying.beside.lock().contains_key(&place) {
                continue;
            }
            let file = match self.earlier(&place) {
                Some(Found::Nothing) => continue,
                Some(Found::File(blob)) if self.copying.staging.holds(&place, blob) => {
                    ListedFile::new(place.clone(), blob)
                }
                _ => match self.copying.files.read(&place, limit, PATIENCE.file)? {
                    Some(bytes) => self.keep(&place, place.clone(), &bytes)?,
                    None => {
                        self.note(&place, Found::Nothing)?;
                        continue;
                    }
                },
            };
            self.copying.beside.lock().insert(place, file);
        }
        Ok(())
    }

    /// What an earlier pull found. A local source is read again: that costs little, and it may have changed.
    fn earlier(&self, place: &PackagePath) -> Option<Found> {
        let journal = &self.copying.staging.journal;
        self.copying
            .is_remote
            .then(|| journal.earlier(self.manifest, place))
            .flatten()
    }

    fn note(&self, place: &PackagePath, found: Found) -> Result<()> {
        self.copying
            .staging
            .journal
            .note(self.manifest, place, found)
    }

    fn keep(&self, place: &PackagePath, path: PackagePath, bytes: &[u8]) -> Result<ListedFile> {
        if Staging::is_reserved(place) {
            return Err(Error::refused(format!(
                "'{place}' is a name that a mirror needs for itself"
            )));
        }
        let blob = Blob {
            sha256: Digest::of(bytes),
            size: bytes.len() as u64,
        };
        let staging = self.copying.staging;
        if !staging.holds(place, blob) {
            staging.put(place, bytes)?;
        }
        self.note(place, Found::File(blob))?;
        Ok(ListedFile::new(path, blob))
    }

    fn list(&mut self, file: ListedFile) -> Result<()> {
        let lower_case = file.path.as_str().to_lowercase();
        if let Some(twin) = self
            .files
            .iter()
            .find(|known| known.path.as_str().to_lowercase() == lower_case)
        {
            return Err(Error::refused(format!(
                "'{}' and '{}' differ in case alone: on many systems they are one file",
                twin.path, file.path
            )));
        }
        self.bytes += file.size;
        if self.bytes > PACKAGE_BYTES {
            return Err(Error::refused(format!(
                "its files have more than {PACKAGE_BYTES} bytes together"
            )));
        }
        self.files.push(file);
        Ok(())
    }
}

impl Basket for MirrorPackage<'_> {
    fn add(&mut self, path: &PackagePath, bytes: &[u8]) -> Result<()> {
        let place = self.listing.package_path.join(path);
        let file = self.keep(&place, path.clone(), bytes)?;
        self.list(file)
    }

    fn known(&mut self, path: &PackagePath, listed: Option<&ListedFile>) -> Result<Known> {
        let place = self.listing.package_path.join(path);
        let should_be = match listed {
            Some(file) => Some(Found::File(file.blob())),
            None => self.earlier(&place),
        };
        match should_be {
            Some(Found::File(blob)) if self.copying.staging.holds(&place, blob) => {
                self.note(&place, Found::File(blob))?;
                self.kept += 1;
                self.list(ListedFile::new(path.clone(), blob))?;
                Ok(Known::There)
            }
            Some(Found::Nothing) => Ok(Known::Absent),
            _ => Ok(Known::Nothing),
        }
    }

    fn absent(&mut self, path: &PackagePath) -> Result<()> {
        self.note(&self.listing.package_path.join(path), Found::Nothing)
    }
}
