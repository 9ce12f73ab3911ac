//! A marketplace of thousands whose entries differ by a number. Searched by the bench and by the gate.

use serde_json::{Value, json};

pub const PLUGINS: usize = 5_000;
pub const CATEGORIES: [&str; 7] = [
    "communication",
    "ml_ops",
    "version_control",
    "monitoring",
    "security",
    "data_management",
    "analytics",
];

/// What its `plugins.json` says.
pub fn registry() -> Value {
    let plugins: Vec<Value> = (0..PLUGINS).map(manifest).collect();
    let categories: Vec<Value> = CATEGORIES
        .iter()
        .map(|id| json!({"id": id, "name": id}))
        .collect();
    json!({"version": "1.0.0", "plugins": plugins, "categories": categories})
}

/// As long as the manifests of a real marketplace.
fn manifest(number: usize) -> Value {
    let category = CATEGORIES.get(number % CATEGORIES.len());
    let features: Vec<Value> = (0..5)
        .map(|feature| {
            json!({"name": format!("Feature {feature}"), "displayOrder": feature,
                "description": "What it does for the people who use it, in a sentence of usual length."})
        })
        .collect();
    json!({
        "key": format!("plugin-{number}"),
        "name": format!("plugin-{number}"),
        "displayName": format!("Plugin number {number}"),
        "description": "Keeps records of what happens elsewhere and shows them beside what is known here.",
        "longDescription": "A longer text for the page of the plugin. ".repeat(12),
        "version": "1.0.0",
        "author": "Generated",
        "category": category,
        "tags": [format!("tag-{}", number % 50), "generated", "integration"],
        "iconUrl": format!("plugins/plugin-{number}/icon.svg"),
        "documentationUrl": "https://example.com/documentation",
        "supportUrl": "https://example.com/support",
        "isOfficial": true,
        "isPublished": true,
        "requiresConfiguration": false,
        "installationType": "tenant_scoped",
        "features": features,
        "pluginPath": format!("plugins/plugin-{number}"),
        "entryPoint": "main.lua",
    })
}
