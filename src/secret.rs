//! Encryption of what must not be read from a stolen disk or backup: plugin secrets and signing keys.
//!
//! XChaCha20-Poly1305 with a random nonce; the place a secret belongs to is authenticated with it,
//! so that a sealed value copied to another row does not open. A sealed value names its key, so several
//! keys can be in use while one takes over from another. They lie in a file outside the data folder.

mod key_file;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::config::SecretKeyPlace;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::random;
pub use key_file::{Key, KeyFile};

const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 24;
/// The first byte of a sealed value: how it was made.
const FORMAT: u8 = 1;
/// The next bytes name the key, so that a wrong key file is told from a damaged value.
const KEY_ID_LENGTH: usize = 4;
const HEADER_LENGTH: usize = 1 + KEY_ID_LENGTH + NONCE_LENGTH;

pub struct SecretBox {
    newest: Cipher,
    /// They open what the newest did not seal.
    older: Vec<Cipher>,
}

struct Cipher {
    key: XChaCha20Poly1305,
    id: [u8; KEY_ID_LENGTH],
}

impl Cipher {
    fn new(key: &[u8; KEY_LENGTH]) -> Self {
        let mut id = [0; KEY_ID_LENGTH];
        for (to, from) in id.iter_mut().zip(Digest::of(key).bytes()) {
            *to = *from;
        }
        Self {
            key: XChaCha20Poly1305::new(key.into()),
            id,
        }
    }
}

impl SecretBox {
    /// With the keys of the file at that place.
    pub fn open(place: &SecretKeyPlace) -> Result<Self> {
        let secrets = Self::with_keys(&KeyFile::at(place)?.read()?)?;
        if !secrets.older.is_empty() {
            tracing::warn!(
                "a rotation of the secret key is not finished: stop the server and run 'souk admin rotate-key'"
            );
        }
        Ok(secrets)
    }

    /// The first key seals.
    pub fn with_keys(keys: &[Key]) -> Result<Self> {
        let mut ciphers = keys.iter().map(|key| Cipher::new(key));
        let newest = ciphers
            .next()
            .ok_or_else(|| Error::Internal("the key file holds no key".to_owned()))?;
        Ok(Self {
            newest,
            older: ciphers.collect(),
        })
    }

    #[cfg(test)]
    pub fn sample() -> Self {
        Self::with_key(&[7; KEY_LENGTH])
    }

    #[cfg(test)]
    fn with_key(key: &[u8; KEY_LENGTH]) -> Self {
        Self {
            newest: Cipher::new(key),
            older: Vec::new(),
        }
    }

    /// Seals `plain` for `place`, such as `a4ayc80OGd/mlflow/password`.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = random::bytes::<NONCE_LENGTH>()?;
        let payload = Payload {
            msg: plain,
            aad: place.as_bytes(),
        };
        let sealed = self
            .newest
            .key
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|error| Error::internal("cannot seal a secret", error))?;
        let mut out = Vec::with_capacity(HEADER_LENGTH + sealed.len());
        out.push(FORMAT);
        out.extend(self.newest.id);
        out.extend(nonce);
        out.extend(sealed);
        Ok(out)
    }

    pub fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let damaged = || damaged(place);
        let (header, body) = sealed.split_at_checked(HEADER_LENGTH).ok_or_else(damaged)?;
        let (format, rest) = header.split_first().ok_or_else(damaged)?;
        let (key_id, nonce) = rest.split_at_checked(KEY_ID_LENGTH).ok_or_else(damaged)?;
        if *format != FORMAT {
            return Err(damaged());
        }
        let cipher = std::iter::once(&self.newest)
            .chain(&self.older)
            .find(|cipher| key_id == cipher.id)
            .ok_or_else(|| {
                Error::Internal(format!(
                    "the secret at {place} was sealed with another key: restore the key file that belongs to this data folder"
                ))
            })?;
        let nonce = <[u8; NONCE_LENGTH]>::try_from(nonce).map_err(|_| damaged())?;
        let payload = Payload {
            msg: body,
            aad: place.as_bytes(),
        };
        cipher
            .key
            .decrypt(&XNonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| damaged())
    }

    /// The same secret under the newest key; `None` if it is sealed with that already.
    pub fn reseal(&self, place: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
        let plain = self.unseal(place, sealed)?;
        if sealed.get(1..=KEY_ID_LENGTH) == Some(&self.newest.id[..]) {
            return Ok(None);
        }
        self.seal(place, &plain).map(Some)
    }

    pub fn seal_text(&self, place: &str, plain: &str) -> Result<String> {
        Ok(BASE64.encode(self.seal(place, plain.as_bytes())?))
    }

    pub fn unseal_text(&self, place: &str, sealed: &str) -> Result<Zeroizing<String>> {
        let plain = self.unseal(place, &bytes_of(place, sealed)?)?;
        String::from_utf8(plain.to_vec())
            .map(Zeroizing::new)
            .map_err(|_| damaged(place))
    }

    pub fn reseal_text(&self, place: &str, sealed: &str) -> Result<Option<String>> {
        let resealed = self.reseal(place, &bytes_of(place, sealed)?)?;
        Ok(resealed.map(|bytes| BASE64.encode(bytes)))
    }
}

fn bytes_of(place: &str, sealed: &str) -> Result<Vec<u8>> {
    BASE64.decode(sealed).map_err(|_| damaged(place))
}

fn damaged(place: &str) -> Error {
    Error::Internal(format!("the secret at {place} is damaged"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> SecretBox {
        SecretBox::sample()
    }

    #[test]
    fn a_secret_opens_only_where_it_belongs() {
        let sealed = sample().seal("a/mlflow/password", b"hush").unwrap();
        assert_eq!(
            sample()
                .unseal("a/mlflow/password", &sealed)
                .unwrap()
                .as_slice(),
            b"hush"
        );
        assert!(sample().unseal("b/mlflow/password", &sealed).is_err());
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let sealed = sample().seal("place", b"hush").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sample().unseal("place", &changed).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(sample().unseal("place", &sealed[..length]).is_err());
        }
    }

    #[test]
    fn another_key_is_named_as_the_cause() {
        let sealed = sample().seal("place", b"hush").unwrap();
        let other = SecretBox::with_key(&[8; KEY_LENGTH]);
        let message = other.unseal("place", &sealed).unwrap_err().to_string();
        assert!(message.contains("another key"), "{message}");
    }

    #[test]
    fn an_older_key_opens_and_only_the_newest_seals() {
        let (old, new) = (sample(), SecretBox::with_key(&[8; KEY_LENGTH]));
        let ring = SecretBox {
            newest: Cipher::new(&[8; KEY_LENGTH]),
            older: vec![Cipher::new(&[7; KEY_LENGTH])],
        };
        let sealed = old.seal("place", b"hush").unwrap();
        assert_eq!(ring.unseal("place", &sealed).unwrap().as_slice(), b"hush");
        let again = ring.reseal("place", &sealed).unwrap().unwrap();
        assert_eq!(new.unseal("place", &again).unwrap().as_slice(), b"hush");
        assert_eq!(again.len(), sealed.len());
        assert!(old.unseal("place", &again).is_err());
        assert!(ring.reseal("place", &again).unwrap().is_none());
        assert!(ring.reseal("elsewhere", &sealed).is_err());
    }
}
