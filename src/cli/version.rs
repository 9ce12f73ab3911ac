//! `souk version`.

use clap::Args;
use serde_json::json;

use super::Output;
use crate::error::Result;

pub const EXAMPLES: &str = "Examples:
  souk version
  souk version --json";

#[derive(Args)]
pub struct Version {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Version {
    pub fn run(&self) -> Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        let sqlite = rusqlite::version();
        let text = format!("souk {version} (SQLite {sqlite})");
        Output { json: self.json }.one(&json!({ "version": version, "sqlite": sqlite }), &text)
    }
}
