//! What a plugin's refusal, error or met limit means to the person who asked, with every secret taken out.

use super::Lifecycle;
use crate::error::{Error, FieldError, Result};
use crate::plugin_key::PluginKey;
use crate::redaction::Redaction;
use crate::script::ScriptError;
use crate::value::Value;

/// Field errors of a refusal, as many as a schema's own.
const MOST_ERRORS: usize = 50;
/// Bytes of a field's name and of what is wrong with it.
const LONGEST_FIELD_TEXT: usize = 1024;

impl Lifecycle {
    /// What a hook's raised error means to the person who asked for the operation.
    /// A plugin may quote what it knows, so nothing of it is logged before it is cleaned.
    pub(super) fn hook_refused(
        &self,
        plugin: &PluginKey,
        redaction: &Redaction,
        error: ScriptError,
    ) -> Error {
        self.metrics.plugin_error(plugin);
        let error = match error {
            ScriptError::Raised { message, .. } | ScriptError::BadResult { message } => {
                Error::refused(message)
            }
            other => script_error(plugin, other),
        };
        let error = without_secrets(error, redaction);
        tracing::error!(%plugin, %error, "[PluginService] a hook failed");
        error
    }
}

/// A hook's verdict: `success: false` is a refusal with the plugin's message and its field errors.
pub(super) fn verdict(answer: &Value, fallback: &str) -> Result<()> {
    if answer.get("success").and_then(Value::as_bool) != Some(false) {
        return Ok(());
    }
    let message = answer
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or(fallback)
        .to_owned();
    let errors = answer
        .get("errors")
        .map_or_else(Vec::new, |errors| listed_errors(Some(errors)));
    Err(Error::Refused { message, errors })
}

pub(super) fn not_valid(errors: Vec<FieldError>) -> Error {
    Error::Refused {
        message: "The configuration is not valid".to_owned(),
        errors,
    }
}

/// The seed's `errors` is a list of texts; `{field, message}` places one at its field.
pub(super) fn listed_errors(errors: Option<&Value>) -> Vec<FieldError> {
    let one = |error: &Value| match error {
        Value::Map(_) => FieldError {
            field: error
                .get("field")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            message: error
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or("is not valid")
                .to_owned(),
        },
        other => FieldError {
            field: String::new(),
            message: other.as_str().unwrap_or("is not valid").to_owned(),
        },
    };
    match errors {
        Some(Value::List(items)) if !items.is_empty() => items.iter().map(one).collect(),
        Some(Value::Text(text)) => vec![FieldError {
            field: String::new(),
            message: text.clone(),
        }],
        _ => vec![FieldError {
            field: String::new(),
            message: "the plugin refused the configuration".to_owned(),
        }],
    }
}

/// A script's end that is no answer, as the domain names it.
pub(super) fn script_error(plugin: &PluginKey, error: ScriptError) -> Error {
    match error {
        ScriptError::Raised { message, .. } | ScriptError::BadResult { message } => Error::Plugin {
            plugin: plugin.to_string(),
            message,
        },
        ScriptError::Limit { which } => {
            Error::TimedOut(format!("Plugin '{plugin}' met a limit: {which}"))
        }
        ScriptError::Host(error) => error,
    }
}

/// The error with every secret of the call taken out of its text, and no longer than a person reads.
pub(super) fn without_secrets(error: Error, redaction: &Redaction) -> Error {
    let clean = |text: String| redaction.clean(&text);
    match error {
        Error::Plugin { plugin, message } => Error::Plugin {
            plugin,
            message: clean(message),
        },
        Error::Refused { message, errors } => Error::Refused {
            message: clean(message),
            errors: errors
                .into_iter()
                .take(MOST_ERRORS)
                .map(|error| FieldError {
                    field: redaction.clean_to(&error.field, LONGEST_FIELD_TEXT),
                    message: redaction.clean_to(&error.message, LONGEST_FIELD_TEXT),
                })
                .collect(),
        },
        other => other,
    }
}
