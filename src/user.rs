//! Users: who may sign in, to which organization, in which role.

use std::fmt;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};
use serde::Serialize;

use crate::clock;
use crate::error::{Error, Result};
use crate::tenant::TenantId;

const LONGEST_NAME: usize = 200;
const LONGEST_EMAIL: usize = 254;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Role {
    Admin,
    Reviewer,
    Editor,
    Auditor,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Admin, Self::Reviewer, Self::Editor, Self::Auditor];

    /// Everyone but the Auditor may change things.
    pub fn may_write(self) -> bool {
        self != Self::Auditor
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.to_string().eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                Error::invalid(
                    "role",
                    format!("'{text}' is not a role; use Admin, Reviewer, Editor or Auditor"),
                )
            })
    }
}

impl FromSql for Role {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value
            .as_str()?
            .parse()
            .map_err(|error: Error| rusqlite::types::FromSqlError::Other(Box::new(error)))
    }
}

impl ToSql for Role {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub id: i64,
    pub organization_id: i64,
    pub email: String,
    pub name: String,
    #[serde(rename = "roleName")]
    pub role: Role,
    pub disabled: bool,
    #[serde(skip)]
    pub token_generation: i64,
}

pub struct NewUser<'a> {
    /// Kept when a person moves in from another system.
    pub id: Option<i64>,
    pub organization_id: i64,
    pub email: &'a str,
    pub name: &'a str,
    pub role: Role,
    pub password_hash: &'a str,
}

const COLUMNS: &str = "id, organization_id, email, name, role, disabled, token_generation";

impl User {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            organization_id: row.get(1)?,
            email: row.get(2)?,
            name: row.get(3)?,
            role: row.get(4)?,
            disabled: row.get(5)?,
            token_generation: row.get(6)?,
        })
    }

    pub fn create(tx: &Transaction<'_>, new: &NewUser<'_>) -> Result<Self> {
        let name = checked_name("name", new.name)?;
        let email = checked_email(new.email)?;
        checked_id(new.id)?;
        let known: bool = tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM organizations WHERE id = :id)",
            named_params! { ":id": new.organization_id },
            |row| row.get(0),
        )?;
        if !known {
            return Err(Error::NotFound(format!(
                "There is no organization {}",
                new.organization_id
            )));
        }
        let inserted = tx.execute(
            "INSERT INTO users (id, organization_id, email, name, role, password_hash, created_at, updated_at)
             VALUES (:id, :organization, :email, :name, :role, :hash, :now, :now)
             ON CONFLICT DO NOTHING",
            named_params! {
                ":id": new.id, ":organization": new.organization_id, ":email": email, ":name": name,
                ":role": new.role, ":hash": new.password_hash, ":now": clock::now_iso(),
            },
        )?;
        if inserted == 0 {
            return Err(Error::Conflict(format!(
                "A user with the e-mail address {email} or that id exists already"
            )));
        }
        Self::with_id(tx, tx.last_insert_rowid())?
            .ok_or_else(|| Error::Internal("a user vanished while being created".to_owned()))
    }

    pub fn with_id(conn: &Connection, id: i64) -> Result<Option<Self>> {
        let sql = select("WHERE id = :id");
        Ok(conn
            .prepare_cached(&sql)?
            .query_row(named_params! { ":id": id }, Self::from_row)
            .optional()?)
    }

    pub fn with_email(conn: &Connection, email: &str) -> Result<Option<Self>> {
        let sql = select("WHERE email = :email");
        Ok(conn
            .prepare_cached(&sql)?
            .query_row(named_params! { ":email": email.trim() }, Self::from_row)
            .optional()?)
    }

    /// In order of name; all organizations when none is named.
    pub fn list(conn: &Connection, organization_id: Option<i64>) -> Result<Vec<Self>> {
        let sql = select(
            "WHERE :organization IS NULL OR organization_id = :organization ORDER BY organization_id, name, id",
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let users = statement
            .query_map(
                named_params! { ":organization": organization_id },
                Self::from_row,
            )?
            .collect::<Result<_, _>>()?;
        Ok(users)
    }

    /// The people of one tenant, in order of id.
    pub fn of_tenant(conn: &Connection, tenant: &TenantId) -> Result<Vec<Self>> {
        let sql = select(
            "WHERE organization_id = (SELECT organization_id FROM tenants WHERE tenant_id = :tenant) ORDER BY id",
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let users = statement
            .query_map(named_params! { ":tenant": tenant.as_str() }, Self::from_row)?
            .collect::<Result<_, _>>()?;
        Ok(users)
    }

    pub fn password_hash(conn: &Connection, id: i64) -> Result<Option<String>> {
        Ok(conn
            .prepare_cached("SELECT password_hash FROM users WHERE id = :id")?
            .query_row(named_params! { ":id": id }, |row| row.get(0))
            .optional()?)
    }

    /// Sets a new password and ends all sessions of the user.
    pub fn set_password(tx: &Transaction<'_>, id: i64, password_hash: &str) -> Result<()> {
        tx.execute(
            "UPDATE users SET password_hash = :hash, token_generation = token_generation + 1, updated_at = :now WHERE id = :id",
            named_params! { ":hash": password_hash, ":now": clock::now_iso(), ":id": id },
        )?;
        end_refresh_tokens(tx, id)
    }

    pub fn disable(tx: &Transaction<'_>, id: i64) -> Result<()> {
        tx.execute(
            "UPDATE users SET disabled = 1, token_generation = token_generation + 1, updated_at = :now WHERE id = :id",
            named_params! { ":now": clock::now_iso(), ":id": id },
        )?;
        end_refresh_tokens(tx, id)
    }
}

fn select(rest: &str) -> String {
    format!("SELECT {COLUMNS} FROM users {rest}")
}

fn end_refresh_tokens(tx: &Transaction<'_>, user_id: i64) -> Result<()> {
    tx.execute(
        "DELETE FROM refresh_tokens WHERE user_id = :user",
        named_params! { ":user": user_id },
    )?;
    Ok(())
}

/// The largest number that a browser reads exactly; also far from where SQLite runs out of new ones.
const LARGEST_ID: i64 = (1 << 53) - 1;

/// An id that somebody chose.
pub fn checked_id(id: Option<i64>) -> Result<()> {
    match id {
        Some(id) if !(1..=LARGEST_ID).contains(&id) => Err(Error::invalid(
            "id",
            format!("The id must be a number from 1 to {LARGEST_ID}"),
        )),
        _ => Ok(()),
    }
}

/// A name as people write it: not empty, not endless, no control characters.
pub fn checked_name<'a>(field: &str, name: &'a str) -> Result<&'a str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control)
    {
        return Err(Error::invalid(
            field,
            format!("The {field} must have 1 to {LONGEST_NAME} characters on one line"),
        ));
    }
    Ok(name)
}

pub fn checked_email(email: &str) -> Result<&str> {
    let email = email.trim();
    let valid = email.len() <= LONGEST_EMAIL
        && !email.chars().any(|c| c.is_control() || c.is_whitespace())
        && email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
    if valid {
        Ok(email)
    } else {
        Err(Error::invalid(
            "email",
            format!("'{email}' is not an e-mail address"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_in_any_case_and_written_in_one() {
        assert_eq!("admin".parse::<Role>().unwrap().to_string(), "Admin");
        assert!("Owner".parse::<Role>().is_err());
    }

    #[test]
    fn addresses_without_a_host_are_refused() {
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b@c"] {
            assert!(checked_email(bad).is_err(), "{bad}");
        }
        assert_eq!(checked_email(" a@b.example ").unwrap(), "a@b.example");
    }
}
