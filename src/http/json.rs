//! Strict JSON: what has two readings is refused.
//!
//! A duplicate key lets two readers of one body see two things, so it is an error here. Depth and
//! size are bounded before anything is built.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// Objects and lists inside each other. serde_json's own guard is at 128.
const DEEPEST: usize = 64;
/// Values in one body: bounds the memory that a small body of many tiny values takes.
const MOST_VALUES: usize = 500_000;
/// Digits of one number. The parser keeps a copy of all digits of a number that it cannot hold.
const MOST_DIGITS: usize = 1_000;

pub fn parse(body: &[u8]) -> Result<Value> {
    check_shape(body)?;
    serde_json::from_slice::<Strict>(body)
        .map(|strict| strict.0)
        .map_err(|error| Error::invalid("body", format!("The body is not valid JSON: {error}")))
}

/// Counts brackets and commas outside of strings: cheap, and enough to bound what parsing builds.
fn check_shape(body: &[u8]) -> Result<()> {
    let (mut depth, mut values) = (0_usize, 1_usize);
    let (mut in_string, mut escaped, mut digits) = (false, false, 0_usize);
    for byte in body {
        digits = if !in_string && byte.is_ascii_digit() {
            digits + 1
        } else {
            0
        };
        if digits > MOST_DIGITS {
            return Err(Error::invalid(
                "body",
                format!("The body has a number of more than {MOST_DIGITS} digits"),
            ));
        }
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                depth += 1;
                values += 1;
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            (false, b',') => values += 1,
            _ => {}
        }
        if depth > DEEPEST {
            return Err(Error::invalid(
                "body",
                format!("The body is nested deeper than {DEEPEST} levels"),
            ));
        }
        if values > MOST_VALUES {
            return Err(Error::invalid(
                "body",
                format!("The body has more than {MOST_VALUES} values"),
            ));
        }
    }
    Ok(())
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(de::Error::custom(format!("the key '{key}' stands twice")));
            }
            let Strict(value) = map.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_json_is_read_in_order() {
        let text = r#"{"z":[1,-2,2.5,1e3],"a":{"ü":"[[[","n":null,"t":true}}"#;
        assert_eq!(
            parse(text.as_bytes()).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        for bad in [
            r#"{"a":1,"a":2}"#,
            r#"[{"b":{"a":1,"a":1}}]"#,
            "{\"a\":1}x",
            "{'a':1}",
            "NaN",
            "",
            "{\"a\":1,}",
            "[1 2]",
            "\u{feff}{}",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn depth_values_and_digits_are_bounded() {
        let deep = format!("{}{}", "[".repeat(64), "]".repeat(64));
        assert!(parse(deep.as_bytes()).is_ok());
        for bad in [
            format!("{}{}", "[".repeat(65), "]".repeat(65)),
            "[".repeat(100_000),
            format!("[{}0]", "0,".repeat(500_001)),
            format!("[1{}]", "0".repeat(1_000)),
            format!("[1.{}]", "1".repeat(1_001)),
        ] {
            let message = parse(bad.as_bytes()).unwrap_err().to_string();
            assert!(
                ["levels", "values", "digits"]
                    .iter()
                    .any(|what| message.contains(what)),
                "{message}"
            );
        }
        assert!(parse(format!("\"{}\"", "1".repeat(2_000)).as_bytes()).is_ok());
    }
}
