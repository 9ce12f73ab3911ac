//! The key file: one key a line, 32 bytes in base64. The first one seals; the others only open what was
//! sealed before, and are there while a rotation is on its way.
//!
//! It is replaced as a whole, by rename, so that a crash leaves the old keys or the new ones.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::KEY_LENGTH;
use crate::config::SecretKeyPlace;
use crate::durable::sync_folder;
use crate::error::{Error, Result};
use crate::random;

pub type Key = Zeroizing<[u8; KEY_LENGTH]>;

pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The file at that place; the default place is filled on first use.
    pub fn at(place: &SecretKeyPlace) -> Result<Self> {
        if let SecretKeyPlace::File(path) = place
            && !path.exists()
        {
            make(path)?;
        }
        Self::existing(place)
    }

    /// The file at that place, where it must be already.
    pub fn existing(place: &SecretKeyPlace) -> Result<Self> {
        let (SecretKeyPlace::Given(path) | SecretKeyPlace::File(path)) = place;
        // What a link leads to is replaced, not the link.
        let path = path
            .canonicalize()
            .map_err(|error| unreadable(path, &error))?;
        Ok(Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// At least one key, newest first.
    pub fn read(&self) -> Result<Vec<Key>> {
        let text = Zeroizing::new(
            fs::read_to_string(&self.path).map_err(|error| unreadable(&self.path, &error))?,
        );
        warn_if_open(&self.path)?;
        let keys = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| parse(line).ok_or_else(|| self.malformed()))
            .collect::<Result<Vec<_>>>()?;
        if keys.is_empty() {
            return Err(self.malformed());
        }
        Ok(keys)
    }

    /// A new key before those that are there; nothing is written.
    pub fn with_new_key(&self) -> Result<Vec<Key>> {
        let mut keys = self.read()?;
        keys.insert(0, new_key()?);
        Ok(keys)
    }

    /// Leaves only the newest key.
    pub fn retire_old_keys(&self) -> Result<()> {
        let mut keys = self.read()?;
        keys.truncate(1);
        self.replace(&keys)
    }

    pub fn replace(&self, keys: &[Key]) -> Result<()> {
        let folder = folder_of(&self.path);
        self.write_beside(folder, keys).map_err(|error| {
            Error::Conflict(format!(
                "cannot replace the secret key file {}: {error}; let this account write to {}, or change the \
                 file by hand: a new key goes on a line before the others, and when all is sealed under it the others go",
                self.path.display(),
                folder.display()
            ))
        })
    }

    fn write_beside(&self, folder: &Path, keys: &[Key]) -> Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(written(keys).as_bytes())?;
        keep_owner(&self.path, file.as_file())?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        sync_folder(folder)
    }

    fn malformed(&self) -> Error {
        Error::invalid(
            "secret_key_file",
            format!(
                "the secret key file {} must hold 32 bytes in base64 on each line",
                self.path.display()
            ),
        )
    }
}

fn parse(line: &str) -> Option<Key> {
    let bytes = Zeroizing::new(BASE64.decode(line).ok()?);
    <[u8; KEY_LENGTH]>::try_from(bytes.as_slice())
        .ok()
        .map(Zeroizing::new)
}

fn written(keys: &[Key]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for key in keys {
        text.push_str(&Zeroizing::new(BASE64.encode(**key)));
        text.push('\n');
    }
    text
}

fn new_key() -> Result<Key> {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    random::fill(key.as_mut())?;
    Ok(key)
}

fn make(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(|error| {
        Error::internal(
            &format!("cannot make {} for the secret key", folder.display()),
            error,
        )
    })?;
    // A temporary file is 0600 from its first byte, and persisting never replaces a key that
    // another process made meanwhile.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(written(&[new_key()?]).as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => sync_folder(folder),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error.into()),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::invalid(
        "secret_key_file",
        format!("cannot read the secret key {}: {error}", path.display()),
    )
}

#[cfg(unix)]
fn warn_if_open(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the secret key can be read by others: chmod 600 it");
    }
    Ok(())
}

#[cfg(not(unix))]
fn warn_if_open(_path: &Path) -> Result<()> {
    Ok(())
}

/// Root may rotate the key of a server that runs as somebody else.
#[cfg(unix)]
fn keep_owner(path: &Path, file: &File) -> Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let (before, now) = (fs::metadata(path)?, file.metadata()?);
    if (before.uid(), before.gid()) != (now.uid(), now.gid()) {
        fchown(file, Some(before.uid()), Some(before.gid()))?;
    }
    Ok(file.set_permissions(before.permissions())?)
}

#[cfg(not(unix))]
fn keep_owner(_path: &Path, _file: &File) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_key_file_is_private_and_made_once() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("secret.key");
        let place = SecretKeyPlace::File(path.clone());
        let first = KeyFile::at(&place).unwrap().read().unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(KeyFile::at(&place).unwrap().read().unwrap(), first);
    }

    #[test]
    fn a_new_key_comes_first_and_the_others_go_when_they_are_retired() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(&SecretKeyPlace::File(folder.path().join("key"))).unwrap();
        let [old] = file.read().unwrap().try_into().unwrap();
        let keys = file.with_new_key().unwrap();
        assert_eq!(file.read().unwrap().len(), 1);
        file.replace(&keys).unwrap();
        let [new, kept] = file.read().unwrap().try_into().unwrap();
        assert!(kept == old && new != old);
        file.retire_old_keys().unwrap();
        assert_eq!(file.read().unwrap(), [new]);
    }

    #[test]
    fn a_named_key_file_must_exist_and_hold_keys() {
        assert!(KeyFile::at(&SecretKeyPlace::Given("no/such/key".into())).is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for bad in [
            "",
            "\n",
            "AAAA",
            "not base64 at all, whatever it says it is!!",
        ] {
            fs::write(&path, bad).unwrap();
            let file = KeyFile::at(&SecretKeyPlace::Given(path.clone())).unwrap();
            assert!(file.read().is_err(), "{bad:?}");
        }
    }
}
