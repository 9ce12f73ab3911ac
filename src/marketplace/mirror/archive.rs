//! A finished mirror as one zip file. The same mirror always makes the same bytes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::staging::Staging;
use crate::durable::sync_folder;
use crate::error::{Error, Result};
use crate::marketplace::listing::ListedFile;
use crate::marketplace::manifest::FILE_NAME;
use crate::marketplace::source::Local as _;
use crate::marketplace::source::zip::Zip;
use crate::package::path::PackagePath;

const LEVEL: i64 = 6;
const MODE: u32 = 0o644;
/// The name while it is written, in the work folder beside the target.
const UNFINISHED: &str = "archive.zip";

/// Writes the archive of what is staged to `target`, which is the old one or the whole new one at any time.
pub fn write(
    staging: &Staging,
    target: &Path,
    registry: &[u8],
    listed: &BTreeMap<PackagePath, ListedFile>,
) -> Result<u64> {
    let unfinished = staging.work().join(UNFINISHED);
    let mut archive = ZipWriter::new(BufWriter::new(File::create(&unfinished)?));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .system(System::Unix)
        .unix_permissions(MODE)
        // A time of today would make other bytes tomorrow.
        .last_modified_time(DateTime::DEFAULT);
    let broken = |error: zip::result::ZipError| Error::internal("writing the archive", error);
    archive.start_file(FILE_NAME, options).map_err(broken)?;
    archive.write_all(registry)?;
    for (path, file) in listed {
        let bytes = fs::read(staging.root().join(path.as_str()))?;
        file.check(&bytes).map_err(|difference| {
            Error::Conflict(format!(
                "'{path}' was changed while the mirror was made ({difference}); run the pull again"
            ))
        })?;
        archive.start_file(path, options).map_err(broken)?;
        archive.write_all(&bytes)?;
    }
    let file = archive
        .finish()
        .map_err(broken)?
        .into_inner()
        .map_err(|error| Error::internal("writing the archive", error))?;
    file.sync_all()?;
    // Whoever gets this file must be able to read it: its limits are those of a reader.
    let readable = Zip::new(&unfinished).everything()?;
    if readable.is_empty() {
        return Err(Error::Internal("the archive came out empty".to_owned()));
    }
    fs::rename(&unfinished, target)?;
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    sync_folder(folder.unwrap_or(Path::new(".")))?;
    Ok(file.metadata()?.len())
}
