//! Search over a registry, as the page's search box and category tabs want it.

use super::listing::Listing;
use super::manifest::Registry;

impl Registry {
    /// The plugins of a category whose name, display name, description or a tag holds the text,
    /// whatever its case; in the order of the manifest. `None` leaves that side open.
    pub fn search(&self, text: Option<&str>, category: Option<&str>) -> Vec<&Listing> {
        let wanted = text
            .map(|text| text.trim().to_lowercase())
            .unwrap_or_default();
        self.listings
            .iter()
            .filter(|listing| category.is_none_or(|category| listing.category == category))
            .filter(|listing| wanted.is_empty() || listing.mentions(&wanted))
            .collect()
    }
}

impl Listing {
    fn mentions(&self, lower_case: &str) -> bool {
        [&self.name, &self.display_name, &self.description]
            .into_iter()
            .chain(&self.tags)
            .any(|text| text.to_lowercase().contains(lower_case))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(text: Option<&str>, category: Option<&str>) -> Vec<String> {
        let registry = json!({"plugins": [
            {"key": "b", "name": "mlflow", "displayName": "MLflow Integration", "description": "Sync models",
             "category": "ml_ops", "tags": ["tracking"], "longDescription": "secret words"},
            {"key": "a", "name": "Müller", "displayName": "ÜBERSICHT", "category": "compliance"},
        ]});
        let registry = Registry::parse(registry.to_string().as_bytes()).unwrap();
        registry
            .search(text, category)
            .iter()
            .map(|listing| listing.key.to_string())
            .collect()
    }

    #[test]
    fn four_fields_are_searched_whatever_the_case() {
        for text in ["MLFLOW", "integration", "sync MOD", "Track", " mlflow "] {
            assert_eq!(found(Some(text), None), ["b"], "{text}");
        }
        for text in ["MÜLLER", "übersicht"] {
            assert_eq!(found(Some(text), None), ["a"], "{text}");
        }
        assert!(found(Some("secret words"), None).is_empty());
    }

    #[test]
    fn an_open_side_finds_all_in_the_order_of_the_manifest() {
        assert_eq!(found(None, None), ["b", "a"]);
        assert_eq!(found(Some(""), None), ["b", "a"]);
        assert_eq!(found(None, Some("compliance")), ["a"]);
        assert_eq!(found(Some("mlflow"), Some("compliance")), [""; 0]);
    }
}
