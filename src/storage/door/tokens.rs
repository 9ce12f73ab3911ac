//! A statement as tokens, cut where SQLite cuts them. Knows no grammar.
//!
//! The tokenizer is the `sqlite3-parser` crate's. Where it and SQLite would cut differently, a plugin
//! could hide a word from us inside what we take for a string; such texts are refused outright.

use sqlite3_parser::lexer::Scanner;
use sqlite3_parser::lexer::sql::{TokenType, Tokenizer};

use super::Refusal;

/// A statement longer than this is built by a program that should bind parameters.
const LONGEST: usize = 100_000;
const MOST_TOKENS: usize = 20_000;

#[derive(Clone, Copy, Debug)]
pub struct Token<'sql> {
    pub kind: TokenType,
    pub start: usize,
    pub end: usize,
    text: &'sql str,
}

impl<'sql> Token<'sql> {
    /// The name that the token spells, without its quotes; `None` for what can never be a name.
    pub fn name(&self) -> Option<String> {
        let inner = || {
            self.text
                .get(1..self.text.len().saturating_sub(1))
                .unwrap_or_default()
        };
        match self.text.as_bytes().first()? {
            b'"' => Some(inner().replace("\"\"", "\"")),
            b'`' => Some(inner().replace("``", "`")),
            b'[' => Some(inner().to_owned()),
            b'\'' => Some(inner().replace("''", "'")),
            first if first.is_ascii_alphabetic() || *first == b'_' || !first.is_ascii() => {
                Some(self.text.to_owned())
            }
            _ => None,
        }
    }

    /// SQLite takes 'text' for a name where only a name can stand.
    pub fn is_string(&self) -> bool {
        self.kind == TokenType::TK_STRING
    }

    pub fn is(&self, kind: TokenType) -> bool {
        self.kind == kind
    }

    pub fn text(&self) -> &'sql str {
        self.text
    }
}

/// What no spelling makes good.
pub fn check_text(sql: &str) -> Result<(), String> {
    if sql.len() > LONGEST {
        return Err(format!(
            "the statement is longer than {LONGEST} bytes; pass values as parameters"
        ));
    }
    if sql.contains(['\0', '\u{feff}']) {
        return Err("the statement contains a NUL or a byte order mark".to_owned());
    }
    Ok(())
}

/// The tokens of one statement, without a closing semicolon.
pub fn tokens(sql: &str) -> Result<Vec<Token<'_>>, Refusal> {
    check_text(sql)?;
    let mut scanner = Scanner::new(Tokenizer::new());
    let mut found = Vec::new();
    loop {
        let (start, token, end) = scanner
            .scan(sql.as_bytes())
            .map_err(|error| Refusal::mistake(error.to_string()))?;
        let Some((_, kind)) = token else { break };
        let text = sql
            .get(start..end)
            .ok_or_else(|| Refusal::mistake("the statement is cut inside a character"))?;
        if kind == TokenType::TK_VARIABLE {
            check_variable(text, sql.get(end..).unwrap_or_default())?;
        }
        if found.len() == MOST_TOKENS {
            return Err(Refusal::Wall(format!(
                "the statement has more than {MOST_TOKENS} words and signs"
            )));
        }
        found.push(Token {
            kind,
            start,
            end,
            text,
        });
    }
    while found
        .last()
        .is_some_and(|last: &Token| last.is(TokenType::TK_SEMI))
    {
        found.pop();
    }
    if found.iter().any(|token| token.is(TokenType::TK_SEMI)) {
        return Err(Refusal::Wall(
            "only one statement at a time is allowed".to_owned(),
        ));
    }
    Ok(found)
}

/// SQLite reads `:name(anything)` and `:name::more` as one long variable name, the tokenizer does not.
fn check_variable(text: &str, rest: &str) -> Result<(), String> {
    if text.starts_with('#') || rest.starts_with(['(', ':']) {
        return Err(format!(
            "a parameter is written ?, ?1 or :name; put a space after '{text}'"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_keep_their_place_and_comments_go() {
        let sql = "SELECT /* ; */ \"a\"\"b\" -- x\n FROM [t] WHERE x = 'it''s' ;;";
        let found = tokens(sql).unwrap();
        let names: Vec<_> = found.iter().filter_map(Token::name).collect();
        assert_eq!(names, ["SELECT", "a\"b", "FROM", "t", "WHERE", "x", "it's"]);
        assert!(
            found
                .iter()
                .all(|token| &sql[token.start..token.end] == token.text())
        );
    }

    #[test]
    fn what_sqlite_would_cut_differently_is_refused() {
        for sql in [
            "SELECT $a('x) ; ATTACH 'y' AS z -- ')",
            "SELECT :a::b",
            "SELECT @a('",
            "SELECT #1",
            "SELECT 1\0; DROP TABLE t",
            "\u{feff}ROLLBACK",
            "SELECT 1; SELECT 2",
            "SELECT 'open",
            "SELECT /* open",
            "SELECT \u{b}1",
        ] {
            assert!(tokens(sql).is_err(), "{sql}");
        }
    }
}
