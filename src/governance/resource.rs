//! Core data as plugins reach it: which tables, which columns of them, and which of those a plugin may write.
//!
//! A table has one line per column, and every statement is made from those lines, so a name that is not
//! here reaches no SQL. Whether a plugin may come here at all is the grant's to say.

mod file;
mod tables;
#[cfg(test)]
mod tests;

use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use crate::clock;
use crate::error::{Error, Result};
use crate::value::{Map, Value};
pub use file::{NewFile, content as file_content, create as create_file};
pub use tables::{FILES, MODELS, PROJECTS, RISKS};

/// Rows of one page, unless fewer are asked for.
pub const PAGE: i64 = 1_000;

/// One table of the governance application.
pub struct Resource {
    /// Of one row, in messages.
    pub one: &'static str,
    table: &'static str,
    columns: &'static [Column],
    /// Columns that hold the moment when a row is made.
    made: &'static [&'static str],
    /// Columns that hold the moment of the last change.
    changed: &'static [&'static str],
    /// Fields, and the columns that hold the moment when they were last written.
    stamped: &'static [(&'static str, &'static str)],
    /// Brings what is derived up to date in the row of that id.
    derive: Option<&'static str>,
}

struct Column {
    /// As scripts and the API write it.
    name: &'static str,
    column: &'static str,
    kind: Kind,
    access: Access,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// 0 or 1 in the table.
    Flag,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

const fn read(name: &'static str, column: &'static str) -> Column {
    Column {
        name,
        column,
        kind: Kind::Plain,
        access: Access::Read,
    }
}

const fn write(name: &'static str, column: &'static str) -> Column {
    Column {
        access: Access::Write,
        ..read(name, column)
    }
}

const fn flag(name: &'static str, column: &'static str) -> Column {
    Column {
        kind: Kind::Flag,
        ..write(name, column)
    }
}

/// Which rows of a list are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub limit: i64,
    pub offset: i64,
}

impl Resource {
    /// In order of id.
    pub fn list(&self, conn: &Connection, page: Page) -> Result<Vec<Map>> {
        let sql = format!("{} ORDER BY id LIMIT ? OFFSET ?", self.select());
        let mut statement = conn.prepare_cached(&sql)?;
        let rows = statement.query_map([page.limit, page.offset], |row| self.map(row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub fn with_id(&self, conn: &Connection, id: i64) -> Result<Option<Map>> {
        let sql = format!("{} WHERE id = ?", self.select());
        Ok(conn
            .prepare_cached(&sql)?
            .query_row([id], |row| self.map(row))
            .optional()?)
    }

    /// Returns the id of the new row.
    pub fn create(&self, conn: &Connection, values: &Map) -> Result<i64> {
        let mut columns = self.written(values)?;
        let now = clock::now_iso();
        for stamp in self.made.iter().chain(self.changed) {
            columns.push((stamp, Sql::Text(now.clone())));
        }
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            self.table,
            names.join(", "),
            vec!["?"; names.len()].join(", ")
        );
        conn.execute(
            &sql,
            params_from_iter(columns.iter().map(|(_, value)| value)),
        )
        .map_err(|error| self.explain(error))?;
        let id = conn.last_insert_rowid();
        self.derive(conn, id)?;
        Ok(id)
    }

    pub fn update(&self, conn: &Connection, id: i64, values: &Map) -> Result<()> {
        let mut columns = self.written(values)?;
        if columns.is_empty() {
            return Err(Error::invalid("values", "values names no field to change"));
        }
        let now = clock::now_iso();
        for stamp in self.changed {
            columns.push((stamp, Sql::Text(now.clone())));
        }
        for (_, column) in self
            .stamped
            .iter()
            .filter(|(field, _)| values.contains_key(*field))
        {
            columns.push((column, Sql::Text(now.clone())));
        }
        let settings: Vec<_> = columns
            .iter()
            .map(|(name, _)| format!("{name} = ?"))
            .collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE id = ?",
            self.table,
            settings.join(", ")
        );
        let key = Sql::Integer(id);
        let values = columns.iter().map(|(_, value)| value).chain([&key]);
        let changed = conn
            .execute(&sql, params_from_iter(values))
            .map_err(|error| self.explain(error))?;
        if changed == 0 {
            return Err(Error::NotFound(format!("There is no such {}", self.one)));
        }
        self.derive(conn, id)
    }

    fn derive(&self, conn: &Connection, id: i64) -> Result<()> {
        if let Some(sql) = self.derive {
            conn.execute(sql, [id])?;
        }
        Ok(())
    }

    fn select(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|column| column.column).collect();
        format!("SELECT {} FROM {}", columns.join(", "), self.table)
    }

    fn map(&self, row: &Row<'_>) -> rusqlite::Result<Map> {
        let cell = |(index, column): (usize, &Column)| {
            let value = match row.get_ref(index)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) if column.kind == Kind::Flag => Value::Bool(number != 0),
                ValueRef::Integer(number) => Value::Int(number),
                ValueRef::Real(number) => Value::Float(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            };
            Ok((column.name.to_owned(), value))
        };
        self.columns.iter().enumerate().map(cell).collect()
    }

    /// The columns that `values` names, each with what to store.
    fn written(&self, values: &Map) -> Result<Vec<(&'static str, Sql)>> {
        let one = |(name, value): (&String, &Value)| {
            let column = self
                .columns
                .iter()
                .find(|column| column.name == name && column.access == Access::Write)
                .ok_or_else(|| Error::invalid(name, self.unknown(name)))?;
            let value = stored(value).ok_or_else(|| {
                Error::invalid(
                    name,
                    format!("{name} must be a text, a number, a flag or nothing"),
                )
            })?;
            Ok((column.column, value))
        };
        values.iter().map(one).collect()
    }

    fn unknown(&self, name: &str) -> String {
        let known: Vec<_> = self
            .columns
            .iter()
            .filter(|column| column.access == Access::Write)
            .map(|column| column.name)
            .collect();
        format!(
            "'{name}' is no field of a {} that can be written; these are: {}",
            self.one,
            known.join(", ")
        )
    }

    /// A value that the table does not take is the caller's mistake.
    fn explain(&self, error: rusqlite::Error) -> Error {
        match error {
            rusqlite::Error::SqliteFailure(failure, Some(message))
                if failure.code == rusqlite::ErrorCode::ConstraintViolation
                    || failure.code == rusqlite::ErrorCode::TypeMismatch =>
            {
                Error::invalid(
                    "values",
                    format!("a {} cannot be stored so: {message}", self.one),
                )
            }
            other => other.into(),
        }
    }
}

fn stored(value: &Value) -> Option<Sql> {
    Some(match value {
        Value::Null => Sql::Null,
        Value::Bool(value) => Sql::Integer(i64::from(*value)),
        Value::Int(value) => Sql::Integer(*value),
        Value::Float(value) => value_of_number(*value),
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Rows(_) | Value::Json(_) => {
            return None;
        }
    })
}

/// Lua has one kind of number: 3.0 is the id 3.
fn value_of_number(number: f64) -> Sql {
    Value::Float(number)
        .as_i64()
        .map_or(Sql::Real(number), Sql::Integer)
}
