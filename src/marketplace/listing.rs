//! One plugin of a registry: its manifest as written, and what Souk makes of it.

use semver::Version;
use serde_json::{Map, Value, json};

use crate::configuration;
use crate::configuration_schema::ConfigurationSchema;
use crate::package::MANIFEST_BYTES;
use crate::package::path::PackagePath;
use crate::permission::{Permission, Rating, Reach, Wishes};
use crate::plugin_key::PluginKey;

mod fields;
#[cfg(test)]
mod tests;

pub use fields::{ListedFile, listed_files};
use fields::{misfits, present, strict, text};

const ENTRY_POINTS: [&str; 2] = ["main.lua", "main.rhai"];
const INSTALLATION_TYPES: [&str; 2] = ["standard", "tenant_scoped"];

#[derive(Clone, Debug)]
pub struct Listing {
    pub key: PluginKey,
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub version: String,
    pub category: String,
    pub tags: Vec<String>,
    pub published: bool,
    /// The plugin's folder, relative to the marketplace.
    pub package_path: PackagePath,
    pub entry_point: Option<PackagePath>,
    /// The UI bundle inside the package.
    pub ui_bundle: Option<PackagePath>,
    /// The icon as the manifest names it: relative to the marketplace or to the plugin's folder.
    pub icon: Option<PackagePath>,
    /// The package's files, where the manifest lists them.
    pub files: Option<Vec<ListedFile>>,
    /// What the plugin asks for, or why that cannot be read.
    pub permissions: Result<Wishes, String>,
    /// Why the plugin cannot be installed here.
    pub installable: Result<(), String>,
    pub warnings: Vec<String>,
    /// As written, in its order.
    pub manifest: Map<String, Value>,
}

impl Listing {
    /// Reads one manifest. The error is the reason for which the plugin is not listed.
    pub fn parse(manifest: Map<String, Value>) -> Result<Self, String> {
        let mut listing = Self::shown(manifest)?;
        listing.installable = listing.judge();
        Ok(listing)
    }

    /// Reads the manifest of a plugin that is installed already: whether it could be installed
    /// is not asked, which spares compiling its schema.
    pub fn shown(manifest: Map<String, Value>) -> Result<Self, String> {
        let key = manifest
            .get("key")
            .and_then(Value::as_str)
            .ok_or("it has no key")?;
        let key = PluginKey::parse(key).map_err(|error| format!("key: {error}"))?;
        let size = serde_json::to_string(&manifest)
            .map_err(|error| error.to_string())?
            .len();
        if size > MANIFEST_BYTES {
            return Err(format!(
                "its manifest has {size} bytes; it may have {MANIFEST_BYTES}"
            ));
        }
        let package_path = match present(&manifest, "pluginPath") {
            None => format!("plugins/{key}"),
            Some(path) => path.as_str().ok_or("pluginPath is not a text")?.to_owned(),
        };
        let package_path = strict("pluginPath", &package_path)?;
        let entry_point = text(&manifest, "entryPoint")
            .map(|path| strict("entryPoint", path))
            .transpose()?;
        let files = present(&manifest, "files")
            .map(fields::package_files)
            .transpose()?;

        let mut warnings: Vec<String> = misfits(&manifest)
            .map(|(field, shape)| format!("{field} should be {shape}; it is ignored"))
            .collect();
        let owned = |field: &str| text(&manifest, field).map(str::to_owned);
        let name = owned("name").unwrap_or_else(|| key.to_string());
        let has_page = manifest.get("ui").is_some_and(Value::is_object);
        let mut listing = Self {
            permissions: Wishes::read(manifest.get("permissions"), has_page).map(|wishes| {
                let schema = manifest.get("configurationSchema");
                wishes.with_schema(schema, configuration::is_secret)
            }),
            display_name: owned("displayName").unwrap_or_else(|| name.clone()),
            name,
            description: owned("description").unwrap_or_default(),
            version: owned("version").unwrap_or_else(|| "0.0.0".to_owned()),
            category: owned("category").unwrap_or_default(),
            tags: fields::texts(manifest.get("tags")),
            // A value that is neither true nor false is a mistake, and to publish one cannot be undone.
            published: present(&manifest, "isPublished").is_none_or(|value| *value == json!(true)),
            ui_bundle: fields::ui_bundle(&manifest, &key, &mut warnings),
            icon: fields::icon(&manifest, &mut warnings),
            package_path,
            entry_point,
            files,
            installable: Ok(()),
            warnings,
            key,
            manifest,
        };
        listing.note_loose_fields();
        Ok(listing)
    }

    /// What clients see: the manifest's fields unchanged but for `iconUrl`, with the lists that
    /// pages expect, and whether the plugin can be installed here.
    pub fn to_api(&self) -> Map<String, Value> {
        let mut shown = self.manifest.clone();
        for (field, _) in misfits(&self.manifest) {
            shown.shift_remove(field);
        }
        shown.insert(
            "iconUrl".to_owned(),
            json!(format!("/api/plugins/marketplace/{}/icon", self.key)),
        );
        for (field, default) in [
            ("name", json!(self.name)),
            ("displayName", json!(self.display_name)),
            ("description", json!(self.description)),
            ("version", json!(self.version)),
            ("tags", json!([])),
            ("features", json!([])),
        ] {
            if present(&shown, field).is_none() {
                shown.insert(field.to_owned(), default);
            }
        }
        self.show_permissions(&mut shown);
        shown.insert("installable".to_owned(), json!(self.installable.is_ok()));
        shown.insert(
            "notInstallableReason".to_owned(),
            json!(self.installable.as_ref().err()),
        );
        shown
    }

    /// Where in the marketplace the icon may lie: `plugins/x/icon.svg` is relative to the
    /// marketplace, `icon.svg` to the plugin's folder.
    pub fn icon_places(&self) -> Vec<PackagePath> {
        match &self.icon {
            None => Vec::new(),
            Some(icon) if icon.below(&self.package_path).is_some() => vec![icon.clone()],
            Some(icon) => vec![self.package_path.join(icon), icon.clone()],
        }
    }

    /// Where in the package the icon may lie.
    pub fn icon_inside(&self) -> Option<PackagePath> {
        self.icon_places().first()?.below(&self.package_path)
    }

    /// What cannot be read is shown as the worst, never as nothing.
    fn show_permissions(&self, shown: &mut Map<String, Value>) {
        let (lines, rating, digest) = match &self.permissions {
            Ok(wishes) => (
                wishes.to_json(None),
                wishes.rating_name(),
                json!(wishes.digest().to_string()),
            ),
            Err(_) => (json!([]), Rating::High.name(), Value::Null),
        };
        shown.insert("permissions".to_owned(), lines);
        shown.insert("permissionsRating".to_owned(), json!(rating));
        shown.insert("permissionsDigest".to_owned(), digest);
    }

    fn note_loose_fields(&mut self) {
        if let Some(kind) = text(&self.manifest, "installationType")
            && !INSTALLATION_TYPES.contains(&kind)
        {
            self.warnings.push(format!(
                "installationType '{kind}' is not known; it is read as tenant_scoped"
            ));
        }
        if Version::parse(&self.version).is_err() {
            self.warnings.push(format!(
                "version '{}' is not a semantic version such as 1.0.0",
                self.version
            ));
        }
    }

    /// A network permission of a server that nobody could enter.
    fn field_that_is_none<'w>(&self, wishes: &'w Wishes) -> Option<&'w str> {
        let schema = present(&self.manifest, "configurationSchema")?;
        let properties = schema.get("properties")?.as_object()?;
        wishes
            .iter()
            .filter_map(|wish| match &wish.permission {
                Permission::Network(Reach::Configured(field)) => Some(field.as_str()),
                _ => None,
            })
            .find(|field| !properties.contains_key(*field))
    }

    fn judge(&self) -> Result<(), String> {
        let refuse = |reason: String| {
            Err(format!(
                "Plugin '{}' cannot be installed here: {reason}",
                self.key
            ))
        };
        let Some(entry_point) = &self.entry_point else {
            return refuse("it names no entry point; Souk runs main.lua and main.rhai".to_owned());
        };
        if !ENTRY_POINTS.contains(&entry_point.as_str()) {
            return refuse(format!(
                "its entry point is '{entry_point}'; Souk runs main.lua and main.rhai"
            ));
        }
        if let Some(files) = &self.files
            && !files.iter().any(|file| file.path == *entry_point)
        {
            return refuse(format!(
                "its list of files lacks the entry point '{entry_point}'"
            ));
        }
        if let Some(wanted) = present(&self.manifest, "minHostVersion")
            && let Err(reason) = host_is_at_least(wanted, env!("CARGO_PKG_VERSION"))
        {
            return refuse(reason);
        }
        let wishes = match &self.permissions {
            Ok(wishes) => wishes,
            Err(reason) => return refuse(reason.clone()),
        };
        if let Some(field) = self.field_that_is_none(wishes) {
            return refuse(format!(
                "permissions name the field '{field}', which its configurationSchema does not have"
            ));
        }
        match ConfigurationSchema::of(&self.manifest) {
            Ok(_) => Ok(()),
            Err(error) => refuse(error.to_string()),
        }
    }
}

fn host_is_at_least(wanted: &Value, host: &str) -> Result<(), String> {
    let wanted = wanted
        .as_str()
        .and_then(|text| Version::parse(text).ok())
        .ok_or_else(|| format!("its minHostVersion {wanted} is not a version such as 1.0.0"))?;
    match Version::parse(host) {
        Ok(host) if host < wanted => Err(format!(
            "it needs Souk {wanted} or later, and this is {host}"
        )),
        _ => Ok(()),
    }
}
