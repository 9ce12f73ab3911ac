//! What the operator keeps for plugins: names with values, such as the id of an OAuth client that all
//! organizations share. Which plugin may read which name is decided by grants, not here.

use std::collections::BTreeMap;
use std::fmt;

use crate::permission::is_name;

#[derive(Clone, Default, PartialEq, Eq)]
pub struct PluginSettings(BTreeMap<String, String>);

impl PluginSettings {
    /// Reads one `NAME=value`. The error does not repeat the value.
    pub fn parse_entry(text: &str) -> Result<(String, String), String> {
        text.split_once('=')
            .map(|(name, value)| (name.trim(), value.trim()))
            .filter(|(name, value)| is_name(name) && !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .ok_or_else(|| "a setting such as CLIENT_ID=value".to_owned())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for PluginSettings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

/// Names alone: a value may be a secret.
impl fmt::Debug for PluginSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_name_and_a_value() {
        let entry = PluginSettings::parse_entry(" CLIENT_ID = a=b, c ").unwrap();
        assert_eq!(entry, ("CLIENT_ID".to_owned(), "a=b, c".to_owned()));
        for bad in ["", "hush", "=hush", "A B=hush", "A-B=hush", "A="] {
            let why = PluginSettings::parse_entry(bad).unwrap_err();
            assert!(!why.contains("hush"), "{bad}: {why}");
        }
    }

    #[test]
    fn values_are_not_printed() {
        let settings: PluginSettings = [("A".to_owned(), "hush".to_owned())].into_iter().collect();
        assert_eq!(format!("{settings:?}"), "{\"A\"}");
        assert_eq!((settings.get("A"), settings.get("B")), (Some("hush"), None));
    }
}
