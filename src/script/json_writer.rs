//! A route's data on its way out: written as JSON while an engine reads it, within the budget of a
//! result. A tree of values between would be built, copied and freed for nothing.

use serde::Serialize;

use crate::script::budget::{Budget, Uncrossable};
use crate::value::{Cell, Rows, Value};

/// Why bytes do not cross.
pub const BYTES: &str = "bytes (encode them with base64.encode first)";

pub struct JsonWriter<'b> {
    out: Vec<u8>,
    budget: &'b mut Budget,
}

impl<'b> JsonWriter<'b> {
    pub fn new(budget: &'b mut Budget) -> Self {
        Self {
            out: Vec::new(),
            budget,
        }
    }

    pub fn finish(self) -> Value {
        Value::Json(self.out)
    }

    /// For what is counted by who unpacks it.
    pub fn budget(&mut self) -> &mut Budget {
        self.budget
    }

    /// Counts a value before it is written.
    pub fn node(&mut self, depth: usize) -> Result<(), Uncrossable> {
        self.budget.node(depth)
    }

    pub fn null(&mut self) {
        self.raw("null");
    }

    pub fn bool(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    pub fn int(&mut self, value: i64) -> Result<(), Uncrossable> {
        self.write(&value)
    }

    /// NaN and the infinities are null, as in JavaScript.
    pub fn float(&mut self, value: f64) -> Result<(), Uncrossable> {
        self.write(&value)
    }

    pub fn text(&mut self, text: &str) -> Result<(), Uncrossable> {
        self.budget.text(text.len())?;
        self.write(text)
    }

    /// Rows that were counted before.
    pub fn rows(&mut self, rows: &Rows) -> Result<(), Uncrossable> {
        self.write(rows).map_err(|why| match first_bytes(rows) {
            Some(place) => Uncrossable::kind(BYTES).within(&place),
            None => why,
        })
    }

    pub fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A comma, but before the first.
    pub fn separate(&mut self, index: usize) {
        if index > 0 {
            self.raw(",");
        }
    }

    fn write(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Uncrossable> {
        serde_json::to_writer(&mut self.out, value)
            .map_err(|error| Uncrossable::kind(error.to_string()))
    }
}

/// Where the first bytes among rows stand.
fn first_bytes(rows: &Rows) -> Option<String> {
    rows.iter().enumerate().find_map(|(index, row)| {
        let (name, _) = rows
            .columns()
            .iter()
            .zip(row)
            .find(|(_, cell)| matches!(cell, Cell::Bytes(_)))?;
        Some(format!("[{}].{name}", index + 1))
    })
}
