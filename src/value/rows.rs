//! The rows of a query, packed as they were read.
//!
//! A map per row costs more than reading the row does, and most rows are only passed on. So names
//! stand once, cells one after the other, and what needs maps makes them when it looks. The packed
//! form is plain bytes: a script engine may keep it in memory that it counts, and give it back.
//!
//! A cell is nine bytes: its kind, then eight that depend on it: a number's bits, or the start
//! and the length of its bytes in `text` (all little-endian). A whole number is kept as a float where a
//! float is exact, since scripts have no other, and as digits where it is not.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use super::{EXACT, Map, Value};

/// Bytes of one cell.
pub const CELL: usize = 9;
const NEGATIVE_ZERO: u64 = (-0.0_f64).to_bits();
/// Beyond it a float is no `i64`: 2^63.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;

/// The kinds of cells, as the packed form names them.
pub mod kind {
    pub const NULL: u8 = 0;
    pub const WHOLE: u8 = 1;
    pub const FLOAT: u8 = 2;
    pub const TEXT: u8 = 3;
    pub const BYTES: u8 = 4;
    /// A whole number beyond a float, in digits.
    pub const DIGITS: u8 = 5;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    columns: Arc<[String]>,
    cells: Vec<u8>,
    text: Vec<u8>,
}

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'r> {
    Null,
    Int(i64),
    Float(f64),
    Text(&'r str),
    Bytes(&'r [u8]),
}

impl Rows {
    /// No rows yet. Column names are unique: a row is a map.
    pub fn new(columns: Vec<String>) -> Self {
        Self {
            columns: columns.into(),
            ..Self::default()
        }
    }

    /// Packed rows that were kept elsewhere. What is cut off in them reads as null.
    pub fn from_parts(columns: Vec<String>, cells: Vec<u8>, text: Vec<u8>) -> Self {
        Self {
            columns: columns.into(),
            cells,
            text,
        }
    }

    /// The same rows for who has floats alone: there a number without a fraction is a whole one, and a
    /// whole number beyond a float is its digits.
    #[must_use]
    pub fn as_floats(mut self) -> Self {
        for packed in self.cells.chunks_exact_mut(CELL) {
            let Some((kind, payload)) = packed.split_first_mut() else {
                continue;
            };
            let number = <[u8; 8]>::try_from(&*payload).map_or(f64::NAN, f64::from_le_bytes);
            match *kind {
                kind::DIGITS => *kind = kind::TEXT,
                // A whole number has no negative zero.
                kind::FLOAT
                    if number.fract() == 0.0
                        && number.abs() < BEYOND
                        && number.to_bits() != NEGATIVE_ZERO =>
                {
                    *kind = kind::WHOLE;
                }
                _ => {}
            }
        }
        self
    }

    /// Adds the next cell: row by row, in the order of the columns.
    pub fn push(&mut self, cell: Cell<'_>) {
        let (kind, payload) = match cell {
            Cell::Null => (kind::NULL, [0; 8]),
            #[expect(clippy::cast_precision_loss, reason = "checked to be exact")]
            Cell::Int(number) if number.unsigned_abs() <= EXACT => {
                (kind::WHOLE, (number as f64).to_le_bytes())
            }
            Cell::Int(number) => (kind::DIGITS, self.place(number.to_string().as_bytes())),
            Cell::Float(number) => (kind::FLOAT, number.to_le_bytes()),
            Cell::Text(text) => (kind::TEXT, self.place(text.as_bytes())),
            Cell::Bytes(bytes) => (kind::BYTES, self.place(bytes)),
        };
        self.cells.push(kind);
        self.cells.extend_from_slice(&payload);
    }

    /// Whole rows.
    pub fn len(&self) -> usize {
        self.cells
            .len()
            .checked_div(self.columns.len() * CELL)
            .unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The packed cells, row by row.
    pub fn cells(&self) -> &[u8] {
        &self.cells
    }

    /// The bytes that cells point into.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The cells of each row, in the order of the columns.
    pub fn iter(&self) -> impl Iterator<Item = impl Iterator<Item = Cell<'_>>> {
        let width = self.columns.len();
        (0..self.len())
            .map(move |row| (0..width).map(move |column| self.cell(row * width + column)))
    }

    /// Each row as a map from column to value.
    pub fn maps(&self) -> impl Iterator<Item = Map> {
        self.iter().map(|row| {
            self.columns
                .iter()
                .cloned()
                .zip(row.map(Cell::to_value))
                .collect()
        })
    }

    /// Keeps bytes; a query's limit is far below what 32 bits can point at.
    fn place(&mut self, bytes: &[u8]) -> [u8; 8] {
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.text.extend_from_slice(bytes);
        (u64::from(start) | u64::from(length) << 32).to_le_bytes()
    }

    fn cell(&self, index: usize) -> Cell<'_> {
        let packed = index * CELL..(index + 1) * CELL;
        let Some([kind, payload @ ..]) = self.cells.get(packed) else {
            return Cell::Null;
        };
        let Ok(payload) = <[u8; 8]>::try_from(payload) else {
            return Cell::Null;
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within an i64, as packed"
        )]
        match *kind {
            kind::WHOLE => Cell::Int(f64::from_le_bytes(payload) as i64),
            kind::FLOAT => Cell::Float(f64::from_le_bytes(payload)),
            kind::TEXT => Cell::Text(self.str_at(payload)),
            kind::BYTES => Cell::Bytes(self.bytes_at(payload)),
            kind::DIGITS => self.str_at(payload).parse().map_or(Cell::Null, Cell::Int),
            _ => Cell::Null,
        }
    }

    fn bytes_at(&self, [a, b, c, d, e, f, g, h]: [u8; 8]) -> &[u8] {
        let start = u32::from_le_bytes([a, b, c, d]) as usize;
        let length = u32::from_le_bytes([e, f, g, h]) as usize;
        self.text
            .get(start..start.saturating_add(length))
            .unwrap_or_default()
    }

    fn str_at(&self, payload: [u8; 8]) -> &str {
        std::str::from_utf8(self.bytes_at(payload)).unwrap_or_default()
    }
}

impl Cell<'_> {
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(number),
            Self::Float(number) => Value::Float(number),
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
        }
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for row in self.iter() {
            list.serialize_element(&Row {
                columns: &self.columns,
                cells: std::cell::Cell::new(Some(row)),
            })?;
        }
        list.end()
    }
}

/// One row on its way out; its cells are read once.
struct Row<'r, I> {
    columns: &'r [String],
    cells: std::cell::Cell<Option<I>>,
}

impl<'r, I: Iterator<Item = Cell<'r>>> Serialize for Row<'r, I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.columns.len()))?;
        for (name, cell) in self
            .columns
            .iter()
            .zip(self.cells.take().into_iter().flatten())
        {
            map.serialize_entry(name, &cell)?;
        }
        map.end()
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(_) => Err(serde::ser::Error::custom(super::BytesInJson)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let mut rows = Rows::new(vec!["a".to_owned(), "b".to_owned()]);
        for cell in [
            Cell::Int(-7),
            Cell::Text("ü\n"),
            Cell::Null,
            Cell::Float(0.5),
            Cell::Int(9_007_199_254_740_993),
            Cell::Int(i64::MIN),
        ] {
            rows.push(cell);
        }
        rows
    }

    #[test]
    fn rows_come_out_as_they_went_in() {
        let expected = [
            Value::map([("a", Value::Int(-7)), ("b", "ü\n".into())]),
            Value::map([("a", Value::Null), ("b", Value::Float(0.5))]),
            Value::map([
                ("a", Value::Int(9_007_199_254_740_993)),
                ("b", Value::Int(i64::MIN)),
            ]),
        ];
        let found: Vec<_> = rows().maps().map(Value::Map).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn packed_rows_are_written_as_lists_of_objects() {
        assert_eq!(
            serde_json::to_string(&rows()).unwrap(),
            "[{\"a\":-7,\"b\":\"ü\\n\"},{\"a\":null,\"b\":0.5},{\"a\":9007199254740993,\"b\":-9223372036854775808}]"
        );
    }

    #[test]
    fn for_who_has_floats_alone_numbers_read_as_they_would_there() {
        let mut rows = Rows::new(vec!["a".to_owned()]);
        for number in [3.0, 0.5, 1e18, 1e300, f64::NAN] {
            rows.push(Cell::Float(number));
        }
        rows.push(Cell::Int(9_007_199_254_740_993));
        assert_eq!(
            serde_json::to_string(&rows.as_floats()).unwrap(),
            "[{\"a\":3},{\"a\":0.5},{\"a\":1000000000000000000},{\"a\":1e+300},{\"a\":null},{\"a\":\"9007199254740993\"}]"
        );
    }

    #[test]
    fn bytes_are_not_written_as_json() {
        let mut rows = Rows::new(vec!["a".to_owned()]);
        rows.push(Cell::Bytes(&[1]));
        let error = serde_json::to_string(&rows).unwrap_err().to_string();
        assert!(error.contains("base64.encode"), "{error}");
    }

    #[test]
    fn cells_that_point_nowhere_are_empty_and_cut_rows_are_left_out() {
        let whole = rows();
        let columns = whole.columns().to_vec();
        let cut = Rows::from_parts(columns, whole.cells()[..3 * CELL].to_vec(), Vec::new());
        let found: Vec<_> = cut.iter().flatten().collect();
        assert_eq!(found, [Cell::Int(-7), Cell::Text("")]);
    }
}
