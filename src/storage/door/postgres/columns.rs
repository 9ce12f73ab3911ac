//! CREATE TABLE: its columns, and what their types ask for.

use sqlparser::ast::{
    CheckConstraint, ColumnDef, ColumnOption, ColumnOptionDef, CreateTable, Expr, TableConstraint,
};
use sqlparser::tokenizer::Token as Word;

use super::types::{self, Kept};
use super::{unknown, written};

const SERIAL_IS_KEY: &str =
    "a SERIAL column counts only as the table's primary key; write SERIAL PRIMARY KEY, or INTEGER";

pub fn reword(table: &mut CreateTable) -> Result<(), String> {
    for column in &mut table.columns {
        let alone = |constraint: &TableConstraint| match constraint {
            TableConstraint::PrimaryKey(key) => match key.columns.as_slice() {
                [only] => only.column.expr.to_string() == column.name.to_string(),
                _ => false,
            },
            _ => false,
        };
        let is_key = table.constraints.iter().position(alone);
        let counts = counts(column)?;
        reword_column(column, is_key.is_some())?;
        if let (Some(constraint), true) = (is_key, counts) {
            // It now stands behind the column, where alone SQLite lets it count.
            table.constraints.remove(constraint);
        }
    }
    Ok(())
}

/// `is_key` is true when the table says elsewhere that this column is its primary key.
pub fn reword_column(column: &mut ColumnDef, is_key: bool) -> Result<(), String> {
    let kept = types::kept(&column.data_type)?;
    if counts(column)? {
        count(column, is_key)?;
    }
    for option in &mut column.options {
        match &mut option.option {
            ColumnOption::Check(check) => check.no_inherit = false,
            ColumnOption::Collation(name) => {
                return Err(unknown(
                    &format!("COLLATE {name}"),
                    "leave it out, or compare with COLLATE NOCASE in the query",
                ));
            }
            _ => {}
        }
    }
    if let Some(check) = kept.check(&column.name.to_string()) {
        column
            .options
            .push(plain(ColumnOption::Check(CheckConstraint {
                name: None,
                expr: Box::new(written(check)),
                no_inherit: false,
                enforced: None,
            })));
    }
    column.data_type = kept.data_type();
    Ok(())
}

/// SERIAL, or GENERATED … AS IDENTITY.
fn counts(column: &ColumnDef) -> Result<bool, String> {
    let identity = column.options.iter().any(|option| {
        matches!(
            &option.option,
            ColumnOption::Generated {
                generation_expr: None,
                ..
            }
        )
    });
    Ok(identity || types::kept(&column.data_type)? == Kept::Serial)
}

/// `INTEGER PRIMARY KEY AUTOINCREMENT`: as with a sequence, no number comes twice.
fn count(column: &mut ColumnDef, is_key: bool) -> Result<(), String> {
    column
        .options
        .retain(|option| !matches!(option.option, ColumnOption::Generated { .. }));
    let key = column
        .options
        .iter()
        .position(|option| matches!(option.option, ColumnOption::PrimaryKey(_)));
    if key.is_none() && !is_key {
        return Err(SERIAL_IS_KEY.to_owned());
    }
    if let Some(key) = key {
        column.options.remove(key);
    }
    let words = ["PRIMARY", "KEY", "AUTOINCREMENT"].map(Word::make_keyword);
    let key = ColumnOption::DialectSpecific(words.to_vec());
    column.options.insert(0, plain(key));
    Ok(())
}

/// SQLite takes the literal of a DEFAULT as it is, and everything else in parentheses.
pub fn enclose_defaults(columns: &mut [ColumnDef]) {
    for option in columns.iter_mut().flat_map(|column| &mut column.options) {
        if let ColumnOption::Default(value) = &mut option.option
            && !is_literal(value)
        {
            *value = Expr::Nested(Box::new(std::mem::replace(value, written(""))));
        }
    }
}

fn is_literal(value: &Expr) -> bool {
    match value {
        Expr::Value(_) | Expr::Nested(_) => true,
        Expr::UnaryOp { expr, .. } => matches!(**expr, Expr::Value(_)),
        // What was written in a cast's place.
        Expr::Identifier(text) => {
            text.value.starts_with('\'') || ["TRUE", "FALSE"].contains(&text.value.as_str())
        }
        _ => false,
    }
}

fn plain(option: ColumnOption) -> ColumnOptionDef {
    ColumnOptionDef { name: None, option }
}
