//! Values as text, bounded in length and depth.
//!
//! Rhai's own `to_string` goes as deep as a value nests and builds the whole text before it looks at its size; its
//! own `to_json` and the text of an error also write out all that a function carries, as often as the function stands there.

use std::fmt::Write as _;

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, Map as RhaiMap};

use super::glue::HostModule;
use super::json;
use crate::script::budget::{Budget, Uncrossable};
use crate::script::limits::{Limits, Size};
use crate::value::Value;

/// What stands deeper is written as `...`.
const MOST_LEVELS: usize = 256;
/// The longest text of a value that was raised as an error.
const LONGEST_RAISED: usize = 64 << 10;

pub fn register(engine: &mut Engine, limits: &Limits) {
    let longest = limits.rhai_text;
    for name in ["print", "debug", "to_string", "to_debug"] {
        engine.register_fn(name, move |list: &mut Array| {
            let mut text = Text::new(longest);
            text.list(list, 0);
            text.finish()
        });
        engine.register_fn(name, move |map: &mut RhaiMap| {
            let mut text = Text::new(longest);
            text.map(map, 0);
            text.finish()
        });
    }
    let size = limits.result;
    engine.register_fn("to_json", move |map: &mut RhaiMap| to_json(map, size));
}

/// The text of a value that was raised.
pub fn of_raised(value: &Dynamic) -> String {
    if let Ok(text) = value.as_immutable_string_ref() {
        return text.to_string();
    }
    let mut text = Text::new(LONGEST_RAISED);
    text.value(value, 0);
    text.out
}

struct Text {
    out: String,
    longest: usize,
}

impl Text {
    fn new(longest: usize) -> Self {
        Self {
            out: String::new(),
            longest,
        }
    }

    /// A text that is too long was cut, but stays longer than Rhai allows: so Rhai refuses it in its own words.
    fn finish(self) -> ImmutableString {
        self.out.into()
    }

    fn is_full(&self) -> bool {
        self.out.len() > self.longest
    }

    fn list(&mut self, list: &Array, depth: usize) {
        self.out.push('[');
        for (index, value) in list.iter().enumerate() {
            if self.is_full() {
                return;
            }
            self.separate(index);
            self.value(value, depth + 1);
        }
        self.out.push(']');
    }

    fn map(&mut self, map: &RhaiMap, depth: usize) {
        self.out.push_str("#{");
        for (index, (name, value)) in map.iter().enumerate() {
            if self.is_full() {
                return;
            }
            self.separate(index);
            self.quoted(name);
            self.out.push_str(": ");
            self.value(value, depth + 1);
        }
        self.out.push('}');
    }

    fn value(&mut self, value: &Dynamic, depth: usize) {
        if depth > MOST_LEVELS {
            self.out.push_str("...");
        } else if let Ok(text) = value.as_immutable_string_ref() {
            self.quoted(&text);
        } else if let Ok(character) = value.as_char() {
            self.out.push(character);
        } else if let Some(list) = value.read_lock::<Array>() {
            self.list(&list, depth);
        } else if let Some(map) = value.read_lock::<RhaiMap>() {
            self.map(&map, depth);
        } else if let Some(function) = value.read_lock::<FnPtr>() {
            self.add(format_args!("Fn({})", function.fn_name()));
        } else if value.is::<HostModule>() {
            self.out.push_str("host module");
        } else {
            // A number, a range or bytes: nothing that nests.
            self.add(format_args!("{:?}", value.flatten_clone()));
        }
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push_str(", ");
        }
    }

    fn quoted(&mut self, text: &str) {
        self.add(format_args!("{text:?}"));
    }

    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = self.out.write_fmt(text);
    }
}

fn to_json(map: &RhaiMap, size: Size) -> Result<String, Box<EvalAltResult>> {
    let refused = |why: Uncrossable| {
        Box::<EvalAltResult>::from(match why {
            Uncrossable::TooBig(why) => format!("to_json: the value is {why}"),
            Uncrossable::Kind { path, what } => {
                format!("to_json: {path} is {what}, which JSON does not have")
            }
        })
    };
    let mut budget = Budget::new(size);
    let written = json::write_map(map, &mut budget).map_err(refused)?;
    match written {
        Value::Json(text) => String::from_utf8(text)
            .map_err(|_| Box::<EvalAltResult>::from("to_json: the text is not UTF-8")),
        _ => Ok(String::new()),
    }
}
