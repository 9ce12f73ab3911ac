//! A statement in PostgreSQL's spelling, as the original's plugins are written, said in SQLite's.
//! It is read by a parser, changed where SQLite says it otherwise, and printed again.
//!
//! Nothing is judged here: what comes out goes through the same door as any other text. What has no
//! counterpart is refused by name. A statement that SQLite reads as it stands never comes here.

use std::ops::ControlFlow;

use sqlite3_parser::lexer::sql::TokenType::*;
use sqlparser::ast::{
    AlterTableOperation, BinaryOperator, CastKind, ColumnDef, ConflictTarget, CreateIndex, Expr,
    Ident, IndexType, ObjectType, OnConflictAction, OnInsert, Query, Statement, Value, VisitMut,
    VisitorMut,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Tokenizer;

use super::tokens::Token;
use steps::Counted;

mod columns;
mod steps;
mod types;
mod words;

const MOST_WORDS: usize = 5_000;
/// Parentheses and the like within each other: the parser's own count.
const DEEPEST: usize = 40;
/// The parser's tree is as deep as the longest chain of operators, and walking it takes stack.
/// SQLite takes 100 levels.
const LONGEST_CHAIN: usize = 300;
/// As `time.now()` of the host, so that both sort together.
const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

/// What tells PostgreSQL's spelling from SQLite's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    Sqlite,
    /// Names of types that SQLite takes too, and reads otherwise.
    Either,
    Postgres,
}

const SERIALS: &[&str] = &["serial", "bigserial", "smallserial", "identity"];
const TYPES: &[&str] = &[
    "bool",
    "boolean",
    "bytea",
    "char",
    "character",
    "date",
    "json",
    "jsonb",
    "timestamp",
    "timestamptz",
    "uuid",
    "varchar",
];
const CALLS: &[&str] = &["now", "gen_random_uuid", "uuid_generate_v4"];

/// `tokens` are SQLite's, and fail where only PostgreSQL knows a sign.
pub fn spelling(sql: &str, tokens: Option<&[Token<'_>]>) -> Spelling {
    let Some(tokens) = tokens else {
        return if sql.contains("::") {
            Spelling::Postgres
        } else {
            Spelling::Sqlite
        };
    };
    let first = tokens.first().map(|token| token.kind);
    let defines = matches!(first, Some(TK_CREATE | TK_ALTER));
    let mut found = Spelling::Sqlite;
    for (index, token) in tokens.iter().enumerate() {
        let is = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(token.text()));
        let called = || tokens.get(index + 1).is_some_and(|next| next.is(TK_LP));
        let postgres = is(&["ilike"])
            || is(CALLS) && called()
            || first == Some(TK_DROP) && matches!(token.kind, TK_CASCADE | TK_RESTRICT)
            || defines && (is(SERIALS) || is(&["concurrently"]));
        if postgres {
            return Spelling::Postgres;
        }
        if defines && is(TYPES) {
            found = Spelling::Either;
        }
    }
    found
}

/// The statement as SQLite writes it. The error is a sentence for the plugin's author.
pub fn translate(sql: &str) -> Result<String, String> {
    let words = Tokenizer::new(&PostgreSqlDialect {}, sql)
        .with_unescape(false)
        .tokenize_with_location()
        .map_err(|error| unreadable(&error.to_string()))?;
    let words = words::with_placeholders(words);
    if words.len() > MOST_WORDS {
        return Err(format!(
            "a statement in PostgreSQL's spelling may have {MOST_WORDS} words and signs; pass values as parameters, in several statements"
        ));
    }
    if words::longest_chain(&words) > LONGEST_CHAIN {
        return Err(format!(
            "a statement in PostgreSQL's spelling may have {LONGEST_CHAIN} words and signs without a comma"
        ));
    }
    let grammar = Counted::new(words.len());
    let mut statements = Parser::new(&grammar)
        .with_recursion_limit(DEEPEST)
        .with_tokens_with_locations(words)
        .parse_statements()
        .map_err(|error| {
            if grammar.is_spent() {
                return "the statement in PostgreSQL's spelling can be read in too many ways; nest fewer calls, and write none after a dot".to_owned();
            }
            unreadable(&error.to_string())
        })?;
    let (Some(mut statement), true) = (statements.pop(), statements.is_empty()) else {
        return Err("only one statement at a time is allowed".to_owned());
    };
    reword(&mut statement)?;
    if let ControlFlow::Break(why) = statement.visit(&mut Rewording) {
        return Err(why);
    }
    columns::enclose_defaults(columns_of(&mut statement));
    Ok(statement.to_string())
}

fn columns_of(statement: &mut Statement) -> &mut [ColumnDef] {
    match statement {
        Statement::CreateTable(table) => &mut table.columns,
        Statement::AlterTable(table) => match table.operations.as_mut_slice() {
            [AlterTableOperation::AddColumn { column_def, .. }] => std::slice::from_mut(column_def),
            _ => &mut [],
        },
        _ => &mut [],
    }
}

fn unreadable(why: &str) -> String {
    format!(
        "the statement is in PostgreSQL's spelling and cannot be read: {}",
        why.trim_start_matches("sql parser error: ")
    )
}

/// An expression that is text already. The printer leaves a name without quotes as it is.
fn written(text: impl Into<String>) -> Expr {
    Expr::Identifier(Ident::new(text))
}

fn unknown(what: &str, instead: &str) -> String {
    format!("{what} is PostgreSQL's and not known here; {instead}")
}

fn reword(statement: &mut Statement) -> Result<(), String> {
    match statement {
        Statement::Query(_) | Statement::Update(_) | Statement::Delete(_) => Ok(()),
        Statement::Insert(insert) => match &insert.on {
            Some(OnInsert::OnConflict(clause)) => match &clause.conflict_target {
                Some(ConflictTarget::OnConstraint(_)) => Err(unknown(
                    "ON CONFLICT ON CONSTRAINT",
                    "name the columns: ON CONFLICT (a, b)",
                )),
                None if matches!(clause.action, OnConflictAction::DoUpdate(_)) => {
                    Err("ON CONFLICT DO UPDATE needs its columns: ON CONFLICT (a)".to_owned())
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        },
        Statement::CreateTable(table) => columns::reword(table),
        Statement::CreateIndex(index) => reword_index(index),
        Statement::AlterTable(table) => match table.operations.as_mut_slice() {
            [
                AlterTableOperation::AddColumn {
                    if_not_exists,
                    column_def,
                    ..
                },
            ] => {
                if *if_not_exists {
                    return Err(unknown(
                        "ADD COLUMN IF NOT EXISTS",
                        "add the column in the version's upgrade, once",
                    ));
                }
                columns::reword_column(column_def, false)
            }
            [_] => Ok(()),
            _ => Err("ALTER TABLE takes one change at a time".to_owned()),
        },
        Statement::Drop {
            object_type: ObjectType::Table | ObjectType::Index,
            names,
            cascade,
            restrict,
            ..
        } => {
            if names.len() > 1 {
                return Err("DROP takes one name at a time".to_owned());
            }
            // What could depend on it is the plugin's own: there are no views.
            *cascade = false;
            *restrict = false;
            Ok(())
        }
        _ => Err("this kind of statement is not allowed for plugins".to_owned()),
    }
}

fn reword_index(index: &mut CreateIndex) -> Result<(), String> {
    match &index.using {
        None | Some(IndexType::BTree) => index.using = None,
        Some(other) => {
            return Err(unknown(
                &format!("USING {other}"),
                "leave it out: an index is a B-tree",
            ));
        }
    }
    index.concurrently = false;
    Ok(())
}

struct Rewording;

impl VisitorMut for Rewording {
    type Break = String;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<String> {
        if query.locks.is_empty() {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(unknown(
            "FOR UPDATE",
            "leave it out: in db.transaction nobody else writes",
        ))
    }

    /// What stands inside of an expression was reworded before.
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        match reworded(expr) {
            Ok(Some(new)) => *expr = new,
            Ok(None) => {}
            Err(why) => return ControlFlow::Break(why),
        }
        ControlFlow::Continue(())
    }
}

fn reworded(expr: &mut Expr) -> Result<Option<Expr>, String> {
    Ok(Some(match expr {
        Expr::Cast {
            kind: CastKind::Cast | CastKind::DoubleColon,
            expr,
            data_type,
            ..
        } => written(types::cast(expr, data_type)?),
        Expr::TypedString(typed) => written(typed.value.to_string()),
        Expr::ILike {
            any: false,
            negated,
            expr,
            pattern,
            escape_char,
        } => Expr::Like {
            any: false,
            negated: *negated,
            expr: expr.clone(),
            pattern: pattern.clone(),
            escape_char: escape_char.clone(),
        },
        Expr::Position { expr, r#in } => written(format!("instr({in}, {expr})", r#in = r#in)),
        Expr::Substring { special, .. } => {
            *special = true;
            return Ok(None);
        }
        Expr::Function(function) => {
            return match function.name.to_string().to_ascii_lowercase().as_str() {
                "now"
                | "current_timestamp"
                | "localtimestamp"
                | "transaction_timestamp"
                | "statement_timestamp"
                | "clock_timestamp" => Ok(Some(written(NOW))),
                name @ ("gen_random_uuid" | "uuid_generate_v4") => Err(unknown(
                    &format!("{name}()"),
                    "use random.uuid of the host and pass the value as a parameter",
                )),
                _ => Ok(None),
            };
        }
        Expr::Value(value) => match &value.value {
            Value::DollarQuotedString(text) => {
                written(format!("'{}'", text.value.replace('\'', "''")))
            }
            Value::EscapedStringLiteral(_)
            | Value::UnicodeStringLiteral(_)
            | Value::NationalStringLiteral(_) => {
                return Err(unknown(
                    "a string with a letter before it",
                    "write a plain string, or pass the value as a parameter",
                ));
            }
            _ => return Ok(None),
        },
        Expr::BinaryOp { op, .. } if !is_shared(op) => {
            return Err(unknown(
                &format!("the operator {op}"),
                "use a function of SQLite (json_extract, json_each, LIKE, GLOB)",
            ));
        }
        Expr::AnyOp { .. } | Expr::AllOp { .. } => {
            return Err(unknown("ANY or ALL", "use IN with a list or a query"));
        }
        Expr::Array(_) => {
            return Err(unknown("ARRAY[...]", "keep lists as JSON text"));
        }
        Expr::Interval(_) => {
            return Err(unknown(
                "INTERVAL",
                "use datetime(x, '+1 day') or count in the script",
            ));
        }
        Expr::Extract { .. } => {
            return Err(unknown("EXTRACT", "use strftime('%Y', x)"));
        }
        Expr::AtTimeZone { .. } => {
            return Err(unknown("AT TIME ZONE", "times are kept in UTC"));
        }
        Expr::SimilarTo { .. } | Expr::RLike { .. } => {
            return Err(unknown("SIMILAR TO", "use LIKE or GLOB"));
        }
        _ => return Ok(None),
    }))
}

/// Operators that mean the same in SQLite.
fn is_shared(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(
        op,
        Op::Plus
            | Op::Minus
            | Op::Multiply
            | Op::Divide
            | Op::Modulo
            | Op::StringConcat
            | Op::Gt
            | Op::Lt
            | Op::GtEq
            | Op::LtEq
            | Op::Eq
            | Op::NotEq
            | Op::And
            | Op::Or
            | Op::BitwiseOr
            | Op::BitwiseAnd
            | Op::PGBitwiseShiftLeft
            | Op::PGBitwiseShiftRight
            | Op::Arrow
            | Op::LongArrow
            | Op::Is
            | Op::IsNot
    )
}

#[cfg(test)]
mod tests;
