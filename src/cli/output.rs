//! What verbs print: tables for people, JSON lines for machines, complaints on standard error.

use std::io::{IsTerminal as _, Write as _};

use serde_json::Value;

use crate::error::{Error, Result};

/// Prints one result as JSON or as text for people.
pub struct Output {
    pub json: bool,
}

impl Output {
    /// A single thing.
    pub fn one(&self, value: &Value, text: &str) -> Result<()> {
        if self.json {
            line(&value.to_string())
        } else {
            line(text)
        }
    }

    /// A list: a JSON array, or a table with the named columns.
    pub fn table(&self, columns: &[&str], rows: &[Value]) -> Result<()> {
        if self.json {
            return line(&Value::Array(rows.to_vec()).to_string());
        }
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                columns
                    .iter()
                    .map(|column| cell(row.get(*column)))
                    .collect()
            })
            .collect();
        let widths: Vec<usize> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let widest = cells
                    .iter()
                    .filter_map(|row| row.get(at))
                    .map(|text| text.chars().count())
                    .max();
                widest.unwrap_or(0).max(column.chars().count())
            })
            .collect();
        let written = |row: &[String]| {
            let padded: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(text, width)| format!("{text:<width$}"))
                .collect();
            padded.join("  ").trim_end().to_owned()
        };
        let head: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        line(&bold(&written(&head)))?;
        cells.iter().try_for_each(|row| line(&written(row)))
    }
}

/// One line on standard output, flushed: whoever reads it may be waiting.
pub fn line(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| Error::internal("cannot write the output", error))
}

/// One line of progress on standard error.
pub fn note(text: &str) {
    let _closed = writeln!(std::io::stderr(), "{text}");
}

pub fn complain(error: &Error) {
    let mark = if std::io::stderr().is_terminal() {
        "\u{1b}[1;31merror:\u{1b}[0m"
    } else {
        "error:"
    };
    let _closed = writeln!(std::io::stderr(), "{mark} {error}");
}

pub fn bold(text: &str) -> String {
    if std::io::stdout().is_terminal() {
        format!("\u{1b}[1m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(flag)) => if *flag { "yes" } else { "no" }.to_owned(),
        Some(other) => other.to_string(),
    }
}
