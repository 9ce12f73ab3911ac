//! SQLite's authorizer: for a plugin's statement everything is refused that is not listed here.
//! The host's own statements pass; which of the two runs is said by who runs them.

use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::catalogue::Catalogue;
use super::{functions, names};

/// What changing the schema writes besides the plugin's own tables. Plugins may not spell `sqlite_`
/// or `pragma_`, so only SQLite itself comes to these.
const SCHEMA_TABLES: &[&str] = &["sqlite_master", "sqlite_schema", "sqlite_sequence"];
const ALTER_TABLES: &[&str] = &[
    "sqlite_temp_master",
    "sqlite_temp_schema",
    "pragma_quick_check",
];
const ALTER_FUNCTIONS: &[&str] = &["printf", "format", "raise"];
const ALTER_FUNCTIONS_PREFIX: &str = "sqlite_";
const ALTER_PRAGMA: &str = "quick_check";
/// Tables that read their argument and nothing else.
const JSON_TABLES: &[&str] = &["json_each", "json_tree"];

/// What kind of statement is judged.
#[derive(Clone, Debug)]
pub enum Reach {
    Rows,
    /// CREATE and DROP. `making` is a table that belongs to nobody yet: its constraints already read it.
    Schema {
        making: Option<String>,
    },
    /// ALTER. SQLite then reads and rewrites every stored definition, by statements of its own.
    Alter,
}

#[derive(Default)]
pub struct Rule(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Host,
    Plugin(Plugin),
}

struct Plugin {
    catalogue: Arc<Catalogue>,
    reach: Reach,
    refusal: Option<String>,
}

/// While this lives, the connection's statements are judged as a plugin's.
pub struct Judged {
    rule: Arc<Rule>,
    /// What was judged before: a part of a statement may be judged more strictly than the whole.
    before: State,
}

impl Rule {
    /// The callback to install, once per connection.
    pub fn hook(
        this: &Arc<Self>,
    ) -> impl for<'c> FnMut(AuthContext<'c>) -> Authorization + Send + 'static {
        let rule = Arc::clone(this);
        move |context| match &mut *rule.0.lock() {
            State::Host => Authorization::Allow,
            State::Plugin(plugin) => plugin.judge(&context),
        }
    }

    pub fn judge(this: &Arc<Self>, catalogue: &Arc<Catalogue>, reach: Reach) -> Judged {
        let plugin = State::Plugin(Plugin {
            catalogue: Arc::clone(catalogue),
            reach,
            refusal: None,
        });
        let before = std::mem::replace(&mut *this.0.lock(), plugin);
        Judged {
            rule: Arc::clone(this),
            before,
        }
    }

    pub fn back_to_host(&self) {
        *self.0.lock() = State::Host;
    }
}

impl Judged {
    /// Why the last statement was refused; SQLite itself says only "not authorized".
    pub fn refusal(&self) -> Option<String> {
        match &mut *self.rule.0.lock() {
            State::Host => None,
            State::Plugin(plugin) => plugin.refusal.take(),
        }
    }
}

impl Drop for Judged {
    fn drop(&mut self) {
        let mut state = self.rule.0.lock();
        let inner = std::mem::replace(&mut *state, std::mem::take(&mut self.before));
        if let (
            State::Plugin(Plugin {
                refusal: Some(reason),
                ..
            }),
            State::Plugin(outer),
        ) = (inner, &mut *state)
        {
            outer.refusal.get_or_insert(reason);
        }
    }
}

impl Plugin {
    fn judge(&mut self, context: &AuthContext<'_>) -> Authorization {
        let verdict = self.verdict(context);
        match verdict {
            Ok(()) => Authorization::Allow,
            Err(reason) => {
                self.refusal.get_or_insert(reason);
                Authorization::Deny
            }
        }
    }

    fn verdict(&self, context: &AuthContext<'_>) -> Result<(), String> {
        let here = context
            .database_name
            .is_some_and(|name| name.eq_ignore_ascii_case(&self.catalogue.schema));
        match context.action {
            AuthAction::Select | AuthAction::Recursive => Ok(()),
            AuthAction::Read {
                table_name,
                column_name,
            } => self.read(table_name, column_name, here),
            AuthAction::Insert { table_name }
            | AuthAction::Update { table_name, .. }
            | AuthAction::Delete { table_name } => self.write(table_name, here),
            AuthAction::Function { function_name } => self.function(function_name),
            AuthAction::CreateTable { .. }
            | AuthAction::CreateIndex { .. }
            | AuthAction::DropTable { .. }
            | AuthAction::DropIndex { .. }
            | AuthAction::Reindex { .. }
                if self.changes_schema() && here =>
            {
                Ok(())
            }
            AuthAction::AlterTable {
                database_name,
                table_name,
            } if self.changes_schema()
                && database_name.eq_ignore_ascii_case(&self.catalogue.schema) =>
            {
                self.catalogue.check_used(table_name)
            }
            AuthAction::Pragma { pragma_name, .. }
                if self.alters() && pragma_name == ALTER_PRAGMA =>
            {
                Ok(())
            }
            other => Err(format!(
                "plugins may not do this in SQL: {}",
                action_name(&other)
            )),
        }
    }

    fn read(&self, table: &str, column: &str, here: bool) -> Result<(), String> {
        // An empty column is a table of which only the rows count. SQLite reports so the names of
        // subqueries too; the program check sees whether a real table is opened.
        let derived =
            column.is_empty() && !self.catalogue.is_anothers(table) && !names::is_built_in(table);
        if self.owns(table) && here || derived || is_in(JSON_TABLES, table) {
            return Ok(());
        }
        if self.is_for_the_change(table, here) {
            return Ok(());
        }
        Err(names::refusal(table))
    }

    fn write(&self, table: &str, here: bool) -> Result<(), String> {
        let lawful = here && self.owns(table) || self.is_for_the_change(table, here);
        if lawful {
            Ok(())
        } else {
            Err(names::refusal(table))
        }
    }

    fn is_for_the_change(&self, table: &str, here: bool) -> bool {
        self.changes_schema() && here && is_in(SCHEMA_TABLES, table)
            || self.alters() && is_in(ALTER_TABLES, table)
    }

    fn owns(&self, table: &str) -> bool {
        let making = match &self.reach {
            Reach::Schema { making: Some(name) } => name.eq_ignore_ascii_case(table),
            _ => false,
        };
        making || self.catalogue.owns_table(table)
    }

    fn alters(&self) -> bool {
        matches!(self.reach, Reach::Alter)
    }

    fn changes_schema(&self) -> bool {
        !matches!(self.reach, Reach::Rows)
    }

    fn function(&self, name: &str) -> Result<(), String> {
        let altering = self.alters()
            && (name.starts_with(ALTER_FUNCTIONS_PREFIX) || is_in(ALTER_FUNCTIONS, name));
        if altering || functions::is_allowed(name) {
            Ok(())
        } else {
            Err(functions::refusal(name))
        }
    }
}

fn is_in(list: &[&str], name: &str) -> bool {
    list.iter().any(|entry| entry.eq_ignore_ascii_case(name))
}

/// `CreateView { .. }` → `CreateView`.
fn action_name(action: &AuthAction<'_>) -> String {
    let text = format!("{action:?}");
    text.split([' ', '{', '('])
        .next()
        .unwrap_or_default()
        .to_owned()
}
