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
