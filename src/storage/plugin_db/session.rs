//! One open transaction of a plugin in a tenant's file, and the way of a statement through the door.

use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;

use super::call::Call;
use super::rows::{self, Fault, RowLimits};
use super::usage::Usage;
use super::{DbError, Executed, LONGEST_TRANSACTION, Scope};
use crate::error::Result as HostResult;
use crate::storage::Storage;
use crate::storage::door::catalogue::{self, Catalogue};
use crate::storage::door::program::{self, Allowance};
use crate::storage::door::statement::{Statement, Verb};
use crate::storage::door::{Reach, Rule};
use crate::storage::memory::Budget;
use crate::storage::settings::{self, Work};
use crate::storage::tenant_pool::Lease;
use crate::storage::writers::WriterGuard;
use crate::tenant::TenantId;
use crate::value::Rows;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

pub struct Session {
    storage: Arc<Storage>,
    // Fields drop in this order: the connection is rolled back and returned before the next writer's turn.
    lease: Lease,
    _writer: Option<WriterGuard>,
    end: Instant,
    /// Known to hold for the schema version it carries.
    catalogue: Option<Arc<Catalogue>>,
    /// What was found lawful last by that catalogue: the same statement often comes many times.
    lawful: Option<Arc<Statement>>,
    /// Once this transaction has changed the schema, its version numbers may be undone and used
    /// again by another; nothing that was learned under them may be kept.
    schema_changed: bool,
    in_savepoint: bool,
    /// What the plugin holds; only writing changes it.
    usage: Option<Usage>,
    /// The host wrote too, and others keep what it had read.
    written_for: Option<TenantId>,
}

impl Session {
    pub fn open(
        storage: &Arc<Storage>,
        scope: &Scope,
        access: Access,
        deadline: Option<Instant>,
    ) -> Result<Self, DbError> {
        // The writer's turn comes first, so that those who wait for it hold no connection.
        let writer = match access {
            Access::Read => None,
            Access::Write => Some(storage.writers.lock(&scope.tenant)?),
        };
        let lease = storage.tenants.lease(&scope.tenant)?;
        let connection = &lease.slot().connection;
        settings::limit(connection, Work::Plugin).map_err(DbError::of_host)?;
        lease.slot().inserted.forget();
        let begin = if access == Access::Read {
            "BEGIN"
        } else {
            "BEGIN IMMEDIATE"
        };
        settings::run_cached(connection, begin).map_err(DbError::of_host)?;
        if access == Access::Write {
            tracing::debug!(plugin = %scope.plugin, tenant = %scope.tenant, "a write transaction begun");
        }
        let mut session = Self {
            storage: Arc::clone(storage),
            lease,
            _writer: writer,
            end: Instant::now() + LONGEST_TRANSACTION,
            catalogue: None,
            lawful: None,
            schema_changed: false,
            in_savepoint: false,
            usage: None,
            written_for: None,
        };
        if access == Access::Write {
            let most = storage.plugin_pages;
            let usage = Usage::begin(session.lease.slot_mut(), scope, most);
            session.usage = Some(usage.map_err(DbError::of_host)?);
        }
        session.set_deadline(deadline);
        Ok(session)
    }

    /// The nearer of the caller's clock and the transaction's own.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        let end = deadline.map_or(self.end, |deadline| deadline.min(self.end));
        self.lease.slot().stopwatch.set(end);
    }

    pub fn has_ended(&self) -> bool {
        self.connection().is_autocommit()
    }

    pub fn commit(self, scope: &Scope) -> Result<(), DbError> {
        if self.has_ended() {
            return Err(DbError::TransactionEnded);
        }
        if Instant::now() > self.end {
            return Err(DbError::out_of_time());
        }
        if let Some(usage) = &self.usage {
            usage.settle(self.connection(), scope)?;
        }
        // A failed COMMIT (a deferred foreign key, a full disk) leaves it open; dropping rolls it back.
        let committed = settings::run_cached(self.connection(), "COMMIT");
        if let Some(tenant) = &self.written_for {
            self.storage.generations.bump_tenant(tenant);
        }
        committed.map_err(|error| match error {
            rusqlite::Error::SqliteFailure(failure, Some(message))
                if failure.code == rusqlite::ErrorCode::ConstraintViolation =>
            {
                DbError::Sql {
                    message,
                    statement: "at the commit".to_owned(),
                }
            }
            other => DbError::of_host(other),
        })
    }

    pub fn begin_savepoint(&mut self) -> Result<(), DbError> {
        if self.in_savepoint {
            return Err(DbError::mistake(
                "db.transaction is already open: it cannot be nested",
            ));
        }
        self.batch("SAVEPOINT script")?;
        self.in_savepoint = true;
        Ok(())
    }

    pub fn release_savepoint(&mut self) -> Result<(), DbError> {
        if !self.in_savepoint {
            return Err(DbError::mistake("no db.transaction is open"));
        }
        self.in_savepoint = false;
        self.batch("RELEASE script")
    }

    pub fn undo_savepoint(&mut self) -> Result<(), DbError> {
        if !self.in_savepoint {
            return Ok(());
        }
        self.in_savepoint = false;
        self.catalogue = None;
        self.lawful = None;
        self.batch("ROLLBACK TO script; RELEASE script")
    }

    /// Whether a row of the host is there. It is read as it stands in this transaction.
    pub fn has_installation(&self, id: i64) -> Result<bool, DbError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM plugin_installations WHERE id = ?)";
        self.connection()
            .prepare_cached(sql)
            .and_then(|mut found| found.query_row([id], |row| row.get(0)))
            .map_err(DbError::of_host)
    }

    /// Runs statements of the host: nothing of the door, and the host's own sizes.
    pub fn as_host<T>(
        &mut self,
        scope: &Scope,
        work: impl FnOnce(&Connection) -> HostResult<T>,
    ) -> HostResult<T> {
        self.written_for = Some(scope.tenant.clone());
        self.catalogue = None;
        self.lawful = None;
        self.schema_changed = true;
        settings::limit(self.connection(), Work::Host)?;
        // The host's statements are short and must not fail by a plugin's clock; the commit looks at it.
        self.lease.slot().stopwatch.clear();
        let slot = self.lease.slot_mut();
        let result = match &mut self.usage {
            Some(usage) => usage.except(slot, &scope.tenant, work)?,
            None => work(&slot.connection),
        };
        settings::limit(self.connection(), Work::Plugin)?;
        result
    }

    /// Reads with the host's own sizes; nothing of the door, and nothing that others keep changes.
    pub fn read_as_host<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> HostResult<T>,
    ) -> HostResult<T> {
        settings::limit(self.connection(), Work::Host)?;
        let result = work(self.connection());
        settings::limit(self.connection(), Work::Plugin)?;
        result
    }

    /// All that the plugin held is gone.
    pub fn forget_usage(&mut self) {
        if let Some(usage) = &mut self.usage {
            usage.forget();
        }
    }

    pub fn query(&mut self, call: &Call<'_>, limits: RowLimits) -> Result<Rows, DbError> {
        let useless =
            || DbError::mistake("the statement gives no rows: use db.execute, or add RETURNING");
        if call.statement.verb.changes_schema() {
            return Err(useless());
        }
        self.pass(call, |prepared| {
            if prepared.column_count() == 0 {
                return Err(useless().into());
            }
            rows::collect(prepared, limits)
        })
    }

    pub fn execute(&mut self, call: &Call<'_>) -> Result<Executed, DbError> {
        let inserts = call.statement.verb == Verb::Write { inserts: true };
        if call.statement.verb.changes_schema() {
            // To add a column with a CHECK, SQLite's program has a query inside that gives no rows.
            self.guarded(call, |session| {
                session.pass(call, |prepared| {
                    Ok(prepared.raw_query().next().map(|_| ())?)
                })
            })?;
            return Ok(Executed::default());
        }
        self.lease.slot().inserted.take();
        let changes = self.pass(call, |prepared| {
            if prepared.column_count() > 0 {
                return Err(DbError::mistake(
                    "the statement gives rows: use db.query for RETURNING",
                )
                .into());
            }
            Ok(prepared.raw_execute()?)
        })?;
        let last_insert_id = match self.lease.slot().inserted.take() {
            Some(row) if inserts && changes > 0 => row,
            _ => 0,
        };
        Ok(Executed {
            changes: i64::try_from(changes).unwrap_or(i64::MAX),
            last_insert_id,
        })
    }

    /// A change of the schema and its record in the catalogue are done both or not at all.
    fn guarded<T>(
        &mut self,
        call: &Call<'_>,
        work: impl FnOnce(&mut Self) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.lease.slot_mut().look_closely();
        self.batch("SAVEPOINT door")?;
        let new = self.catalogue(call.scope)?;
        let result = work(self).and_then(|value| {
            call.record(self.connection(), &new)
                .map_err(DbError::of_host)?;
            Ok(value)
        });
        self.schema_changed = true;
        self.catalogue = None;
        self.lawful = None;
        if !self.has_ended() {
            self.batch(if result.is_ok() {
                "RELEASE door"
            } else {
                "ROLLBACK TO door; RELEASE door"
            })?;
        }
        result
    }

    /// Leads one statement through the door and runs it.
    fn pass<T>(
        &mut self,
        call: &Call<'_>,
        run: impl FnOnce(&mut rusqlite::Statement<'_>) -> Result<T, Fault>,
    ) -> Result<T, DbError> {
        let catalogue = self.catalogue(call.scope)?;
        call.check_names(&catalogue)?;
        call.check_referrers(self.connection())?;
        let budget = Budget::begin(settings::PLUGIN_STATEMENT_BYTES);
        let judged = Rule::judge(
            &self.lease.slot().rule,
            &catalogue,
            call.statement.verb.reach(),
        );
        let result = self.check_program(call, &catalogue).and_then(|()| {
            let mut prepared = self.connection().prepare_cached(&call.statement.sql)?;
            if call.statement.verb == Verb::Read && !prepared.readonly() {
                return Err(DbError::denied("a statement that reads may not write").into());
            }
            rows::bind(&mut prepared, call.params)?;
            run(&mut prepared)
        });
        // Asked for only where it counts: it takes a lock, once for each statement.
        let refusal = result.is_err().then(|| judged.refusal()).flatten();
        drop(judged);
        let is_hungry = budget.was_met();
        drop(budget);
        result.map_err(|fault| match fault {
            Fault::Ours(error) => error,
            Fault::Sqlite(error) => {
                let error =
                    DbError::of_statement(error, call.statement, call.original, refusal, is_hungry);
                match (&error, &self.usage) {
                    (DbError::Full { .. }, _) if call.is_out_of_ids(self.lease.slot()) => {
                        DbError::out_of_ids()
                    }
                    (DbError::Full { .. }, Some(usage)) => usage.full(),
                    _ => error,
                }
            }
        })
    }

    fn check_program(&mut self, call: &Call<'_>, catalogue: &Arc<Catalogue>) -> Result<(), Fault> {
        let known = self.lawful.as_ref();
        if known.is_some_and(|known| Arc::ptr_eq(known, call.statement)) {
            return Ok(());
        }
        let Statement { sql, verb, .. } = &**call.statement;
        let plugin = &call.scope.plugin;
        let lasting = !self.schema_changed && !verb.changes_schema();
        if lasting
            && self
                .lease
                .slot()
                .verdicts
                .allows(plugin, catalogue.version, sql)
        {
            self.lawful = Some(Arc::clone(call.statement));
            return Ok(());
        }
        let allow = Allowance {
            schema: verb.changes_schema(),
            alter: matches!(verb.reach(), Reach::Alter),
            sequence: *verb == Verb::Write { inserts: true },
            json_tables: call.statement.uses_json_tables,
        };
        program::check(self.connection(), sql, catalogue, allow)?.map_err(DbError::denied)?;
        if let Verb::CreateTable {
            select: Some(select),
            ..
        } = verb
        {
            // Making the table opens the schema table, so what is selected is judged alone and strictly.
            let _strict = Rule::judge(&self.lease.slot().rule, catalogue, Reach::Rows);
            let allow = Allowance {
                schema: false,
                ..allow
            };
            program::check(self.connection(), select, catalogue, allow)?
                .map_err(DbError::denied)?;
        }
        if lasting {
            self.lease.slot_mut().verdicts.learn(plugin, catalogue, sql);
        }
        Ok(())
    }

    fn catalogue(&mut self, scope: &Scope) -> Result<Arc<Catalogue>, DbError> {
        if let Some(known) = &self.catalogue {
            return Ok(Arc::clone(known));
        }
        let found = self.find_catalogue(scope).map_err(DbError::of_host)?;
        self.catalogue = Some(Arc::clone(&found));
        Ok(found)
    }

    fn find_catalogue(&mut self, scope: &Scope) -> rusqlite::Result<Arc<Catalogue>> {
        if !self.schema_changed {
            // Read inside the transaction, so it stays true to the transaction's end.
            let version = catalogue::version(self.connection(), &scope.tenant)?;
            if let Some(known) = self.lease.slot().verdicts.catalogue(&scope.plugin, version) {
                return Ok(known);
            }
        }
        Ok(Arc::new(Catalogue::load(
            self.connection(),
            &scope.tenant,
            &scope.plugin,
        )?))
    }

    fn connection(&self) -> &Connection {
        &self.lease.slot().connection
    }

    fn batch(&self, sql: &str) -> Result<(), DbError> {
        self.connection()
            .execute_batch(sql)
            .map_err(DbError::of_host)
    }
}
