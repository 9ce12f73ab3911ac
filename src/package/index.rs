//! The index of a package: its manifest and the digest and size of each file, in one canonical text.
//!
//! The text is itself a blob, and its digest is the package's: pinning that one digest pins
//! the manifest and every byte of every file.
//!
//! ```text
//! souk-package 1
//! {"key":"notes","version":"1.0.0"}
//! <sha256> <size> main.lua
//! <sha256> <size> ui/dist/index.esm.js
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::path::PackagePath;
use crate::digest::Digest;

const HEADER: &str = "souk-package 1";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    pub sha256: Digest,
    pub size: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    pub manifest: Map<String, Value>,
    pub files: BTreeMap<PackagePath, Blob>,
}

impl Index {
    pub fn encode(&self) -> String {
        let manifest = Value::Object(self.manifest.clone());
        let mut text = format!("{HEADER}\n{manifest}\n");
        for (path, blob) in &self.files {
            // Writing into a String cannot fail, and a path holds no line break.
            let _ = writeln!(text, "{} {} {path}", blob.sha256, blob.size);
        }
        text
    }

    /// `None` for a text that `encode` did not write.
    pub fn decode(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next()? != HEADER {
            return None;
        }
        let manifest = serde_json::from_str(lines.next()?).ok()?;
        let files = lines.map(decode_line).collect::<Option<_>>()?;
        Some(Self { manifest, files })
    }
}

fn decode_line(line: &str) -> Option<(PackagePath, Blob)> {
    let mut parts = line.splitn(3, ' ');
    let sha256 = Digest::parse(parts.next()?).ok()?;
    let size = parts.next()?.parse().ok()?;
    let path = PackagePath::parse(parts.next()?).ok()?;
    Some((path, Blob { sha256, size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(paths: &[&str]) -> Index {
        let blob = |path: &str| Blob {
            sha256: Digest::of(path.as_bytes()),
            size: path.len() as u64,
        };
        Index {
            manifest: serde_json::from_str(r#"{"z":"line\nbreak","a":1}"#).unwrap(),
            files: paths
                .iter()
                .map(|path| (PackagePath::parse(path).unwrap(), blob(path)))
                .collect(),
        }
    }

    #[test]
    fn an_index_reads_what_it_wrote_with_spaces_in_names_and_the_order_of_the_manifest() {
        let index = index(&["main.lua", "a file.txt"]);
        let again = Index::decode(&index.encode()).unwrap();
        assert_eq!(again, index);
        assert_eq!(again.manifest.keys().collect::<Vec<_>>(), ["z", "a"]);
    }

    #[test]
    fn the_order_in_which_files_were_added_does_not_change_the_text() {
        assert_eq!(index(&["b", "a"]).encode(), index(&["a", "b"]).encode());
    }

    #[test]
    fn a_cut_or_changed_text_is_not_an_index() {
        let text = index(&["main.lua"]).encode();
        for bad in [
            "",
            "souk-package 2\n{}\n",
            "souk-package 1\n[]\n",
            &text[..text.len() - 1],
            &text.replace("main", "/main"),
        ] {
            assert_eq!(Index::decode(bad), None, "{bad}");
        }
    }
}
