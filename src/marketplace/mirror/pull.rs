//! Copies a marketplace with its packages.
//!
//! A few plugins at a time. What an earlier pull brought is looked at and kept where it is what it
//! should be: by its digest where the source lists digests, by the journal where it does not.
//! A mirror is made only when every plugin is whole, or is missing and may be.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;

use super::document::Document;
use super::journal::Found;
use super::staging::Staging;
use super::{Choice, Copied, Outcome, Report, Step, Target, archive};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::marketplace::gathering::{Basket, Known, Lack, Patience, documents, gather};
use crate::marketplace::listing::{ListedFile, Listing};
use crate::marketplace::source::{Files, Source};
use crate::marketplace::{DOCUMENT_BYTES, icon};
use crate::outbound::Outbound;
use crate::package::PACKAGE_BYTES;
use crate::package::index::Blob;
use crate::package::path::PackagePath;

const PLUGINS_AT_ONCE: usize = 4;
/// Nobody waits in front of a browser here.
const PATIENCE: Patience = Patience {
    file: Duration::from_mins(2),
    package: Duration::from_hours(1),
};

/// What is to be copied, and where to.
#[derive(Debug)]
pub struct Pull {
    pub from: Source,
    pub to: Target,
    pub choice: Choice,
    /// A plugin whose files the source does not have is kept in the list, without files.
    pub allow_missing: bool,
}

/// Makes the mirror. `watch` is told of each plugin, in the order in which they end.
pub fn pull(
    wanted: &Pull,
    outbound: &Arc<Outbound>,
    watch: &(dyn Fn(Step<'_>) + Sync),
) -> Result<Report> {
    refuse_onto_itself(wanted)?;
    let files = wanted.from.files_with_patience(outbound);
    let document = Document::parse(&files.registry()?)?;
    let chosen = document.chosen(&wanted.choice)?;
    let staging = Staging::open(
        &staging_place(&wanted.to),
        &name_of(&wanted.from),
        matches!(wanted.to, Target::Folder(_)),
    )?;
    let copying = Copying {
        files: &*files,
        staging: &staging,
        is_remote: matches!(wanted.from, Source::Remote(_)),
        beside: Mutex::default(),
    };
    let brought = copying.all(&chosen, watch);

    let mut packages = BTreeMap::new();
    let mut plugins = Vec::with_capacity(brought.len());
    for (listing, (copied, files)) in chosen.iter().zip(brought) {
        packages.insert(listing.key.clone(), files);
        plugins.push(copied);
    }
    if wanted.choice.only.is_empty() {
        plugins.extend(unreadable(&document));
    }
    let mut report = Report {
        plugins,
        unpublished: document.unpublished(),
        registry: None,
        bytes: 0,
    };
    if report.failed() > 0 || (report.missing() > 0 && !wanted.allow_missing) {
        // Nothing is published; what has arrived waits for the next pull.
        staging.settle()?;
        return Ok(report);
    }
    let beside = copying.beside.into_inner();
    let text = document.write(&packages, &beside)?;
    let listed = Document::parse(&text)?.listed().map_err(Error::Internal)?;
    report.registry = Some(Digest::of(&text));
    report.bytes = text.len() as u64 + listed.values().map(|file| file.size).sum::<u64>();
    match &wanted.to {
        Target::Folder(_) => staging.publish(&text, &listed)?,
        Target::Zip(target) => {
            report.bytes = archive::write(&staging, target, &text, &listed)?;
            let place = staging.root().to_owned();
            drop(staging);
            std::fs::remove_dir_all(place)?;
        }
    }
    Ok(report)
}

/// A zip file is staged in a folder beside it.
fn staging_place(target: &Target) -> PathBuf {
    match target {
        Target::Folder(folder) => folder.clone(),
        Target::Zip(file) => {
            let mut name = file.as_os_str().to_owned();
            name.push(".part");
            name.into()
        }
    }
}

/// Its whole address: a query may choose what is served.
fn name_of(source: &Source) -> Digest {
    match source {
        Source::Remote(url) => Digest::of(url.as_str().as_bytes()),
        local => Digest::of(local.to_string().as_bytes()),
    }
}

fn refuse_onto_itself(wanted: &Pull) -> Result<()> {
    if let Source::Folder(from) | Source::Zip(from) = &wanted.from
        && let (Ok(from), Ok(to)) = (from.canonicalize(), wanted.to.path().canonicalize())
        && from == to
    {
        return Err(Error::invalid(
            "to",
            format!("--from and --to are both {}", to.display()),
        ));
    }
    Ok(())
}

/// Entries that no reader lists can be mirrored by nobody.
fn unreadable(document: &Document) -> impl Iterator<Item = Copied> {
    document.registry.problems.iter().map(|problem| Copied {
        key: problem
            .key
            .clone()
            .unwrap_or_else(|| format!("entry {}", problem.index)),
        version: String::new(),
        outcome: Outcome::Failed(problem.reason.clone()),
    })
}

struct Copying<'a> {
    files: &'a dyn Files,
    staging: &'a Staging,
    is_remote: bool,
    /// Files that belong to no package, by their place in the marketplace.
    beside: Mutex<BTreeMap<PackagePath, ListedFile>>,
}

impl Copying<'_> {
    fn all(
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
            key: listing.key.to_string(),
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
