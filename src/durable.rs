//! What must survive a power cut beyond a file's own bytes: the entry in its folder.

use std::path::Path;

use crate::error::Result;

/// After it, the names that were made or changed in `folder` are on the disk.
pub fn sync_folder(folder: &Path) -> Result<()> {
    // Windows keeps renames durable itself and cannot open a folder as a file.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// After it, everything that was written to the disk that holds `folder` is on it, names included.
/// One call for many files: on a real disk a sync for each of them takes as long as writing them all.
#[cfg(target_os = "linux")]
pub fn sync_disk_of(folder: &Path) -> Result<()> {
    rustix::fs::syncfs(std::fs::File::open(folder)?)
        .map_err(|error| std::io::Error::from(error).into())
}
