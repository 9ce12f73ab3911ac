//! Statements made from a table's name and maps: names are quoted, every value is a parameter. The
//! text then takes the way of any other text, so nothing is judged here.
//!
//! Columns stand in the order of their names, because Lua keeps none: one shape gives one text, which
//! is compiled once.

use std::fmt::Write as _;

use super::Params;
use crate::value::{Map, Value};

const LONGEST_LIST: usize = 500;
const MOST_COLUMNS: usize = 500;
/// Names on the left as an author writes them, in lower case.
const OPERATORS: &[(&str, &str)] = &[
    ("=", "="),
    ("!=", "<>"),
    ("<", "<"),
    ("<=", "<="),
    (">", ">"),
    (">=", ">="),
    ("like", "LIKE"),
    ("not like", "NOT LIKE"),
    ("in", "IN"),
    ("not in", "NOT IN"),
];
/// `where = {all = true}` says that every row is meant.
const ALL: &str = "all";

/// The errors are sentences for the plugin's author.
type Made = Result<(String, Params), String>;

pub fn insert(table: &str, values: Map) -> Made {
    let values = sorted(values)?;
    let mut text = format!("INSERT INTO {}", name(table)?);
    if values.is_empty() {
        text.push_str(" DEFAULT VALUES");
        return Ok((text, Params::None));
    }
    let columns = values
        .iter()
        .map(|(column, _)| name(column))
        .collect::<Result<Vec<_>, _>>()?;
    let places = vec!["?"; columns.len()].join(", ");
    let _ = write!(text, " ({}) VALUES ({places})", columns.join(", "));
    let values = values.into_iter().map(|(_, value)| value).collect();
    Ok((text, Params::List(values)))
}

pub fn update(table: &str, values: Map, filter: Map) -> Made {
    let values = sorted(values)?;
    if values.is_empty() {
        return Err("values is empty: say which columns to change".to_owned());
    }
    let mut made = Making::new(format!("UPDATE {} SET ", name(table)?));
    for (index, (column, value)) in values.into_iter().enumerate() {
        made.text.push_str(if index > 0 { ", " } else { "" });
        let _ = write!(made.text, "{} = ?", name(&column)?);
        made.params.push(value);
    }
    made.restrict(filter, "update")?;
    Ok(made.finish())
}

pub fn delete(table: &str, filter: Map) -> Made {
    let mut made = Making::new(format!("DELETE FROM {}", name(table)?));
    made.restrict(filter, "delete")?;
    Ok(made.finish())
}

/// `options` may have columns, where, orderBy, limit and offset.
pub fn select(table: &str, mut options: Map) -> Made {
    let columns = match options.swap_remove("columns") {
        None | Some(Value::Null) => "*".to_owned(),
        Some(columns) => list_of_names(&columns, "columns")?
            .into_iter()
            .map(name)
            .collect::<Result<Vec<_>, _>>()?
            .join(", "),
    };
    let mut made = Making::new(format!("SELECT {columns} FROM {}", name(table)?));
    match options.swap_remove("where") {
        None | Some(Value::Null) => {}
        Some(Value::Map(filter)) if is_all(&filter) || filter.is_empty() => {}
        Some(Value::Map(filter)) => made.filter(filter)?,
        Some(_) => return Err("where must be a map from column to value".to_owned()),
    }
    match options.swap_remove("orderBy") {
        None | Some(Value::Null) => {}
        Some(columns) => made.order(&list_of_names(&columns, "orderBy")?)?,
    }
    let limit = count(options.swap_remove("limit"), "limit")?;
    let offset = count(options.swap_remove("offset"), "offset")?;
    if limit.is_some() || offset.is_some() {
        made.text.push_str(" LIMIT ? OFFSET ?");
        // -1 is "no limit" to SQLite, which takes no OFFSET alone.
        made.params.push(Value::Int(limit.unwrap_or(-1)));
        made.params.push(Value::Int(offset.unwrap_or(0)));
    }
    match options.keys().next() {
        None => Ok(made.finish()),
        Some(other) => Err(format!(
            "'{other}' is not an option: there are columns, where, orderBy, limit and offset"
        )),
    }
}

struct Making {
    text: String,
    params: Vec<Value>,
}

impl Making {
    fn new(text: String) -> Self {
        Self {
            text,
            params: Vec::new(),
        }
    }

    fn finish(self) -> (String, Params) {
        let params = match self.params.is_empty() {
            true => Params::None,
            false => Params::List(self.params),
        };
        (self.text, params)
    }

    /// A filter that went missing must not reach every row.
    fn restrict(&mut self, filter: Map, what: &str) -> Result<(), String> {
        if is_all(&filter) {
            return Ok(());
        }
        if filter.is_empty() {
            return Err(format!(
                "where is empty: to {what} every row, say {{all = true}}"
            ));
        }
        self.filter(filter)
    }

    fn filter(&mut self, filter: Map) -> Result<(), String> {
        for (index, (column, value)) in sorted(filter)?.into_iter().enumerate() {
            self.text
                .push_str(if index > 0 { " AND " } else { " WHERE " });
            self.condition(&column, value)?;
        }
        Ok(())
    }

    fn condition(&mut self, column: &str, value: Value) -> Result<(), String> {
        let quoted = name(column)?;
        match value {
            Value::Map(mut condition) => {
                let operator = condition.swap_remove("op");
                let value = condition.swap_remove("value").unwrap_or_default();
                let known = operator
                    .as_ref()
                    .and_then(Value::as_str)
                    .and_then(operator_named);
                match known {
                    Some(operator) if condition.is_empty() => {
                        self.compare(&quoted, operator, value)
                    }
                    _ => Err(format!(
                        "the condition of '{column}' must be {{op = ..., value = ...}} with one of {}",
                        OPERATORS
                            .iter()
                            .map(|(name, _)| *name)
                            .collect::<Vec<_>>()
                            .join(", ")
                    )),
                }
            }
            Value::List(_) => self.compare(&quoted, "IN", value),
            value => self.compare(&quoted, "=", value),
        }
    }

    fn compare(&mut self, quoted: &str, operator: &str, value: Value) -> Result<(), String> {
        match (operator, value) {
            ("=", Value::Null) => {
                let _ = write!(self.text, "{quoted} IS NULL");
            }
            ("<>", Value::Null) => {
                let _ = write!(self.text, "{quoted} IS NOT NULL");
            }
            ("IN" | "NOT IN", Value::List(values)) => {
                if values.len() > LONGEST_LIST {
                    return Err(format!("a list may have {LONGEST_LIST} values"));
                }
                if values.contains(&Value::Null) {
                    return Err(
                        "a list may not have null in it: compare with null alone".to_owned()
                    );
                }
                let places = vec!["?"; values.len()].join(", ");
                let _ = write!(self.text, "{quoted} {operator} ({places})");
                self.params.extend(values);
            }
            ("IN" | "NOT IN", _) => {
                return Err("in and not in need a list".to_owned());
            }
            (_, Value::List(_) | Value::Map(_)) => {
                return Err(format!("{quoted} cannot be compared with a list or a map"));
            }
            (_, value) => {
                let _ = write!(self.text, "{quoted} {operator} ?");
                self.params.push(value);
            }
        }
        Ok(())
    }

    fn order(&mut self, columns: &[&str]) -> Result<(), String> {
        for (index, column) in columns.iter().enumerate() {
            self.text
                .push_str(if index > 0 { ", " } else { " ORDER BY " });
            let (column, direction) = match column.rsplit_once(' ') {
                Some((column, word)) if word.eq_ignore_ascii_case("desc") => (column, " DESC"),
                Some((column, word)) if word.eq_ignore_ascii_case("asc") => (column, ""),
                _ => (*column, ""),
            };
            let _ = write!(self.text, "{}{direction}", name(column)?);
        }
        Ok(())
    }
}

fn operator_named(name: &str) -> Option<&'static str> {
    OPERATORS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, operator)| *operator)
}

fn is_all(filter: &Map) -> bool {
    filter.len() == 1 && filter.get(ALL) == Some(&Value::Bool(true))
}

fn sorted(values: Map) -> Result<Vec<(String, Value)>, String> {
    if values.len() > MOST_COLUMNS {
        return Err(format!("there are more than {MOST_COLUMNS} columns"));
    }
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(values)
}

/// In quotes a text is a name and nothing else.
fn name(name: &str) -> Result<String, String> {
    if name.is_empty() || name.contains('\0') {
        return Err("a name of a table or a column is empty".to_owned());
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

fn list_of_names<'v>(value: &'v Value, what: &str) -> Result<Vec<&'v str>, String> {
    let names: Option<Vec<&str>> = match value {
        Value::Text(name) => Some(vec![name.as_str()]),
        Value::List(names) => names.iter().map(Value::as_str).collect(),
        _ => None,
    };
    match names {
        Some(names) if !names.is_empty() => Ok(names),
        _ => Err(format!("{what} must be a list of names of columns")),
    }
}

fn count(value: Option<Value>, what: &str) -> Result<Option<i64>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_i64() {
            Some(count) if count >= 0 => Ok(Some(count)),
            _ => Err(format!("{what} must be a whole number from 0")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map<const N: usize>(pairs: [(&str, Value); N]) -> Map {
        match Value::map(pairs) {
            Value::Map(map) => map,
            _ => unreachable!(),
        }
    }

    fn condition(op: &str, value: Value) -> Value {
        Value::map([("op", op.into()), ("value", value)])
    }

    fn text(made: Made) -> String {
        made.unwrap().0
    }

    #[test]
    fn names_are_quoted_and_values_are_parameters() {
        let evil = "x\" = 1; DROP TABLE t; --";
        let (sql, params) = insert("t", map([(evil, 1.into()), ("a", evil.into())])).unwrap();
        assert_eq!(
            sql,
            "INSERT INTO \"t\" (\"a\", \"x\"\" = 1; DROP TABLE t; --\") VALUES (?, ?)"
        );
        assert_eq!(params, Params::List(vec![evil.into(), 1.into()]));
        assert_eq!(
            text(insert("t", Map::new())),
            "INSERT INTO \"t\" DEFAULT VALUES"
        );
        assert!(insert("", Map::new()).is_err());
    }

    #[test]
    fn conditions_say_null_lists_and_operators() {
        let filter = map([
            ("a", Value::Null),
            ("b", Value::List(vec![1.into(), 2.into()])),
            ("c", condition("!=", Value::Null)),
            ("d", condition("Not Like", "x%".into())),
            ("e", Value::List(vec![])),
            ("f", condition(">=", 3.into())),
        ]);
        let (sql, params) = delete("t", filter).unwrap();
        assert_eq!(
            sql,
            "DELETE FROM \"t\" WHERE \"a\" IS NULL AND \"b\" IN (?, ?) AND \"c\" IS NOT NULL \
             AND \"d\" NOT LIKE ? AND \"e\" IN () AND \"f\" >= ?"
        );
        let expected = vec![1.into(), 2.into(), "x%".into(), 3.into()];
        assert_eq!(params, Params::List(expected));
        for wrong in [
            condition("; DROP", 1.into()),
            condition("in", 1.into()),
            condition("<", Value::List(vec![])),
            Value::List(vec![Value::Null]),
            Value::map([("op", "=".into()), ("value", 1.into()), ("x", 1.into())]),
            Value::map([("x", 1.into())]),
        ] {
            assert!(
                delete("t", map([("a", wrong.clone())])).is_err(),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn every_row_is_meant_only_when_it_is_said() {
        let all = || map([("all", Value::Bool(true))]);
        let values = || map([("a", 1.into())]);
        assert!(delete("t", Map::new()).unwrap_err().contains("all = true"));
        assert!(update("t", values(), Map::new()).is_err());
        assert_eq!(text(delete("t", all())), "DELETE FROM \"t\"");
        assert_eq!(
            text(update("t", values(), all())),
            "UPDATE \"t\" SET \"a\" = ?"
        );
        assert_eq!(
            text(delete("t", map([("all", 1.into())]))),
            "DELETE FROM \"t\" WHERE \"all\" = ?"
        );
    }

    #[test]
    fn a_selection_has_columns_an_order_and_a_part() {
        let names = |names: &[&str]| Value::List(names.iter().map(|n| Value::from(*n)).collect());
        let options = map([
            ("columns", names(&["id", "a b"])),
            ("where", Value::map([("id", 1.into())])),
            ("orderBy", names(&["at desc", "id"])),
            ("limit", 10.into()),
        ]);
        let (sql, params) = select("t", options).unwrap();
        assert_eq!(
            sql,
            "SELECT \"id\", \"a b\" FROM \"t\" WHERE \"id\" = ? ORDER BY \"at\" DESC, \"id\" LIMIT ? OFFSET ?"
        );
        assert_eq!(params, Params::List(vec![1.into(), 10.into(), 0.into()]));
        assert_eq!(text(select("t", Map::new())), "SELECT * FROM \"t\"");
        assert_eq!(
            text(select(
                "t",
                map([("orderBy", "id".into()), ("offset", 5.into())])
            )),
            "SELECT * FROM \"t\" ORDER BY \"id\" LIMIT ? OFFSET ?"
        );
        for wrong in [
            map([("limit", (-1).into())]),
            map([("colums", names(&["a"]))]),
            map([("where", names(&["a"]))]),
            map([("columns", Value::List(vec![]))]),
        ] {
            assert!(select("t", wrong.clone()).is_err(), "{wrong:?}");
        }
    }
}
