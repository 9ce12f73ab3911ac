//! A plugin's key: the one name that travels from a manifest into routes, rows and logs.

use std::fmt;

use crate::error::Error;

/// Keys that are words of the API under `/api/plugins` and so can never name a plugin.
const RESERVED: [&str; 6] = [
    "marketplace",
    "installations",
    "categories",
    "install",
    "health",
    "ui-metrics",
];

const LONGEST: usize = 64;

/// A key matching `^[a-z0-9][a-z0-9-]{0,63}$` that is not a reserved word.
/// Holding one proves that the text is safe in a path, a route and a log line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct PluginKey(String);

impl PluginKey {
    pub fn parse(text: &str) -> Result<Self, Error> {
        let lawful = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let valid = !text.is_empty()
            && text.len() <= LONGEST
            && !text.starts_with('-')
            && text.bytes().all(lawful)
            && !Self::is_reserved(text);
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid("pluginKey", "Invalid plugin key format"))
        }
    }

    /// Whether the text is a word of the API and so can never be forwarded to a plugin.
    pub fn is_reserved(text: &str) -> bool {
        RESERVED.contains(&text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PluginKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kebab_case_and_never_a_word_of_the_api() {
        for good in ["mlflow", "a", "0", "pci-dss", &"a".repeat(64)] {
            assert!(PluginKey::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "A",
            "a_b",
            "a.b",
            "..",
            "a/b",
            "marketplace",
            "install",
            "ü",
            &"a".repeat(65),
        ] {
            assert!(PluginKey::parse(bad).is_err(), "{bad}");
        }
    }
}
