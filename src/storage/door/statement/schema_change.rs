//! CREATE, ALTER and DROP: the only statements whose names SQLite would look for in `main`.

use sqlite3_parser::lexer::sql::TokenType::{self, *};

use super::{PUBLIC, Reader, Verb, foreign_schema};
use crate::storage::door::tokens::Token;
use crate::storage::door::{Refusal, names};

/// A name with or without its schema, and where it stands.
struct Named {
    name: String,
    /// From the schema's first byte (or the name's, if there is none) to the name's first byte.
    schema: std::ops::Range<usize>,
    next: usize,
}

impl Reader<'_, '_> {
    pub(super) fn create(&mut self) -> Result<Verb, Refusal> {
        let unique = usize::from(self.kind(1) == Some(TK_UNIQUE));
        match self.kind(1 + unique) {
            Some(TK_TABLE) if unique == 0 => self.create_table(),
            Some(TK_INDEX) => self.create_index(2 + unique),
            _ => Err(self
                .cannot("CREATE", "CREATE TABLE and CREATE [UNIQUE] INDEX")
                .into()),
        }
    }

    pub(super) fn drop(&mut self) -> Result<Verb, Refusal> {
        let kind = self.kind(1);
        if !matches!(kind, Some(TK_TABLE | TK_INDEX)) {
            return Err(self.cannot("DROP", "DROP TABLE and DROP INDEX").into());
        }
        let at = self.skip(2, &[TK_IF, TK_EXISTS]);
        let dropped = self.qualified(at)?;
        let name = dropped.name;
        Ok(if kind == Some(TK_TABLE) {
            Verb::DropTable { name }
        } else {
            Verb::DropIndex { name }
        })
    }

    pub(super) fn alter(&mut self) -> Result<Verb, Refusal> {
        if self.kind(1) != Some(TK_TABLE) {
            return Err(self.cannot("ALTER", "ALTER TABLE").into());
        }
        let table = self.qualified(2)?;
        match (self.kind(table.next), self.kind(table.next + 1)) {
            (Some(TK_RENAME), Some(TK_TO)) => {
                let to = self.name_at(table.next + 2)?;
                Ok(Verb::RenameTable {
                    from: table.name,
                    to,
                })
            }
            (Some(TK_RENAME | TK_ADD | TK_DROP), _) => {
                self.find_references(table.next)?;
                Ok(Verb::AlterTable { name: table.name })
            }
            _ => Err(Refusal::mistake(
                "ALTER TABLE takes ADD COLUMN, DROP COLUMN, RENAME COLUMN or RENAME TO",
            )),
        }
    }

    fn create_table(&mut self) -> Result<Verb, Refusal> {
        let at = self.skip(2, &[TK_IF, TK_NOT, TK_EXISTS]);
        let table = self.qualified(at)?;
        let select = (self.kind(table.next) == Some(TK_AS)).then(String::new);
        self.find_references(table.next)?;
        Ok(Verb::CreateTable {
            name: table.name,
            select,
        })
    }

    fn create_index(&mut self, start: usize) -> Result<Verb, Refusal> {
        let at = self.skip(start, &[TK_IF, TK_NOT, TK_EXISTS]);
        let index = self.qualified(at)?;
        if self.kind(index.next) != Some(TK_ON) {
            return Err(Refusal::mistake(
                "CREATE INDEX needs a name and ON with its table",
            ));
        }
        let table = self.unqualified(index.next + 1)?;
        Ok(Verb::CreateIndex {
            name: index.name,
            table,
        })
    }

    fn find_references(&mut self, start: usize) -> Result<(), Refusal> {
        for index in start..self.tokens.len() {
            if self.kind(index) == Some(TK_REFERENCES) {
                let name = self.unqualified(index + 1)?;
                self.references.push(name);
            }
        }
        Ok(())
    }

    /// Reads a name and gives it this tenant's schema.
    fn qualified(&mut self, at: usize) -> Result<Named, Refusal> {
        let named = self.named(at)?;
        let schema = format!("{}.", self.tenant.quoted());
        self.edits
            .replace(named.schema.start, named.schema.end, &schema);
        Ok(named)
    }

    /// Reads a name where SQLite takes no schema, and takes the schema out.
    fn unqualified(&mut self, at: usize) -> Result<String, Refusal> {
        let named = self.named(at)?;
        if !named.schema.is_empty() {
            self.edits.replace(named.schema.start, named.schema.end, "");
        }
        Ok(named.name)
    }

    fn named(&self, at: usize) -> Result<Named, Refusal> {
        let first = self.name_at(at)?;
        let start = self.tokens.get(at).map_or(0, |token| token.start);
        if self.kind(at + 1) != Some(TK_DOT) {
            return Ok(Named {
                name: first,
                schema: start..start,
                next: at + 1,
            });
        }
        let name = self.name_at(at + 2)?;
        if first.eq_ignore_ascii_case(PUBLIC) {
            if names::is_host_table(&name) || names::pointer(&name).is_some() {
                return Err(names::refusal(&name).into());
            }
        } else if !first.eq_ignore_ascii_case(self.tenant.as_str()) {
            return Err(foreign_schema(&first).into());
        }
        let end = self.tokens.get(at + 2).map_or(start, |token| token.start);
        Ok(Named {
            name,
            schema: start..end,
            next: at + 3,
        })
    }

    fn name_at(&self, at: usize) -> Result<String, Refusal> {
        match self.tokens.get(at) {
            Some(token) if token.is_string() => Err(Refusal::Wall(format!(
                "{} stands for a name: write it in double quotes",
                token.text()
            ))),
            token => token
                .and_then(Token::name)
                .ok_or_else(|| Refusal::mistake("a name is missing")),
        }
    }

    /// Steps over the words if all of them stand there.
    fn skip(&self, at: usize, words: &[TokenType]) -> usize {
        let all = words
            .iter()
            .enumerate()
            .all(|(i, word)| self.kind(at + i) == Some(*word));
        if all { at + words.len() } else { at }
    }

    fn cannot(&self, verb: &str, allowed: &str) -> String {
        let what = self
            .tokens
            .get(1)
            .map_or("", Token::text)
            .to_ascii_uppercase();
        format!("{verb} {what} is not allowed for plugins; allowed are {allowed}")
    }
}
