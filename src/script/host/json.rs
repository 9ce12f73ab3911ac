//! `json`: straight between text and neutral values, with a bound on how much a text may unfold to.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{ARGUMENTS, Body, HostError, HostFn, Kind, Param, raised};
use crate::script::grant::Capability;
use crate::script::limits::Size;
use crate::value::{Map, Value};

/// Most values that one JSON text may unfold to.
const MOST_VALUES: usize = 200_000;

pub const ENCODE: HostFn = HostFn {
    module: "json",
    name: "encode",
    needs: Capability::Encoding,
    doc: "json.encode(value) → text",
    params: &[Param::required("value", Kind::Any)],
    size: Size {
        nodes: 100_000,
        depth: 64,
        text: 4 << 20,
        ..ARGUMENTS
    },
    body: Body::Call(|_, args| match args.value(0).to_json() {
        Ok(json) => Ok(Value::Text(json.to_string())),
        Err(error) => raised(error.to_string()),
    }),
};

pub const DECODE: HostFn = HostFn {
    module: "json",
    name: "decode",
    needs: Capability::Encoding,
    doc: "json.decode(text) → value",
    params: &[Param::required("text", Kind::Text)],
    size: Size {
        text: 4 << 20,
        ..ARGUMENTS
    },
    body: Body::Call(|_, args| {
        decode(args.text(0).as_bytes())
            .map_err(|error| HostError::Raised(format!("this is not JSON: {error}")))
    }),
};

pub(crate) fn decode(text: &[u8]) -> Result<Value, serde_json::Error> {
    let left = Cell::new(MOST_VALUES);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Unfold { left: &left }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Reads one value and counts it.
#[derive(Clone, Copy)]
struct Unfold<'a> {
    left: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Unfold<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => return Err(D::Error::custom(format!("more than {MOST_VALUES} values"))),
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unfold<'_> {
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
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        // Above i64 no engine holds it exactly: it stays readable as digits.
        Ok(i64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            map.insert(name, fields.next_value_seed(self)?);
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_unfolds_to_the_value_that_json_has() {
        let text = r#"{"a":[1,2.5,null,true,"ü",[]],"big":18446744073709551615,"deep":{"b":{}}}"#;
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(decode(text.as_bytes()).unwrap(), Value::from(&json));
    }

    #[test]
    fn a_text_that_unfolds_to_too_much_is_refused() {
        let flat = format!("[{}1]", "1,".repeat(MOST_VALUES));
        assert!(
            decode(flat.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("200000")
        );
        let deep = "[".repeat(100_000);
        assert!(decode(deep.as_bytes()).is_err());
        assert!(decode(b"{} x").is_err());
    }
}
