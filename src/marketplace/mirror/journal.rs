//! What an interrupted pull has brought so far, a line per file: the next one goes on from there.
//!
//! ```text
//! souk-pull 1 <digest of the source's name>
//! <digest of the manifest> <sha256> <size> plugins/notes/main.lua
//! <digest of the manifest> - 0 plugins/notes/icon.svg
//! ```
//!
//! A dash stands for a file that the source does not have. A line that was cut is no line. What the
//! journal says is checked against the files before it is believed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use parking_lot::Mutex;

use crate::digest::Digest;
use crate::error::Result;
use crate::package::index::Blob;
use crate::package::path::PackagePath;

const HEADER: &str = "souk-pull 1";
const ABSENT: &str = "-";

pub struct Journal {
    file: Mutex<File>,
    before: BTreeMap<Place, Found>,
}

/// A file of the plugin that a manifest, by its digest, stands for.
type Place = (Digest, PackagePath);

/// What the source had under a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    File(Blob),
    Nothing,
}

impl Journal {
    /// Goes on with the journal of an earlier pull from the same source; starts anew otherwise.
    pub fn open(place: &Path, source: &Digest) -> Result<Self> {
        let header = format!("{HEADER} {source}\n");
        let text = fs::read_to_string(place).unwrap_or_default();
        let before = text.strip_prefix(&header).map(read);
        let mut file = File::options().create(true).append(true).open(place)?;
        if before.is_none() {
            file.set_len(0)?;
            file.write_all(header.as_bytes())?;
        } else if !text.ends_with('\n') {
            file.write_all(b"\n")?;
        }
        Ok(Self {
            file: Mutex::new(file),
            before: before.unwrap_or_default(),
        })
    }

    /// What an earlier pull found; `None` where it did not come to that.
    pub fn earlier(&self, manifest: Digest, path: &PackagePath) -> Option<Found> {
        self.before.get(&(manifest, path.clone())).copied()
    }

    /// Every path that an earlier pull wrote.
    pub fn earlier_paths(&self) -> BTreeSet<PackagePath> {
        let is_file = |found: &Found| matches!(found, Found::File(_));
        let written = self.before.iter().filter(|(_, found)| is_file(found));
        written.map(|((_, path), _)| path.clone()).collect()
    }

    pub fn note(&self, manifest: Digest, path: &PackagePath, found: Found) -> Result<()> {
        let line = match found {
            Found::File(blob) => format!("{manifest} {} {} {path}\n", blob.sha256, blob.size),
            Found::Nothing => format!("{manifest} {ABSENT} 0 {path}\n"),
        };
        Ok(self.file.lock().write_all(line.as_bytes())?)
    }
}

fn read(lines: &str) -> BTreeMap<Place, Found> {
    lines.lines().filter_map(read_line).collect()
}

fn read_line(line: &str) -> Option<(Place, Found)> {
    let mut parts = line.splitn(4, ' ');
    let manifest = Digest::parse(parts.next()?).ok()?;
    let sha256 = parts.next()?;
    let size = parts.next()?.parse().ok()?;
    let path = PackagePath::parse(parts.next()?).ok()?;
    let found = match sha256 {
        ABSENT => Found::Nothing,
        sha256 => Found::File(Blob {
            sha256: Digest::parse(sha256).ok()?,
            size,
        }),
    };
    Some(((manifest, path), found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_journal_tells_what_was_whole_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("journal");
        let (source, manifest) = (Digest::of(b"source"), Digest::of(b"manifest"));
        let path = |text: &str| PackagePath::parse(text).unwrap();
        let file = |bytes: &[u8]| {
            Found::File(Blob {
                sha256: Digest::of(bytes),
                size: bytes.len() as u64,
            })
        };
        let journal = Journal::open(&place, &source).unwrap();
        journal
            .note(manifest, &path("a b.lua"), file(b"1"))
            .unwrap();
        journal
            .note(manifest, &path("icon.svg"), Found::Nothing)
            .unwrap();
        drop(journal);
        let mut cut = fs::read(&place).unwrap();
        cut.extend_from_slice(format!("{manifest} {}", Digest::of(b"x").short(9)).as_bytes());
        fs::write(&place, cut).unwrap();

        let again = Journal::open(&place, &source).unwrap();
        again.note(manifest, &path("c"), file(b"22")).unwrap();
        drop(again);
        let last = Journal::open(&place, &source).unwrap();
        let found = |name: &str| last.earlier(manifest, &path(name));
        assert_eq!(found("a b.lua"), Some(file(b"1")));
        assert_eq!(found("icon.svg"), Some(Found::Nothing));
        assert_eq!(found("c"), Some(file(b"22")));
        assert_eq!(last.earlier_paths().len(), 2);

        let other = Journal::open(&place, &Digest::of(b"another source")).unwrap();
        assert_eq!(other.earlier(manifest, &path("c")), None);
    }
}
