//! The keys that sign tokens, kept sealed in the control database and found by their `kid`.

use std::collections::HashMap;

use jsonwebtoken::{DecodingKey, EncodingKey};
use rusqlite::{Connection, named_params};

use super::token::{self, Claims, Purpose};
use crate::clock;
use crate::error::Result;
use crate::random;
use crate::secret::SecretBox;
use crate::storage::Storage;

const KEY_LENGTH: usize = 32;

pub struct SigningKeys {
    newest: String,
    signing: EncodingKey,
    verifying: HashMap<String, DecodingKey>,
}

impl SigningKeys {
    /// Loads every key, making the first one if there is none.
    pub fn load(storage: &Storage, secrets: &SecretBox) -> Result<Self> {
        super::signer::install();
        storage.control_write(|tx| {
            let sealed = stored(tx)?;
            let mut verifying = HashMap::new();
            let mut newest = None;
            for (kid, secret) in sealed {
                let secret = secrets.unseal(&place(&kid), &secret)?;
                verifying.insert(kid.clone(), DecodingKey::from_secret(&secret));
                newest = Some((kid, EncodingKey::from_secret(&secret)));
            }
            let (newest, signing) = match newest {
                Some(found) => found,
                None => {
                    let secret = random::bytes::<KEY_LENGTH>()?;
                    let kid = uuid::Uuid::now_v7().to_string();
                    tx.execute(
                        "INSERT INTO signing_keys (kid, secret, created_at) VALUES (:kid, :secret, :now)",
                        named_params! { ":kid": kid, ":secret": secrets.seal(&place(&kid), &secret)?, ":now": clock::now_iso() },
                    )?;
                    verifying.insert(kid.clone(), DecodingKey::from_secret(&secret));
                    (kid, EncodingKey::from_secret(&secret))
                }
            };
            Ok(Self { newest, signing, verifying })
        })
    }

    pub fn sign(&self, purpose: Purpose, claims: &Claims) -> Result<String> {
        token::sign(purpose, &self.newest, &self.signing, claims)
    }

    pub fn verify(&self, purpose: Purpose, text: &str) -> Result<Claims> {
        token::verify(purpose, text, |kid| self.verifying.get(kid))
    }
}

/// What becomes of sessions when the secret key is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// New signing keys: whoever has seen the old ones can make no token. Everyone signs in again.
    EndSessions,
    /// The same signing keys, sealed anew.
    KeepSessions,
}

/// Whether a signing key opens with an older secret key; an error where there are some and none does.
pub fn opens(storage: &Storage, secrets: &SecretBox) -> Result<bool> {
    let mut failed = Ok(false);
    for (kid, secret) in storage.control(stored)? {
        match secrets.reseal(&place(&kid), &secret) {
            Ok(Some(_)) => return Ok(true),
            Ok(None) => {}
            Err(error) => failed = Err(error),
        }
    }
    failed
}

/// Leaves no signing key under an older secret key. Rows that are sealed with the newest stay as they are, so that
/// an interrupted rotation ends no session twice. Returns how many rows it changed.
pub fn rotate(storage: &Storage, secrets: &SecretBox, how: Rotation) -> Result<usize> {
    storage.control_write(|tx| {
        let mut old = Vec::new();
        for (kid, secret) in stored(tx)? {
            if let Some(resealed) = secrets.reseal(&place(&kid), &secret)? {
                old.push((kid, resealed));
            }
        }
        for (kid, resealed) in &old {
            match how {
                Rotation::EndSessions => {
                    tx.execute(
                        "DELETE FROM signing_keys WHERE kid = :kid",
                        named_params! { ":kid": kid },
                    )?;
                }
                Rotation::KeepSessions => {
                    tx.execute(
                        "UPDATE signing_keys SET secret = :secret WHERE kid = :kid",
                        named_params! { ":secret": resealed, ":kid": kid },
                    )?;
                }
            }
        }
        if how == Rotation::EndSessions && !old.is_empty() {
            tx.execute("DELETE FROM refresh_tokens", [])?;
        }
        Ok(old.len())
    })
}

fn stored(conn: &Connection) -> Result<Vec<(String, Vec<u8>)>> {
    let rows = conn
        .prepare("SELECT kid, secret FROM signing_keys ORDER BY created_at, kid")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

fn place(kid: &str) -> String {
    format!("signing_keys/{kid}")
}
