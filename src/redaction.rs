//! Taking secrets out of texts that a plugin had a hand in: its errors, its messages, its log lines.

/// What a client and a log see in place of a secret. A client that sends it back keeps the stored one.
pub const MASK: &str = "••••••••";

/// Shorter values would take ordinary words out of ordinary sentences.
const SHORTEST: usize = 4;

/// The secrets of one call.
#[derive(Clone, Default)]
pub struct Redaction(Vec<String>);

impl Redaction {
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets
            .into_iter()
            .filter(|text| text.len() >= SHORTEST)
            .collect();
        // The longest first, so that a secret that holds another leaves nothing of itself.
        secrets.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self(secrets)
    }

    pub fn clean(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    /// Cleans every text inside of a value.
    pub fn clean_json(&self, value: &mut serde_json::Value) {
        use serde_json::Value;
        match value {
            Value::String(text) => *text = self.clean(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.clean_json(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.clean_json(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_the_secrets_they_quote() {
        let redaction = Redaction::new(["hush".to_owned(), "hush hush".to_owned(), "x".to_owned()]);
        assert_eq!(
            redaction.clean("401 for hush hush, then hush: x"),
            format!("401 for {MASK}, then {MASK}: x")
        );
    }
}
