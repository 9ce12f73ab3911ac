//! A marketplace in a folder of this machine. Nothing outside that folder is read, not even by a link.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::stamp::Stamp;
use super::{Files, Local, too_large};
use crate::error::{Error, Result};
use crate::marketplace::manifest::FILE_NAME;
use crate::package::PACKAGE_FILES;
use crate::package::path::PackagePath;

/// How deep folders may lie.
const DEPTH: usize = 16;
/// Of a whole marketplace: as many as an archive may hold.
const FILES: usize = 100_000;

pub struct Folder {
    root: PathBuf,
}

impl Folder {
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// The true place of a path, which must lie inside the marketplace. `None` where there is nothing.
    fn place(&self, path: &PackagePath) -> Result<Option<PathBuf>> {
        let refuse = |reason: &str| {
            Err(Error::Upstream(format!(
                "'{path}' of the marketplace {reason}"
            )))
        };
        let root = self.root()?;
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

    fn root(&self) -> Result<PathBuf> {
        self.root.canonicalize().map_err(|error| {
            Error::Upstream(format!(
                "The marketplace folder {} cannot be read: {error}",
                self.root.display()
            ))
        })
    }

    fn walk(&self, folder: Option<&PackagePath>, most: usize) -> Result<Vec<PackagePath>> {
        let mut walk = Walk {
            folder: self,
            most,
            found: Vec::new(),
        };
        walk.enter(folder, 0)?;
        if walk.found.len() > most {
            return Err(Error::TooLarge(format!(
                "'{}' has more than {most} files",
                name_of(folder)
            )));
        }
        walk.found.sort();
        Ok(walk.found)
    }
}

/// All files below a folder, but for hidden ones.
struct Walk<'a> {
    folder: &'a Folder,
    /// One more than these ends the walk.
    most: usize,
    found: Vec<PackagePath>,
}

impl Walk<'_> {
    fn enter(&mut self, path: Option<&PackagePath>, depth: usize) -> Result<()> {
        let place = match path {
            None => Some(self.folder.root()?),
            Some(path) => self.folder.place(path)?,
        };
        let Some(place) = place else {
            return Ok(());
        };
        if depth > DEPTH {
            return Err(Error::Upstream(format!(
                "'{}' lies more than {DEPTH} folders deep",
                name_of(path)
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
            let name = PackagePath::parse(name).map_err(|reason| {
                Error::Upstream(format!("a file name in '{}' {reason}", name_of(path)))
            })?;
            let inside = path.map_or_else(|| name.clone(), |path| path.join(&name));
            if entry.file_type()?.is_dir() {
                self.enter(Some(&inside), depth + 1)?;
            } else {
                self.found.push(inside);
            }
            if self.found.len() > self.most {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn name_of(path: Option<&PackagePath>) -> &str {
    path.map_or("the marketplace", PackagePath::as_str)
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
        let found = self.walk(Some(folder), PACKAGE_FILES)?;
        Ok(Some(
            found.iter().filter_map(|path| path.below(folder)).collect(),
        ))
    }
}

impl Local for Folder {
    /// Of the registry: it is written last.
    fn stamp(&self) -> Result<Stamp> {
        let place = self.root.join(FILE_NAME);
        let about = fs::metadata(&place).map_err(|error| {
            Error::Upstream(format!("{} cannot be read: {error}", place.display()))
        })?;
        Stamp::of(&about)
    }

    fn everything(&self) -> Result<Vec<PackagePath>> {
        self.walk(None, FILES)
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
        assert!(folder.stamp().is_err());
    }
}
