//! `souk organization`: customers of the appliance.

use clap::Subcommand;
use serde_json::{Value, json};

use super::Output;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::offline::Offline;
use crate::organization;

pub const EXAMPLES: &str = "Examples:
  souk organization create \"Acme Bank\"
  souk organization create \"Acme Bank\" --id 42
  souk organization list --json";

#[derive(Subcommand)]
pub enum OrganizationVerb {
    /// Create an organization with its tenant
    Create {
        /// The name as people write it
        name: String,
        /// Keep the number it has in another system
        #[arg(long)]
        id: Option<i64>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List organizations
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl OrganizationVerb {
    pub fn run(&self, config: &Config) -> Result<()> {
        let offline = Offline::open(config)?;
        match self {
            Self::Create { name, id, json } => {
                let (made, _) = organization::create(&offline.storage, name, *id, None)?;
                let text = format!(
                    "Created organization {} '{}' with tenant {}",
                    made.id, made.name, made.tenant_id
                );
                Output { json: *json }.one(&json!(made), &text)
            }
            Self::List { json } => {
                let all = offline.storage.control(organization::list)?;
                let rows = all
                    .iter()
                    .map(serde_json::to_value)
                    .collect::<Result<Vec<Value>, _>>()
                    .map_err(|error| Error::internal("organizations", error))?;
                Output { json: *json }.table(&["id", "name", "tenantId", "createdAt"], &rows)
            }
        }
    }
}
