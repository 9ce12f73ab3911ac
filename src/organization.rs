//! Organizations and their tenants: the customer as people name it, and where its data lives.
//!
//! An organization's tenant file is on the disk before the row that names it is committed, so that a
//! crash in between leaves only a file that the next attempt takes over.

use rusqlite::{Connection, OptionalExtension as _, Transaction, named_params};
use serde::Serialize;

use crate::clock;
use crate::error::{Error, Result};
use crate::storage::Storage;
use crate::tenant::TenantId;
use crate::user::{self, NewUser, User};

/// Rows read at once of a list that is gone through whole.
const PAGE: u32 = 500;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    pub id: i64,
    pub name: String,
    pub tenant_id: TenantId,
    pub created_at: String,
}

/// An organization to be made.
#[derive(Clone, Debug)]
pub struct NewOrganization<'a> {
    pub name: &'a str,
    /// Kept when a customer moves in from another system.
    pub id: Option<i64>,
    pub admin: Option<FirstAdmin<'a>>,
}

/// The Admin who comes with a new organization.
#[derive(Clone, Debug)]
pub struct FirstAdmin<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub password_hash: &'a str,
}

/// Creates an organization with its tenant, and its first Admin if one is given: all or nothing.
pub fn create(
    storage: &Storage,
    new: &NewOrganization<'_>,
) -> Result<(Organization, Option<User>)> {
    create_all(storage, std::slice::from_ref(new))
        .map_err(|refused| refused.error)?
        .pop()
        .ok_or_else(|| Error::Internal("an organization vanished while being created".to_owned()))
}

/// Why none of several organizations was made.
#[derive(Debug)]
pub struct Refused {
    /// The first one that cannot be made, by its place in the list; `None` when the fault is not one's own.
    pub at: Option<usize>,
    pub error: Error,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { at: None, error }
    }
}

/// Creates several in one transaction, all or none: their files are synced together.
pub fn create_all(
    storage: &Storage,
    all: &[NewOrganization<'_>],
) -> Result<Vec<(Organization, Option<User>)>, Refused> {
    let mut faulty = None;
    let made = storage.control_write(|tx| {
        let rows = all
            .iter()
            .enumerate()
            .map(|(at, new)| insert(tx, new).inspect_err(|_| faulty = Some(at)))
            .collect::<Result<Vec<_>>>()?;
        let tenants: Vec<TenantId> = rows
            .iter()
            .map(|(organization, _)| organization.tenant_id.clone())
            .collect();
        storage.create_tenants(&tenants)?;
        Ok(rows)
    });
    made.map_err(|error| Refused { at: faulty, error })
}

fn insert(tx: &Transaction<'_>, new: &NewOrganization<'_>) -> Result<(Organization, Option<User>)> {
    let name = user::checked_name("name", new.name)?;
    user::checked_id(new.id)?;
    let now = clock::now_iso();
    let inserted = tx
        .prepare_cached(
            "INSERT INTO organizations (id, name, created_at) VALUES (:id, :name, :now) ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! { ":id": new.id, ":name": name, ":now": now })?;
    if inserted == 0 {
        let id = new.id.unwrap_or_default();
        return Err(Error::Conflict(format!(
            "An organization {id} exists already"
        )));
    }
    let id = tx.last_insert_rowid();
    let tenant_id = TenantId::of_organization(id);
    tx.prepare_cached(
        "INSERT INTO tenants (tenant_id, organization_id, state, created_at) VALUES (:tenant, :organization, 'ready', :now)",
    )?
    .execute(named_params! { ":tenant": tenant_id, ":organization": id, ":now": now })?;
    let admin = new
        .admin
        .as_ref()
        .map(|admin| {
            User::create(
                tx,
                &NewUser {
                    id: None,
                    organization_id: id,
                    email: admin.email,
                    name: admin.name,
                    role: user::Role::Admin,
                    password_hash: admin.password_hash,
                },
            )
        })
        .transpose()?;
    let organization = Organization {
        id,
        name: name.to_owned(),
        tenant_id,
        created_at: now,
    };
    Ok((organization, admin))
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

pub fn with_tenant(conn: &Connection, tenant: &TenantId) -> Result<Option<Organization>> {
    let mut statement = conn.prepare_cached(
        "SELECT o.id, o.name, t.tenant_id, o.created_at
         FROM organizations o JOIN tenants t ON t.organization_id = o.id WHERE t.tenant_id = :tenant",
    )?;
    Ok(statement
        .query_row(named_params! { ":tenant": tenant }, from_row)
        .optional()?)
}

/// At most `most` of them, in order of their numbers, from the first that is larger than `after`.
pub fn page(conn: &Connection, after: i64, most: u32) -> Result<Vec<Organization>> {
    let mut statement = conn.prepare_cached(
        "SELECT o.id, o.name, t.tenant_id, o.created_at
         FROM organizations o JOIN tenants t ON t.organization_id = o.id
         WHERE o.id > :after ORDER BY o.id LIMIT :most",
    )?;
    let rows = statement
        .query_map(named_params! { ":after": after, ":most": most }, from_row)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Every organization, read by pages, so that ten thousand are never held at once.
pub fn all(storage: &Storage) -> impl Iterator<Item = Result<Organization>> + '_ {
    let mut last = 0;
    let mut page = Vec::new().into_iter();
    std::iter::from_fn(move || {
        if page.len() == 0 {
            page = match storage.control(|conn| self::page(conn, last, PAGE)) {
                Ok(rows) => rows.into_iter(),
                Err(error) => return Some(Err(error)),
            };
        }
        let next: Organization = page.next()?;
        last = next.id;
        Some(Ok(next))
    })
    .fuse()
}

pub fn count(conn: &Connection) -> Result<i64> {
    Ok(conn
        .prepare_cached("SELECT count(*) FROM organizations")?
        .query_row([], |row| row.get(0))?)
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Organization> {
    Ok(Organization {
        id: row.get(0)?,
        name: row.get(1)?,
        tenant_id: row.get(2)?,
        created_at: row.get(3)?,
    })
}
