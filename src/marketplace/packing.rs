//! The way of a package from a source into the store.

use std::time::Duration;

use super::gathering::{Basket, Lack, Patience, gather};
use super::listing::Listing;
use super::source::Files;
use crate::error::{Error, Result};
use crate::package::Package;
use crate::package::path::PackagePath;
use crate::package::staging::Staged;
use crate::package::store::PackageStore;

/// A package that has not arrived whole by then is given up.
const PATIENCE: Patience = Patience {
    file: Duration::from_secs(15),
    package: Duration::from_mins(1),
};

/// Brings a plugin's package into the store. Nothing of it stays behind when a file is missing or wrong.
pub fn pack(listing: &Listing, files: &dyn Files, store: &PackageStore) -> Result<Package> {
    if let Err(reason) = &listing.installable {
        return Err(Error::refused(reason.clone()));
    }
    let mut staged = store.stage()?;
    let published = gather(listing, files, PATIENCE, &mut staged)
        .and_then(|()| Ok(staged.publish(&listing.manifest)?));
    published.map_err(|lack| match lack {
        Lack::Missing(problem) | Lack::Wrong(problem) => Error::Upstream(format!(
            "The package of '{}' is not as the marketplace says: {problem}; tell the marketplace's operator",
            listing.key
        )),
        // What is too large here is the plugin, not the request of the person who wants it.
        Lack::Failed(Error::TooLarge(limit)) => Error::refused(format!(
            "Plugin '{}' cannot be installed: {limit}",
            listing.key
        )),
        Lack::Failed(error) => error,
    })
}

impl Basket for Staged<'_> {
    fn add(&mut self, path: &PackagePath, bytes: &[u8]) -> Result<()> {
        Staged::add(self, path, bytes).map(drop)
    }
}
