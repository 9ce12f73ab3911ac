//! Organizations and their tenants: the customer as people name it, and where its data lives.
//!
//! An organization's tenant file is built first and the row that names it last, so that a crash in
//! between leaves only a file that the next attempt takes over.

use rusqlite::{Connection, OptionalExtension as _, named_params};
use serde::Serialize;

use crate::clock;
use crate::error::{Error, Result};
use crate::storage::Storage;
use crate::tenant::TenantId;
use crate::user::{self, NewUser, User};

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    pub id: i64,
    pub name: String,
    pub tenant_id: TenantId,
    pub created_at: String,
}

/// The Admin who comes with a new organization.
pub struct FirstAdmin<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub password_hash: &'a str,
}

/// Creates an organization with its tenant, and its first Admin if one is given: all or nothing.
pub fn create(
    storage: &Storage,
    name: &str,
    id: Option<i64>,
    admin: Option<&FirstAdmin<'_>>,
) -> Result<(Organization, Option<User>)> {
    let name = user::checked_name("name", name)?;
    user::checked_id(id)?;
    storage.control_write(|tx| {
        let inserted = tx.execute(
            "INSERT INTO organizations (id, name, created_at) VALUES (:id, :name, :now) ON CONFLICT DO NOTHING",
            named_params! { ":id": id, ":name": name, ":now": clock::now_iso() },
        )?;
        if inserted == 0 {
            return Err(Error::Conflict(format!("An organization {} exists already", id.unwrap_or_default())));
        }
        let id = tx.last_insert_rowid();
        let tenant = TenantId::of_organization(id);
        storage.create_tenant(&tenant)?;
        tx.execute(
            "INSERT INTO tenants (tenant_id, organization_id, state, created_at) VALUES (:tenant, :organization, 'ready', :now)",
            named_params! { ":tenant": tenant, ":organization": id, ":now": clock::now_iso() },
        )?;
        let admin = admin
            .map(|admin| {
                User::create(tx, &NewUser {
                    id: None,
                    organization_id: id,
                    email: admin.email,
                    name: admin.name,
                    role: user::Role::Admin,
                    password_hash: admin.password_hash,
                })
            })
            .transpose()?;
        let organization = find(tx, id)?
            .ok_or_else(|| Error::Internal("an organization vanished while being created".to_owned()))?;
        Ok((organization, admin))
    })
}

pub fn find(conn: &Connection, id: i64) -> Result<Option<Organization>> {
    let mut statement = conn.prepare_cached(
        "SELECT o.id, o.name, t.tenant_id, o.created_at
         FROM organizations o JOIN tenants t ON t.organization_id = o.id WHERE o.id = :id",
    )?;
    Ok(statement
        .query_row(named_params! { ":id": id }, from_row)
        .optional()?)
}

pub fn list(conn: &Connection) -> Result<Vec<Organization>> {
    let mut statement = conn.prepare_cached(
        "SELECT o.id, o.name, t.tenant_id, o.created_at
         FROM organizations o JOIN tenants t ON t.organization_id = o.id ORDER BY o.id",
    )?;
    let all = statement
        .query_map([], from_row)?
        .collect::<Result<_, _>>()?;
    Ok(all)
}

pub fn count(conn: &Connection) -> Result<i64> {
    Ok(conn.query_row("SELECT count(*) FROM organizations", [], |row| row.get(0))?)
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Organization> {
    Ok(Organization {
        id: row.get(0)?,
        name: row.get(1)?,
        tenant_id: row.get(2)?,
        created_at: row.get(3)?,
    })
}
