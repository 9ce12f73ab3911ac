//! The values that pass between JSON, SQL and scripts.
//!
//! One type for all of them, so that a limit on size or depth is written once and
//! neither script engine knows of the other's types.

mod rows;

use indexmap::IndexMap;
use serde::ser::{Serialize, Serializer};

pub use rows::{CELL, Cell, Rows, kind};

pub type Map = IndexMap<String, Value>;

/// Up to here a float holds every integer.
pub const EXACT: u64 = 1 << 53;

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(Map),
    /// A list of maps, as a query gave them.
    Rows(Box<Rows>),
    /// What was written as JSON text already: the data of a route's reply.
    Json(Vec<u8>),
}

/// Bytes have no JSON form; scripts must encode them first.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("bytes cannot be written as JSON: encode them with base64.encode first")]
pub struct BytesInJson;

impl Value {
    /// Builds a map from pairs, in their order.
    pub fn map<const N: usize>(pairs: [(&str, Value); N]) -> Self {
        Self::Map(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
    }

    /// A field of a map; `None` for a missing field and for what is not a map.
    pub fn get(&self, field: &str) -> Option<&Value> {
        match self {
            Self::Map(map) => map.get(field),
            _ => None,
        }
    }

    /// The rows of a query as the list of maps that they stand for, written JSON as what it says;
    /// anything else as it is.
    #[must_use]
    pub fn unpacked(self) -> Self {
        match self {
            Self::Rows(rows) => Self::List(rows.maps().map(Self::Map).collect()),
            Self::Json(text) => Self::from(&read_back(&text)),
            other => other,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A whole number; a float counts when it has no fraction.
    pub fn as_i64(&self) -> Option<i64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self {
            Self::Int(value) => Some(*value),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "checked to be whole and in range"
            )]
            Self::Float(value) if value.fract() == 0.0 && value.abs() <= EXACT => {
                Some(*value as i64)
            }
            _ => None,
        }
    }

    pub fn to_json(&self) -> Result<serde_json::Value, BytesInJson> {
        use serde_json::Value as Json;
        Ok(match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::from(*value),
            // JSON has no NaN and no infinity: they read as null, as in JavaScript.
            Self::Float(value) => {
                serde_json::Number::from_f64(*value).map_or(Json::Null, Json::Number)
            }
            Self::Text(value) => Json::String(value.clone()),
            Self::Bytes(_) => return Err(BytesInJson),
            Self::List(items) => {
                Json::Array(items.iter().map(Self::to_json).collect::<Result<_, _>>()?)
            }
            Self::Map(map) => Json::Object(
                map.iter()
                    .map(|(key, value)| Ok((key.clone(), value.to_json()?)))
                    .collect::<Result<_, BytesInJson>>()?,
            ),
            Self::Rows(rows) => Json::Array(
                rows.maps()
                    .map(|map| Self::Map(map).to_json())
                    .collect::<Result<_, _>>()?,
            ),
            Self::Json(text) => read_back(text),
        })
    }
}

/// Text that was written here is JSON.
fn read_back(text: &[u8]) -> serde_json::Value {
    serde_json::from_slice(text).unwrap_or_default()
}

/// As [`Value::to_json`] says it, without the tree between.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            // serde_json writes NaN and the infinities as null.
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(_) => Err(serde::ser::Error::custom(BytesInJson)),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(map) => serializer.collect_map(map),
            Self::Rows(rows) => rows.serialize(serializer),
            Self::Json(text) => read_back(text).serialize(serializer),
        }
    }
}

impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Self::Int(value),
                // Above i64 no engine holds it exactly: it stays readable as digits.
                (None, Some(value)) => Self::Text(value.to_string()),
                (None, None) => number.as_f64().map_or(Self::Null, Self::Float),
            },
            Json::String(value) => Self::Text(value.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Json::Object(map) => Self::Map(
                map.iter()
                    .map(|(k, v)| (k.clone(), Self::from(v)))
                    .collect(),
            ),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_survives_the_way_there_and_back() {
        let json = serde_json::json!({"z": [1, 2.5, null, "ü"], "a": {"b": true}, "big": 9_007_199_254_740_993_i64});
        assert_eq!(Value::from(&json).to_json(), Ok(json));
    }

    #[test]
    fn values_are_written_as_their_json_reads() {
        let value = Value::map([
            (
                "z",
                Value::List(vec![Value::Null, true.into(), Value::Float(f64::NAN)]),
            ),
            (
                "a",
                Value::map([("b", Value::Float(1.0)), ("c", "\"ü".into())]),
            ),
        ]);
        assert_eq!(
            serde_json::to_string(&value).unwrap(),
            value.to_json().unwrap().to_string()
        );
        assert!(serde_json::to_string(&Value::Bytes(vec![1])).is_err());
    }

    #[test]
    fn bytes_are_never_written_as_json() {
        assert_eq!(
            Value::List(vec![Value::Bytes(vec![1])]).to_json(),
            Err(BytesInJson)
        );
    }
}
