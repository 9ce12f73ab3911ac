//! `souk config show`: what is in force, and where it came from.

use clap::Subcommand;
use serde_json::{Value, json};

use super::output;
use crate::config::{Config, Origin, Raw, keys, split_list};
use crate::error::Result;

pub const EXAMPLES: &str = "Examples:
  souk config show
  souk config show --origin
  souk --config /etc/souk/souk.toml config show --json";

/// Shown in place of a secret that is set.
const HIDDEN: &str = "***";

#[derive(Subcommand)]
pub enum ConfigVerb {
    /// Print every key and its value as lines of a configuration file
    Show {
        /// Say behind each value where it came from
        #[arg(long)]
        origin: bool,
        /// Print JSON, with the origins
        #[arg(long, conflicts_with = "origin")]
        json: bool,
    },
}

impl ConfigVerb {
    pub fn run(&self, config: &Config) -> Result<()> {
        let Self::Show { origin, json } = self;
        let rows: Vec<Row> = keys::ALL.iter().map(|key| Row::of(config, key)).collect();
        if *json {
            let rows: Vec<Value> = rows.iter().map(Row::json).collect();
            return output::line(&Value::Array(rows).to_string());
        }
        let lines: Vec<String> = rows.iter().map(Row::line).collect();
        let width = lines.iter().map(|line| line.chars().count()).max();
        let width = width.unwrap_or_default();
        for (line, row) in lines.iter().zip(&rows) {
            if *origin {
                let place = row.origin.place(row.key);
                output::line(&format!("{line:<width$}  # {place}"))?;
            } else {
                output::line(line)?;
            }
        }
        Ok(())
    }
}

struct Row {
    key: &'static str,
    value: Raw,
    is_switch: bool,
    is_hidden: bool,
    origin: Origin,
}

/// Of `NAME=value`, the name is no secret, and tells whether the right file was read.
fn names_alone(items: &[String]) -> Raw {
    let hidden = |item: &String| match item.split_once('=') {
        Some((name, _)) => format!("{}={HIDDEN}", name.trim()),
        None => HIDDEN.to_owned(),
    };
    Raw::List(items.iter().map(hidden).collect())
}

impl Row {
    fn of(config: &Config, key: &'static keys::Key) -> Self {
        let (value, origin) = config
            .settings()
            .get(key.name)
            .cloned()
            .unwrap_or_else(|| (key.default_value(), Origin::Default));
        let is_set = value != key.default_value();
        let value = match value {
            Raw::List(items) if key.secret => names_alone(&items),
            Raw::Text(text) if key.secret && key.list => names_alone(&split_list(&text)),
            Raw::Text(_) if key.secret && is_set => Raw::Text(HIDDEN.to_owned()),
            // An empty path stands for the platform's place: show that.
            Raw::Text(text) if text.is_empty() && key.name == "data" => {
                Raw::Text(config.data.display().to_string())
            }
            Raw::Text(text) if key.list => Raw::List(split_list(&text)),
            other => other,
        };
        Self {
            key: key.name,
            value,
            is_switch: key.switch,
            is_hidden: key.secret && is_set,
            origin,
        }
    }

    /// A line that the configuration file takes. A secret is a comment: pasted, it must not replace the real one.
    fn line(&self) -> String {
        let value = match &self.value {
            // Numbers and switches need no quotes, and nobody writes them with any.
            Raw::Text(text) if self.is_switch || text.parse::<u32>().is_ok() => text.clone(),
            Raw::Text(text) => toml::Value::String(text.clone()).to_string(),
            Raw::List(items) => toml::Value::from(items.clone()).to_string(),
        };
        let comment = if self.is_hidden { "# " } else { "" };
        format!("{comment}{} = {value}", self.key)
    }

    fn json(&self) -> Value {
        let value = match &self.value {
            Raw::Text(text) => text.clone(),
            Raw::List(items) => items.join(","),
        };
        json!({ "key": self.key, "value": value, "origin": self.origin.place(self.key) })
    }
}
