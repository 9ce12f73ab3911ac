//! The list of files of a zip archive, judged before anything is read from it.
//!
//! Archives come from strangers. What one may hold: plain files and folders, stored or deflated,
//! under paths that are safe on every system, each name once, each byte of the archive in one file
//! only, and no more of anything than a limit says. Whatever breaks a rule refuses the whole
//! archive: one that lies in one place is not believed in another.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use zip::read::{ArchiveOffset, Config, OwnedZipFileEntry};
use zip::{CompressionMethod, ZipArchive};

use crate::package::path::PackagePath;

const ENTRIES: usize = 100_000;
/// Of the archive's own list of files: names, comments and extra fields.
const DIRECTORY_BYTES: u64 = 12 * 1024 * 1024;
/// Of all files together, as the archive announces them.
const UNPACKED_BYTES: u64 = 32 * 1024 * 1024 * 1024;
/// An archive may unpack to so many times its own size ...
const RATIO: u64 = 100;
/// ... and to this much more, since a small text of repeated words packs better than that.
const RATIO_ALLOWANCE: u64 = 64 * 1024 * 1024;
/// Of a header in front of a file, without its name and extra fields.
const LOCAL_HEADER: usize = 30;
/// Of the record at the end of an archive, without its comment.
const END_RECORD: usize = 22;
/// The bits of a Unix mode that tell the kind of a file.
const KIND: u32 = 0o170_000;
const PLAIN_FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

pub struct Index {
    entries: BTreeMap<PackagePath, OwnedZipFileEntry>,
}

impl Index {
    /// The error says what is wrong with the archive.
    pub fn read(file: &File, archive_bytes: u64) -> Result<Self, String> {
        // An archive behind other bytes is one thing for us and may be another for the next reader.
        let config = Config {
            archive_offset: ArchiveOffset::Known(0),
        };
        let reader = BufReader::new(Bounded {
            file,
            left: DIRECTORY_BYTES,
        });
        let archive = ZipArchive::with_config(config, reader).map_err(|error| error.to_string())?;
        if archive.len() > ENTRIES {
            return Err(format!("it has more than {ENTRIES} files"));
        }
        if !ends_with_its_list(file, archive_bytes, archive.comment().len()) {
            return Err("its list of files is not at its end".to_owned());
        }
        if archive.has_duplicate_names() {
            return Err("it has two files of the same name".to_owned());
        }
        let mut judging = Judging::new(file, archive.central_directory_start());
        for number in 0..archive.len() {
            let entry = archive
                .by_index_data(number)
                .map_err(|error| error.to_string())?;
            judging.entry(entry.into())?;
        }
        judging.end(archive_bytes)
    }

    pub fn find(&self, path: &PackagePath) -> Option<&OwnedZipFileEntry> {
        self.entries.get(path)
    }

    /// The files below a folder, relative to it, but for hidden ones.
    pub fn below(&self, folder: &PackagePath) -> impl Iterator<Item = PackagePath> {
        self.entries
            .range(folder.clone()..)
            .map(|(path, _)| path)
            .take_while(|path| path.as_str().starts_with(folder.as_str()))
            .filter_map(|path| path.below(folder))
            .filter(|path| !is_hidden(path))
    }

    pub fn visible(&self) -> impl Iterator<Item = &PackagePath> {
        self.entries.keys().filter(|path| !is_hidden(path))
    }
}

/// Where two archives were joined, one reader may take the first and another the second.
fn ends_with_its_list(mut file: &File, archive_bytes: u64, comment: usize) -> bool {
    let end = archive_bytes.saturating_sub((END_RECORD + comment) as u64);
    let mut record = [0_u8; END_RECORD];
    let read = file
        .seek(SeekFrom::Start(end))
        .and_then(|_| file.read_exact(&mut record));
    let [b'P', b'K', 5, 6, _, _, _, _, _, _, _, _, lengths @ .., _, _] = record else {
        return false;
    };
    let [s0, s1, s2, s3, o0, o1, o2, o3] = lengths;
    let size = u32::from_le_bytes([s0, s1, s2, s3]);
    let offset = u32::from_le_bytes([o0, o1, o2, o3]);
    // Large archives tell both in another record, in front of this one.
    let is_large = size == u32::MAX || offset == u32::MAX;
    read.is_ok() && (is_large || u64::from(size) + u64::from(offset) == end)
}

/// Ends the reading of a list of files that is too long, before it fills the memory.
struct Bounded<'a> {
    file: &'a File,
    left: u64,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::other(format!(
                "its list of files has more than {DIRECTORY_BYTES} bytes"
            ))
        })?;
        Ok(count)
    }
}

impl Seek for Bounded<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// As in a folder, where editors and file managers leave such files.
fn is_hidden(path: &PackagePath) -> bool {
    path.segments().any(|segment| segment.starts_with('.'))
}

struct Judging<'a> {
    file: BufReader<&'a File>,
    directory_start: u64,
    entries: BTreeMap<PackagePath, OwnedZipFileEntry>,
    /// In lower case: on many systems names that differ in case alone are one file.
    names: HashSet<String>,
    /// The places of the files in the archive, headers included.
    places: Vec<(u64, u64)>,
    unpacked: u64,
}

impl<'a> Judging<'a> {
    fn new(file: &'a File, directory_start: u64) -> Self {
        Self {
            file: BufReader::with_capacity(LOCAL_HEADER + 512, file),
            directory_start,
            entries: BTreeMap::new(),
            names: HashSet::new(),
            places: Vec::new(),
            unpacked: 0,
        }
    }

    fn entry(&mut self, entry: OwnedZipFileEntry) -> Result<(), String> {
        let name = std::str::from_utf8(entry.name_raw())
            .map_err(|_| "a file name in it is not UTF-8".to_owned())?
            .to_owned();
        let path = PackagePath::parse(name.strip_suffix('/').unwrap_or(&name))
            .map_err(|reason| format!("a file name in it {reason}"))?;
        let refuse = |reason: &str| Err(format!("'{name}' {reason}"));
        if !self.names.insert(path.as_str().to_lowercase()) {
            return refuse("differs from another name in case alone");
        }
        let kind = entry.unix_mode().map_or(0, |mode| mode & KIND);
        let wanted = if entry.is_dir() { FOLDER } else { PLAIN_FILE };
        if kind != 0 && kind != wanted {
            return refuse("is a link or another special file");
        }
        if entry.encrypted() {
            return refuse("is encrypted");
        }
        if !matches!(
            entry.compression(),
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            return refuse("is packed by a method other than deflate");
        }
        let place = self
            .place(&entry)
            .map_err(|reason| format!("'{name}' {reason}"))?;
        self.places.push(place);
        self.unpacked = self.unpacked.saturating_add(entry.size());
        if !entry.is_dir() {
            self.entries.insert(path, entry);
        } else if entry.size() != 0 {
            return refuse("is a folder with contents");
        }
        Ok(())
    }

    /// Where an entry lies in the archive. Only its own header tells how long that header is.
    fn place(&mut self, entry: &OwnedZipFileEntry) -> Result<(u64, u64), String> {
        let start = entry.header_start();
        let mut header = [0_u8; LOCAL_HEADER];
        let mut name = vec![0; entry.name_raw().len()];
        self.file
            .seek(SeekFrom::Start(start))
            .and_then(|_| self.file.read_exact(&mut header))
            .and_then(|()| self.file.read_exact(&mut name))
            .map_err(|_| "is not where the list of files says".to_owned())?;
        let [
            b'P',
            b'K',
            3,
            4,
            ..,
            name_low,
            name_high,
            extra_low,
            extra_high,
        ] = header
        else {
            return Err("is not where the list of files says".to_owned());
        };
        let name_length = u16::from_le_bytes([name_low, name_high]);
        if usize::from(name_length) != name.len() || name != entry.name_raw() {
            return Err("has another name at its place in the archive".to_owned());
        }
        let lengths =
            u64::from(name_length) + u64::from(u16::from_le_bytes([extra_low, extra_high]));
        start
            .checked_add(LOCAL_HEADER as u64 + lengths)
            .and_then(|start| start.checked_add(entry.compressed_size()))
            .filter(|end| *end <= self.directory_start)
            .map(|end| (start, end))
            .ok_or_else(|| "reaches beyond the end of the files".to_owned())
    }

    fn end(mut self, archive_bytes: u64) -> Result<Index, String> {
        let most = UNPACKED_BYTES.min(
            archive_bytes
                .saturating_mul(RATIO)
                .saturating_add(RATIO_ALLOWANCE),
        );
        if self.unpacked > most {
            return Err(format!(
                "it unpacks to {} bytes; an archive of {archive_bytes} bytes may unpack to {most}",
                self.unpacked
            ));
        }
        self.places.sort_unstable();
        let mut pairs = self.places.iter().zip(self.places.iter().skip(1));
        if pairs.any(|(one, next)| one.1 > next.0) {
            return Err("two of its files share bytes of the archive".to_owned());
        }
        Ok(Index {
            entries: self.entries,
        })
    }
}
