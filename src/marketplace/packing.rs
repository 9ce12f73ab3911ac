//! Which files make a package, and their way from a source into the store.
//!
//! With a list in the manifest, exactly those, and each must match its digest and size. Without
//! one, the plugin's whole folder where the source can tell what lies in it; from a bare URL only
//! the files that have a fixed name, so a plugin of several scripts needs the list there.

use std::time::{Duration, Instant};

use super::Document;
use super::listing::{ListedFile, Listing};
use super::source::Files;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::package::path::PackagePath;
use crate::package::staging::Staged;
use crate::package::store::PackageStore;
use crate::package::{FILE_BYTES, Package};

/// A package that has not arrived whole by then is given up.
const PACKAGE_TIME: Duration = Duration::from_mins(1);
const FILE_TIME: Duration = Duration::from_secs(15);

/// Brings a plugin's package into the store. Nothing of it stays behind when a file is missing or wrong.
pub fn pack(listing: &Listing, files: &dyn Files, store: &PackageStore) -> Result<Package> {
    // What is too large here is the plugin, not the request of the person who wants it.
    try_pack(listing, files, store).map_err(|error| match error {
        Error::TooLarge(limit) => Error::refused(format!(
            "Plugin '{}' cannot be installed: {limit}",
            listing.key
        )),
        other => other,
    })
}

fn try_pack(listing: &Listing, files: &dyn Files, store: &PackageStore) -> Result<Package> {
    if let Err(reason) = &listing.installable {
        return Err(Error::refused(reason.clone()));
    }
    let mut packing = Packing {
        listing,
        files,
        staged: store.stage()?,
        deadline: Instant::now() + PACKAGE_TIME,
    };
    if let Some(listed) = &listing.files {
        for file in listed {
            packing.listed(file)?;
        }
    } else if let Some(found) = files.list(&listing.package_path)? {
        for path in &found {
            packing.needed(path)?;
        }
    } else {
        packing.well_known()?;
    }
    let complete = listing
        .entry_point
        .as_ref()
        .is_some_and(|path| packing.staged.holds(path));
    if complete {
        packing.staged.publish(&listing.manifest)
    } else {
        Err(packing.wrong("the entry point is missing"))
    }
}

struct Packing<'a> {
    listing: &'a Listing,
    files: &'a dyn Files,
    staged: Staged<'a>,
    deadline: Instant,
}

impl Packing<'_> {
    fn listed(&mut self, file: &ListedFile) -> Result<()> {
        let path = &file.path;
        let Some(bytes) = self.read(path, file.size)? else {
            return Err(self.wrong(&format!("'{path}' is missing")));
        };
        if bytes.len() as u64 != file.size {
            return Err(self.wrong(&format!(
                "'{path}' has {} bytes, not {}",
                bytes.len(),
                file.size
            )));
        }
        let digest = Digest::of(&bytes);
        if digest != file.sha256 {
            return Err(self.wrong(&format!(
                "'{path}' has the sha256 {digest}, not {}",
                file.sha256
            )));
        }
        self.staged.add(path, &bytes).map(drop)
    }

    fn needed(&mut self, path: &PackagePath) -> Result<()> {
        match self.read(path, FILE_BYTES)? {
            Some(bytes) => self.staged.add(path, &bytes).map(drop),
            None => Err(self.wrong(&format!("'{path}' is missing"))),
        }
    }

    fn well_known(&mut self) -> Result<()> {
        if let Some(entry_point) = &self.listing.entry_point {
            self.needed(entry_point)?;
        }
        let icon = self.listing.icon_inside();
        let documents = [Document::Readme, Document::Changelog]
            .into_iter()
            .filter_map(|document| PackagePath::parse(document.file_name()).ok());
        for path in self
            .listing
            .ui_bundle
            .clone()
            .into_iter()
            .chain(icon)
            .chain(documents)
        {
            if let Some(bytes) = self.read(&path, FILE_BYTES)? {
                self.staged.add(&path, &bytes)?;
            }
        }
        Ok(())
    }

    fn read(&self, path: &PackagePath, limit: u64) -> Result<Option<Vec<u8>>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::TimedOut(format!(
                "The package of '{}' did not arrive in {} s",
                self.listing.key,
                PACKAGE_TIME.as_secs()
            )));
        }
        self.files.read(
            &self.listing.package_path.join(path),
            limit,
            left.min(FILE_TIME),
        )
    }

    fn wrong(&self, problem: &str) -> Error {
        Error::Upstream(format!(
            "The package of '{}' is not as the marketplace says: {problem}; tell the marketplace's operator",
            self.listing.key
        ))
    }
}
