//! Core data of the governance application that Souk's own pages show: the model inventory.
//! What plugins may read and write of it is [`resource`].

pub mod resource;

use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use serde::Serialize;

use crate::clock;
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

/// What a new row of the inventory is made of.
#[derive(Clone, Copy, Debug)]
pub struct NewModel<'a> {
    pub provider: &'a str,
    pub model: &'a str,
    pub version: &'a str,
    pub capabilities: &'a str,
    pub security_assessment: bool,
    pub status: &'a str,
    pub reference_link: Option<&'a str>,
    pub hosting_provider: Option<&'a str>,
}

const SELECT: &str = "SELECT id, provider, model, version, approver, capabilities, security_assessment, status, status_date,
       reference_link, biases, limitations, hosting_provider, created_at, updated_at
  FROM model_inventory";

const INSERT: &str = "
    INSERT INTO model_inventory (provider_model, provider, model, version, capabilities, security_assessment,
                                 status, status_date, reference_link, hosting_provider, created_at, updated_at)
    VALUES (:both, :provider, :model, :version, :capabilities, :assessed, :status, :now, :link, :hosting, :now, :now)";

impl Model {
    pub fn insert(conn: &Connection, new: &NewModel<'_>) -> Result<Self> {
        conn.prepare_cached(INSERT)?.execute(named_params! {
            ":both": format!("{} {}", new.provider, new.model), ":provider": new.provider, ":model": new.model,
            ":version": new.version, ":capabilities": new.capabilities, ":assessed": new.security_assessment,
            ":status": new.status, ":link": new.reference_link, ":hosting": new.hosting_provider,
            ":now": clock::now_iso(),
        })?;
        Self::with_id(conn, conn.last_insert_rowid())
    }

    /// Whether the tenant has an inventory yet.
    pub fn any(conn: &Connection) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM model_inventory)";
        Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::tests::Fixture;
    use crate::tenant::TenantId;

    #[test]
    fn a_new_model_is_listed_as_it_was_given() {
        let fixture = Fixture::new();
        let tenant = TenantId::of_organization(1);
        let new = NewModel {
            provider: "Mistral",
            model: "Mistral Small",
            version: "3.2",
            capabilities: "Text generation",
            security_assessment: true,
            status: "Approved",
            reference_link: Some("https://models.example/"),
            hosting_provider: None,
        };
        let inserted = fixture
            .storage
            .tenant_write(&tenant, |tx| {
                assert!(!Model::any(tx)?);
                Model::insert(tx, &new)
            })
            .unwrap();
        let listed = fixture.storage.tenant(&tenant, Model::list).unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (
                listed[0].id,
                listed[0].model.as_str(),
                listed[0].security_assessment
            ),
            (inserted.id, "Mistral Small", true)
        );
    }
}
