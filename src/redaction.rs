//! Taking secrets out of texts that a plugin had a hand in: its errors, its messages, its log lines.
//!
//! A plugin that encodes a secret before it logs it is met halfway: base64 in every alignment, percent
//! encoding, hex and the escapes of JSON are known. One that enciphers it or cuts it up is not.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What a client and a log see in place of a secret. A client that sends it back keeps the stored one.
pub const MASK: &str = "••••••••";

/// Shorter values would take ordinary words out of ordinary sentences.
const SHORTEST: usize = 4;
/// The same for encoded ones, whose letters are any.
const SHORTEST_ENCODED: usize = 5;
/// What most encoders of URLs leave as it is.
const URL_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The secrets of one call. Their encoded forms are made when a text is cleaned: most calls clean none.
#[derive(Clone, Default)]
pub struct Redaction(Vec<String>);

impl Redaction {
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        Self(
            secrets
                .into_iter()
                .filter(|text| text.len() >= SHORTEST)
                .collect(),
        )
    }

    /// From now on this one is taken out too.
    pub fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST && !self.0.iter().any(|known| known == secret) {
            self.0.push(secret.to_owned());
        }
    }

    pub fn clean(&self, text: &str) -> String {
        clean(text, &self.patterns())
    }

    /// Cleans every text inside of a value, names of fields included.
    pub fn clean_json(&self, value: &mut Value) {
        clean_json(value, &self.patterns());
    }

    /// The longest first, so that a secret that holds another leaves nothing of itself.
    fn patterns(&self) -> Vec<String> {
        let encoded = self
            .0
            .iter()
            .flat_map(|secret| forms(secret))
            .filter(|form| form.len() >= SHORTEST_ENCODED);
        let mut patterns: Vec<String> = self.0.iter().cloned().chain(encoded).collect();
        patterns.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        patterns.dedup();
        patterns
    }
}

fn clean(text: &str, patterns: &[String]) -> String {
    let cleaned = patterns.iter().fold(Cow::Borrowed(text), |text, secret| {
        if text.contains(secret.as_str()) {
            Cow::Owned(text.replace(secret, MASK))
        } else {
            text
        }
    });
    cleaned.into_owned()
}

fn clean_json(value: &mut Value, patterns: &[String]) {
    match value {
        Value::String(text) => *text = clean(text, patterns),
        Value::Array(items) => items.iter_mut().for_each(|item| clean_json(item, patterns)),
        Value::Object(fields) => {
            for (name, mut field) in std::mem::take(fields) {
                clean_json(&mut field, patterns);
                fields.insert(clean(&name, patterns), field);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn forms(secret: &str) -> Vec<String> {
    let hex = crate::hex::encode(secret.as_bytes());
    let json = Value::from(secret).to_string();
    let url = utf8_percent_encode(secret, URL_UNRESERVED).to_string();
    let alignments = (0..3).flat_map(|offset| {
        let [standard, url_safe] = within_base64(secret.as_bytes(), offset);
        [standard, url_safe]
    });
    alignments
        .chain([
            hex.to_uppercase(),
            hex,
            json.trim_matches('"').to_owned(),
            // In lower case, and as forms write it.
            lower_escapes(&url),
            url.replace("%20", "+"),
            url,
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        ])
        .collect()
}

fn lower_escapes(url: &str) -> String {
    let mut parts = url.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        format!("{text}%{}{rest}", digits.to_lowercase())
    })
}

/// The letters that base64 of any longer text has for these bytes, when `offset` bytes stand before them
/// in their group of three. The letters at the ends, which depend on the neighbours, are left out.
fn within_base64(bytes: &[u8], offset: usize) -> [String; 2] {
    let padded: Vec<u8> = std::iter::repeat_n(0, offset)
        .chain(bytes.iter().copied())
        .collect();
    let first = (offset * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    [
        STANDARD_NO_PAD.encode(&padded),
        URL_SAFE_NO_PAD.encode(&padded),
    ]
    .map(|text| text.get(first..last).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    #[test]
    fn texts_lose_the_secrets_they_quote() {
        let mut redaction = Redaction::new(["hush hush".to_owned(), "x".to_owned()]);
        redaction.add("hush");
        assert_eq!(
            redaction.clean("401 for hush hush, then hush: x"),
            format!("401 for {MASK}, then {MASK}: x")
        );
    }

    #[test]
    fn an_encoded_secret_is_known_wherever_it_stands() {
        let secret = "Kanari/ü 7+\"s€c?";
        let redaction = Redaction::new([secret.to_owned()]);
        let mut texts = vec![
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            utf8_percent_encode(secret, URL_UNRESERVED)
                .to_string()
                .to_lowercase()
                .replace("kanari", "Kanari"),
            url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            serde_json::json!({ "a": secret }).to_string(),
            crate::hex::encode(secret.as_bytes()),
            crate::hex::encode(secret.as_bytes()).to_uppercase(),
        ];
        for before in ["", "a", "ab", "user:", "längerer Name:"] {
            for after in ["", "!", "??", "\nmore"] {
                let text = format!("{before}{secret}{after}");
                texts.push(STANDARD.encode(&text));
                texts.push(URL_SAFE.encode(&text));
            }
        }
        for text in texts {
            let cleaned = redaction.clean(&format!("it said {text} twice"));
            assert!(cleaned.contains(MASK), "{text}");
            // What the neighbours share is at most a letter at each end.
            let left = cleaned.len() - MASK.len();
            assert!(
                left <= "it said  twice".len() + text.len() - secret.len(),
                "{cleaned}"
            );
        }
    }

    #[test]
    fn values_are_cleaned_to_their_last_corner() {
        let redaction = Redaction::new(["hush".to_owned()]);
        let mut value =
            serde_json::json!({"hush": ["a hush", {"deep": "hush", "n": 1}], "b": null});
        redaction.clean_json(&mut value);
        let cleaned =
            serde_json::json!({MASK: [format!("a {MASK}"), {"deep": MASK, "n": 1}], "b": null});
        assert_eq!(value, cleaned);
    }

    #[test]
    fn a_short_secret_takes_no_words_out_of_ordinary_texts() {
        let redaction = Redaction::new(["abcd".to_owned(), "a b".to_owned()]);
        let text = "the route a b of plugin 616263 answered 404 after YWJj";
        assert_eq!(redaction.clean(text), text);
    }
}
