//! Plugins that a test writes itself, in a marketplace of their own.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

pub struct Homemade<'a> {
    pub key: &'a str,
    /// `main.lua` or `main.rhai`
    pub entry_point: &'a str,
    pub source: &'a str,
    /// More fields of the manifest.
    pub manifest: Value,
}

/// Writes the marketplace into the folder; its path is what `--marketplace` takes.
pub fn marketplace(folder: &Path, plugins: &[Homemade<'_>]) -> String {
    let listed: Vec<Value> = plugins
        .iter()
        .map(|plugin| {
            let home = folder.join("plugins").join(plugin.key);
            fs::create_dir_all(&home).unwrap();
            fs::write(home.join(plugin.entry_point), plugin.source).unwrap();
            let mut manifest = json!({
                "key": plugin.key, "name": plugin.key, "version": "1.0.0",
                "pluginPath": format!("plugins/{}", plugin.key), "entryPoint": plugin.entry_point,
            });
            for (name, value) in plugin.manifest.as_object().unwrap() {
                manifest[name] = value.clone();
            }
            manifest
        })
        .collect();
    let registry = json!({"version": "1", "plugins": listed, "categories": []});
    fs::write(folder.join("plugins.json"), registry.to_string()).unwrap();
    folder.to_str().unwrap().to_owned()
}
