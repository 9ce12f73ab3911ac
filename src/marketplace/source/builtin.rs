//! The plugins that the executable brings with it: the repository's `plugins/`, without their tests.

use std::time::Duration;

use rust_embed::RustEmbed;

use super::{Files, too_large};
use crate::error::Result;
use crate::package::path::PackagePath;

#[derive(RustEmbed)]
#[folder = "plugins/"]
#[exclude = "*/tests/*"]
#[exclude = ".*"]
#[exclude = "*/.*"]
struct Embedded;

pub struct Builtin;

impl Files for Builtin {
    fn read(&self, path: &PackagePath, limit: u64, _patience: Duration) -> Result<Option<Vec<u8>>> {
        match Embedded::get(path.as_str()) {
            Some(file) if file.data.len() as u64 > limit => Err(too_large(path, limit)),
            file => Ok(file.map(|file| file.data.into_owned())),
        }
    }

    fn list(&self, folder: &PackagePath) -> Result<Option<Vec<PackagePath>>> {
        let files = Embedded::iter()
            .filter_map(|path| PackagePath::parse(&path).ok()?.below(folder))
            .collect();
        Ok(Some(files))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::manifest::Registry;
    use super::*;

    #[test]
    fn every_builtin_plugin_is_listed_installable_and_without_a_warning() {
        let path = PackagePath::parse("plugins.json").unwrap();
        let bytes = Builtin
            .read(&path, u64::MAX, Duration::ZERO)
            .unwrap()
            .unwrap();
        let registry = Registry::parse(&bytes).unwrap();
        assert!(registry.problems.is_empty(), "{:?}", registry.problems);
        assert_eq!(registry.categories.len(), 7);
        for listing in &registry.listings {
            assert_eq!(listing.installable, Ok(()));
            assert!(
                listing.warnings.is_empty(),
                "{}: {:?}",
                listing.key,
                listing.warnings
            );
            let files = Builtin.list(&listing.package_path).unwrap().unwrap();
            assert!(
                files.contains(listing.entry_point.as_ref().unwrap()),
                "{}",
                listing.key
            );
            assert!(
                files
                    .iter()
                    .all(|file| !file.as_str().starts_with("tests/"))
            );
        }
    }
}
