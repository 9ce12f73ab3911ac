//! What can go wrong, in the domain's words. No status code is named here:
//! `http::reply` holds the one table from these to a status.

use std::time::Duration;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A part of the request is missing or malformed; `field` names it.
    #[error("{message}")]
    Invalid { field: String, message: String },
    /// No sign-in, or one that no longer holds.
    #[error("{0}")]
    Unauthenticated(String),
    /// Signed in, but not allowed.
    #[error("{0}")]
    Forbidden(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Conflict(String),
    /// Understood and refused: a hook said no, a configuration is not valid, a package cannot run here.
    #[error("{message}")]
    Refused {
        message: String,
        errors: Vec<FieldError>,
    },
    #[error("{0}")]
    TooLarge(String),
    /// A fair-use limit; its window ends after `retry_after`.
    #[error("{message}")]
    RateLimited {
        message: String,
        retry_after: Duration,
    },
    /// A resource is taken for the moment; the same request may succeed after `retry_after`.
    #[error("{message}")]
    Busy {
        message: String,
        retry_after: Duration,
    },
    /// Stopped until an Admin lets it go on; trying again does not help.
    #[error("{0}")]
    Paused(String),
    /// A clock of ours ran out; the message names the limit.
    #[error("{0}")]
    TimedOut(String),
    /// The disk or a tenant's quota is full.
    #[error("{0}")]
    Full(String),
    /// A plugin raised an error. Admins see the message, others do not.
    #[error("{message}")]
    Plugin { plugin: String, message: String },
    /// Another server that we depend on did not answer as it should.
    #[error("{0}")]
    Upstream(String),
    /// A fault of ours or of the machine; the text goes to the log, not to a client.
    #[error("{0}")]
    Internal(String),
}

/// One refused field of a configuration or a body.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl Error {
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            message: message.into(),
        }
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self::Refused {
            message: message.into(),
            errors: Vec::new(),
        }
    }

    pub fn internal(doing: &str, cause: impl std::fmt::Display) -> Self {
        Self::Internal(format!("{doing}: {cause}"))
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, DiskFull, OutOfMemory};
        match error.sqlite_error_code() {
            Some(DiskFull) => Self::Full(
                "The disk or the tenant's quota is full; free space and try again".to_owned(),
            ),
            Some(DatabaseBusy | DatabaseLocked | OutOfMemory) => Self::Busy {
                message: "The database is busy; try again".to_owned(),
                retry_after: Duration::from_secs(1),
            },
            _ => Self::internal("database", error),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            return Self::Full("The disk is full; free space and try again".to_owned());
        }
        Self::internal("input or output", error)
    }
}
