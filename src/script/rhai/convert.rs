//! Between neutral values and Rhai's. Integers are exact both ways; null is `()`.

use rhai::{Array, Blob, Dynamic, FnPtr, Identifier, Map as RhaiMap};

use super::glue::HostModule;
use super::json;
use crate::script::DATA;
use crate::script::budget::{Budget, Uncrossable};
use crate::script::limits::Size;
use crate::value::{Cell, Map, Rows, Value};

pub fn to_rhai(value: Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::Float(value) => value.into(),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => Dynamic::from_blob(bytes),
        Value::List(items) => Dynamic::from_array(items.into_iter().map(to_rhai).collect()),
        Value::Map(fields) => Dynamic::from_map(
            fields
                .into_iter()
                .map(|(name, value)| (name.into(), to_rhai(value)))
                .collect(),
        ),
        Value::Rows(rows) => Dynamic::from_array(row_maps(&rows)),
        written @ Value::Json(_) => to_rhai(written.unpacked()),
    }
}

fn row_maps(rows: &Rows) -> Array {
    // Short names stand in the key itself, so a copy of one costs no allocation.
    let names: Vec<Identifier> = rows.columns().iter().map(Identifier::from).collect();
    rows.iter()
        .map(|row| {
            let fields = names.iter().cloned().zip(row.map(from_cell));
            Dynamic::from_map(fields.collect::<RhaiMap>())
        })
        .collect()
}

fn from_cell(cell: Cell<'_>) -> Dynamic {
    match cell {
        Cell::Null => Dynamic::UNIT,
        Cell::Int(number) => number.into(),
        Cell::Float(number) => number.into(),
        Cell::Text(text) => text.into(),
        Cell::Bytes(bytes) => Dynamic::from_blob(bytes.to_vec()),
    }
}

/// Reads Rhai values within a budget.
pub struct Reader {
    budget: Budget,
    /// The data of a reply is only written out.
    writes_data: bool,
}

impl Reader {
    pub fn new(size: Size) -> Self {
        Self {
            budget: Budget::new(size),
            writes_data: false,
        }
    }

    /// For what a route returns.
    pub fn of_reply(size: Size) -> Self {
        Self {
            writes_data: true,
            ..Self::new(size)
        }
    }

    pub fn read(&mut self, value: &Dynamic) -> Result<Value, Uncrossable> {
        self.value(value, 0)
    }

    fn value(&mut self, value: &Dynamic, depth: usize) -> Result<Value, Uncrossable> {
        self.budget.node(depth)?;
        if value.is_unit() {
            return Ok(Value::Null);
        }
        if let Ok(text) = value.as_immutable_string_ref() {
            self.budget.text(text.len())?;
            return Ok(Value::Text(text.to_string()));
        }
        if let Ok(number) = value.as_int() {
            return Ok(Value::Int(number));
        }
        if let Ok(number) = value.as_float() {
            return Ok(Value::Float(number));
        }
        if let Ok(truth) = value.as_bool() {
            return Ok(Value::Bool(truth));
        }
        if let Some(map) = value.read_lock::<RhaiMap>() {
            return self.map(&map, depth);
        }
        if let Some(array) = value.read_lock::<Array>() {
            return self.list(&array, depth);
        }
        if let Some(blob) = value.read_lock::<Blob>() {
            self.budget.bytes(blob.len())?;
            return Ok(Value::Bytes(blob.clone()));
        }
        if let Ok(character) = value.as_char() {
            return Ok(Value::Text(character.to_string()));
        }
        Err(Uncrossable::kind(describe(value)))
    }

    fn map(&mut self, map: &RhaiMap, depth: usize) -> Result<Value, Uncrossable> {
        let mut fields = Map::with_capacity(map.len());
        for (name, value) in map {
            self.budget.text(name.len())?;
            let value = if self.writes_data && depth == 0 && name == DATA {
                json::write(value, &mut self.budget)
            } else {
                self.value(value, depth + 1)
            };
            let value = value.map_err(|why| why.within(&format!(".{name}")))?;
            fields.insert(name.to_string(), value);
        }
        Ok(Value::Map(fields))
    }

    fn list(&mut self, array: &Array, depth: usize) -> Result<Value, Uncrossable> {
        let mut items = Vec::with_capacity(array.len());
        for (index, value) in array.iter().enumerate() {
            let value = self
                .value(value, depth + 1)
                .map_err(|why| why.within(&format!("[{index}]")))?;
            items.push(value);
        }
        Ok(Value::List(items))
    }
}

pub(super) fn describe(value: &Dynamic) -> String {
    if value.is::<FnPtr>() {
        "a function".to_owned()
    } else if value.is::<HostModule>() {
        "a host module".to_owned()
    } else {
        format!("a {}", value.type_name())
    }
}
