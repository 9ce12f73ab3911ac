//! `souk organization`: customers of the appliance.

mod import;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Output;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::offline::Offline;
use crate::organization::{self, NewOrganization, Organization};

pub const EXAMPLES: &str = "Examples:
  souk organization create \"Acme Bank\"
  souk organization create \"Acme Bank\" --id 42
  souk organization import customers.jsonl > made.jsonl
  souk organization list --json
  souk organization list --after 1000 --limit 100";

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
    /// Create many organizations from a file with one JSON object a line
    ///
    /// Only the name is needed: {"name": "Acme Bank", "id": 42, "admin": {"email": "root@acme.example",
    /// "name": "Root"}}. Without "password" or "passwordHash" (argon2id as Souk makes them) the Admin's
    /// password is made up and printed once.
    #[command(after_help = import::EXAMPLES)]
    Import(import::Import),
    /// List organizations
    List {
        #[command(flatten)]
        page: Page,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// A part of a long list, in order of the organizations' numbers.
#[derive(Args)]
pub struct Page {
    /// Only those with a larger number than this organization
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    after: i64,
    /// At most so many [default: all]
    #[arg(long)]
    limit: Option<u32>,
}

impl Page {
    pub fn of(&self, offline: &Offline) -> Result<Vec<Organization>> {
        let most = self.limit.unwrap_or(u32::MAX);
        offline
            .storage
            .control(|conn| organization::page(conn, self.after, most))
    }
}

impl OrganizationVerb {
    pub fn run(&self, config: &Config) -> Result<()> {
        let offline = Offline::open(config)?;
        match self {
            Self::Create { name, id, json } => {
                let new = NewOrganization {
                    name,
                    id: *id,
                    admin: None,
                };
                let (made, _) = organization::create(&offline.storage, &new)?;
                Output { json: *json }.one(&json!(made), &created(&made))
            }
            Self::Import(import) => import.run(&offline),
            Self::List { page, json } => {
                let rows = page
                    .of(&offline)?
                    .iter()
                    .map(serde_json::to_value)
                    .collect::<Result<Vec<Value>, _>>()
                    .map_err(|error| Error::internal("organizations", error))?;
                Output { json: *json }.table(&["id", "name", "tenantId", "createdAt"], &rows)
            }
        }
    }
}

fn created(made: &Organization) -> String {
    format!(
        "Created organization {} '{}' with tenant {}",
        made.id, made.name, made.tenant_id
    )
}
