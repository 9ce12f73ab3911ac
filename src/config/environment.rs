//! Reads `SOUK_*` variables, `SOUK_*_FILE` for secrets, and the seed's `PLUGIN_MARKETPLACE_URL`.

use std::ffi::OsString;

use super::{Origin, Raw, Settings, keys};
use crate::error::{Error, Result};

/// Variables of our own name that are not configuration keys: the file's place, and those of the build.
const NOT_KEYS: [&str; 3] = ["SOUK_CONFIG", "SOUK_SKIP_ASSETS", "SOUK_BINARY"];

pub fn read(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Settings> {
    let mut settings = Settings::new();
    let mut alias = None;
    for (name, value) in variables {
        let Ok(name) = name.into_string() else {
            continue;
        };
        if name == "PLUGIN_MARKETPLACE_URL" {
            alias = Some((name.clone(), text_of(&name, value)?));
        } else if name.starts_with("SOUK_") && !NOT_KEYS.contains(&name.as_str()) {
            let value = text_of(&name, value)?;
            let (key, value) = setting(&name, value)?;
            settings.insert(key, (Raw::Text(value), Origin::Environment(name)));
        }
    }
    if let Some((name, value)) = alias {
        settings
            .entry("marketplace")
            .or_insert((Raw::Text(value), Origin::Environment(name)));
    }
    Ok(settings)
}

fn setting(name: &str, value: String) -> Result<(&'static str, String)> {
    if let Some(key) = keys::ALL.iter().find(|key| key.environment() == name) {
        return Ok((key.name, value));
    }
    let file_of = |key: &&keys::Key| key.secret && name == format!("{}_FILE", key.environment());
    if let Some(key) = keys::ALL.iter().find(file_of) {
        let text = std::fs::read_to_string(&value).map_err(|error| {
            Error::invalid(name, format!("{name}: cannot read {value}: {error}"))
        })?;
        return Ok((key.name, text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    let meant = name.trim_start_matches("SOUK_").to_lowercase();
    let nearest =
        keys::find(keys::nearest(&meant)).map_or_else(String::new, keys::Key::environment);
    Err(Error::invalid(
        name,
        format!("unknown variable {name}; the nearest is {nearest}"),
    ))
}

fn text_of(name: &str, value: OsString) -> Result<String> {
    value
        .into_string()
        .map_err(|_| Error::invalid(name, format!("{name} is not valid UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_pairs(pairs: &[(&str, &str)]) -> Result<Settings> {
        read(
            pairs
                .iter()
                .map(|(k, v)| (OsString::from(k), OsString::from(v))),
        )
    }

    #[test]
    fn nested_keys_join_with_an_underscore() {
        let settings = read_pairs(&[("SOUK_OUTBOUND_ALLOW", "a,b"), ("HOME", "x")]).unwrap();
        assert_eq!(settings["outbound.allow"].0, Raw::Text("a,b".into()));
    }

    #[test]
    fn the_seeds_variable_counts_unless_our_own_is_set() {
        let alias = ("PLUGIN_MARKETPLACE_URL", "https://a.example/plugins.json");
        let settings = read_pairs(&[alias]).unwrap();
        assert_eq!(settings["marketplace"].0, Raw::Text(alias.1.into()));
        let settings = read_pairs(&[alias, ("SOUK_MARKETPLACE", "builtin")]).unwrap();
        assert_eq!(settings["marketplace"].0, Raw::Text("builtin".into()));
    }

    #[test]
    fn secrets_are_read_from_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hush\n").unwrap();
        let path = file.path().to_str().unwrap();
        let settings = read_pairs(&[("SOUK_METRICS_TOKEN_FILE", path)]).unwrap();
        assert_eq!(settings["metrics_token"].0, Raw::Text("hush".into()));
    }

    #[test]
    fn an_unknown_variable_names_the_nearest() {
        let message = read_pairs(&[("SOUK_LISTN", "x")]).unwrap_err().to_string();
        assert!(message.contains("SOUK_LISTEN"), "{message}");
    }
}
