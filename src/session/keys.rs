//! The keys that sign tokens, kept sealed in the control database and found by their `kid`.

use std::collections::HashMap;

use jsonwebtoken::{DecodingKey, EncodingKey};
use rusqlite::named_params;

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
            let sealed = tx
                .prepare("SELECT kid, secret FROM signing_keys ORDER BY created_at, kid")?
                .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?
                .collect::<Result<Vec<_>, _>>()?;
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

fn place(kid: &str) -> String {
    format!("signing_keys/{kid}")
}
