//! The marketplace: what a person browses, and where packages come from.
//!
//! Joins a source, the registry read from it and the package store. Knows nothing of tenants:
//! what is installed lives from its package alone and never asks here.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::outbound::Outbound;
use crate::package::Package;
use crate::package::path::PackagePath;
use crate::package::store::PackageStore;
use crate::storage::Storage;

mod file_cache;
mod gathering;
pub mod icon;
pub mod listing;
pub mod manifest;
pub mod mirror;
mod packing;
pub mod registry;
pub mod rendered;
mod search;
pub mod source;

use file_cache::FileCache;
use icon::Icon;
use listing::Listing;
use manifest::Registry;
use registry::{Keeper, Snapshot, State};
use source::{Files, Source};

const DOCUMENT_BYTES: u64 = 1024 * 1024;
/// For one icon or document of a remote source.
const FILE_TIME: Duration = Duration::from_secs(5);

pub struct Marketplace {
    source: Source,
    keeper: Keeper,
    files: Arc<dyn Files>,
    cache: FileCache,
    packages: Arc<PackageStore>,
}

/// A text that a plugin brings for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    Readme,
    Changelog,
}

/// The marketplace's part of `/health`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// `connected`, `stale` or `unreachable`.
    pub marketplace: &'static str,
    /// `valid`, `expired` or `empty`.
    pub cache: &'static str,
}

impl Marketplace {
    /// Asks nothing of the source yet: a marketplace that is down must not keep Souk from starting.
    pub fn new(
        source: Source,
        storage: Arc<Storage>,
        outbound: Arc<Outbound>,
        packages: Arc<PackageStore>,
    ) -> Self {
        let local = source.local();
        let files = match &local {
            // One index of an archive serves the registry and the files.
            Some(local) => Arc::clone(local) as Arc<dyn Files>,
            None => source.files(&outbound),
        };
        Self {
            files,
            keeper: Keeper::new(&source, local, storage, outbound),
            cache: FileCache::default(),
            source,
            packages,
        }
    }

    /// The registry as it stands, from the kept copy where that is young enough or the source is
    /// down. `Error::Busy` when there never was one. Waits a bounded time.
    pub fn registry(&self) -> Result<Snapshot> {
        self.keeper.current()
    }

    /// As `registry`, but a remote source is asked now.
    pub fn refresh(&self) -> Result<Snapshot> {
        self.keeper.refresh()
    }

    /// The plugin's package, from its source into the store. `Error::Refused` where it cannot run here.
    pub fn package(&self, listing: &Listing) -> Result<Package> {
        packing::pack(listing, &*self.files, &self.packages)
    }

    /// Always a picture: the plugin's own if it is there and lawful, else a tile with its letter.
    pub fn icon(&self, listing: &Listing) -> Icon {
        listing
            .icon_places()
            .into_iter()
            .find_map(|path| {
                let mime = icon::mime(&path)?;
                let bytes = self.small_file(&path, listing, icon::ICON_BYTES)?;
                Some(Icon::of_file(mime, bytes))
            })
            .unwrap_or_else(|| Icon::tile(&listing.display_name))
    }

    /// `None` where the plugin has no such document, or none that can be had now.
    pub fn document(&self, listing: &Listing, document: Document) -> Option<Arc<[u8]>> {
        let name = PackagePath::parse(document.file_name()).ok()?;
        self.small_file(&listing.package_path.join(&name), listing, DOCUMENT_BYTES)
    }

    pub fn health(&self) -> Health {
        match self.registry() {
            Ok(snapshot) => Health {
                marketplace: match snapshot.state {
                    State::Connected => "connected",
                    State::Stale { .. } => "stale",
                },
                cache: if snapshot.expired { "expired" } else { "valid" },
            },
            Err(_) => Health {
                marketplace: "unreachable",
                cache: "empty",
            },
        }
    }

    fn small_file(&self, path: &PackagePath, listing: &Listing, limit: u64) -> Option<Arc<[u8]>> {
        let read = || self.files.read(path, limit, FILE_TIME);
        match &self.source {
            Source::Remote(_) => {
                // A new version of a plugin may bring a new picture under the old name.
                let name = format!("{path} {}", listing.version);
                if self.keeper.is_reachable() {
                    self.cache.get(&name, read)
                } else {
                    self.cache.kept(&name)
                }
            }
            Source::Builtin | Source::Folder(_) | Source::Zip(_) => match read() {
                Ok(file) => file.map(Arc::from),
                Err(error) => {
                    tracing::debug!("[Marketplace] {error}");
                    None
                }
            },
        }
    }
}

/// The registry of a source as it is now. Nothing is kept.
pub fn read(source: &Source, outbound: &Arc<Outbound>) -> Result<Arc<Registry>> {
    registry::read_registry(&*source.files(outbound))
}

impl Document {
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Readme => "README.md",
            Self::Changelog => "CHANGELOG.md",
        }
    }
}

#[cfg(test)]
mod tests;
