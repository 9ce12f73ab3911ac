//! Compiled plugins, kept by (tenant, plugin, digest): compiling happens once, and changed code has another digest.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::configuration_schema::ConfigurationSchema;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::marketplace::listing::Listing;
use crate::package::Package;
use crate::permission::{Granted, Wishes};
use crate::plugin_key::PluginKey;
use crate::recent::Recent;
use crate::redaction::LastRedaction;
use crate::script::{Program, Runtime};
use crate::tenant::TenantId;

/// Programs in memory; beyond that the one unused for longest is compiled again when needed.
const MOST: usize = 512;

type Key = (TenantId, PluginKey, Digest);

/// A plugin ready to run.
pub struct Loaded {
    pub program: Program,
    pub schema: Option<ConfigurationSchema>,
    pub wishes: Wishes,
    pub last_redaction: LastRedaction,
}

/// What a call of a plugin may use, before its configuration is known.
#[derive(Clone, Copy)]
pub struct Rights<'a> {
    pub granted: &'a Granted,
    pub wishes: &'a Wishes,
    pub last_redaction: &'a LastRedaction,
}

impl Loaded {
    pub fn rights<'a>(&'a self, granted: &'a Granted) -> Rights<'a> {
        Rights {
            granted,
            wishes: &self.wishes,
            last_redaction: &self.last_redaction,
        }
    }
}

pub struct Programs {
    runtime: Runtime,
    kept: Mutex<Recent<Key, Arc<Loaded>>>,
}

impl Programs {
    pub fn new(runtime: Runtime) -> Self {
        Self {
            runtime,
            kept: Mutex::new(Recent::new(MOST)),
        }
    }

    /// The loaded plugin of that digest; `package` is asked for only when it must be compiled.
    pub fn get(
        &self,
        tenant: &TenantId,
        plugin: &PluginKey,
        digest: Digest,
        package: impl FnOnce() -> Result<Package>,
    ) -> Result<Arc<Loaded>> {
        let key = (tenant.clone(), plugin.clone(), digest);
        if let Some(loaded) = self.kept.lock().find(&key) {
            return Ok(loaded);
        }
        let package = package()?;
        let loaded = Arc::new(Loaded {
            program: self.compile(plugin, &package)?,
            schema: ConfigurationSchema::of(package.manifest())?,
            wishes: wishes(plugin, &package),
            last_redaction: LastRedaction::default(),
        });
        self.kept.lock().keep(key, Arc::clone(&loaded));
        Ok(loaded)
    }

    /// Frees what an uninstalled plugin took.
    pub fn forget(&self, tenant: &TenantId, plugin: &PluginKey) {
        self.kept
            .lock()
            .retain(|(owner, key, _)| owner != tenant || key != plugin);
    }

    fn compile(&self, plugin: &PluginKey, package: &Package) -> Result<Program> {
        let entry_point = package
            .manifest()
            .get("entryPoint")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        let files = package.script_files()?;
        self.runtime.compile(entry_point, &files).map_err(|error| {
            let line = error
                .line
                .map_or_else(String::new, |line| format!(", line {line}"));
            Error::refused(format!(
                "Plugin '{plugin}' cannot be loaded: {}{line}: {}",
                error.file, error.message
            ))
        })
    }
}

/// A package that was installed before permissions had their form asks for nothing that can be granted.
fn wishes(plugin: &PluginKey, package: &Package) -> Wishes {
    Listing::shown(package.manifest().clone())
        .and_then(|listing| listing.permissions)
        .unwrap_or_else(|reason| {
            tracing::warn!(%plugin, reason, "[PluginService] the permissions of an installed plugin cannot be read");
            Wishes::default()
        })
}
