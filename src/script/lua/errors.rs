//! Lua's errors in neutral words.

use mlua::Value as LuaValue;

use super::glue::Slot;
use crate::error::Error;
use crate::script::{CompileError, ScriptError};

/// A syntax error, which Luau words as "12: Expected …".
pub fn syntax(file: &str, error: &mlua::Error) -> CompileError {
    let text = match error {
        mlua::Error::SyntaxError { message, .. } => message.as_str(),
        other => return CompileError::new(file, other.to_string()),
    };
    let parsed = text
        .split_once(": ")
        .and_then(|(line, message)| Some((line.trim_matches(':').parse().ok()?, message)));
    match parsed {
        Some((line, message)) => CompileError {
            file: file.to_owned(),
            line: Some(line),
            message: message.to_owned(),
        },
        None => CompileError::new(file, text),
    }
}

/// An error while a plugin was loaded for the first time; its text may begin with its place.
pub fn loading(entry_point: &str, error: &ScriptError) -> CompileError {
    let text = error.to_string();
    let place = || {
        let (file, rest) = text.split_once(':')?;
        let (line, message) = rest.split_once(": ")?;
        Some(CompileError {
            file: file.ends_with(".lua").then(|| file.to_owned())?,
            line: Some(line.parse().ok()?),
            message: message.to_owned(),
        })
    };
    place().unwrap_or_else(|| CompileError::new(entry_point, text.clone()))
}

/// What a plugin raised: text with its place, or a table with status and message.
pub fn raised(slot: &Slot, raised: &LuaValue) -> ScriptError {
    let (message, status) = match raised {
        LuaValue::String(text) => (text.to_string_lossy(), None),
        LuaValue::Table(table) => {
            let message = match table.raw_get("message") {
                Ok(LuaValue::String(text)) => text.to_string_lossy(),
                _ => "the plugin raised an error without a message".to_owned(),
            };
            let status = match table.raw_get("status") {
                Ok(LuaValue::Integer(status)) => u16::try_from(status).ok(),
                _ => None,
            };
            (
                message,
                status.filter(|status| (400..=599).contains(status)),
            )
        }
        LuaValue::Error(error) => (innermost(error).to_string(), None),
        other => (format!("the plugin raised a {}", other.type_name()), None),
    };
    match slot.running() {
        Some(running) => running.raised(message, status),
        None => ScriptError::Raised { message, status },
    }
}

pub fn internal(error: &mlua::Error) -> Error {
    Error::internal("cannot start a Lua machine", innermost(error))
}

fn innermost(error: &mlua::Error) -> &mlua::Error {
    match error {
        mlua::Error::CallbackError { cause, .. } | mlua::Error::WithContext { cause, .. } => {
            innermost(cause)
        }
        other => other,
    }
}
