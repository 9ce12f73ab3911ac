//! Placeholder until the storage room lands.
use crate::error::Error;
use crate::value::{Map, Value};
use std::time::Instant;

pub struct PluginDb;
pub enum Params {
    None,
    List(Vec<Value>),
    Named(Map),
}
#[derive(Clone, Copy)]
pub struct RowLimits {
    pub rows: usize,
    pub bytes: usize,
}
pub struct Executed {
    pub changes: i64,
    pub last_insert_id: i64,
}
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("{message}")]
    Sql { message: String, statement: String },
    #[error("{message}")]
    Refused { message: String },
    #[error("{message}")]
    Limit { which: String, message: String },
    #[error("busy")]
    Busy { after: std::time::Duration },
    #[error("full")]
    Full,
    #[error("ended")]
    TransactionEnded,
    #[error("internal")]
    Internal(String),
}
impl From<DbError> for Error {
    fn from(e: DbError) -> Self {
        Self::Internal(e.to_string())
    }
}
impl PluginDb {
    pub fn set_deadline(&mut self, _: Option<Instant>) {}
    pub fn query(&mut self, _: &str, _: &Params, _: RowLimits) -> Result<Vec<Map>, DbError> {
        Ok(Vec::new())
    }
    pub fn execute(&mut self, _: &str, _: &Params) -> Result<Executed, DbError> {
        Ok(Executed { changes: 1, last_insert_id: 1 })
    }
    pub fn begin(&mut self) -> Result<(), DbError> {
        Ok(())
    }
    pub fn commit(&mut self) -> Result<(), DbError> {
        Ok(())
    }
    pub fn rollback(&mut self) -> Result<(), DbError> {
        Ok(())
    }
    pub fn in_transaction(&self) -> bool {
        false
    }
}
