//! One statement of a plugin on its way: which names it may make or change, and what its success
//! means for the catalogue.

use std::sync::Arc;

use rusqlite::Connection;

use super::{DbError, Params, Scope};
use crate::storage::door::Refusal;
use crate::storage::door::catalogue::{self, Catalogue, Kind};
use crate::storage::door::statement::{Statement, Verb};
use crate::storage::slot::Slot;

pub struct Call<'a> {
    pub scope: &'a Scope,
    pub statement: &'a Arc<Statement>,
    /// The author's text, for places in messages.
    pub original: &'a str,
    pub params: &'a Params,
}

impl Call<'_> {
    /// Names that the statement makes must be free, those that it changes or refers to the plugin's own.
    pub fn check_names(&self, catalogue: &Catalogue) -> Result<(), Refusal> {
        match &self.statement.verb {
            Verb::Read | Verb::Write { .. } => Ok(()),
            Verb::CreateTable { name, .. } => {
                catalogue.check_new(name, Kind::Table)?;
                self.check_references(catalogue, name)
            }
            Verb::CreateIndex { name, table } => {
                catalogue.check_new(name, Kind::Index)?;
                Ok(catalogue.check_used(table)?)
            }
            Verb::DropTable { name } | Verb::DropIndex { name } => Ok(catalogue.check_used(name)?),
            Verb::RenameTable { from, to } => {
                catalogue.check_used(from)?;
                catalogue.check_new(to, Kind::Table)
            }
            Verb::AlterTable { name } => {
                catalogue.check_used(name)?;
                self.check_references(catalogue, name)
            }
        }
    }

    /// SQLite would take a name that does not exist yet, and another plugin could make it later.
    fn check_references(&self, catalogue: &Catalogue, table: &str) -> Result<(), Refusal> {
        for name in &self.statement.references {
            catalogue.check_used(name)?;
            if !catalogue.owns_table(name) && !name.eq_ignore_ascii_case(table) {
                return Err(Refusal::Mistake(format!(
                    "REFERENCES {name}: there is no such table; create it first"
                )));
            }
        }
        Ok(())
    }

    /// A plugin may drop a table that its own tables refer to; the name then stays its own, for
    /// another's table of that name would be judged by those foreign keys.
    pub fn check_referrers(&self, connection: &Connection) -> Result<(), DbError> {
        let Scope { tenant, plugin } = self.scope;
        let (left, made) = match &self.statement.verb {
            Verb::DropTable { name } => (Some(name), None),
            Verb::CreateTable { name, .. } => (None, Some(name)),
            // SQLite writes the new name into the tables that refer to it.
            Verb::RenameTable { from, to } => (Some(from), Some(to)),
            _ => (None, None),
        };
        let is_referred_to = |name: &String| {
            catalogue::is_referred_to_by_others(connection, tenant, plugin, name)
                .map_err(DbError::of_host)
        };
        if let Some(name) = left
            && is_referred_to(name)?
        {
            return Err(DbError::denied(format!(
                "another plugin's table refers to '{name}'; it can be emptied, and goes with the plugin"
            )));
        }
        match made {
            Some(name) if is_referred_to(name)? => Err(catalogue::taken_by_another(name).into()),
            _ => Ok(()),
        }
    }

    /// Of a statement that SQLite found no room for: it says so of a counter, too. The row that has
    /// brought it there may be of this transaction, which is gone then, or of an earlier one.
    pub fn is_out_of_ids(&self, slot: &Slot) -> bool {
        let Scope { tenant, plugin } = self.scope;
        self.statement.verb == Verb::Write { inserts: true }
            && (slot.inserted.has_met_greatest()
                || catalogue::has_spent_counter(&slot.connection, tenant, plugin).unwrap_or(false))
    }

    /// Keeps `plugin_objects` true to what the statement did.
    pub fn record(&self, connection: &Connection, before: &Catalogue) -> rusqlite::Result<()> {
        let Scope { tenant, plugin } = self.scope;
        match &self.statement.verb {
            Verb::Read | Verb::Write { .. } | Verb::AlterTable { .. } => Ok(()),
            // With IF NOT EXISTS it may have been there.
            Verb::CreateTable { name, .. } if before.owns(name, Kind::Table) => Ok(()),
            Verb::CreateIndex { name, .. } if before.owns(name, Kind::Index) => Ok(()),
            Verb::CreateTable { name, .. } => {
                catalogue::record(connection, plugin, Kind::Table, name)
            }
            Verb::CreateIndex { name, .. } => {
                catalogue::record(connection, plugin, Kind::Index, name)
            }
            Verb::DropTable { .. } | Verb::DropIndex { .. } => {
                catalogue::forget_dropped(connection, tenant, plugin)
            }
            Verb::RenameTable { from, to } => catalogue::rename(connection, plugin, from, to),
        }
    }
}
