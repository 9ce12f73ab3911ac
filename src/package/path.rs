//! A path inside a package or a marketplace, valid by construction.
//!
//! Manifests come from strangers: whatever passes here can be joined to a folder or a URL
//! without leaving it, on every system that Souk runs on.

use std::fmt;

const LONGEST: usize = 512;
const LONGEST_SEGMENT: usize = 128;

/// A relative path of plain segments with `/` between them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct PackagePath(String);

impl PackagePath {
    /// The error says what is wrong with the path, not which field held it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let reason = if text.is_empty() {
            "is empty".to_owned()
        } else if text.len() > LONGEST {
            format!("is longer than {LONGEST} bytes")
        } else if text.chars().any(char::is_control) {
            "holds a control character".to_owned()
        } else if text.contains('\\') {
            format!("'{text}' holds a backslash; separate folders with '/'")
        } else if text.starts_with('/') {
            format!("'{text}' is absolute; paths are relative to the marketplace")
        } else if text.contains(':') {
            format!("'{text}' holds a colon")
        } else if let Some(segment) = text.split('/').find(|segment| !is_plain(segment)) {
            format!("'{text}' holds the segment '{segment}'")
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(reason)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last segment.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// `self/inner`; two valid paths always make a valid one, but for its length.
    pub fn join(&self, inner: &PackagePath) -> PackagePath {
        Self(format!("{}/{}", self.0, inner.0))
    }

    /// What is left of this path below `folder`.
    pub fn below(&self, folder: &PackagePath) -> Option<PackagePath> {
        let rest = self.0.strip_prefix(&folder.0)?.strip_prefix('/')?;
        Some(Self(rest.to_owned()))
    }
}

/// Trailing dots and spaces are dropped by Windows, so `..` could hide behind them.
fn is_plain(segment: &str) -> bool {
    !segment.is_empty()
        && segment.len() <= LONGEST_SEGMENT
        && !segment.ends_with('.')
        && !segment.ends_with(' ')
}

impl fmt::Display for PackagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_relative_paths_are_accepted() {
        for good in [
            "main.lua",
            "plugins/mlflow",
            "ui/dist/index.esm.js",
            "lib/ü é.lua",
            "a..b",
            ".hidden",
        ] {
            assert!(PackagePath::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_path_that_could_leave_its_folder_is_refused() {
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            ".",
            "../x",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            "a\\b",
            "..\\x",
            "C:/x",
            "C:x",
            "a\0b",
            "a\nb",
            "x/..",
            "x/.. ",
            "x/...",
            "file:x",
            &"a".repeat(129),
            &"a/".repeat(300),
        ] {
            assert!(PackagePath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn joining_and_below_undo_each_other() {
        let (folder, file) = (
            PackagePath::parse("plugins/a").unwrap(),
            PackagePath::parse("ui/x.js").unwrap(),
        );
        assert_eq!(folder.join(&file).as_str(), "plugins/a/ui/x.js");
        assert_eq!(folder.join(&file).below(&folder), Some(file));
        assert_eq!(
            PackagePath::parse("plugins/ab").unwrap().below(&folder),
            None
        );
        assert_eq!(folder.join(&folder).file_name(), "a");
    }
}
