//! Encryption of what must not be read from a stolen disk or backup: plugin secrets and signing keys.
//!
//! XChaCha20-Poly1305 with a random nonce; the place a secret belongs to is authenticated with it,
//! so that a sealed value copied to another row does not open. The key is a file outside the data folder.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::config::SecretKeyPlace;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::random;

const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 24;
/// The first byte of a sealed value: how it was made.
const FORMAT: u8 = 1;
/// The next bytes name the key, so that a wrong key file is told from a damaged value.
const KEY_ID_LENGTH: usize = 4;
const HEADER_LENGTH: usize = 1 + KEY_ID_LENGTH + NONCE_LENGTH;

pub struct SecretBox {
    cipher: XChaCha20Poly1305,
    key_id: [u8; KEY_ID_LENGTH],
}

impl SecretBox {
    /// Opens the key file; the default place is filled on first use.
    pub fn open(place: &SecretKeyPlace) -> Result<Self> {
        let text = match place {
            SecretKeyPlace::Given(path) => read_key_file(path)?,
            SecretKeyPlace::File(path) if path.exists() => read_key_file(path)?,
            SecretKeyPlace::File(path) => make_key_file(path)?,
        };
        let key = BASE64
            .decode(text.trim())
            .ok()
            .and_then(|bytes| <[u8; KEY_LENGTH]>::try_from(bytes).ok())
            .map(Zeroizing::new)
            .ok_or_else(|| {
                Error::invalid(
                    "secret_key_file",
                    "the secret key file must hold 32 bytes in base64",
                )
            })?;
        Ok(Self::with_key(&key))
    }

    fn with_key(key: &[u8; KEY_LENGTH]) -> Self {
        let mut key_id = [0; KEY_ID_LENGTH];
        for (to, from) in key_id.iter_mut().zip(Digest::of(key).bytes()) {
            *to = *from;
        }
        Self {
            cipher: XChaCha20Poly1305::new(key.into()),
            key_id,
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
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|error| Error::internal("cannot seal a secret", error))?;
        let mut out = Vec::with_capacity(HEADER_LENGTH + sealed.len());
        out.push(FORMAT);
        out.extend(self.key_id);
        out.extend(nonce);
        out.extend(sealed);
        Ok(out)
    }

    pub fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let damaged = || Error::Internal(format!("the secret at {place} is damaged"));
        let (header, body) = sealed.split_at_checked(HEADER_LENGTH).ok_or_else(damaged)?;
        let (format, rest) = header.split_first().ok_or_else(damaged)?;
        let (key_id, nonce) = rest.split_at_checked(KEY_ID_LENGTH).ok_or_else(damaged)?;
        if *format != FORMAT {
            return Err(damaged());
        }
        if key_id != self.key_id {
            return Err(Error::Internal(format!(
                "the secret at {place} was sealed with another key: restore the key file that belongs to this data folder"
            )));
        }
        let nonce = <[u8; NONCE_LENGTH]>::try_from(nonce).map_err(|_| damaged())?;
        let payload = Payload {
            msg: body,
            aad: place.as_bytes(),
        };
        self.cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| damaged())
    }

    pub fn seal_text(&self, place: &str, plain: &str) -> Result<String> {
        Ok(BASE64.encode(self.seal(place, plain.as_bytes())?))
    }

    pub fn unseal_text(&self, place: &str, sealed: &str) -> Result<Zeroizing<String>> {
        let damaged = || Error::Internal(format!("the secret at {place} is damaged"));
        let bytes = BASE64.decode(sealed).map_err(|_| damaged())?;
        let plain = self.unseal(place, &bytes)?;
        String::from_utf8(plain.to_vec())
            .map(Zeroizing::new)
            .map_err(|_| damaged())
    }
}

fn read_key_file(path: &Path) -> Result<Zeroizing<String>> {
    let text = fs::read_to_string(path).map_err(|error| {
        Error::invalid(
            "secret_key_file",
            format!("cannot read the secret key {}: {error}", path.display()),
        )
    })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path)?.permissions().mode();
        if mode & 0o077 != 0 {
            tracing::warn!(path = %path.display(), "the secret key can be read by others: chmod 600 it");
        }
    }
    Ok(Zeroizing::new(text))
}

fn make_key_file(path: &Path) -> Result<Zeroizing<String>> {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    random::fill(key.as_mut())?;
    let text = Zeroizing::new(BASE64.encode(*key));
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder).map_err(|error| {
        Error::internal(
            &format!("cannot make {} for the secret key", folder.display()),
            error,
        )
    })?;
    // A temporary file is 0600 from its first byte, and persisting never replaces a key that
    // another process made meanwhile.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(text),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            read_key_file(path)
        }
        Err(error) => Err(error.error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> SecretBox {
        SecretBox::with_key(&[7; KEY_LENGTH])
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

    #[cfg(unix)]
    #[test]
    fn the_key_file_is_private_and_made_once() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("secret.key");
        let place = SecretKeyPlace::File(path.clone());
        let sealed = SecretBox::open(&place)
            .unwrap()
            .seal("place", b"hush")
            .unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(
            SecretBox::open(&place)
                .unwrap()
                .unseal("place", &sealed)
                .is_ok()
        );
    }

    #[test]
    fn a_named_key_file_must_exist() {
        let place = SecretKeyPlace::Given("no/such/key".into());
        assert!(SecretBox::open(&place).is_err());
    }
}
