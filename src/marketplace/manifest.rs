//! The single entry point for a registry, `plugins.json`.
//!
//! Tolerant where the format is loose: unknown fields pass through in their order, an optional
//! field of the wrong type is a warning on its plugin. Strict where safety needs it: sizes, keys
//! and paths. A plugin that breaks a strict rule is left out and reported; the others stay.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::listing::Listing;
use super::rendered::Rendered;
use super::search::SearchIndex;
use crate::error::{Error, Result};
use crate::plugin_key::PluginKey;

/// The name of a registry inside its folder or below its base URL.
pub const FILE_NAME: &str = "plugins.json";
pub const REGISTRY_BYTES: usize = 20 * 1024 * 1024;
pub const PLUGINS: usize = 20_000;
/// A value in memory is many times the two bytes that it may take in the text.
const VALUES: usize = 1_000_000;
const CATEGORIES: usize = 500;

/// A registry as read: what can be shown, and what was left out.
#[derive(Clone, Debug)]
pub struct Registry {
    pub version: String,
    /// The published plugins, in the order of the manifest.
    pub listings: Vec<Listing>,
    pub categories: Vec<Category>,
    pub problems: Vec<Problem>,
    pub(super) index: SearchIndex,
    places: HashMap<PluginKey, usize>,
    rendered: OnceLock<Rendered>,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Category {
    pub id: String,
    pub name: String,
    pub description: String,
}

/// A plugin that is not listed, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Its place in the list `plugins`, from 0.
    pub index: usize,
    /// What it says of itself, where that is text.
    pub key: Option<String>,
    pub reason: String,
}

impl Registry {
    /// Reads a registry. The error says why nothing of it can be used.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let refuse = |reason: String| Error::Upstream(format!("{FILE_NAME} {reason}"));
        if bytes.len() > REGISTRY_BYTES {
            return Err(refuse(format!("has more than {REGISTRY_BYTES} bytes")));
        }
        if bytes
            .iter()
            .filter(|byte| matches!(byte, b',' | b'[' | b'{'))
            .count()
            > VALUES
        {
            return Err(refuse(format!("holds more than {VALUES} values")));
        }
        // Editors on Windows like to begin a file with a byte order mark.
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut root: Map<String, Value> = serde_json::from_slice(text)
            .map_err(|error| refuse(format!("cannot be read as JSON: {error}")))?;
        let Some(Value::Array(plugins)) = root.remove("plugins") else {
            return Err(refuse("has no list 'plugins'".to_owned()));
        };
        if plugins.len() > PLUGINS {
            return Err(refuse(format!("lists more than {PLUGINS} plugins")));
        }
        let mut registry = Self {
            version: root
                .get("version")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            listings: Vec::new(),
            categories: categories(root.get("categories")),
            problems: Vec::new(),
            index: SearchIndex::default(),
            places: HashMap::new(),
            rendered: OnceLock::new(),
        };
        registry.list(plugins);
        registry.index = SearchIndex::of(&registry.listings);
        Ok(registry)
    }

    pub fn find(&self, key: &PluginKey) -> Option<&Listing> {
        self.listings.get(*self.places.get(key)?)
    }

    /// The listings as clients read them; written at the first call.
    pub fn rendered(&self) -> &Rendered {
        self.rendered.get_or_init(|| Rendered::of(&self.listings))
    }

    fn list(&mut self, plugins: Vec<Value>) {
        let mut keys = HashSet::new();
        for (index, plugin) in plugins.into_iter().enumerate() {
            let key = plugin.get("key").and_then(Value::as_str).map(str::to_owned);
            let read = match plugin {
                Value::Object(manifest) => Listing::parse(manifest),
                _ => Err("it is not an object".to_owned()),
            };
            match read {
                Ok(listing) if !keys.insert(listing.key.clone()) => self.problems.push(Problem {
                    index,
                    key,
                    reason: "an earlier plugin has the same key".to_owned(),
                }),
                Ok(listing) if listing.published => {
                    self.places.insert(listing.key.clone(), self.listings.len());
                    self.listings.push(listing);
                }
                Ok(_hidden) => {}
                Err(reason) => self.problems.push(Problem { index, key, reason }),
            }
        }
    }
}

/// A category needs an id; the rest is filled in.
fn categories(list: Option<&Value>) -> Vec<Category> {
    let list = list
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let text = |category: &Value, field: &str| {
        category
            .get(field)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    list.iter()
        .filter_map(|category| {
            let id = text(category, "id")?;
            Some(Category {
                name: text(category, "name").unwrap_or_else(|| id.clone()),
                description: text(category, "description").unwrap_or_default(),
                id,
            })
        })
        .take(CATEGORIES)
        .collect()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.as_deref().unwrap_or("without a key");
        write!(
            f,
            "plugin {} ({key:?}) is left out: {}",
            self.index, self.reason
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::path::Path;

    fn parse(registry: &Value) -> Registry {
        Registry::parse(registry.to_string().as_bytes()).unwrap()
    }

    fn refusal(bytes: &[u8]) -> String {
        Registry::parse(bytes).unwrap_err().to_string()
    }

    fn plugin(key: &str) -> Value {
        json!({"key": key, "name": key, "pluginPath": format!("plugins/{key}"), "entryPoint": "main.lua"})
    }

    fn keys(registry: &Registry) -> Vec<&str> {
        registry
            .listings
            .iter()
            .map(|listing| listing.key.as_str())
            .collect()
    }

    #[test]
    fn a_broken_plugin_is_left_out_and_reported_and_the_others_stay() {
        let registry = parse(&json!({"version": "1.0.0", "plugins": [
            plugin("good"), plugin("Bad Key"), 7, plugin("good"), {"key": "p", "pluginPath": "../x"},
            {"name": "no key"}, plugin("marketplace"), plugin("last")
        ]}));
        assert_eq!(keys(&registry), ["good", "last"]);
        let told: Vec<_> = registry
            .problems
            .iter()
            .map(|problem| (problem.index, problem.reason.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (1, "key: Invalid plugin key format"),
                (2, "it is not an object"),
                (3, "an earlier plugin has the same key"),
                (4, "pluginPath '../x' holds the segment '..'"),
                (5, "it has no key"),
                (6, "key: Invalid plugin key format"),
            ]
        );
        assert_eq!(
            registry.problems[1].to_string(),
            "plugin 2 (\"without a key\") is left out: it is not an object"
        );
    }

    #[test]
    fn a_plugin_that_is_not_published_is_hidden_but_keeps_its_key() {
        let mut hidden = plugin("a");
        hidden["isPublished"] = json!(false);
        let registry = parse(&json!({"plugins": [hidden, plugin("a"), plugin("b")]}));
        assert_eq!(keys(&registry), ["b"]);
        assert_eq!(registry.problems.len(), 1);
    }

    #[test]
    fn categories_are_read_tolerantly() {
        let registry = parse(
            &json!({"plugins": [], "categories": [{"id": "ml_ops", "name": "ML"}, 3, {"id": "x"}, {}]}),
        );
        let ids: Vec<_> = registry
            .categories
            .iter()
            .map(|c| (c.id.as_str(), c.name.as_str()))
            .collect();
        assert_eq!(ids, [("ml_ops", "ML"), ("x", "x")]);
        assert!(
            parse(&json!({"plugins": [], "categories": "none"}))
                .categories
                .is_empty()
        );
    }

    #[test]
    fn what_is_no_registry_is_refused_whole_with_the_reason() {
        assert!(refusal(b"<html>").contains("cannot be read as JSON"));
        assert!(refusal(b"[]").contains("cannot be read as JSON"));
        assert!(refusal(b"{}").contains("no list 'plugins'"));
        assert!(refusal(b"{\"plugins\": {}}").contains("no list 'plugins'"));
        assert!(refusal(b"{\"plugins\": [\"\xff\"]}").contains("cannot be read as JSON"));
        let deep = format!("{{\"plugins\": {}}}", "[".repeat(100_000));
        assert!(refusal(deep.as_bytes()).contains("cannot be read as JSON"));
    }

    #[test]
    fn size_bombs_are_refused_before_they_are_read() {
        assert!(refusal(&vec![b' '; REGISTRY_BYTES + 1]).contains("bytes"));
        let values = format!("{{\"plugins\": [{}0]}}", "0,".repeat(VALUES));
        assert!(refusal(values.as_bytes()).contains("values"));
        let many = format!("{{\"plugins\": [{}0]}}", "0,".repeat(PLUGINS));
        assert!(refusal(many.as_bytes()).contains("plugins"));
        let mut fat = plugin("fat");
        fat["longDescription"] = json!("x".repeat(crate::package::MANIFEST_BYTES));
        let registry = parse(&json!({"plugins": [fat, plugin("thin")]}));
        assert_eq!(keys(&registry), ["thin"]);
    }

    #[test]
    fn a_byte_order_mark_is_no_reason_to_refuse() {
        assert!(Registry::parse(b"\xef\xbb\xbf{\"plugins\": []}").is_ok());
    }

    #[test]
    fn a_plugin_written_for_the_original_is_listed_and_says_why_it_cannot_be_installed() {
        let registry = parse(&json!({"version": "1.0.0", "plugins": [{
            "key": "mlflow", "name": "mlflow", "displayName": "MLflow Integration", "version": "1.0.0",
            "iconUrl": "https://example.com/mlflow-icon.png", "isPublished": true, "installationType": "npm",
            "tags": ["mlflow"], "pluginPath": "plugins/mlflow", "entryPoint": "index.ts",
            "dependencies": {"axios": "^1.6.0"}
        }]}));
        let listing = registry.find(&PluginKey::parse("mlflow").unwrap()).unwrap();
        assert_eq!(listing.warnings.len(), 2, "{:?}", listing.warnings);
        assert!(
            listing
                .installable
                .as_ref()
                .unwrap_err()
                .contains("'index.ts'")
        );
        assert_eq!(listing.to_api()["dependencies"], json!({"axios": "^1.6.0"}));
    }

    #[test]
    fn a_damaged_registry_never_panics() {
        let text = json!({"plugins": [plugin("a"), plugin("b")], "categories": [{"id": "x"}]})
            .to_string()
            .into_bytes();
        let mut random: u32 = 1;
        for _ in 0..2_000 {
            let mut damaged = text.clone();
            for _ in 0..3 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let place = random as usize % damaged.len();
                damaged[place] = random.to_be_bytes()[0];
            }
            let _ = Registry::parse(&damaged);
        }
    }

    #[test]
    fn the_manifest_of_a_real_marketplace_lists_whole() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/marketplace/plugins.json");
        let Ok(bytes) = std::fs::read(&path) else {
            println!(
                "skipped: there is no ../shared/marketplace/plugins.json beside this repository"
            );
            return;
        };
        let raw: Value = serde_json::from_slice(&bytes).unwrap();
        let registry = Registry::parse(&bytes).unwrap();
        assert_eq!(
            (registry.listings.len(), registry.categories.len()),
            (29, 7)
        );
        assert!(registry.problems.is_empty(), "{:?}", registry.problems);
        for (listing, raw) in registry
            .listings
            .iter()
            .zip(raw["plugins"].as_array().unwrap())
        {
            assert_eq!(Value::Object(listing.manifest.clone()), *raw);
            assert!(
                listing.warnings.is_empty(),
                "{}: {:?}",
                listing.key,
                listing.warnings
            );
            assert!(
                listing.installable.is_err()
                    && listing.icon.is_some()
                    && listing.ui_bundle.is_some()
            );
            let shown = Value::Object(listing.to_api());
            for (field, value) in raw.as_object().unwrap() {
                if field == "iconUrl" {
                    assert_eq!(
                        shown[field],
                        format!("/api/plugins/marketplace/{}/icon", listing.key)
                    );
                } else {
                    assert_eq!(&shown[field], value, "{field}");
                }
            }
        }
    }
}
