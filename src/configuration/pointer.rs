//! JSON pointers (RFC 6901) into a configuration: every leaf, what stands there, and what its name says.

use serde_json::{Map, Value};

use super::Configuration;

/// Marks what only the server writes.
pub const SEALED: &str = "$sealed";

/// Parts of a field's name that make it a secret without a schema.
const SECRET_WORDS: [&str; 6] = [
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "privatekey",
];

/// Pointers of all leaves: what is no object and no list, and sealed values.
pub fn leaves(configuration: &Configuration) -> Vec<String> {
    let mut found = Vec::new();
    collect_map(configuration, "", &mut found);
    found
}

fn collect_map(map: &Map<String, Value>, prefix: &str, found: &mut Vec<String>) {
    for (name, value) in map {
        let pointer = format!("{prefix}/{}", name.replace('~', "~0").replace('/', "~1"));
        collect(value, pointer, found);
    }
}

fn collect(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(inner) if sealed_text(value).is_none() => collect_map(inner, &pointer, found),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{pointer}/{index}"), found);
            }
        }
        _ => found.push(pointer),
    }
}

pub fn at<'v>(configuration: &'v Configuration, pointer: &str) -> Option<&'v Value> {
    let (first, rest) = parts(pointer);
    let value = configuration.get(&first)?;
    if rest.is_empty() {
        Some(value)
    } else {
        value.pointer(rest)
    }
}

pub fn replace(configuration: &mut Configuration, pointer: &str, value: Value) {
    let (first, rest) = parts(pointer);
    let place = match configuration.get_mut(&first) {
        Some(place) if rest.is_empty() => Some(place),
        Some(place) => place.pointer_mut(rest),
        None => None,
    };
    if let Some(place) = place {
        *place = value;
    }
}

pub fn sealed(text: String) -> Value {
    Value::Object(Map::from_iter([(SEALED.to_owned(), Value::String(text))]))
}

pub fn sealed_text(value: &Value) -> Option<&str> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.get(SEALED)?.as_str()
}

/// The field as a form names it: `auth.token`.
pub fn field_name(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

/// Whether the name of a leaf says that it is a secret: its own, or that of a list or object that is
/// nothing but the secret, such as `api_tokens/0` and `password/value`.
pub fn names_a_secret(pointer: &str) -> bool {
    let mut names = pointer
        .split('/')
        .filter(|part| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit()))
        .map(bare);
    let own = names.next_back().unwrap_or_default();
    SECRET_WORDS.iter().any(|word| own.contains(word))
        || names.any(|name| SECRET_WORDS.contains(&name.as_str()))
}

/// Whether the name of a leaf says that it is an address.
pub fn names_an_address(pointer: &str) -> bool {
    let own = bare(pointer.rsplit('/').next().unwrap_or_default());
    [
        "url", "uri", "host", "hostname", "server", "address", "endpoint",
    ]
    .iter()
    .any(|end| own.ends_with(end))
}

/// `/a~1b/c` is the field `a/b` and the rest `/c`.
fn parts(pointer: &str) -> (String, &str) {
    let bare = pointer.trim_start_matches('/');
    let (first, rest) = bare.find('/').map_or((bare, ""), |at| bare.split_at(at));
    (first.replace("~1", "/").replace("~0", "~"), rest)
}

/// In lower case without `_` and `-`, so that `api_key` is `apikey`.
fn bare(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_leaf_has_its_pointer_and_can_be_replaced() {
        let mut map = json!({"a/b": {"~c": 1}, "list": [{"d": true}, "e"], "s": {"$sealed": "x"}})
            .as_object()
            .unwrap()
            .clone();
        let found = leaves(&map);
        assert_eq!(found, ["/a~1b/~0c", "/list/0/d", "/list/1", "/s"]);
        for pointer in &found {
            assert!(at(&map, pointer).is_some(), "{pointer}");
            replace(&mut map, pointer, json!("new"));
            assert_eq!(at(&map, pointer), Some(&json!("new")), "{pointer}");
        }
    }

    #[test]
    fn names_tell_secrets_and_addresses() {
        for secret in [
            "/password",
            "/api_key",
            "/auth/0/token",
            "/api_tokens/1",
            "/password/value",
            "/clientSecret",
        ] {
            assert!(names_a_secret(secret), "{secret}");
        }
        for open in [
            "/username",
            "/timeout",
            "/token_settings/url",
            "/passenger",
            "/0",
        ] {
            assert!(!names_a_secret(open), "{open}");
        }
        assert!(
            names_an_address("/tracking_server_url")
                && names_an_address("/smtp-host")
                && !names_an_address("/mode")
        );
    }
}
