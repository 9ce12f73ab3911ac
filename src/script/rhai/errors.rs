//! Rhai's errors in neutral words, each with its file and line.

use rhai::{EvalAltResult, Map as RhaiMap, Position};

use super::text;
use crate::script::running::Running;
use crate::script::{CompileError, ScriptError};

/// An error while a plugin was parsed or its modules were evaluated.
pub fn compile(entry_point: &str, running: &Running, error: EvalAltResult) -> CompileError {
    let (file, error) = innermost(entry_point, error);
    let ended = running.outcome::<()>(Ok(())).err();
    CompileError {
        line: line(error.position()),
        message: match ended {
            Some(limit) => limit.to_string(),
            None => in_words(error),
        },
        file,
    }
}

/// An error while a plugin was loaded for the first time; its text begins with its place.
pub fn loading(entry_point: &str, error: &ScriptError) -> CompileError {
    let text = error.to_string();
    let place = || {
        let (file, rest) = text.split_once(':')?;
        let (line, message) = rest.split_once(": ")?;
        Some(CompileError {
            file: file.ends_with(".rhai").then(|| file.to_owned())?,
            line: Some(line.parse().ok()?),
            message: message.to_owned(),
        })
    };
    place().unwrap_or_else(|| CompileError::new(entry_point, text.clone()))
}

/// An error of a running plugin.
pub fn raised(entry_point: &str, error: EvalAltResult) -> ScriptError {
    let (file, error) = innermost(entry_point, error);
    if let Some(which) = limit(&error) {
        return ScriptError::Limit { which };
    }
    let place = match line(error.position()) {
        Some(line) => format!("{file}:{line}: "),
        None => String::new(),
    };
    if let EvalAltResult::ErrorRuntime(value, _) = &error
        && let Some(map) = value.read_lock::<RhaiMap>()
    {
        let status = map
            .get("status")
            .and_then(|status| u16::try_from(status.as_int().ok()?).ok())
            .filter(|status| (400..=599).contains(status));
        let message = match map.get("message") {
            Some(message) => text::of_raised(message),
            None => "the plugin raised an error without a message".to_owned(),
        };
        return ScriptError::Raised { message, status };
    }
    ScriptError::Raised {
        message: format!("{place}{}", in_words(error)),
        status: None,
    }
}

/// The error at the bottom, and the file in which it happened.
fn innermost(file: &str, error: EvalAltResult) -> (String, EvalAltResult) {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, source, inner, _) => {
            innermost(if source.is_empty() { file } else { &source }, *inner)
        }
        EvalAltResult::ErrorInModule(module, inner, _) => innermost(&module, *inner),
        error => (file.to_owned(), error),
    }
}

fn limit(error: &EvalAltResult) -> Option<String> {
    Some(match error {
        EvalAltResult::ErrorTooManyOperations(_) => "number of operations".to_owned(),
        EvalAltResult::ErrorTooManyVariables(_) => "number of variables".to_owned(),
        EvalAltResult::ErrorTooManyModules(_) => "number of modules".to_owned(),
        EvalAltResult::ErrorStackOverflow(_) => "call depth".to_owned(),
        EvalAltResult::ErrorDataTooLarge(what, _) => format!("memory: {}", what.to_lowercase()),
        EvalAltResult::ErrorTerminated(..) => "time".to_owned(),
        _ => return None,
    })
}

fn in_words(mut error: EvalAltResult) -> String {
    if let EvalAltResult::ErrorDataRace(..) = error {
        return "the function that is passed uses the variable that the method is called on; \
                take the module out first, as in: let db = ctx.db; db.transaction(|tx| …)"
            .to_owned();
    }
    if let EvalAltResult::ErrorRuntime(value, _) = &error {
        return text::of_raised(value);
    }
    error.clear_position();
    error.to_string()
}

fn line(position: Position) -> Option<u32> {
    position.line().and_then(|line| u32::try_from(line).ok())
}
