//! The one place that knows the names of files under the data folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::tenant::TenantId;

/// How often to try again for a folder that another process has.
const LOCK_POLL: Duration = Duration::from_millis(10);

/// An open data folder, held by this process alone until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if needed and takes its lock.
    /// A second process on the same folder gets `Error::Conflict`.
    pub fn open(root: &Path) -> Result<Self> {
        Self::open_within(root, Duration::ZERO)
    }

    /// Waits for that long while another process has the folder: a predecessor that still answers.
    pub fn open_within(root: &Path, patience: Duration) -> Result<Self> {
        fs::create_dir_all(root).map_err(|error| {
            Error::internal(
                &format!("cannot make the data folder {}", root.display()),
                error,
            )
        })?;
        let root = root.canonicalize()?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(root.join("LOCK"))
            .map_err(|error| unusable(&root, error))?;
        match lock_within(&lock, patience) {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(Error::Conflict(format!(
                    "another souk process uses the data folder {}; stop it or choose another with --data",
                    root.display()
                )));
            }
            Err(fs::TryLockError::Error(error)) => {
                return Err(Error::internal("cannot lock the data folder", error));
            }
        }
        let data = Self { root, _lock: lock };
        keep_private(&data.root).map_err(|error| unusable(&data.root, error))?;
        for folder in [data.tenants(), data.blobs(), data.staging(), data.spill()] {
            fs::create_dir_all(folder).map_err(|error| unusable(&data.root, error))?;
        }
        // What an earlier process left half done is of no use to anyone. The lock makes it ours.
        empty(&data.staging())?;
        empty(&data.spill())?;
        Ok(data)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn control_database(&self) -> PathBuf {
        self.root.join("souk.db")
    }

    /// What runs of plugins came to: evidence, which may be lost.
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs.db")
    }

    pub fn tenants(&self) -> PathBuf {
        self.root.join("tenants")
    }

    /// `tenants/a4/a4ayc80OGd.db`.
    pub fn tenant_database(&self, tenant: &TenantId) -> PathBuf {
        let name = tenant.as_str();
        let shard = name[..2].to_ascii_lowercase();
        self.tenants().join(shard).join(format!("{name}.db"))
    }

    /// An empty tenant, made anew at each start; new tenants are copies of it.
    pub fn tenant_template(&self) -> PathBuf {
        self.root.join("tenant-template.db")
    }

    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs").join("sha256")
    }

    /// Packages in the making; emptied at start.
    pub fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    /// Request and reply bodies that are too big for memory; emptied at start.
    pub fn spill(&self) -> PathBuf {
        self.root.join("spill")
    }
}

fn empty(folder: &Path) -> Result<()> {
    for left in fs::read_dir(folder)? {
        let left = left?;
        if left.file_type()?.is_dir() {
            fs::remove_dir_all(left.path())?;
        } else {
            fs::remove_file(left.path())?;
        }
    }
    Ok(())
}

fn lock_within(lock: &File, patience: Duration) -> std::result::Result<(), fs::TryLockError> {
    let end = Instant::now() + patience;
    loop {
        match lock.try_lock() {
            Err(fs::TryLockError::WouldBlock) if Instant::now() < end => {
                std::thread::sleep(LOCK_POLL);
            }
            outcome => return outcome,
        }
    }
}

fn unusable(root: &Path, error: impl Into<std::io::Error>) -> Error {
    let error = error.into();
    Error::Conflict(format!(
        "the data folder {} cannot be used: {error}",
        root.display()
    ))
}

/// Password hashes and everyone's data lie here: nobody but this account may look in.
fn keep_private(root: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(root, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_look_into_the_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        let _data = DataDir::open(&root).unwrap();
        assert_eq!(
            fs::metadata(root).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }

    #[test]
    fn what_a_crash_left_half_done_is_gone_after_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        fs::create_dir(data.staging().join("package")).unwrap();
        fs::write(data.staging().join("package/main.lua"), "x").unwrap();
        fs::write(data.spill().join("body"), "x").unwrap();
        drop(data);
        let data = DataDir::open(folder.path()).unwrap();
        for emptied in [data.staging(), data.spill()] {
            assert_eq!(fs::read_dir(emptied).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_second_process_is_told_who_holds_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap();
        let refusal = DataDir::open(folder.path()).unwrap_err();
        assert!(
            refusal.to_string().contains("another souk process"),
            "{refusal}"
        );
        drop(first);
        assert!(DataDir::open(folder.path()).is_ok());
    }
}
