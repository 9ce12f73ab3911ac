//! A first start on an empty data folder: a one-time link that makes the organization and its Admin.

use rusqlite::{Connection, OptionalExtension as _, named_params};

use crate::clock;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::organization::{self, FirstAdmin, NewOrganization};
use crate::password;
use crate::storage::Storage;
use crate::user::User;

const VALID_SECONDS: i64 = 24 * 3600;

pub struct Answers<'a> {
    pub token: &'a str,
    pub organization_name: &'a str,
    pub name: &'a str,
    pub email: &'a str,
    pub password: &'a str,
}

/// A new link's token while there is no organization yet; earlier links end with it.
pub fn offer(storage: &Storage) -> Result<Option<String>> {
    let token = password::generate()?;
    storage.control_write(|tx| {
        if organization::count(tx)? > 0 {
            return Ok(None);
        }
        tx.execute("DELETE FROM setup_links", [])?;
        tx.execute(
            "INSERT INTO setup_links (token_hash, created_at, expires_at) VALUES (:hash, :now, :expires)",
            named_params! { ":hash": Digest::of(token.as_bytes()), ":now": clock::now_iso(), ":expires": clock::iso_in(VALID_SECONDS) },
        )?;
        Ok(Some(token.clone()))
    })
}

/// Whether the link is open still.
pub fn check(storage: &Storage, token: &str) -> Result<()> {
    storage.control(|conn| require_open(conn, token))
}

/// Makes the organization and its first Admin and closes the link.
pub fn complete(storage: &Storage, answers: &Answers<'_>) -> Result<User> {
    check(storage, answers.token)?;
    password::check("password", answers.password)?;
    let admin = FirstAdmin {
        email: answers.email,
        name: answers.name,
        password_hash: &password::hash(answers.password)?,
    };
    // Closed before it is used: of two people with the link one wins.
    let closed = storage.control_write(|tx| {
        require_open(tx, answers.token)?;
        Ok(tx.execute(
            "UPDATE setup_links SET used_at = :now WHERE token_hash = :hash AND used_at IS NULL",
            named_params! { ":now": clock::now_iso(), ":hash": Digest::of(answers.token.as_bytes()) },
        )?)
    })?;
    if closed == 0 {
        return Err(closed_link());
    }
    let new = NewOrganization {
        name: answers.organization_name,
        id: None,
        admin: Some(admin),
    };
    match organization::create(storage, &new) {
        Ok((_, Some(user))) => Ok(user),
        Ok((_, None)) => Err(Error::Internal("the first Admin was not made".to_owned())),
        Err(error) => {
            storage.control_write(|tx| {
                tx.execute(
                    "UPDATE setup_links SET used_at = NULL WHERE token_hash = :hash",
                    named_params! { ":hash": Digest::of(answers.token.as_bytes()) },
                )?;
                Ok(())
            })?;
            Err(error)
        }
    }
}

fn require_open(conn: &Connection, token: &str) -> Result<()> {
    let open: Option<i64> = conn
        .query_row(
            "SELECT 1 FROM setup_links WHERE token_hash = :hash AND used_at IS NULL AND expires_at > :now",
            named_params! { ":hash": Digest::of(token.as_bytes()), ":now": clock::now_iso() },
            |row| row.get(0),
        )
        .optional()?;
    open.map(|_| ()).ok_or_else(closed_link)
}

fn closed_link() -> Error {
    Error::NotFound(
        "This set-up link is used or expired; restart the server for a new one".to_owned(),
    )
}
