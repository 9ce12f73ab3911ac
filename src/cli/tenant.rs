//! `souk tenant`: where each organization's data lives.

use clap::Subcommand;
use serde_json::{Value, json};

use super::Output;
use super::organization::Page;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::offline::Offline;
use crate::organization::{self, Organization};
use crate::tenant::TenantId;

pub const EXAMPLES: &str = "Examples:
  souk tenant list
  souk tenant show a4ayc80OGd --json";

#[derive(Subcommand)]
pub enum TenantVerb {
    /// List tenants, in order of their organizations' numbers
    List {
        #[command(flatten)]
        page: Page,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one tenant: its organization, file and plugins
    Show {
        tenant: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl TenantVerb {
    pub fn run(&self, config: &Config) -> Result<()> {
        let offline = Offline::open(config)?;
        match self {
            Self::List { page, json } => {
                let listed = page.of(&offline)?;
                let rows: Vec<Value> = listed.iter().map(|one| row(&offline, one)).collect();
                Output { json: *json }.table(
                    &[
                        "tenantId",
                        "organizationId",
                        "organization",
                        "bytes",
                        "file",
                    ],
                    &rows,
                )
            }
            Self::Show { tenant, json } => {
                let id = TenantId::parse(tenant)?;
                let found = offline
                    .storage
                    .control(|conn| organization::with_tenant(conn, &id))?
                    .ok_or_else(|| {
                        Error::NotFound(format!(
                            "There is no tenant {tenant}; 'souk tenant list' shows all"
                        ))
                    })?;
                show(&offline, &found, &Output { json: *json })
            }
        }
    }
}

fn row(offline: &Offline, one: &Organization) -> Value {
    let file = offline.data.tenant_database(&one.tenant_id);
    json!({
        "tenantId": one.tenant_id,
        "organizationId": one.id,
        "organization": one.name,
        "bytes": std::fs::metadata(&file).map(|meta| meta.len()).ok(),
        "file": file.display().to_string(),
    })
}

fn show(offline: &Offline, one: &Organization, output: &Output) -> Result<()> {
    let installed = offline.storage.tenant(&one.tenant_id, Installation::list)?;
    let plugins: Vec<Value> = installed
        .iter()
        .map(|row| json!({ "id": row.id, "pluginKey": row.plugin_key, "version": row.version, "installedAt": row.installed_at }))
        .collect();
    let mut value = row(offline, one);
    let mut text = format!(
        "Tenant {} of organization {} '{}'\nFile   {}\n",
        one.tenant_id,
        one.id,
        one.name,
        offline.data.tenant_database(&one.tenant_id).display()
    );
    if plugins.is_empty() {
        text.push_str("Plugins  none");
    }
    for row in &installed {
        text.push_str(&format!(
            "Plugin {} {} (installation {}, since {})\n",
            row.plugin_key, row.version, row.id, row.installed_at
        ));
    }
    if let Value::Object(fields) = &mut value {
        fields.insert("plugins".to_owned(), plugins.into());
    }
    output.one(&value, text.trim_end())
}
