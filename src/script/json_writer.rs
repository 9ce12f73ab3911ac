//! A route's data on its way out: written as JSON while an engine reads it, within the budget of a
//! result. A tree of values between would be built, copied and freed for nothing.

use serde::Serialize;

use crate::script::budget::{Budget, Uncrossable};
use crate::value::{Rows, Value};

/// Why bytes do not cross.
pub const BYTES: &str = "bytes (encode them with base64.encode first)";

pub struct JsonWriter<'b> {
    out: Vec<u8>,
    pub budget: &'b mut Budget,
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

    pub fn rows(&mut self, rows: &Rows) -> Result<(), Uncrossable> {
        self.write(rows)
    }

    /// A tree that an engine had to build to know what it is.
    pub fn value(&mut self, value: &Value) -> Result<(), Uncrossable> {
        self.write(value)
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

    /// Where the text ends now.
    pub fn mark(&self) -> usize {
        self.out.len()
    }

    /// Takes back what was written since `mark`.
    pub fn back_to(&mut self, mark: usize) {
        self.out.truncate(mark);
    }

    fn write(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Uncrossable> {
        serde_json::to_writer(&mut self.out, value)
            .map_err(|error| Uncrossable::kind(error.to_string()))
    }
}
