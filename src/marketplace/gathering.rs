//! Which files make a package, and their way out of a source.
//!
//! With a list in the manifest, exactly those, and each must match its digest and size. Without
//! one, the plugin's whole folder where the source can tell what lies in it; from a bare URL only
//! the files that have a fixed name, so a plugin of several scripts needs the list there.
//! Where the files go is the basket's business.

use std::time::{Duration, Instant};

use super::Document;
use super::listing::{ListedFile, Listing};
use super::source::Files;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::package::FILE_BYTES;
use crate::package::path::PackagePath;

/// What the files of one package go into. Paths are relative to the plugin's folder.
pub trait Basket {
    fn add(&mut self, path: &PackagePath, bytes: &[u8]) -> Result<()>;

    /// What is known of a file before it is read; by default, nothing.
    fn known(&mut self, _path: &PackagePath, _listed: Option<&ListedFile>) -> Result<Known> {
        Ok(Known::Nothing)
    }

    /// The source does not have this file, which need not be.
    fn absent(&mut self, _path: &PackagePath) -> Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Nothing,
    /// In the basket already.
    There,
    /// The source has no such file.
    Absent,
}

#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub file: Duration,
    pub package: Duration,
}

/// Why a package is not whole.
#[derive(Debug)]
pub enum Lack {
    /// The source does not have what the manifest speaks of.
    Missing(String),
    /// It has something else.
    Wrong(String),
    Failed(Error),
}

impl From<Error> for Lack {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Fills the basket with the package of a plugin.
pub fn gather(
    listing: &Listing,
    files: &dyn Files,
    patience: Patience,
    basket: &mut dyn Basket,
) -> Result<(), Lack> {
    let mut gathering = Gathering {
        listing,
        files,
        patience,
        deadline: Instant::now() + patience.package,
        basket,
        has_entry_point: listing.entry_point.is_none(),
    };
    if let Some(listed) = &listing.files {
        for file in listed {
            gathering.listed(file)?;
        }
    } else if let Some(found) = files.list(&listing.package_path)? {
        if found.is_empty() {
            let path = &listing.package_path;
            return Err(Lack::Missing(format!("there is no file in '{path}'")));
        }
        for path in &found {
            gathering.needed(path)?;
        }
    } else {
        gathering.well_known()?;
    }
    if gathering.has_entry_point {
        Ok(())
    } else {
        Err(Lack::Missing("the entry point is missing".to_owned()))
    }
}

/// The texts that a plugin may bring for people.
pub fn documents() -> impl Iterator<Item = PackagePath> {
    [Document::Readme, Document::Changelog]
        .into_iter()
        .filter_map(|document| PackagePath::parse(document.file_name()).ok())
}

struct Gathering<'a> {
    listing: &'a Listing,
    files: &'a dyn Files,
    patience: Patience,
    deadline: Instant,
    basket: &'a mut dyn Basket,
    has_entry_point: bool,
}

impl Gathering<'_> {
    fn listed(&mut self, file: &ListedFile) -> Result<(), Lack> {
        let path = &file.path;
        if self.basket.known(path, Some(file))? == Known::There {
            self.note(path);
            return Ok(());
        }
        let Some(bytes) = self.read(path, file.size)? else {
            return Err(Lack::Missing(format!("'{path}' is missing")));
        };
        file.check(&bytes).map_err(Lack::Wrong)?;
        self.put(path, &bytes)
    }

    fn needed(&mut self, path: &PackagePath) -> Result<(), Lack> {
        if self.wanted(path)? {
            Ok(())
        } else {
            Err(Lack::Missing(format!("'{path}' is missing")))
        }
    }

    fn well_known(&mut self) -> Result<(), Lack> {
        if let Some(entry_point) = &self.listing.entry_point {
            self.needed(entry_point)?;
        }
        let bundle = self.listing.ui_bundle.clone();
        let icon = self.listing.icon_inside();
        for path in bundle.into_iter().chain(icon).chain(documents()) {
            self.wanted(&path)?;
        }
        Ok(())
    }

    /// Whether the file is there.
    fn wanted(&mut self, path: &PackagePath) -> Result<bool, Lack> {
        match self.basket.known(path, None)? {
            Known::There => {
                self.note(path);
                return Ok(true);
            }
            Known::Absent => return Ok(false),
            Known::Nothing => {}
        }
        match self.read(path, FILE_BYTES)? {
            Some(bytes) => self.put(path, &bytes).map(|()| true),
            None => {
                self.basket.absent(path)?;
                Ok(false)
            }
        }
    }

    fn put(&mut self, path: &PackagePath, bytes: &[u8]) -> Result<(), Lack> {
        self.note(path);
        Ok(self.basket.add(path, bytes)?)
    }

    fn note(&mut self, path: &PackagePath) {
        self.has_entry_point |= self.listing.entry_point.as_ref() == Some(path);
    }

    fn read(&self, path: &PackagePath, limit: u64) -> Result<Option<Vec<u8>>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::TimedOut(format!(
                "The package of '{}' did not arrive in {} s",
                self.listing.key,
                self.patience.package.as_secs()
            )));
        }
        self.files.read(
            &self.listing.package_path.join(path),
            limit,
            left.min(self.patience.file),
        )
    }
}

impl ListedFile {
    /// The error says how the bytes differ from what is listed.
    pub fn check(&self, bytes: &[u8]) -> Result<(), String> {
        let path = &self.path;
        if bytes.len() as u64 != self.size {
            return Err(format!(
                "'{path}' has {} bytes, not {}",
                bytes.len(),
                self.size
            ));
        }
        let digest = Digest::of(bytes);
        if digest != self.sha256 {
            return Err(format!(
                "'{path}' has the sha256 {digest}, not {}",
                self.sha256
            ));
        }
        Ok(())
    }
}
