//! What can go wrong with a plugin's statement. Texts are for the plugin's author: they name the
//! place in the statement, and never a path of the host.

use std::time::Duration;

use rusqlite::ErrorCode;

use crate::error::Error;
use crate::storage::door::statement::Statement;
use crate::storage::door::{Refusal, pointer};

#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// SQLite refused or failed; `statement` says where.
    #[error("{message} ({statement})")]
    Sql { message: String, statement: String },
    /// A wall of the door stood in the way.
    #[error("{message}")]
    Denied { message: String },
    /// The call or its text is wrong.
    #[error("{message}")]
    Mistake { message: String },
    /// `which` names the limit, for a caller that tells them apart.
    #[error("{message}")]
    Limit {
        which: &'static str,
        message: String,
    },
    #[error("{message}")]
    Busy {
        message: String,
        retry_after: Duration,
    },
    /// The disk or a quota is full.
    #[error("{message}")]
    Full { message: String },
    /// The transaction is gone, and with it all that was done in it.
    #[error("a statement ended the transaction, so nothing of it was kept")]
    TransactionEnded,
    #[error("{0}")]
    Internal(String),
}

pub const TIME: &str = "time";
pub const VALUE: &str = "value";
pub const MEMORY: &str = "memory";

/// What to do about messages of SQLite that surprise who comes from PostgreSQL.
const HINTS: &[(&str, &str)] = &[
    (
        "ON CONFLICT clause does not match",
        "make one with CREATE UNIQUE INDEX on these columns",
    ),
    (
        "no such function: gen_random_uuid",
        "use random.uuid of the host and pass the value as a parameter",
    ),
    (
        "no such function: date_trunc",
        "use date, or strftime with a format",
    ),
    ("no such function: to_char", "use strftime with a format"),
];

impl DbError {
    pub fn denied(message: impl Into<String>) -> Self {
        Self::Denied {
            message: message.into(),
        }
    }

    pub fn mistake(message: impl Into<String>) -> Self {
        Self::Mistake {
            message: message.into(),
        }
    }

    pub fn limit(which: &'static str, message: impl Into<String>) -> Self {
        Self::Limit {
            which,
            message: message.into(),
        }
    }

    pub fn out_of_time() -> Self {
        Self::limit(
            TIME,
            "the time for this database work is over (a transaction may take 5 s)",
        )
    }

    pub fn out_of_ids() -> Self {
        Self::mistake(
            "there is no next id: a table with AUTOINCREMENT has had the greatest, 9223372036854775807. Leave AUTOINCREMENT out, or give the ids yourself",
        )
    }

    /// Errors of a plugin's statement. `refusal` is the authorizer's reason, if it had one; `is_hungry` says
    /// that memory ended with the statement's own budget: else others hold what there is.
    pub fn of_statement(
        error: rusqlite::Error,
        statement: &Statement,
        original: &str,
        refusal: Option<String>,
        is_hungry: bool,
    ) -> Self {
        let code = error.sqlite_error_code();
        match code {
            Some(ErrorCode::AuthorizationForStatementDenied) => {
                return Self::denied(
                    refusal.unwrap_or_else(|| "the statement is not allowed".to_owned()),
                );
            }
            Some(ErrorCode::OperationInterrupted) => return Self::out_of_time(),
            Some(ErrorCode::TooBig) => {
                return Self::limit(VALUE, "a value or the statement is longer than 1 MB");
            }
            Some(ErrorCode::OutOfMemory) if is_hungry => {
                return Self::limit(
                    MEMORY,
                    "the statement needs more memory than one may take (32 MB for sorting, groups and common tables)",
                );
            }
            Some(ErrorCode::DiskFull) => return Self::full(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OutOfMemory) => {
                return Self::busy();
            }
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ReadOnly,
            ) => return Self::Internal(format!("database: {error}")),
            _ => {}
        }
        // The authorizer may also have turned a function or a table into a plain SQL error.
        if let Some(reason) = refusal {
            return Self::denied(reason);
        }
        match error {
            rusqlite::Error::SqlInputError { msg, offset, .. } => {
                let offset = usize::try_from(offset).unwrap_or(0);
                Self::Sql {
                    message: with_pointer(msg),
                    statement: statement.place(original, offset),
                }
            }
            rusqlite::Error::SqliteFailure(_, Some(message)) => Self::Sql {
                message: with_pointer(message),
                statement: statement.place(original, 0),
            },
            other => Self::Sql {
                message: other.to_string(),
                statement: statement.place(original, 0),
            },
        }
    }

    /// Errors of a statement of ours.
    pub fn of_host(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::full(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OutOfMemory) => {
                Self::busy()
            }
            Some(ErrorCode::OperationInterrupted) => Self::out_of_time(),
            _ => Self::Internal(format!("database: {error}")),
        }
    }

    fn full() -> Self {
        Self::Full {
            message: "the disk or this organization's quota is full".to_owned(),
        }
    }

    fn busy() -> Self {
        Self::Busy {
            message: "the database is busy; try again".to_owned(),
            retry_after: Duration::from_secs(1),
        }
    }
}

/// `no such table: users` sends the author to the host function, and the like.
fn with_pointer(message: String) -> String {
    let hint = HINTS.iter().find(|(start, _)| message.starts_with(start));
    if let Some((_, hint)) = hint {
        return format!("{message}; {hint}");
    }
    let table = message
        .strip_prefix("no such table: ")
        .map(|name| name.rsplit('.').next().unwrap_or(name));
    match table.and_then(pointer) {
        Some(function) => format!("{message}; use {function} instead"),
        None => message,
    }
}

impl From<Refusal> for DbError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Wall(message) => Self::Denied { message },
            Refusal::Mistake(message) => Self::Mistake { message },
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        let message = error.to_string();
        match error {
            DbError::Sql { .. }
            | DbError::Denied { .. }
            | DbError::Mistake { .. }
            | DbError::TransactionEnded => Self::refused(message),
            DbError::Limit { which: TIME, .. } => Self::TimedOut(message),
            DbError::Limit { .. } => Self::TooLarge(message),
            DbError::Busy {
                message,
                retry_after,
            } => Self::Busy {
                message,
                retry_after,
            },
            DbError::Full { message } => Self::Full(message),
            DbError::Internal(text) => Self::Internal(text),
        }
    }
}

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        match error {
            Error::Busy {
                message,
                retry_after,
            } => Self::Busy {
                message,
                retry_after,
            },
            Error::Full(message) => Self::Full { message },
            other => Self::Internal(other.to_string()),
        }
    }
}
