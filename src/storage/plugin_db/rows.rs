//! Values between scripts and SQLite: parameters in, rows out, within limits.

use indexmap::IndexMap;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, Statement};

use super::{DbError, Params};
use crate::value::{Cell, Map, Rows, Value};

const ROWS: &str = "rows";
const BYTES: &str = "bytes";
/// What a number costs of the byte limit, and every column on top of its value.
const SCALAR_BYTES: usize = 8;

/// How much one query may give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowLimits {
    pub rows: usize,
    pub bytes: usize,
}

impl Default for RowLimits {
    fn default() -> Self {
        Self {
            rows: 10_000,
            bytes: 4 << 20,
        }
    }
}

/// Why parameters or rows could not be carried over.
pub enum Fault {
    Sqlite(rusqlite::Error),
    Ours(DbError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        Self::Ours(error)
    }
}

pub fn bind(statement: &mut Statement<'_>, params: &Params) -> Result<(), Fault> {
    let count = statement.parameter_count();
    let none = Vec::new();
    match params {
        Params::Named(map) => (1..=count).try_for_each(|index| bind_named(statement, index, map)),
        Params::None | Params::List(_) => {
            let list = if let Params::List(list) = params {
                list
            } else {
                &none
            };
            if list.len() != count {
                return Err(DbError::mistake(format!(
                    "the statement has {count} parameters, but {} values were given",
                    list.len()
                ))
                .into());
            }
            list.iter().enumerate().try_for_each(|(index, value)| {
                Ok(statement
                    .raw_bind_parameter(index + 1, bindable(value, &format!("{}", index + 1))?)?)
            })
        }
    }
}

fn bind_named(statement: &mut Statement<'_>, index: usize, map: &Map) -> Result<(), Fault> {
    let Some(name) = statement.parameter_name(index).map(str::to_owned) else {
        return Err(DbError::mistake(
            "a map of parameters needs names in the statement: write :name for ?",
        )
        .into());
    };
    let key = name.trim_start_matches([':', '@', '$']);
    match map.get(key) {
        Some(value) => Ok(statement.raw_bind_parameter(index, bindable(value, &name)?)?),
        None => Err(DbError::mistake(format!("the parameter {name} has no value")).into()),
    }
}

struct Bound<'v>(ValueRef<'v>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.0))
    }
}

fn bindable<'v>(value: &'v Value, place: &str) -> Result<Bound<'v>, DbError> {
    Ok(Bound(match value {
        Value::Null => ValueRef::Null,
        Value::Bool(value) => ValueRef::Integer(i64::from(*value)),
        Value::Int(value) => ValueRef::Integer(*value),
        Value::Float(value) => ValueRef::Real(*value),
        Value::Text(text) => ValueRef::Text(text.as_bytes()),
        Value::Bytes(bytes) => ValueRef::Blob(bytes),
        Value::List(_) | Value::Map(_) | Value::Rows(_) | Value::Json(_) => {
            return Err(DbError::mistake(format!(
                "the parameter {place} is a list or a map: encode it with json.encode"
            )));
        }
    }))
}

/// The columns of the answer, and where each stands: a row is a map, so of two with one name the last counts.
fn columns(statement: &Statement<'_>) -> (Vec<String>, Vec<usize>) {
    let mut columns: IndexMap<String, usize> = IndexMap::new();
    for (index, name) in statement.column_names().into_iter().enumerate() {
        columns.insert(name.to_owned(), index);
    }
    columns.into_iter().unzip()
}

/// Reads all rows, or says which limit they exceed.
pub fn collect(statement: &mut Statement<'_>, limits: RowLimits) -> Result<Rows, Fault> {
    let (names, sources) = columns(statement);
    let overhead: usize = names.iter().map(|name| SCALAR_BYTES + name.len()).sum();
    let mut found = Rows::new(names);
    let mut bytes = 0;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if found.len() == limits.rows {
            let message = format!(
                "the query gives more than {} rows; add LIMIT or a narrower WHERE",
                limits.rows
            );
            return Err(DbError::limit(ROWS, message).into());
        }
        read_row(row, &sources, &mut found)?;
        bytes += overhead;
        if bytes + found.text().len() > limits.bytes {
            let message = format!(
                "the query gives more than {} bytes; ask for fewer rows or columns",
                limits.bytes
            );
            return Err(DbError::limit(BYTES, message).into());
        }
    }
    Ok(found)
}

fn read_row(row: &Row<'_>, sources: &[usize], rows: &mut Rows) -> rusqlite::Result<()> {
    for index in sources {
        match row.get_ref(*index)? {
            ValueRef::Null => rows.push(Cell::Null),
            ValueRef::Integer(number) => rows.push(Cell::Int(number)),
            ValueRef::Real(number) => rows.push(Cell::Float(number)),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => rows.push(Cell::Text(text)),
                Err(_) => rows.push(Cell::Text(&String::from_utf8_lossy(text))),
            },
            ValueRef::Blob(blob) => rows.push(Cell::Bytes(blob)),
        }
    }
    Ok(())
}
