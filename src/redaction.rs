//! Taking secrets out of texts that a plugin had a hand in: its errors, its messages, its log lines.
//!
//! A plugin that encodes a secret before it logs it is met halfway: base64 in every alignment, percent
//! encoding, hex and the escapes of JSON are known, in capitals too. One that enciphers it or cuts it up is not.
//! The work is bounded, because a plugin chooses both the text and the secrets: a text is cut before it is
//! cleaned, and of a call with more secrets than can be looked for no text is shown at all.

mod patterns;

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use serde_json::Value;

use patterns::Patterns;

/// What a client and a log see in place of a secret. A client that sends it back keeps the stored one.
pub const MASK: &str = "••••••••";
/// Bytes of a plugin's text that anyone is shown.
pub const LONGEST_TEXT: usize = 8 * 1024;

/// Shorter values would take ordinary words out of ordinary sentences.
const SHORTEST: usize = 4;
/// Secrets of one call.
const MOST_SECRETS: usize = 500;
/// Bytes of all of them.
const MOST_SECRET_BYTES: usize = 256 * 1024;
const WITHHELD: &str =
    "(withheld: the plugin holds more secrets than can be taken out of its texts)";

/// The secrets of one call. What is looked for is made when a text is cleaned: most calls clean none.
#[derive(Clone, Default)]
pub struct Redaction {
    secrets: Vec<String>,
    bytes: usize,
    /// There were more than are kept here.
    is_full: bool,
    /// Shared by clones.
    patterns: Arc<OnceLock<Option<Patterns>>>,
}

/// The secrets of a plugin's last call, so that its next call need not make what is looked for again.
#[derive(Default)]
pub struct LastRedaction(Mutex<Redaction>);

impl LastRedaction {
    /// The same secrets, together with what the last call made of them.
    pub fn or_else(&self, fresh: Redaction) -> Redaction {
        if fresh.secrets.is_empty() {
            return fresh;
        }
        let mut last = self.0.lock();
        if last.secrets != fresh.secrets || last.is_full != fresh.is_full {
            *last = fresh;
        }
        last.clone()
    }
}

impl Redaction {
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut redaction = Self::default();
        for secret in secrets {
            redaction.keep(&secret);
        }
        redaction
    }

    /// From now on this one is taken out too.
    pub fn add(&mut self, secret: &str) {
        if !self.secrets.iter().any(|known| known == secret) {
            self.keep(secret);
        }
    }

    /// The beginning of a text, without the secrets.
    pub fn clean(&self, text: &str) -> String {
        self.clean_to(text, LONGEST_TEXT)
    }

    /// Up to `most` bytes of a text, without the secrets.
    pub fn clean_to(&self, text: &str, most: usize) -> String {
        if self.secrets.is_empty() && !self.is_full {
            return cut(text, most, false);
        }
        match self.patterns() {
            Some(patterns) => patterns.clean(text, most),
            None if text.is_empty() => String::new(),
            None => WITHHELD.to_owned(),
        }
    }

    /// Cleans every text inside of a value, names of fields included, until `most` bytes were read; what is
    /// behind them is left out, and false is returned.
    pub fn clean_json(&self, value: &mut Value, most: usize) -> bool {
        let mut left = most;
        self.clean_value(value, &mut left);
        left > 0
    }

    fn clean_value(&self, value: &mut Value, left: &mut usize) {
        *left = left.saturating_sub(1);
        match value {
            Value::String(text) => *text = self.clean_part(text, left),
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    if *left == 0 {
                        items.truncate(at);
                        return;
                    }
                    self.clean_value(item, left);
                }
            }
            Value::Object(fields) => {
                for (name, mut field) in std::mem::take(fields) {
                    if *left == 0 {
                        return;
                    }
                    let name = self.clean_part(&name, left);
                    self.clean_value(&mut field, left);
                    fields.insert(name, field);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn clean_part(&self, text: &str, left: &mut usize) -> String {
        let cleaned = self.clean_to(text, LONGEST_TEXT.min(*left));
        *left = left.saturating_sub(text.len());
        cleaned
    }

    fn keep(&mut self, secret: &str) {
        // A mask gives nothing away, and taking it out would put masks into masks.
        if secret.len() < SHORTEST || secret.chars().all(|c| MASK.contains(c)) {
            return;
        }
        self.patterns = Arc::default();
        self.bytes = self.bytes.saturating_add(secret.len());
        self.is_full |= self.secrets.len() >= MOST_SECRETS || self.bytes > MOST_SECRET_BYTES;
        if !self.is_full {
            self.secrets.push(secret.to_owned());
        }
    }

    /// `None` where there is too much to look for.
    fn patterns(&self) -> Option<&Patterns> {
        let made = self.patterns.get_or_init(|| {
            let secrets = Some(&self.secrets).filter(|_| !self.is_full)?;
            Patterns::of(secrets)
        });
        made.as_ref()
    }
}

fn cut(text: &str, most: usize, is_beginning: bool) -> String {
    let shown = head(text, most);
    if is_beginning || shown.len() < text.len() {
        format!("{shown}…")
    } else {
        shown.to_owned()
    }
}

/// Up to `most` bytes, and no part of a character.
fn head(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

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
            utf8_percent_encode(secret, NON_ALPHANUMERIC)
                .to_string()
                .to_lowercase(),
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
        assert!(redaction.clean_json(&mut value, 1000));
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

    #[test]
    fn masks_are_not_secrets_and_are_never_masked_again() {
        let dots = (2..=7).map(|count| "•".repeat(count));
        let redaction = Redaction::new(dots.chain(["••a•".to_owned()]));
        let text = "•".repeat(1_000);
        assert_eq!(redaction.clean(&text), text);
        assert_eq!(redaction.clean("••a•"), MASK);
        assert_eq!(
            redaction.clean(&redaction.clean("x••a•")),
            format!("x{MASK}")
        );
    }

    #[test]
    fn the_work_is_bounded_whatever_a_plugin_chose() {
        let text = "abcdefg token12 ".repeat(250_000);
        let tokens = |count| Redaction::new((0..count).map(|n| format!("token{n}")));
        for (redaction, shown) in [
            (tokens(MOST_SECRETS), LONGEST_TEXT + "…".len()),
            (tokens(MOST_SECRETS + 1), WITHHELD.len()),
            (
                Redaction::new(["x".repeat(MOST_SECRET_BYTES + 1)]),
                WITHHELD.len(),
            ),
            (
                Redaction::new(["x".repeat(MOST_SECRET_BYTES)]),
                WITHHELD.len(),
            ),
            (Redaction::default(), LONGEST_TEXT + "…".len()),
        ] {
            let cleaned = redaction.clean(&text);
            assert_eq!(cleaned.len(), shown, "{cleaned:.90}");
        }
        let mut filled = Redaction::default();
        for round in 0..100_000 {
            filled.add(&format!("value {round}"));
        }
        assert_eq!(filled.secrets.len(), MOST_SECRETS);
        assert_eq!(filled.clean("value 99999"), WITHHELD);
    }

    #[test]
    fn a_secret_is_found_on_both_sides_of_a_cut() {
        let secret = "hush-hush-hush";
        let redaction = Redaction::new([secret.to_owned(), "y".repeat(300)]);
        for before in 0..=40 {
            let long = "y".repeat(300).repeat(before % 3);
            let text = format!("{long}{}{secret}{secret} and more", "x".repeat(before));
            let cleaned = redaction.clean_to(&text, long.len() + 30);
            assert!(!cleaned.contains("hush"), "{before}: {cleaned}");
            assert!(!cleaned.contains("yy"), "{before}: {cleaned}");
        }
    }

    #[test]
    fn what_is_looked_for_is_made_once_for_the_same_secrets() {
        let last = LastRedaction::default();
        let of = |secret: &str| last.or_else(Redaction::new([secret.to_owned()]));
        let (first, second) = (of("hush"), of("hush"));
        assert!(Arc::ptr_eq(&first.patterns, &second.patterns));
        let mut third = of("hush");
        third.add("quiet");
        assert_eq!(third.clean("hush quiet"), format!("{MASK} {MASK}"));
        assert_eq!(first.clean("hush quiet"), format!("{MASK} quiet"));
        assert_eq!(of("other").clean("hush other"), format!("hush {MASK}"));
    }

    #[test]
    fn secrets_that_overlap_leave_nothing_of_each_other() {
        let words = ["AAAAsecr", "secret-of-all", "of-all-days", "cret"];
        let redaction = Redaction::new(words.map(str::to_owned));
        assert_eq!(
            redaction.clean("x AAAAsecret-of-all-days, cret and SECRET-OF-ALL"),
            format!("x {MASK}, {MASK} and {MASK}")
        );
    }

    #[test]
    fn of_a_value_no_more_than_asked_for_is_read() {
        let redaction = Redaction::new(["hush".to_owned()]);
        let mut value = serde_json::json!({"a": vec!["hush"; 1000], "b": {"hush": 1}});
        assert!(!redaction.clean_json(&mut value, 100));
        let text = value.to_string();
        assert!(
            text.contains(MASK) && !text.contains("hush") && text.len() < 800,
            "{text}"
        );
        assert!(!text.contains("\"b\""), "{text}");
    }
}
