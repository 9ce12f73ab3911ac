//! What a script's `db` module stands on: one plugin's view of one tenant's data.
//!
//! Every statement runs inside a transaction that is opened here, so that the schema it was judged
//! by is the schema it runs on. Outside `begin` that transaction is the statement's own, and the
//! connection goes back at its end: a plugin that waits for a network holds none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::Storage;
use super::door::catalogue;
use super::door::statement::{Statement, Verb};
use crate::error::Result;
use crate::plugin_key::PluginKey;
use crate::tenant::TenantId;
use crate::value::{Map, Rows, Value};

mod call;
mod core_data;
mod error;
mod rows;
mod session;
pub mod structured;
mod usage;

use call::Call;
pub use error::DbError;
pub use rows::RowLimits;
use session::{Access, Session};

/// From BEGIN to COMMIT: as long as another writer of the tenant waits.
const LONGEST_TRANSACTION: Duration = Duration::from_secs(5);

pub struct PluginDb {
    storage: Arc<Storage>,
    scope: Scope,
    deadline: Option<Instant>,
    in_lifecycle: bool,
    /// The installation that must still be there when something is written.
    installation: Option<i64>,
    /// The transaction that `begin`, or a lifecycle's first statement, opened.
    session: Option<Session>,
    /// A transaction was ended behind our back; nothing may follow it.
    ended: bool,
    /// What was read last: a loop over rows runs one text many times.
    last: Option<(Box<str>, Arc<Statement>)>,
}

/// Whose statement, in whose data.
pub struct Scope {
    pub tenant: TenantId,
    pub plugin: PluginKey,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Params {
    #[default]
    None,
    /// For `?`.
    List(Vec<Value>),
    /// For `:name`.
    Named(Map),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    pub changes: i64,
    /// 0 when nothing was inserted.
    pub last_insert_id: i64,
}

impl PluginDb {
    /// Takes no connection until the first statement.
    pub fn new(storage: Arc<Storage>, tenant: TenantId, plugin: PluginKey) -> Self {
        let scope = Scope { tenant, plugin };
        Self {
            storage,
            scope,
            deadline: None,
            in_lifecycle: false,
            installation: None,
            session: None,
            ended: false,
            last: None,
        }
    }

    /// From now on nothing is written once this installation is gone: a call that outlives its plugin
    /// would leave tables that nobody owns.
    pub fn bind(&mut self, installation: i64) {
        self.installation = Some(installation);
    }

    /// Statements are stopped at this moment.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Rows of a SELECT, or of a statement with RETURNING.
    pub fn query(
        &mut self,
        sql: &str,
        params: &Params,
        limits: RowLimits,
    ) -> Result<Rows, DbError> {
        let statement = self.read(sql)?;
        self.run(&statement, |session, scope| {
            session.query(
                &Call {
                    scope,
                    statement: &statement,
                    original: sql,
                    params,
                },
                limits,
            )
        })
    }

    /// A statement that gives no rows.
    pub fn execute(&mut self, sql: &str, params: &Params) -> Result<Executed, DbError> {
        let statement = self.read(sql)?;
        if statement.verb == Verb::Read {
            return Err(DbError::mistake(
                "db.execute gives no rows: use db.query for a SELECT",
            ));
        }
        self.run(&statement, |session, scope| {
            session.execute(&Call {
                scope,
                statement: &statement,
                original: sql,
                params,
            })
        })
    }

    /// Begins `db.transaction`. Within a lifecycle hook it is a savepoint of the host's transaction.
    pub fn begin(&mut self) -> Result<(), DbError> {
        self.open_for_lifecycle()?;
        match &mut self.session {
            Some(session) if self.in_lifecycle => session.begin_savepoint(),
            Some(_) => Err(DbError::mistake(
                "db.transaction is already open: it cannot be nested",
            )),
            none => {
                let session =
                    Session::open(&self.storage, &self.scope, Access::Write, self.deadline)?;
                require_installed(&session, self.installation)?;
                *none = Some(session);
                Ok(())
            }
        }
    }

    pub fn commit(&mut self) -> Result<(), DbError> {
        self.check_not_ended()?;
        if let (Some(session), true) = (&mut self.session, self.in_lifecycle) {
            return session.release_savepoint();
        }
        let session = self
            .session
            .take()
            .ok_or_else(|| DbError::mistake("no db.transaction is open"))?;
        session.commit(&self.scope)
    }

    /// Undoes what was done since `begin`. Without one there is nothing to undo, which is no error:
    /// it is called on the way out of a failure.
    pub fn rollback(&mut self) -> Result<(), DbError> {
        match &mut self.session {
            Some(session) if self.in_lifecycle => session.undo_savepoint(),
            open => {
                *open = None;
                Ok(())
            }
        }
    }

    /// True while a transaction is open: then the network is closed to the script.
    pub fn in_transaction(&self) -> bool {
        self.session.is_some()
    }

    /// From now on the first statement opens one transaction of the host, and only
    /// [`Self::commit_lifecycle`] ends it.
    pub fn enter_lifecycle(&mut self) {
        self.in_lifecycle = true;
    }

    /// Host statements in the lifecycle's transaction, opened if it is not yet; outside a lifecycle
    /// they are a transaction of their own.
    pub fn host<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.open_for_lifecycle()?;
        if let Some(session) = &mut self.session {
            let result = session.as_host(&self.scope, work);
            self.note_end();
            return result;
        }
        let mut session = Session::open(&self.storage, &self.scope, Access::Write, self.deadline)?;
        let result = session.as_host(&self.scope, work)?;
        session.commit(&self.scope)?;
        Ok(result)
    }

    /// Drops all that the plugin owns. Returns the names.
    pub fn drop_objects(&mut self) -> Result<Vec<String>> {
        let (tenant, plugin) = (self.scope.tenant.clone(), self.scope.plugin.clone());
        let dropped =
            self.host(|connection| Ok(catalogue::drop_all(connection, &tenant, &plugin)?))?;
        if let Some(session) = &mut self.session {
            session.forget_usage();
        }
        Ok(dropped)
    }

    /// Ends the lifecycle's transaction. Dropping `self` instead undoes all of it.
    pub fn commit_lifecycle(mut self) -> Result<()> {
        self.check_not_ended()?;
        match self.session.take() {
            Some(session) => Ok(session.commit(&self.scope)?),
            None => Ok(()),
        }
    }

    fn read(&mut self, sql: &str) -> Result<Arc<Statement>, DbError> {
        if let Some((text, statement)) = &self.last
            && **text == *sql
        {
            return Ok(Arc::clone(statement));
        }
        let statement = self.storage.statements.read(sql, &self.scope.tenant)?;
        self.last = Some((sql.into(), Arc::clone(&statement)));
        Ok(statement)
    }

    fn run<T>(
        &mut self,
        statement: &Statement,
        work: impl FnOnce(&mut Session, &Scope) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.open_for_lifecycle()?;
        if let Some(session) = &mut self.session {
            session.set_deadline(self.deadline);
            let result = work(session, &self.scope);
            let ended = self.note_end();
            // A statement that was stopped says why; any other must not hide that the transaction is gone.
            return match result {
                Err(
                    why @ (DbError::Limit { .. } | DbError::Full { .. } | DbError::Mistake { .. }),
                ) => Err(why),
                _ if ended => Err(DbError::TransactionEnded),
                result => result,
            };
        }
        let access = if statement.verb == Verb::Read {
            Access::Read
        } else {
            Access::Write
        };
        let mut session = Session::open(&self.storage, &self.scope, access, self.deadline)?;
        if access == Access::Write {
            require_installed(&session, self.installation)?;
        }
        let result = work(&mut session, &self.scope)?;
        session.commit(&self.scope)?;
        Ok(result)
    }

    fn open_for_lifecycle(&mut self) -> Result<(), DbError> {
        self.check_not_ended()?;
        if self.in_lifecycle && self.session.is_none() {
            self.session = Some(Session::open(
                &self.storage,
                &self.scope,
                Access::Write,
                self.deadline,
            )?);
        }
        Ok(())
    }

    fn check_not_ended(&self) -> Result<(), DbError> {
        if self.ended {
            Err(DbError::TransactionEnded)
        } else {
            Ok(())
        }
    }

    /// Gives up a session whose transaction SQLite has ended.
    fn note_end(&mut self) -> bool {
        let ended = self.session.as_ref().is_some_and(Session::has_ended);
        if ended {
            self.session = None;
            self.ended = true;
        }
        ended
    }
}

/// Within the write transaction, so that no uninstall can come between.
fn require_installed(session: &Session, installation: Option<i64>) -> Result<(), DbError> {
    match installation {
        Some(id) if !session.has_installation(id)? => Err(DbError::mistake(
            "the plugin was uninstalled meanwhile: nothing is written any more",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
