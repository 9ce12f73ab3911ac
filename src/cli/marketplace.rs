//! `souk marketplace`: the configured marketplace as an operator looks at it.
//!
//! `search` and `show` read the source itself and need no data folder, so a server may run
//! meanwhile. `refresh` renews the copy that the data folder keeps of a remote marketplace.

use std::sync::Arc;

use clap::Subcommand;
use serde_json::{Value, json};

use super::Output;
use crate::clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::marketplace::listing::Listing;
use crate::marketplace::manifest::Registry;
use crate::marketplace::registry::{Snapshot, State};
use crate::marketplace::source::Source;
use crate::marketplace::{Marketplace, read};
use crate::offline::Offline;
use crate::outbound::Outbound;
use crate::package::store::PackageStore;
use crate::plugin_key::PluginKey;

pub const EXAMPLES: &str = "Examples:
  souk marketplace search mlflow
  souk marketplace --marketplace market.zip search --category ml_ops
  souk marketplace show mlflow --json
  souk marketplace refresh";

const REFRESH_EXAMPLES: &str = "Examples:
  souk marketplace refresh
  souk marketplace refresh --marketplace https://plugins.example.com

Works while no server runs on the data folder. With one running, press Refresh on its page Plugins.";

const SEARCH_EXAMPLES: &str = "Examples:
  souk marketplace search
  souk marketplace search slack
  souk marketplace search --category ml_ops --json";

const SHOW_EXAMPLES: &str = "Examples:
  souk marketplace show mlflow
  souk marketplace show mlflow --json";

#[derive(Subcommand)]
pub enum MarketplaceVerb {
    /// Ask the source of a remote marketplace again and keep its answer
    #[command(after_help = REFRESH_EXAMPLES)]
    Refresh {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List plugins whose name, description or tags hold a text
    #[command(after_help = SEARCH_EXAMPLES)]
    Search {
        /// Text to look for; all plugins without it
        text: Option<String>,
        /// Only plugins of this category
        #[arg(long, value_name = "ID")]
        category: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one plugin, and whether it can be installed here
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        key: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl MarketplaceVerb {
    pub fn run(&self, config: &Config) -> Result<()> {
        match self {
            Self::Refresh { json } => refresh(config, &Output { json: *json }),
            Self::Search {
                text,
                category,
                json,
            } => {
                let registry = registry(config)?;
                let rows: Vec<Value> = registry
                    .search(text.as_deref(), category.as_deref())
                    .into_iter()
                    .map(row)
                    .collect();
                Output { json: *json }.table(
                    &["key", "version", "category", "installable", "name"],
                    &rows,
                )
            }
            Self::Show { key, json } => {
                let registry = registry(config)?;
                let listing = registry.find(&PluginKey::parse(key)?).ok_or_else(|| {
                    Error::NotFound(format!(
                        "The marketplace {} lists no plugin '{key}'; 'souk marketplace search' lists all",
                        config.marketplace
                    ))
                })?;
                Output { json: *json }.one(&Value::Object(listing.to_api()), &text_of(listing))
            }
        }
    }
}

fn registry(config: &Config) -> Result<Arc<Registry>> {
    let outbound = Arc::new(Outbound::new(config.outbound_policy()?));
    read(&Source::parse(&config.marketplace)?, &outbound)
}

fn refresh(config: &Config, output: &Output) -> Result<()> {
    let source = Source::parse(&config.marketplace)?;
    let outbound = Arc::new(Outbound::new(config.outbound_policy()?));
    if !matches!(source, Source::Remote(_)) {
        // A server looks at such a source itself, and keeps no copy of it.
        let registry = read(&source, &outbound)?;
        let text = format!(
            "{source}: {} plugins; it is read where it lies, and no copy of it is kept",
            registry.listings.len()
        );
        return output.one(
            &json!({ "source": source.to_string(), "plugins": registry.listings.len(), "kept": false }),
            &text,
        );
    }
    let offline = Offline::open(config).map_err(|error| match error {
        Error::Conflict(reason) => Error::Conflict(format!(
            "{reason}; or have the running server do it: Refresh on its page Plugins, or POST /api/plugins/marketplace/refresh as an Admin"
        )),
        other => other,
    })?;
    let packages = Arc::new(PackageStore::new(&offline.data));
    let shown = source.to_string();
    let marketplace = Marketplace::new(source, Arc::new(offline.storage), outbound, packages);
    refreshed(&shown, &marketplace.refresh()?, output)
}

fn refreshed(source: &str, snapshot: &Snapshot, output: &Output) -> Result<()> {
    if let State::Stale { fetched_at, reason } = &snapshot.state {
        return Err(Error::Upstream(format!(
            "{source} cannot be read: {reason}; the copy of {} stays",
            clock::iso(*fetched_at)
        )));
    }
    let (plugins, problems) = (
        snapshot.registry.listings.len(),
        snapshot.registry.problems.len(),
    );
    output.one(
        &json!({
            "source": source,
            "plugins": plugins,
            "leftOut": problems,
            "fetchedAt": snapshot.fetched_at.map(clock::iso),
            "kept": true,
        }),
        &format!("{source}: {plugins} plugins, {problems} entries left out"),
    )
}

fn row(listing: &Listing) -> Value {
    json!({
        "key": listing.key,
        "version": listing.version,
        "category": listing.category,
        "installable": listing.installable.is_ok(),
        "name": listing.display_name,
    })
}

/// Worst first, as the page shows them.
fn permissions(listing: &Listing) -> String {
    let wishes = match &listing.permissions {
        Ok(wishes) if wishes.rating().is_none() => {
            return "\nPermissions  it asks for nothing".to_owned();
        }
        Ok(wishes) => wishes,
        Err(reason) => return format!("\nPermissions  cannot be read: {reason}"),
    };
    let lines = wishes.iter().map(|wish| {
        let optional = if wish.optional { ", optional" } else { "" };
        format!(
            "\n             {} ({}{optional}): {}",
            wish.permission.sentence(),
            wish.permission.rating().name(),
            wish.reason
        )
    });
    format!(
        "\nPermissions  {}{}",
        wishes.rating_name(),
        lines.collect::<String>()
    )
}

fn text_of(listing: &Listing) -> String {
    let installable = match &listing.installable {
        Ok(()) => "yes".to_owned(),
        Err(reason) => format!("no: {reason}"),
    };
    let package = listing.files.as_ref().map_or_else(
        || format!("all of {}", listing.package_path),
        |files| {
            let bytes: u64 = files.iter().map(|file| file.size).sum();
            format!("{} files, {bytes} bytes", files.len())
        },
    );
    let mut text = format!(
        "{} {} ({})\n{}\n\nCategory     {}\nTags         {}\nInstallable  {installable}\nPackage      {package}",
        listing.display_name,
        listing.version,
        listing.key,
        listing.description,
        listing.category,
        listing.tags.join(", "),
    );
    text.push_str(&permissions(listing));
    for warning in &listing.warnings {
        text.push_str(&format!("\nWarning      {warning}"));
    }
    text
}
