//! Installing, configuring, testing, calling and removing plugins: the service that joins the rooms.
//!
//! Every change is one transaction of one tenant's file: the installation row and all that the
//! plugin's hook did commit together or not at all. Whatever waits on a network happens before it.

mod configure;
mod evidence;
mod forward;
mod install;
mod installations;
mod operation;
mod permissions;
mod programs;
mod refusal;
mod test_connection;
mod tidy;
mod uninstall;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json};

pub use forward::{Content, PluginReply, PluginRequest};
pub use install::InstallRequest;
pub use test_connection::ConnectionTest;

use crate::configuration::{Configuration, Owner};
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::marketplace::Marketplace;
use crate::marketplace::listing::Listing;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::package::Package;
use crate::package::store::PackageStore;
use crate::permission::{Granted, Wishes};
use crate::plugin_key::PluginKey;
use crate::plugin_settings::PluginSettings;
use crate::runs::Runs;
use crate::script::{Call, CallSecrets, Capability, Grant, Hook, Runtime};
use crate::secret::SecretBox;
use crate::session::Caller;
use crate::storage::Storage;
use crate::storage::plugin_db::PluginDb;
use crate::tenant::TenantId;
use crate::value::Value;
use evidence::HookRuns;
use installations::Installations;
use operation::Operations;
use programs::{Loaded, Programs, Rights};
use refusal::{listed_errors, not_valid, without_secrets};

/// Wall time of a call with all its host calls, unless a route asks for another.
pub const WALL: Duration = Duration::from_secs(30);

pub struct Lifecycle {
    storage: Arc<Storage>,
    marketplace: Arc<Marketplace>,
    packages: Arc<PackageStore>,
    outbound: Arc<Outbound>,
    secrets: Arc<SecretBox>,
    settings: Arc<PluginSettings>,
    metrics: Arc<Metrics>,
    runs: Arc<Runs>,
    programs: Programs,
    installations: Installations,
    operations: Operations,
}

/// The rooms that the service joins.
pub struct Rooms {
    pub storage: Arc<Storage>,
    pub marketplace: Arc<Marketplace>,
    pub packages: Arc<PackageStore>,
    pub outbound: Arc<Outbound>,
    pub secrets: Arc<SecretBox>,
    pub settings: Arc<PluginSettings>,
    pub metrics: Arc<Metrics>,
    pub runs: Arc<Runs>,
    pub runtime: Runtime,
}

/// An installed plugin with its code: what a call of it needs.
struct Installed {
    installation: Arc<Installation>,
    plugin: Arc<Loaded>,
}

impl Installed {
    fn rights(&self) -> Rights<'_> {
        self.plugin.rights(&self.installation.granted)
    }
}

/// An installation as clients see it: secrets masked, and each line of its plugin with whether it is granted.
fn shown(row: &Installation, wishes: &Wishes) -> Json {
    let mut json = row.to_json(&Owner::mask(&row.configuration));
    if let Json::Object(fields) = &mut json {
        fields.insert("permissions".to_owned(), wishes.to_json(Some(&row.granted)));
        fields.insert("permissionsRating".to_owned(), wishes.rating_name().into());
    }
    json
}

/// What stands for the manifest of a package that cannot be read.
fn missing(row: &Installation) -> Map<String, Json> {
    let key = Json::from(row.plugin_key.as_str());
    Map::from_iter([
        ("key".to_owned(), key.clone()),
        ("name".to_owned(), key),
        (
            "description".to_owned(),
            "Plugin not found in marketplace".into(),
        ),
    ])
}

impl Lifecycle {
    pub fn new(rooms: Rooms) -> Self {
        Self {
            installations: Installations::new(Arc::clone(&rooms.storage)),
            storage: rooms.storage,
            marketplace: rooms.marketplace,
            packages: rooms.packages,
            outbound: rooms.outbound,
            secrets: rooms.secrets,
            settings: rooms.settings,
            metrics: rooms.metrics,
            runs: rooms.runs,
            programs: Programs::new(rooms.runtime),
            operations: Operations::default(),
        }
    }

    /// All installations of a tenant, newest first, each with its manifest from the installed package.
    pub fn list(&self, tenant: &TenantId) -> Result<Vec<Json>> {
        let rows = self.storage.tenant(tenant, Installation::list)?;
        Ok(rows
            .iter()
            .map(|row| {
                let listing = self.listing_of(row);
                let wishes = listing.as_ref().ok().map(permissions::wishes_of);
                let mut json = shown(row, &wishes.unwrap_or_default());
                let mut plugin = listing.map_or_else(|_| missing(row), |listing| listing.to_api());
                if !row.granted.has(Capability::Page) {
                    // A page that finds it would load code that is not granted.
                    plugin.shift_remove("ui");
                }
                if let Json::Object(fields) = &mut json {
                    fields.insert("plugin".to_owned(), Json::Object(plugin));
                }
                json
            })
            .collect())
    }

    pub fn count(&self, tenant: &TenantId) -> Result<i64> {
        self.storage.tenant(tenant, Installation::count)
    }

    /// An installed plugin's package, for the code of its pages: only where that is granted.
    pub fn page_package(&self, tenant: &TenantId, key: &PluginKey) -> Result<Package> {
        let row = self.installation_of(tenant, key)?;
        if !row.granted.has(Capability::Page) {
            return Err(Error::Forbidden(format!(
                "Plugin '{key}' was not granted 'page': an Admin can allow it on the plugin's page, under Permissions"
            )));
        }
        self.packages.get(&row.package_digest)
    }

    /// An installed plugin's package, for its texts and pictures.
    pub fn package(&self, tenant: &TenantId, key: &PluginKey) -> Result<Package> {
        let row = self.installation_of(tenant, key)?;
        self.packages.get(&row.package_digest)
    }

    /// The manifest in the installed package.
    fn listing_of(&self, row: &Installation) -> Result<Listing> {
        self.packages
            .get(&row.package_digest)
            .and_then(|package| {
                Listing::shown(package.manifest().clone()).map_err(Error::Internal)
            })
            .inspect_err(|error| {
                tracing::error!(plugin = %row.plugin_key, %error, "[PluginService] an installed package cannot be read");
            })
    }

    fn installation_of(&self, tenant: &TenantId, key: &PluginKey) -> Result<Arc<Installation>> {
        self.installations
            .find(tenant, key)?
            .ok_or_else(|| Error::NotFound(format!("Plugin '{key}' is not installed")))
    }

    fn installed(
        &self,
        tenant: &TenantId,
        installation: impl Into<Arc<Installation>>,
    ) -> Result<Installed> {
        let installation = installation.into();
        let digest = installation.package_digest;
        let plugin = self
            .programs
            .get(tenant, &installation.plugin_key, digest, || {
                self.packages.get(&digest)
            })?;
        Ok(Installed {
            installation,
            plugin,
        })
    }

    fn owner<'a>(tenant: &'a TenantId, plugin: &'a PluginKey, loaded: &'a Loaded) -> Owner<'a> {
        Owner {
            tenant,
            plugin,
            schema: loaded.schema.as_ref(),
        }
    }

    /// The call that a hook or route of `plugin` runs in.
    fn call(
        &self,
        caller: &Caller,
        owner: &Owner<'_>,
        rights: Rights<'_>,
        configuration: &Configuration,
        db: Option<PluginDb>,
    ) -> Call {
        let grant = Grant::of(rights.granted, rights.wishes, configuration);
        let shown = if grant.allows(Capability::ConfigurationSecrets) {
            configuration.clone()
        } else {
            owner.masked(configuration)
        };
        let secrets = owner.secret_values(configuration).into_iter();
        let secrets = secrets
            .map(|(pointer, value)| (pointer, Value::from(value)))
            .collect();
        Call {
            grant,
            tenant: caller.tenant.clone(),
            plugin: owner.plugin.clone(),
            user_id: caller.user_id,
            configuration: Value::from(&Json::Object(shown)),
            secrets: CallSecrets::new(Arc::clone(&self.secrets), secrets),
            db,
            outbound: Arc::clone(&self.outbound),
            settings: Arc::clone(&self.settings),
            redaction: rights
                .last_redaction
                .or_else(owner.redaction(configuration)),
            wall: WALL,
        }
    }

    /// The database of a call outside of a lifecycle change.
    fn bound_db(&self, tenant: &TenantId, installed: &Installed) -> PluginDb {
        let mut db = self.db(tenant, &installed.installation.plugin_key);
        db.bind(installed.installation.id);
        db
    }

    fn db(&self, tenant: &TenantId, plugin: &PluginKey) -> PluginDb {
        PluginDb::new(Arc::clone(&self.storage), tenant.clone(), plugin.clone())
    }

    /// Schema first, then the plugin's own `validateConfig`: both must agree before anything is stored.
    fn validate(
        &self,
        caller: &Caller,
        plugin: &PluginKey,
        loaded: &Loaded,
        granted: &Granted,
        plain: &Configuration,
        ran: &mut HookRuns,
    ) -> Result<()> {
        let errors = loaded.schema.as_ref().map_or_else(Vec::new, |schema| {
            schema.validate(&Json::Object(plain.clone()))
        });
        if errors.is_empty() && loaded.program.has(Hook::ValidateConfig) {
            let owner = Self::owner(&caller.tenant, plugin, loaded);
            let call = self.call(caller, &owner, loaded.rights(granted), plain, None);
            let argument = call.configuration.clone();
            let outcome = loaded
                .program
                .run_hook(Hook::ValidateConfig, vec![argument], call);
            ran.add(
                caller,
                &loaded.program,
                Hook::ValidateConfig,
                outcome.account,
            );
            let redaction = &outcome.call.redaction;
            let answer = outcome
                .result
                .map_err(|error| self.hook_refused(plugin, redaction, error))?;
            if answer.get("valid").and_then(Value::as_bool) == Some(false) {
                let refused = not_valid(listed_errors(answer.get("errors")));
                return Err(without_secrets(refused, redaction));
            }
        }
        if errors.is_empty() {
            return Ok(());
        }
        Err(not_valid(errors))
    }
}
