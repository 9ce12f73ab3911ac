//! Where a registry and the files of its plugins come from: the executable itself, a folder, a zip
//! file, or a URL.
//!
//! Knows how to name a source and how to read a file of it. Refuses to know what a file means.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::manifest::{FILE_NAME, REGISTRY_BYTES};
use super::registry::remote::FETCH_TIME;
use crate::error::{Error, Result};
use crate::outbound::Outbound;
use crate::package::path::PackagePath;

pub mod builtin;
pub mod folder;
pub mod remote;
pub mod stamp;
pub mod zip;

use stamp::Stamp;

/// What a path ends with that means an archive and not a folder.
const ARCHIVE: &str = "zip";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The plugins inside the executable.
    Builtin,
    /// A folder that holds `plugins.json`.
    Folder(PathBuf),
    /// A zip file with `plugins.json` at its top.
    Zip(PathBuf),
    /// The address of a `plugins.json`.
    Remote(Url),
}

impl Source {
    /// Reads `builtin`, the path of a folder or of a zip file, or an `http(s)` address of a registry
    /// or of its folder. A path that ends with `.zip` is a zip file.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |reason: &str| {
            Error::invalid(
                "marketplace",
                format!(
                    "The marketplace '{text}' {reason}; give 'builtin', a folder that holds {FILE_NAME}, \
                     a zip file of one, or an address such as https://example.com/{FILE_NAME}"
                ),
            )
        };
        match text.trim() {
            "" => Err(refuse("is empty")),
            "builtin" => Ok(Self::Builtin),
            address if address.contains("://") => {
                let url = Url::parse(address)
                    .map_err(|error| refuse(&format!("is no address ({error})")))?;
                if !matches!(url.scheme(), "http" | "https") {
                    return Err(refuse("is neither http nor https"));
                }
                if !url.username().is_empty() || url.password().is_some() {
                    // The address is shown in pages and logs.
                    return Err(Error::invalid(
                        "marketplace",
                        "The marketplace address must not hold a user name or a password",
                    ));
                }
                if is_archive(Path::new(url.path())) {
                    return Err(refuse("is a zip file behind an address: download it first"));
                }
                Ok(Self::Remote(registry_address(url)))
            }
            path if is_archive(Path::new(path)) => Ok(Self::Zip(path.into())),
            path => {
                let path = PathBuf::from(path);
                let names_file = path.file_name().is_some_and(|name| name == FILE_NAME);
                match path.parent() {
                    Some(folder) if names_file && folder.as_os_str().is_empty() => {
                        Ok(Self::Folder(".".into()))
                    }
                    Some(folder) if names_file => Ok(Self::Folder(folder.to_owned())),
                    _ => Ok(Self::Folder(path)),
                }
            }
        }
    }

    pub(super) fn files(&self, outbound: &Arc<Outbound>) -> Arc<dyn Files> {
        match self {
            Self::Builtin => Arc::new(builtin::Builtin),
            Self::Folder(root) => Arc::new(folder::Folder::new(root)),
            Self::Zip(file) => Arc::new(zip::Zip::new(file)),
            Self::Remote(registry) => Arc::new(remote::Remote::new(registry, Arc::clone(outbound))),
        }
    }

    /// The same for a long journey: what fails in passing is asked for again.
    pub(super) fn files_with_patience(&self, outbound: &Arc<Outbound>) -> Arc<dyn Files> {
        match self {
            Self::Remote(registry) => {
                let remote = remote::Remote::new(registry, Arc::clone(outbound));
                Arc::new(remote.with_retries())
            }
            _ => self.files(outbound),
        }
    }

    /// A source on this machine; `None` for the others.
    pub(super) fn local(&self) -> Option<Arc<dyn Local>> {
        match self {
            Self::Folder(root) => Some(Arc::new(folder::Folder::new(root))),
            Self::Zip(file) => Some(Arc::new(zip::Zip::new(file))),
            Self::Builtin | Self::Remote(_) => None,
        }
    }
}

pub(super) fn is_archive(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(ARCHIVE))
}

/// `https://host/dir` and `https://host/dir/` mean `https://host/dir/plugins.json`.
fn registry_address(mut url: Url) -> Url {
    url.set_fragment(None);
    let path = url.path();
    let names_file = Path::new(path)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if !names_file {
        let path = format!("{}/{FILE_NAME}", path.trim_end_matches('/'));
        url.set_path(&path);
    }
    url
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin => f.write_str("builtin"),
            Self::Folder(path) | Self::Zip(path) => path.display().fmt(f),
            // A query may be a key to a store.
            Self::Remote(url) => {
                let mut shown = url.clone();
                shown.set_query(None);
                shown.fmt(f)
            }
        }
    }
}

/// The files of a source.
pub(super) trait Files: Send + Sync {
    /// `None` where there is no such file; `Error::TooLarge` beyond `limit` bytes.
    /// Waits no longer than `patience`.
    fn read(&self, path: &PackagePath, limit: u64, patience: Duration) -> Result<Option<Vec<u8>>>;

    /// All files below a plugin's folder, relative to it; `None` from a source that cannot tell.
    fn list(&self, folder: &PackagePath) -> Result<Option<Vec<PackagePath>>>;

    /// The registry as written.
    fn registry(&self) -> Result<Vec<u8>> {
        let path = PackagePath::parse(FILE_NAME).map_err(Error::Internal)?;
        self.read(&path, REGISTRY_BYTES as u64, FETCH_TIME)?
            .ok_or_else(|| Error::Upstream(format!("There is no {FILE_NAME}")))
    }
}

/// A source on this machine: it can be looked at as a whole, and tell that it changed.
pub(super) trait Local: Files {
    fn stamp(&self) -> Result<Stamp>;

    /// Every file but hidden ones, in order.
    fn everything(&self) -> Result<Vec<PackagePath>>;
}

pub(super) fn too_large(path: &PackagePath, limit: u64) -> Error {
    Error::TooLarge(format!("'{path}' has more than {limit} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_word_a_folder_or_an_address() {
        for (text, shown) in [
            ("builtin", "builtin"),
            ("plugins", "plugins"),
            ("./plugins/plugins.json", "./plugins"),
            ("plugins.json", "."),
            ("/media/stick/market.ZIP", "/media/stick/market.ZIP"),
            ("https://example.com", "https://example.com/plugins.json"),
            (
                "https://example.com/a/b/",
                "https://example.com/a/b/plugins.json",
            ),
            (
                "http://example.com/a/index.json?key=1#x",
                "http://example.com/a/index.json",
            ),
        ] {
            assert_eq!(Source::parse(text).unwrap().to_string(), shown);
        }
        assert_eq!(
            Source::parse("market.zip").unwrap(),
            Source::Zip("market.zip".into())
        );
    }

    #[test]
    fn what_is_no_source_is_refused_with_the_forms_that_are() {
        for text in [
            "",
            " ",
            "ftp://example.com/x",
            "file:///etc",
            "https://",
            "https://user:secret@example.com/",
            "https://example.com/market.zip",
        ] {
            let error = Source::parse(text).unwrap_err().to_string();
            assert!(
                error.contains("marketplace") && !error.contains("secret"),
                "{error}"
            );
        }
    }
}
