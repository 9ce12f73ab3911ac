//! Search over a registry, as the page's search box and category tabs want it.
//!
//! What is searched is put together once, when the registry is read: a search over thousands of
//! plugins then only looks through texts.

use memchr::memmem::Finder;

use super::listing::Listing;
use super::manifest::Registry;

/// Between two fields: a text that begins in one must not end in the next.
const BORDER: &str = "\0";

/// The searched words of each listing, in lower case.
#[derive(Clone, Debug, Default)]
pub struct SearchIndex {
    texts: Vec<Box<str>>,
}

impl SearchIndex {
    pub fn of(listings: &[Listing]) -> Self {
        Self {
            texts: listings.iter().map(searched).collect(),
        }
    }
}

fn searched(listing: &Listing) -> Box<str> {
    let fields: Vec<&str> = [&listing.name, &listing.display_name, &listing.description]
        .into_iter()
        .chain(&listing.tags)
        .map(String::as_str)
        .collect();
    fields.join(BORDER).to_lowercase().into()
}

impl Registry {
    /// The plugins of a category whose name, display name, description or a tag holds the text,
    /// whatever its case; in the order of the manifest. `None` leaves that side open.
    pub fn search(&self, text: Option<&str>, category: Option<&str>) -> Vec<&Listing> {
        self.found(text, category)
            .into_iter()
            .filter_map(|number| self.listings.get(number))
            .collect()
    }

    /// The same as places in the list.
    pub fn found(&self, text: Option<&str>, category: Option<&str>) -> Vec<usize> {
        let wanted = text
            .map(|text| text.trim().to_lowercase())
            .unwrap_or_default();
        let finder = Finder::new(&wanted);
        self.listings
            .iter()
            .zip(&self.index.texts)
            .enumerate()
            .filter(|(_, (listing, _))| {
                category.is_none_or(|category| listing.category == category)
            })
            .filter(|(_, (_, text))| finder.find(text.as_bytes()).is_some())
            .map(|(number, _)| number)
            .collect()
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
        for across in ["integrationsync", "integration sync", "modelstracking"] {
            assert!(found(Some(across), None).is_empty(), "{across}");
        }
    }

    #[test]
    fn an_open_side_finds_all_in_the_order_of_the_manifest() {
        assert_eq!(found(None, None), ["b", "a"]);
        assert_eq!(found(Some(""), None), ["b", "a"]);
        assert_eq!(found(None, Some("compliance")), ["a"]);
        assert_eq!(found(Some("mlflow"), Some("compliance")), [""; 0]);
    }
}
