//! A marketplace in a folder of this machine. Nothing outside that folder is read, not even by a link.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Files, too_large};
use crate::error::{Error, Result};
use crate::package::PACKAGE_FILES;
use crate::package::path::PackagePath;

/// How deep the folders of a package may lie.
const DEPTH: usize = 16;

pub struct Folder {
    root: PathBuf,
}

/// What tells one state of a file from the next, at the price of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    modified: SystemTime,
    size: u64,
}

impl Folder {
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub fn stamp(&self, path: &PackagePath) -> Result<Stamp> {
        let place = self.root.join(path.as_str());
        let about = fs::metadata(&place).map_err(|error| {
            Error::Upstream(format!("{} cannot be read: {error}", place.display()))
        })?;
        Ok(Stamp {
            modified: about.modified()?,
            size: about.len(),
        })
    }

    /// The true place of a path, which must lie inside the marketplace. `None` where there is nothing.
    fn place(&self, path: &PackagePath) -> Result<Option<PathBuf>> {
        let refuse = |reason: &str| {
            Err(Error::Upstream(format!(
                "'{path}' of the marketplace {reason}"
            )))
        };
        let root = match self.root.canonicalize() {
            Ok(root) => root,
            Err(error) => {
                return Err(Error::Upstream(format!(
                    "The marketplace folder {} cannot be read: {error}",
                    self.root.display()
                )));
            }
        };
        match root.join(path.as_str()).canonicalize() {
            Ok(place) if place.starts_with(&root) => Ok(Some(place)),
            Ok(_) => refuse("is a link to a place outside of it"),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(error) => refuse(&format!("cannot be read: {error}")),
        }
    }

    fn walk(
        &self,
        folder: &PackagePath,
        inside: Option<&PackagePath>,
        depth: usize,
        found: &mut Vec<PackagePath>,
    ) -> Result<()> {
        let path = inside.map_or_else(|| folder.clone(), |inside| folder.join(inside));
        let Some(place) = self.place(&path)? else {
            return Ok(());
        };
        if depth > DEPTH {
            return Err(Error::Upstream(format!(
                "'{path}' lies more than {DEPTH} folders deep"
            )));
        }
        for entry in fs::read_dir(place)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            // Editors, version control and file managers leave such files; no plugin is made of them.
            if name.starts_with('.') {
                continue;
            }
            let name = PackagePath::parse(name)
                .map_err(|reason| Error::Upstream(format!("a file name in '{path}' {reason}")))?;
            let inside = inside.map_or_else(|| name.clone(), |inside| inside.join(&name));
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.walk(folder, Some(&inside), depth + 1, found)?;
            } else if found.len() < PACKAGE_FILES {
                found.push(inside);
            } else {
                return Err(Error::TooLarge(format!(
                    "'{folder}' has more than {PACKAGE_FILES} files"
                )));
            }
        }
        Ok(())
    }
}

impl Files for Folder {
    fn read(&self, path: &PackagePath, limit: u64, _patience: Duration) -> Result<Option<Vec<u8>>> {
        let Some(place) = self.place(path)? else {
            return Ok(None);
        };
        // A pipe or a device would be read for ever.
        if !fs::metadata(&place)?.is_file() {
            return Err(Error::Upstream(format!(
                "'{path}' of the marketplace is not a plain file"
            )));
        }
        let mut bytes = Vec::new();
        File::open(place)?.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(too_large(path, limit));
        }
        Ok(Some(bytes))
    }

    fn list(&self, folder: &PackagePath) -> Result<Option<Vec<PackagePath>>> {
        let mut found = Vec::new();
        self.walk(folder, None, 0, &mut found)?;
        found.sort();
        Ok(Some(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 10;

    fn path(text: &str) -> PackagePath {
        PackagePath::parse(text).unwrap()
    }

    fn folder() -> (tempfile::TempDir, Folder) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("p/lib")).unwrap();
        fs::write(root.path().join("p/main.lua"), "return {}").unwrap();
        fs::write(root.path().join("p/lib/x.lua"), "1").unwrap();
        fs::write(root.path().join("p/.hidden"), "1").unwrap();
        let folder = Folder::new(root.path());
        (root, folder)
    }

    fn read(folder: &Folder, name: &str) -> Result<Option<Vec<u8>>> {
        folder.read(&path(name), LIMIT, Duration::ZERO)
    }

    #[test]
    fn files_are_listed_sorted_and_without_hidden_ones() {
        let (_root, folder) = folder();
        assert_eq!(
            folder.list(&path("p")).unwrap().unwrap(),
            [path("lib/x.lua"), path("main.lua")]
        );
        assert!(folder.list(&path("none")).unwrap().unwrap().is_empty());
    }

    #[test]
    fn a_missing_file_is_none_and_a_big_one_an_error() {
        let (root, folder) = folder();
        assert_eq!(read(&folder, "p/main.lua").unwrap().unwrap(), b"return {}");
        assert_eq!(read(&folder, "p/none.lua").unwrap(), None);
        assert_eq!(read(&folder, "p/main.lua/x").unwrap(), None);
        fs::write(root.path().join("p/big"), "12345678901").unwrap();
        assert!(matches!(read(&folder, "p/big"), Err(Error::TooLarge(_))));
        assert!(read(&folder, "p").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_marketplace_and_pipes_are_refused() {
        use std::os::unix::fs::symlink;
        let (root, folder) = folder();
        symlink("/etc/hostname", root.path().join("p/out")).unwrap();
        symlink("/etc", root.path().join("p/etc")).unwrap();
        symlink("main.lua", root.path().join("p/in")).unwrap();
        assert!(
            read(&folder, "p/out")
                .unwrap_err()
                .to_string()
                .contains("outside")
        );
        assert!(
            read(&folder, "p/etc/hostname")
                .unwrap_err()
                .to_string()
                .contains("outside")
        );
        assert_eq!(read(&folder, "p/in").unwrap().unwrap(), b"return {}");
        let (_root, folder) = self::folder();
        let pipe = folder.root.join("p/pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        assert!(
            read(&folder, "p/pipe")
                .unwrap_err()
                .to_string()
                .contains("plain file")
        );
    }

    #[test]
    fn too_many_files_are_refused_while_walking() {
        let (root, folder) = folder();
        for number in 0..=PACKAGE_FILES {
            fs::write(root.path().join(format!("p/f{number}")), "").unwrap();
        }
        assert!(matches!(folder.list(&path("p")), Err(Error::TooLarge(_))));
    }

    #[test]
    fn a_folder_that_is_gone_is_named() {
        let folder = Folder::new(Path::new("/no/such/folder"));
        assert!(
            read(&folder, "p")
                .unwrap_err()
                .to_string()
                .contains("/no/such/folder")
        );
        assert!(folder.stamp(&path("plugins.json")).is_err());
    }
}
