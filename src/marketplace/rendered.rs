//! A registry as clients read it: each listing is written as JSON once, when it is first asked for.
//!
//! Thousands of manifests take longer to write than to send, and they are the same for everyone.

use std::ops::Range;
use std::sync::OnceLock;

use serde_json::Value;

use super::listing::Listing;
use crate::digest::Digest;

#[derive(Clone, Debug)]
pub struct Rendered {
    /// All listings, as one JSON list.
    list: Vec<u8>,
    /// Where each stands in it.
    places: Vec<Range<usize>>,
    digest: Digest,
    packed: OnceLock<Vec<u8>>,
}

impl Rendered {
    pub(super) fn of(listings: &[Listing]) -> Self {
        let mut list = vec![b'['];
        let mut places = Vec::with_capacity(listings.len());
        for listing in listings {
            if !places.is_empty() {
                list.push(b',');
            }
            let start = list.len();
            list.extend_from_slice(Value::Object(listing.to_api()).to_string().as_bytes());
            places.push(start..list.len());
        }
        list.push(b']');
        Self {
            digest: Digest::of(&list),
            list,
            places,
            packed: OnceLock::new(),
        }
    }

    /// The whole list.
    pub fn all(&self) -> &[u8] {
        &self.list
    }

    /// Tells this list from every other one.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Some of the listings, by their place in the registry, as one JSON list.
    pub fn some(&self, numbers: &[usize]) -> Vec<u8> {
        let chosen = numbers.iter().filter_map(|number| {
            let place = self.places.get(*number)?;
            self.list.get(place.clone())
        });
        let mut list = vec![b'['];
        for (position, item) in chosen.enumerate() {
            if position > 0 {
                list.push(b',');
            }
            list.extend_from_slice(item);
        }
        list.push(b']');
        list
    }

    /// A compressed form of the whole list, made by whoever sends it and kept as long as the list.
    pub fn packed(&self, pack: impl FnOnce() -> Vec<u8>) -> &[u8] {
        self.packed.get_or_init(pack)
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Registry;
    use serde_json::{Value, json};

    #[test]
    fn what_is_written_once_is_what_each_listing_says() {
        let keys = ["a", "b", "c"];
        let plugins: Vec<Value> = keys
            .iter()
            .map(|key| json!({"key": key, "name": "\"Ü\" </script>", "version": "1.0.0"}))
            .collect();
        let text = json!({ "plugins": plugins }).to_string();
        let registry = Registry::parse(text.as_bytes()).unwrap();
        let one_by_one = |numbers: &[usize]| -> Value {
            let listings = numbers.iter().map(|number| &registry.listings[*number]);
            listings
                .map(|listing| Value::Object(listing.to_api()))
                .collect()
        };
        let rendered = registry.rendered();
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        assert_eq!(read(rendered.all()), one_by_one(&[0, 1, 2]));
        assert_eq!(read(&rendered.some(&[2, 0])), one_by_one(&[2, 0]));
        assert_eq!(rendered.some(&[]), b"[]");
        let empty = Registry::parse(br#"{"plugins": []}"#).unwrap();
        assert_eq!(empty.rendered().all(), b"[]");
        assert_ne!(empty.rendered().digest(), rendered.digest());
    }
}
