//! Sign-in sessions: access and refresh tokens, and who a token stands for.
//!
//! Tokens are HS256 JWTs under keys kept (sealed) in the control database. A token alone is not
//! enough: at each request user, role and generation must be what the database says. They are read once
//! and kept until the control database is written again.

mod keys;
mod known;
mod signer;
mod token;

#[cfg(feature = "fuzzing")]
pub use token::fuzz as fuzz_token;

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, named_params};

use crate::clock;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::secret::SecretBox;
use crate::storage::Storage;
use crate::tenant::TenantId;
use crate::user::{Role, User};
use keys::SigningKeys;
pub use keys::{Rotation, opens, rotate};
use known::Known;
pub use token::{Claims, Purpose};

pub const ACCESS_SECONDS: i64 = 3600;
pub const REFRESH_SECONDS: i64 = 30 * 24 * 3600;

/// The authenticated user of a request.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user_id: i64,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub organization_id: i64,
    pub organization_name: String,
    pub tenant: TenantId,
    token_generation: i64,
}

pub struct Sessions {
    storage: Arc<Storage>,
    keys: SigningKeys,
    known: Known,
}

impl Sessions {
    pub fn open(storage: Arc<Storage>, secrets: &SecretBox) -> Result<Self> {
        let keys = SigningKeys::load(&storage, secrets)?;
        Ok(Self {
            storage,
            keys,
            known: Known::default(),
        })
    }

    /// A short-lived token for `user`.
    pub fn access_token(&self, user: &User, seconds: i64) -> Result<String> {
        self.keys
            .sign(Purpose::Access, &Claims::new(user, seconds, None))
    }

    /// A refresh token; it counts once, and its hash is kept until it expires.
    /// Only the hash: a copy of the database signs nobody in.
    pub fn refresh_token(&self, user: &User) -> Result<String> {
        let id = uuid::Uuid::now_v7().to_string();
        self.storage.control_write(|tx| {
            tx.execute(
                "DELETE FROM refresh_tokens WHERE expires_at < :now",
                named_params! { ":now": clock::now_iso() },
            )?;
            tx.execute(
                "INSERT INTO refresh_tokens (token_hash, user_id, created_at, expires_at) VALUES (:hash, :user, :now, :expires)",
                named_params! {
                    ":hash": Digest::of(id.as_bytes()), ":user": user.id,
                    ":now": clock::now_iso(), ":expires": clock::iso_in(REFRESH_SECONDS),
                },
            )?;
            Ok(())
        })?;
        self.keys.sign(
            Purpose::Refresh,
            &Claims::new(user, REFRESH_SECONDS, Some(id)),
        )
    }

    /// Who an access token stands for, as the database sees them now.
    pub fn caller(&self, token: &str) -> Result<Caller> {
        let claims = self.keys.verify(Purpose::Access, token)?;
        self.current(&claims)
    }

    /// Takes a refresh token out of use and says whose it was.
    pub fn redeem(&self, token: &str) -> Result<Caller> {
        let claims = self.keys.verify(Purpose::Refresh, token)?;
        let caller = self.current(&claims)?;
        let taken = self.revoke_id(claims.jti.as_deref().unwrap_or_default())?;
        if taken { Ok(caller) } else { Err(expired()) }
    }

    /// Ends one refresh token; unknown or malformed ones are nothing to end.
    pub fn revoke(&self, token: &str) -> Result<()> {
        if let Ok(claims) = self.keys.verify(Purpose::Refresh, token) {
            self.revoke_id(claims.jti.as_deref().unwrap_or_default())?;
        }
        Ok(())
    }

    fn revoke_id(&self, id: &str) -> Result<bool> {
        self.storage.control_write(|tx| {
            let removed = tx.execute(
                "DELETE FROM refresh_tokens WHERE token_hash = :hash",
                named_params! { ":hash": Digest::of(id.as_bytes()) },
            )?;
            Ok(removed == 1)
        })
    }

    fn current(&self, claims: &Claims) -> Result<Caller> {
        self.user(claims.id)?
            .filter(|caller| {
                caller.token_generation == claims.generation
                    && caller.organization_id == claims.organization_id
            })
            .ok_or_else(expired)
    }

    /// The user as the database has them now, read again when it was written since.
    fn user(&self, id: i64) -> Result<Option<Caller>> {
        let generation = self.storage.control_generation()?;
        if let Some(caller) = self.known.find(id, generation) {
            return Ok(Some(caller));
        }
        let caller = self.storage.control(|conn| read(conn, id))?;
        if let Some(caller) = &caller {
            self.known.keep(caller.clone(), generation);
        }
        Ok(caller)
    }
}

fn read(conn: &Connection, id: i64) -> Result<Option<Caller>> {
    // A disabled user, an organization on its way out and a bumped generation all end the session here.
    let mut statement = conn.prepare_cached(
        "SELECT u.email, u.name, u.role, u.organization_id, o.name, t.tenant_id, u.token_generation
         FROM users u
         JOIN organizations o ON o.id = u.organization_id
         JOIN tenants t ON t.organization_id = o.id AND t.state = 'ready'
         WHERE u.id = :id AND u.disabled = 0",
    )?;
    Ok(statement
        .query_row(named_params! { ":id": id }, |row| {
            Ok(Caller {
                user_id: id,
                email: row.get(0)?,
                name: row.get(1)?,
                role: row.get(2)?,
                organization_id: row.get(3)?,
                organization_name: row.get(4)?,
                tenant: row.get(5)?,
                token_generation: row.get(6)?,
            })
        })
        .optional()?)
}

fn expired() -> Error {
    Error::Unauthenticated("The session has ended; sign in again".to_owned())
}
