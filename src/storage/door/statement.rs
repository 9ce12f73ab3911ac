//! A plugin's statement, read from its tokens: what kind it is, which names it makes or changes, and
//! its text with every name brought to this tenant's schema. Knows neither SQLite nor who owns what.
//!
//! Names are qualified where SQLite would take an unqualified one for `main`, which is empty and
//! closed: what is created, altered and dropped. `public.x` and `"tenant".x` mean this tenant. Where
//! SQLite allows no schema (REFERENCES, and ON of CREATE INDEX) it is taken out.

use sqlite3_parser::lexer::sql::TokenType::{self, *};

use super::postgres::{self, Spelling};
use super::rule::Reach;
use super::tokens::{Token, check_text, tokens};
use super::{Refusal, functions, names};
use crate::tenant::TenantId;

mod edits;
mod expansion;
mod schema_change;

use edits::Edits;

/// The seed's plugins write it for their shared tables; here it is this tenant's file.
const PUBLIC: &str = "public";
/// After these a table's name stands, and never a value.
const BEFORE_TABLE: &[TokenType] = &[
    TK_FROM,
    TK_JOIN,
    TK_INTO,
    TK_IN,
    TK_UPDATE,
    TK_TABLE,
    TK_INDEX,
    TK_REFERENCES,
    TK_DOT,
];

#[derive(Debug)]
pub struct Statement {
    /// The text for SQLite.
    pub sql: String,
    pub verb: Verb,
    /// Names after REFERENCES: they must be the plugin's own tables.
    pub references: Vec<String>,
    pub uses_json_tables: bool,
    /// The author's text in SQLite's spelling, where that differs.
    translation: Option<String>,
    edits: Edits,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verb {
    Read,
    /// `inserts` is true for what may add rows and so touch the counters of AUTOINCREMENT.
    Write {
        inserts: bool,
    },
    /// `select` is the part behind AS.
    CreateTable {
        name: String,
        select: Option<String>,
    },
    CreateIndex {
        name: String,
        table: String,
    },
    DropTable {
        name: String,
    },
    DropIndex {
        name: String,
    },
    RenameTable {
        from: String,
        to: String,
    },
    AlterTable {
        name: String,
    },
}

impl Verb {
    pub fn changes_schema(&self) -> bool {
        !matches!(self, Self::Read | Self::Write { .. })
    }

    pub fn reach(&self) -> Reach {
        match self {
            Self::Read | Self::Write { .. } => Reach::Rows,
            Self::CreateTable { name, .. } => Reach::Schema {
                making: Some(name.clone()),
            },
            Self::RenameTable { .. } | Self::AlterTable { .. } => Reach::Alter,
            Self::CreateIndex { .. } | Self::DropTable { .. } | Self::DropIndex { .. } => {
                Reach::Schema { making: None }
            }
        }
    }
}

impl Statement {
    /// The error is a sentence for the plugin's author.
    pub fn parse(sql: &str, tenant: &TenantId) -> Result<Self, Refusal> {
        check_text(sql)?;
        let as_written = tokens(sql);
        match postgres::spelling(sql, as_written.as_deref().ok()) {
            Spelling::Sqlite => Self::read(sql, &as_written?, tenant),
            Spelling::Postgres => {
                let translation = postgres::translate(sql).map_err(Refusal::Mistake)?;
                Self::translated(&translation, tenant)
            }
            // What the parser does not know may be SQLite's own.
            Spelling::Either => match postgres::translate(sql) {
                Ok(translation) => Self::translated(&translation, tenant),
                Err(_) => Self::read(sql, &as_written?, tenant),
            },
        }
    }

    fn translated(translation: &str, tenant: &TenantId) -> Result<Self, Refusal> {
        let mut statement = Self::read(translation, &tokens(translation)?, tenant)?;
        statement.translation = Some(translation.to_owned());
        Ok(statement)
    }

    fn read(sql: &str, tokens: &[Token<'_>], tenant: &TenantId) -> Result<Self, Refusal> {
        let mut reader = Reader {
            tokens,
            tenant,
            edits: Edits::default(),
            references: Vec::new(),
        };
        let verb = reader.verb()?;
        reader.refuse_what_ends_transactions()?;
        reader.refuse_built_in_names()?;
        expansion::check(tokens)?;
        if verb.changes_schema() {
            reader.refuse_functions_in_definitions()?;
            reader.refuse_functions_of_defaults()?;
        }
        reader.bring_names_home()?;
        reader.number_parameters();
        let end = tokens.last().map_or(0, |last| last.end);
        let text = sql.get(..end).unwrap_or(sql);
        let is_json = |t: &Token<'_>| {
            t.name().is_some_and(|n| {
                n.eq_ignore_ascii_case("json_each") || n.eq_ignore_ascii_case("json_tree")
            })
        };
        Ok(Self {
            uses_json_tables: tokens.iter().any(is_json),
            sql: reader.edits.apply(text, 0),
            verb: reader.finish_select(verb, text),
            references: reader.references,
            translation: None,
            edits: reader.edits,
        })
    }

    /// Where in the author's text SQLite's `offset` into ours points: `line 2, column 5, near "…"`.
    pub fn place(&self, original: &str, offset: usize) -> String {
        let offset = self.edits.original(offset);
        match &self.translation {
            None => edits::place(original, offset),
            Some(text) => format!("in SQLite's spelling: {}", edits::place(text, offset)),
        }
    }
}

struct Reader<'a, 'sql> {
    tokens: &'a [Token<'sql>],
    tenant: &'a TenantId,
    edits: Edits,
    references: Vec<String>,
}

impl Reader<'_, '_> {
    fn verb(&mut self) -> Result<Verb, Refusal> {
        let Some(first) = self.tokens.first() else {
            return Err(Refusal::mistake("the statement is empty"));
        };
        match first.kind {
            TK_SELECT | TK_VALUES => Ok(Verb::Read),
            TK_WITH => Ok(self.verb_of_with()),
            TK_INSERT | TK_REPLACE => Ok(Verb::Write { inserts: true }),
            TK_UPDATE | TK_DELETE => Ok(Verb::Write { inserts: false }),
            TK_CREATE => self.create(),
            TK_DROP => self.drop(),
            TK_ALTER => self.alter(),
            _ => Err(Refusal::Wall(format!(
                "{} is not allowed here: a statement begins with SELECT, WITH, VALUES, INSERT, REPLACE, UPDATE, DELETE, CREATE, ALTER or DROP{}",
                first.text().to_ascii_uppercase(),
                hint(first.kind)
            ))),
        }
    }

    /// The verb stands outside the parentheses of the common table expressions.
    fn verb_of_with(&self) -> Verb {
        let mut depth = 0_i32;
        for (token, next) in self
            .tokens
            .iter()
            .zip(self.tokens.iter().skip(1).map(Some).chain([None]))
        {
            match token.kind {
                TK_LP => depth += 1,
                TK_RP => depth -= 1,
                TK_SELECT | TK_VALUES if depth == 0 => return Verb::Read,
                TK_INSERT if depth == 0 => return Verb::Write { inserts: true },
                // REPLACE is a function too, and a name.
                TK_REPLACE if depth == 0 && next.is_some_and(|next| next.is(TK_INTO)) => {
                    return Verb::Write { inserts: true };
                }
                TK_UPDATE | TK_DELETE if depth == 0 => return Verb::Write { inserts: false },
                _ => {}
            }
        }
        Verb::Read
    }

    fn refuse_what_ends_transactions(&self) -> Result<(), String> {
        for token in self.tokens {
            match token.kind {
                TK_ROLLBACK => {
                    return Err("ROLLBACK as a conflict clause is refused, because it would end the host's transaction; use ABORT, FAIL, IGNORE or REPLACE".to_owned());
                }
                TK_RAISE => {
                    return Err("RAISE is refused; there are no triggers for plugins".to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// In strings too: SQLite takes 'sqlite_schema' for a table's name where only a name can stand.
    fn refuse_built_in_names(&self) -> Result<(), String> {
        let named = |token: &Token<'_>| token.name().filter(|name| names::is_built_in(name));
        match self.tokens.iter().find_map(named) {
            None => Ok(()),
            Some(name) => Err(format!(
                "'{name}' is SQLite's own and closed to plugins; pass it as a parameter if it is a value"
            )),
        }
    }

    /// SQLite does not ask the authorizer about the functions of a DEFAULT, neither now nor later, so
    /// they are asked for here; those of a CHECK or an index it reports.
    fn refuse_functions_of_defaults(&self) -> Result<(), String> {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|at| self.kind(at));
            match token.kind {
                TK_LP if depth > 0 || before == Some(TK_DEFAULT) => depth += 1,
                TK_RP if depth > 0 => depth -= 1,
                // CAST(x AS VARCHAR(3)) names a type there.
                _ if depth > 0 && self.kind(index + 1) == Some(TK_LP) && before != Some(TK_AS) => {
                    let unknown = |name: &String| token.is(TK_ID) && !functions::is_allowed(name);
                    if let Some(name) = token.name().filter(unknown) {
                        return Err(functions::refusal(&name));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn refuse_functions_in_definitions(&self) -> Result<(), String> {
        for (token, next) in self.tokens.iter().zip(self.tokens.iter().skip(1)) {
            let name = token
                .name()
                .filter(|name| next.is(TK_LP) && functions::is_harmful(name));
            if let Some(name) = name {
                return Err(functions::refusal(&name));
            }
        }
        Ok(())
    }

    fn bring_names_home(&mut self) -> Result<(), String> {
        for index in 0..self.tokens.len() {
            let Some(token) = self.tokens.get(index) else {
                continue;
            };
            let before = index
                .checked_sub(1)
                .and_then(|i| self.tokens.get(i))
                .map(|t| t.kind);
            let in_table_place = before.is_some_and(|kind| BEFORE_TABLE.contains(&kind));
            let qualifies = self.kind(index + 1) == Some(TK_DOT) && before != Some(TK_DOT);
            if token.is_string() && (in_table_place || qualifies) {
                return Err(format!(
                    "{} stands for a name: write it in double quotes",
                    token.text()
                ));
            }
            if qualifies && token.name().is_some() && !self.edits.covers(token.start) {
                self.qualifier(index, in_table_place)?;
            }
        }
        Ok(())
    }

    /// `$1` of PostgreSQL is a number; SQLite takes it for a name, and names in the order they come.
    fn number_parameters(&mut self) {
        for token in self.tokens.iter().filter(|token| token.is(TK_VARIABLE)) {
            let number = token.text().strip_prefix('$').unwrap_or_default();
            if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
                self.edits.replace(token.start, token.start + 1, "?");
            }
        }
    }

    fn qualifier(&mut self, index: usize, in_table_place: bool) -> Result<(), String> {
        let Some(token) = self.tokens.get(index) else {
            return Ok(());
        };
        let name = token.name().unwrap_or_default();
        let table = self
            .tokens
            .get(index + 2)
            .and_then(Token::name)
            .unwrap_or_default();
        if name.eq_ignore_ascii_case(PUBLIC) {
            if names::is_host_table(&table) || names::pointer(&table).is_some() {
                return Err(names::refusal(&table));
            }
            self.edits
                .replace(token.start, token.end, &self.tenant.quoted());
            return Ok(());
        }
        if name.eq_ignore_ascii_case(self.tenant.as_str()) {
            return Ok(());
        }
        let closed = ["main", "temp"]
            .iter()
            .any(|schema| schema.eq_ignore_ascii_case(&name));
        if closed || in_table_place {
            Err(foreign_schema(&name))
        } else {
            Ok(())
        }
    }

    fn kind(&self, index: usize) -> Option<TokenType> {
        self.tokens.get(index).map(|token| token.kind)
    }

    fn finish_select(&self, verb: Verb, text: &str) -> Verb {
        match verb {
            Verb::CreateTable {
                name,
                select: Some(_),
            } => {
                let start = self
                    .tokens
                    .iter()
                    .find(|token| token.is(TK_AS))
                    .map_or(0, |token| token.end);
                let select = text.get(start..).map(|part| self.edits.apply(part, start));
                Verb::CreateTable { name, select }
            }
            other => other,
        }
    }
}

fn foreign_schema(name: &str) -> String {
    format!("'{name}' is not a schema of this organization; write the table's name alone")
}

fn hint(kind: TokenType) -> &'static str {
    match kind {
        TK_BEGIN | TK_COMMIT | TK_END | TK_ROLLBACK | TK_SAVEPOINT | TK_RELEASE => {
            "; use db.transaction"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests;
