//! Reads `souk.toml`. An unknown key is an error that names its line and the nearest key.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::{Origin, Raw, Settings, config_folder, keys};
use crate::error::{Error, Result};

/// Reads the file named by `--config`, else by `SOUK_CONFIG`, else `souk.toml` in the configuration folder
/// if there is one.
pub fn read(explicit: Option<&Path>) -> Result<Settings> {
    let named = explicit
        .map(Path::to_owned)
        .or_else(|| std::env::var_os("SOUK_CONFIG").map(PathBuf::from));
    let path = match &named {
        Some(path) => path.clone(),
        None => match config_folder() {
            Ok(folder) => folder.join("souk.toml"),
            Err(_) => return Ok(Settings::new()),
        },
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&text, &path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
            Ok(Settings::new())
        }
        Err(error) => Err(Error::invalid(
            "config",
            format!("cannot read {}: {error}", path.display()),
        )),
    }
}

fn parse(text: &str, path: &Path) -> Result<Settings> {
    let place = Place { text, path };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        place.error(at, "config", error.message())
    })?;
    let mut settings = Settings::new();
    place.collect("", table.get_ref(), &mut settings)?;
    Ok(settings)
}

struct Place<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Place<'_> {
    fn collect(&self, prefix: &str, table: &DeTable<'_>, settings: &mut Settings) -> Result<()> {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let at = key.span().start;
            if let Some(known) = keys::find(&name) {
                let raw = self.value(at, &name, known.list, value.get_ref())?;
                let origin = Origin::File {
                    path: self.path.to_owned(),
                    line: self.line_of(at),
                };
                settings.insert(known.name, (raw, origin));
            } else if let DeValue::Table(inner) = value.get_ref() {
                self.collect(&format!("{name}."), inner, settings)?;
            } else {
                let hint = format!(
                    "unknown key '{name}'; the nearest is '{}'",
                    keys::nearest(&name)
                );
                return Err(self.error(at, &name, &hint));
            }
        }
        Ok(())
    }

    fn value(&self, at: usize, name: &str, list: bool, value: &DeValue<'_>) -> Result<Raw> {
        let scalar = |value: &DeValue<'_>| match value {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => Some(number.to_string()),
            DeValue::Boolean(flag) => Some(flag.to_string()),
            _ => None,
        };
        match value {
            DeValue::Array(items) if list => items
                .iter()
                .map(|item| scalar(item.get_ref()))
                .collect::<Option<Vec<_>>>()
                .map(Raw::List),
            other => scalar(other).map(Raw::Text),
        }
        .ok_or_else(|| {
            let wanted = if list {
                "a list of texts"
            } else {
                "a text or a number"
            };
            self.error(at, name, &format!("'{name}' must be {wanted}"))
        })
    }

    fn error(&self, at: usize, name: &str, what: &str) -> Error {
        let line = self.line_of(at);
        Error::invalid(
            name,
            format!("{}, line {line}: {what}", self.path.display()),
        )
    }

    fn line_of(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.matches('\n').count() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_keys_and_lists_are_read() {
        let settings = parse(
            "listen = '0.0.0.0:1'\nworkers = 4\n[outbound]\nallow = ['10.0.0.0/8']\n",
            Path::new("souk.toml"),
        )
        .unwrap();
        assert_eq!(settings["workers"].0, Raw::Text("4".into()));
        assert_eq!(
            settings["outbound.allow"].0,
            Raw::List(vec!["10.0.0.0/8".into()])
        );
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_key() {
        for (text, line, nearest) in [
            ("workers = 4\nlissten = 'x'\n", "line 2", "'listen'"),
            ("\n\n[outbound]\nalow = []\n", "line 4", "'outbound.allow'"),
        ] {
            let message = parse(text, Path::new("souk.toml")).unwrap_err().to_string();
            assert!(
                message.contains(line) && message.contains(nearest),
                "{message}"
            );
        }
    }
}
