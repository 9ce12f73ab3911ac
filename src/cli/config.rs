//! `souk config show`: what is in force, and where it came from.

use clap::Subcommand;
use serde_json::{Value, json};

use super::Output;
use crate::config::{Config, Origin, Raw, keys};
use crate::error::Result;

pub const EXAMPLES: &str = "Examples:
  souk config show
  souk --config /etc/souk/souk.toml config show --json";

/// Shown in place of a secret that is set.
const HIDDEN: &str = "***";

#[derive(Subcommand)]
pub enum ConfigVerb {
    /// Print every key with its value and origin
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl ConfigVerb {
    pub fn run(&self, config: &Config) -> Result<()> {
        let Self::Show { json } = self;
        let rows: Vec<Value> = keys::ALL.iter().map(|key| row(config, key)).collect();
        Output { json: *json }.table(&["key", "value", "origin"], &rows)
    }
}

fn row(config: &Config, key: &keys::Key) -> Value {
    let (raw, origin) = config
        .settings()
        .get(key.name)
        .cloned()
        .unwrap_or_else(|| (key.default_value(), Origin::Default));
    let shown = match raw {
        Raw::Text(text) if key.secret && !text.is_empty() => HIDDEN.to_owned(),
        // An empty path stands for the platform's place: show that.
        Raw::Text(text) if text.is_empty() && key.name == "data" => {
            config.data.display().to_string()
        }
        Raw::Text(text) => text,
        Raw::List(items) => items.join(","),
    };
    let origin = match origin {
        Origin::Flag => "flag".to_owned(),
        Origin::Environment(name) => name,
        Origin::File(path) => path.display().to_string(),
        Origin::Default => "default".to_owned(),
    };
    json!({ "key": key.name, "value": shown, "origin": origin })
}
