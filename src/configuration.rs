//! A plugin's configuration on its way in and out: which fields are secret, how they are stored, and what is shown.
//!
//! Stored, a secret is `{"$sealed": "<base64>"}`; shown, to clients and scripts, it is [`MASK`]. A script reads
//! it by its name, unless it was granted to see it where it stands.
//! A field is secret when the plugin's schema says `format: "password"`, or when its name says so:
//! plugins written for the original system have no schema.

mod pointer;

use serde_json::{Map, Value};

use crate::configuration_schema::{self, ConfigurationSchema};
use crate::error::{Error, FieldError, Result};
use crate::permission::HostPattern;
use crate::plugin_key::PluginKey;
use crate::redaction::{MASK, Redaction};
use crate::secret::SecretBox;
use crate::tenant::TenantId;
pub use pointer::SEALED;
use pointer::{at, field_name, leaves, replace, sealed, sealed_text};

pub type Configuration = Map<String, Value>;

/// Whose configuration it is: a sealed value opens nowhere else.
pub struct Owner<'a> {
    pub tenant: &'a TenantId,
    pub plugin: &'a PluginKey,
    pub schema: Option<&'a ConfigurationSchema>,
}

impl Owner<'_> {
    /// What to store for a plain configuration.
    pub fn seal(&self, secrets: &SecretBox, plain: &Configuration) -> Result<Configuration> {
        let mut stored = plain.clone();
        for pointer in self.secret_pointers(plain) {
            if let Some(value) = at(plain, &pointer) {
                let text = secrets.seal_text(&self.place(&pointer), &value.to_string())?;
                replace(&mut stored, &pointer, sealed(text));
            }
        }
        Ok(stored)
    }

    /// With every secret in plain text.
    pub fn unseal(&self, secrets: &SecretBox, stored: &Configuration) -> Result<Configuration> {
        let mut plain = stored.clone();
        for pointer in sealed_pointers(stored) {
            if let Some(text) = at(stored, &pointer).and_then(sealed_text) {
                let text = secrets.unseal_text(&self.place(&pointer), text)?;
                let value = serde_json::from_str(&text).map_err(|_| {
                    Error::Internal(format!("the secret at {} is damaged", self.place(&pointer)))
                })?;
                replace(&mut plain, &pointer, value);
            }
        }
        Ok(plain)
    }

    /// The same configuration with every secret under the newest key; `None` if they are already.
    pub fn reseal(
        &self,
        secrets: &SecretBox,
        stored: &Configuration,
    ) -> Result<Option<Configuration>> {
        let mut renewed = None;
        for pointer in sealed_pointers(stored) {
            let Some(text) = at(stored, &pointer).and_then(sealed_text) else {
                continue;
            };
            if let Some(text) = secrets.reseal_text(&self.place(&pointer), text)? {
                let renewed = renewed.get_or_insert_with(|| stored.clone());
                replace(renewed, &pointer, sealed(text));
            }
        }
        Ok(renewed)
    }

    /// What a client sees.
    pub fn mask(stored: &Configuration) -> Configuration {
        let mut shown = stored.clone();
        for pointer in sealed_pointers(stored) {
            replace(&mut shown, &pointer, Value::String(MASK.to_owned()));
        }
        shown
    }

    /// The plain configuration that a client's one means: a mask stands for the stored secret,
    /// unless a URL changed. Then the secret would travel to a host that it was not entered for.
    pub fn merge(
        &self,
        secrets: &SecretBox,
        incoming: &Configuration,
        stored: &Configuration,
    ) -> Result<Configuration> {
        let incoming = &self.with_defaults(incoming);
        // A default is a stranger's too.
        if let Some(pointer) = sealed_pointers(incoming).first() {
            let field = field_name(pointer);
            return Err(Error::invalid(
                &field,
                format!("{field} must be a value; only the server seals one"),
            ));
        }
        let masked: Vec<String> = leaves(incoming)
            .into_iter()
            .filter(|pointer| at(incoming, pointer).and_then(Value::as_str) == Some(MASK))
            .collect();
        if masked.is_empty() {
            return Ok(incoming.clone());
        }
        let plain = self.unseal(secrets, stored)?;
        let moved = self.moved_url(incoming, &plain);
        let mut merged = incoming.clone();
        let mut errors = Vec::new();
        for pointer in masked {
            let kept = at(stored, &pointer)
                .and_then(sealed_text)
                .and_then(|_| at(&plain, &pointer));
            let complaint = match (kept, &moved) {
                (Some(value), None) => {
                    replace(&mut merged, &pointer, value.clone());
                    continue;
                }
                (Some(_), Some(url)) => {
                    format!(
                        "Enter this again: {url} has changed, and a stored secret is never sent to another address"
                    )
                }
                (None, _) => "Enter this: there is no stored value to keep".to_owned(),
            };
            errors.push(FieldError {
                field: field_name(&pointer),
                message: complaint,
            });
        }
        if errors.is_empty() {
            return Ok(merged);
        }
        Err(Error::Refused {
            message: "A secret must be entered again".to_owned(),
            errors,
        })
    }

    /// A field that was left out holds its schema's default, so that script, page and API agree on it.
    fn with_defaults(&self, incoming: &Configuration) -> Configuration {
        let filled = self
            .schema
            .map(|schema| schema.with_defaults(Value::Object(incoming.clone())));
        match filled {
            Some(Value::Object(filled)) => filled,
            _ => incoming.clone(),
        }
    }

    /// The first URL field that differs, beyond a trailing slash. One that is masked stays as it is stored.
    fn moved_url(&self, incoming: &Configuration, plain: &Configuration) -> Option<String> {
        let normal = |value: Option<&Value>| {
            value
                .and_then(Value::as_str)
                .unwrap_or_default()
                .trim()
                .trim_end_matches('/')
                .to_owned()
        };
        let mut urls = leaves(incoming);
        urls.extend(leaves(plain));
        urls.into_iter()
            .filter(|pointer| self.is_url(pointer, incoming) || self.is_url(pointer, plain))
            .filter(|pointer| at(incoming, pointer).and_then(Value::as_str) != Some(MASK))
            .find(|pointer| normal(at(incoming, pointer)) != normal(at(plain, pointer)))
            .map(|pointer| field_name(&pointer))
    }

    fn is_url(&self, pointer: &str, configuration: &Configuration) -> bool {
        let declared = self
            .schema
            .is_some_and(|schema| schema.url_fields().iter().any(|known| known == pointer));
        let looks_like_one = at(configuration, pointer)
            .and_then(Value::as_str)
            .is_some_and(|text| {
                // As the network reads it: there are spellings of an address that do not look like one.
                HostPattern::of_url(text).is_some()
                    || text.trim_start().to_ascii_lowercase().starts_with("http")
            });
        declared || looks_like_one || pointer::names_an_address(pointer)
    }

    /// Texts and numbers that are secrets; an empty text, a flag or null hides nothing.
    fn secret_pointers(&self, configuration: &Configuration) -> Vec<String> {
        let hides = |pointer: &str| match at(configuration, pointer) {
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Number(_)) => true,
            _ => false,
        };
        let declared = |pointer: &str| {
            self.schema.is_some_and(|schema| {
                let covers = |known: &String| {
                    pointer
                        .strip_prefix(known.as_str())
                        .is_some_and(|below| below.is_empty() || below.starts_with('/'))
                };
                schema.secret_fields().iter().any(covers)
            })
        };
        leaves(configuration)
            .into_iter()
            .filter(|pointer| {
                hides(pointer) && (declared(pointer) || pointer::names_a_secret(pointer))
            })
            .collect()
    }

    /// A plain configuration as a script sees it that was not granted its secrets: that one is set shows.
    pub fn masked(&self, plain: &Configuration) -> Configuration {
        let mut shown = plain.clone();
        for pointer in self.secret_pointers(plain) {
            replace(&mut shown, &pointer, Value::String(MASK.to_owned()));
        }
        shown
    }

    /// The secrets of a plain configuration, each with its JSON pointer.
    pub fn secret_values<'p>(&self, plain: &'p Configuration) -> Vec<(String, &'p Value)> {
        self.secret_pointers(plain)
            .into_iter()
            .filter_map(|pointer| at(plain, &pointer).map(|value| (pointer, value)))
            .collect()
    }

    /// The secrets of a plain configuration, to be kept out of every text.
    pub fn redaction(&self, plain: &Configuration) -> Redaction {
        let texts = self.secret_values(plain);
        Redaction::new(texts.into_iter().map(|(_, value)| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }))
    }

    fn place(&self, pointer: &str) -> String {
        format!("{}/{}{pointer}", self.tenant, self.plugin)
    }
}

/// Whether a field is secret under a schema that may never be compiled; under one that cannot be read each is.
pub fn is_secret(schema: Option<&Value>, pointer: &str) -> bool {
    pointer::names_a_secret(pointer)
        || schema.is_some_and(|schema| configuration_schema::makes_secret(schema, pointer))
}

fn sealed_pointers(configuration: &Configuration) -> Vec<String> {
    leaves(configuration)
        .into_iter()
        .filter(|pointer| at(configuration, pointer).and_then(sealed_text).is_some())
        .collect()
}

#[cfg(test)]
mod tests;
