//! Core data of the governance application that Souk's own pages show: the model inventory.

use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use serde::Serialize;

use crate::error::{Error, Result};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    pub id: i64,
    pub provider: String,
    pub model: String,
    pub version: String,
    /// The id of a user.
    pub approver: Option<i64>,
    pub capabilities: String,
    pub security_assessment: bool,
    pub status: String,
    pub status_date: String,
    pub reference_link: Option<String>,
    pub biases: Option<String>,
    pub limitations: Option<String>,
    pub hosting_provider: Option<String>,
    pub created_at: String,
    pub updated_at: String,
}

const SELECT: &str = "SELECT id, provider, model, version, approver, capabilities, security_assessment, status, status_date,
       reference_link, biases, limitations, hosting_provider, created_at, updated_at
  FROM model_inventory";

impl Model {
    pub fn list(conn: &Connection) -> Result<Vec<Self>> {
        let sql = format!("{SELECT} ORDER BY provider, model, version, id");
        let models = conn
            .prepare_cached(&sql)?
            .query_map([], Self::from_row)?
            .collect::<Result<_, _>>()?;
        Ok(models)
    }

    pub fn with_id(conn: &Connection, id: i64) -> Result<Self> {
        let sql = format!("{SELECT} WHERE id = :id");
        conn.prepare_cached(&sql)?
            .query_row(named_params! { ":id": id }, Self::from_row)
            .optional()?
            .ok_or_else(|| Error::NotFound("Model not found".to_owned()))
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            provider: row.get(1)?,
            model: row.get(2)?,
            version: row.get(3)?,
            approver: row.get(4)?,
            capabilities: row.get(5)?,
            security_assessment: row.get(6)?,
            status: row.get(7)?,
            status_date: row.get(8)?,
            reference_link: row.get(9)?,
            biases: row.get(10)?,
            limitations: row.get(11)?,
            hosting_provider: row.get(12)?,
            created_at: row.get(13)?,
            updated_at: row.get(14)?,
        })
    }
}
