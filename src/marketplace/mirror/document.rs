//! The registry of a mirror: that of its source, with the list of files in each manifest.
//!
//! Files that lie beside packages (an icon that several plugins share, a text that a package does
//! not list) are listed at the top of the document, in the same form.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::Choice;
use crate::error::{Error, Result};
use crate::marketplace::listing::{ListedFile, Listing, listed_files};
use crate::marketplace::manifest::{FILE_NAME, PLUGINS, Registry};
use crate::package::path::PackagePath;
use crate::plugin_key::PluginKey;

/// Two texts and two pictures of each plugin.
const BESIDE: usize = 4 * PLUGINS;
const FILES_FIELD: &str = "files";
const PLUGINS_FIELD: &str = "plugins";

pub struct Document {
    root: Map<String, Value>,
    pub registry: Registry,
}

impl Document {
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let registry = Registry::parse(bytes)?;
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let root = serde_json::from_slice(text)
            .map_err(|error| Error::internal("a registry that was read before", error))?;
        Ok(Self { root, registry })
    }

    /// Plugins that the source keeps from view.
    pub fn unpublished(&self) -> usize {
        let all = self.root.get(PLUGINS_FIELD).and_then(Value::as_array);
        let shown = self.registry.listings.len() + self.registry.problems.len();
        all.map_or(0, Vec::len).saturating_sub(shown)
    }

    /// The plugins that are wanted. One that is asked for by name must be there.
    pub fn chosen(&self, choice: &Choice) -> Result<Vec<&Listing>> {
        for key in choice.only.iter().chain(&choice.except) {
            if self.registry.find(key).is_none() {
                return Err(Error::NotFound(format!(
                    "The marketplace lists no plugin '{key}'"
                )));
            }
        }
        let taken = |listing: &&Listing| choice.takes(&listing.key);
        Ok(self.registry.listings.iter().filter(taken).collect())
    }

    /// The files that a mirror lists: those of packages and those beside them. The error names a plugin without a list.
    pub fn listed(&self) -> Result<BTreeMap<PackagePath, ListedFile>, String> {
        let mut listed = BTreeMap::new();
        for listing in &self.registry.listings {
            let files = listing
                .files
                .as_ref()
                .ok_or_else(|| format!("the plugin '{}' has no list of its files", listing.key))?;
            for file in files {
                listed.insert(listing.package_path.join(&file.path), file.clone());
            }
        }
        if let Some(beside) = self.root.get(FILES_FIELD) {
            for file in listed_files(beside, BESIDE)? {
                listed.insert(file.path.clone(), file);
            }
        }
        Ok(listed)
    }

    /// Refuses two places that differ in case alone: on many systems they are one file, and one plugin would get
    /// what is the other's.
    pub fn refuse_twins<'a>(
        &self,
        places: impl IntoIterator<Item = &'a PackagePath>,
    ) -> Result<()> {
        let mut known = HashMap::new();
        for place in places {
            if let Some(twin) = known.insert(place.as_str().to_lowercase(), place) {
                return Err(Error::refused(format!(
                    "{} and {} differ in case alone: on many systems they are one file. \
                     Leave one of the plugins out",
                    self.named(twin),
                    self.named(place)
                )));
            }
        }
        Ok(())
    }

    /// A file with the plugin that it belongs to, if it lies in the folder of one.
    fn named(&self, place: &PackagePath) -> String {
        let owner = self
            .registry
            .listings
            .iter()
            .filter(|listing| place.below(&listing.package_path).is_some())
            .max_by_key(|listing| listing.package_path.as_str().len());
        match owner {
            Some(listing) => format!("'{place}' of the plugin '{}'", listing.key),
            None => format!("'{place}'"),
        }
    }

    /// The document of a mirror. Plugins that are not in `packages` are left out.
    pub fn write(
        mut self,
        packages: &BTreeMap<PluginKey, Vec<ListedFile>>,
        beside: &BTreeMap<PackagePath, ListedFile>,
    ) -> Result<Vec<u8>> {
        let plugins: Vec<Value> = self
            .registry
            .listings
            .into_iter()
            .filter_map(|listing| {
                let files = packages.get(&listing.key)?;
                let mut manifest = listing.manifest;
                manifest.insert(FILES_FIELD.to_owned(), written(files));
                Some(Value::Object(manifest))
            })
            .collect();
        let count = plugins.len();
        self.root
            .insert(PLUGINS_FIELD.to_owned(), Value::Array(plugins));
        if beside.is_empty() {
            self.root.shift_remove(FILES_FIELD);
        } else {
            self.root
                .insert(FILES_FIELD.to_owned(), written(beside.values()));
        }
        let mut text = serde_json::to_vec_pretty(&self.root)
            .map_err(|error| Error::internal("the registry cannot be written", error))?;
        text.push(b'\n');
        // The lists make it longer, and what no reader takes must not be written.
        let again = Registry::parse(&text)?;
        match again.problems.first() {
            None if again.listings.len() == count => Ok(text),
            problem => Err(Error::refused(format!(
                "The {FILE_NAME} of this mirror could not be read again: {}",
                problem.map_or_else(|| "plugins are missing".to_owned(), ToString::to_string)
            ))),
        }
    }
}

fn written<'a>(files: impl IntoIterator<Item = &'a ListedFile>) -> Value {
    files
        .into_iter()
        .map(|file| json!({ "path": file.path, "sha256": file.sha256, "size": file.size }))
        .collect()
}
