//! Passwords: argon2id hashes, and what a password must be.

mod memory;

use std::sync::OnceLock;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use subtle::ConstantTimeEq as _;

use crate::error::{Error, Result};
use crate::random;
use memory::Workspace;

const SHORTEST: usize = 12;
/// Longer input only costs time in the hash.
const LONGEST: usize = 256;
const OUTPUT_LENGTH: usize = Params::DEFAULT_OUTPUT_LEN;

/// Refuses what is too short to hold. Length is the only rule (NIST SP 800-63B, 3.1.1).
pub fn check(field: &str, password: &str) -> Result<()> {
    let length = password.chars().count();
    if (SHORTEST..=LONGEST).contains(&length) {
        return Ok(());
    }
    Err(Error::invalid(
        field,
        format!("The password must have {SHORTEST} to {LONGEST} characters; this one has {length}"),
    ))
}

/// A new hash with a salt of its own, in the form that [`is_hash`] knows.
pub fn hash(password: &str) -> Result<String> {
    let salt = random::bytes::<{ Salt::RECOMMENDED_LENGTH }>()?;
    hash_with(password, &salt).map_err(|error| Error::internal("cannot hash a password", error))
}

/// Whether a text is a hash as this program makes them. Of another cost it would tell by its time whose it is.
pub fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| {
        hash.algorithm == Algorithm::Argon2id.ident()
            && hash.version == Some(Version::V0x13.into())
            && Params::try_from(&hash.params).is_ok_and(|params| params == Params::default())
            && hash.salt.is_some()
            && hash
                .hash
                .is_some_and(|output| output.len() == OUTPUT_LENGTH)
    })
}

/// Whether `password` belongs to `stored`. Without a stored hash the same work is done,
/// so that the time taken does not tell whether an account exists.
pub fn verify(password: &str, stored: Option<&str>) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let hash = match stored {
        Some(hash) => hash,
        None => NOBODY.get_or_init(|| hash("nobody has this password").unwrap_or_default()),
    };
    // Hashing takes time with the length; what no password can be is not hashed.
    let password = if password.len() <= 4 * LONGEST {
        password
    } else {
        ""
    };
    let right = is_hash(hash)
        && PasswordHash::new(hash)
            .ok()
            .and_then(|hash| hash.salt.zip(hash.hash))
            .is_some_and(|(salt, expected)| {
                derive(password, &salt)
                    .is_ok_and(|output| output.as_slice().ct_eq(expected.as_ref()).into())
            });
    right && stored.is_some()
}

/// A password or one-time token that nobody has to remember: 128 random bits.
pub fn generate() -> Result<String> {
    let bytes = random::bytes::<16>()?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

fn hash_with(password: &str, salt: &[u8]) -> argon2::password_hash::Result<String> {
    Ok(PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&Params::default())?,
        salt: Some(Salt::new(salt)?),
        hash: Some(Output::new(&derive(password, salt)?)?),
    }
    .to_string())
}

fn derive(password: &str, salt: &[u8]) -> argon2::Result<[u8; OUTPUT_LENGTH]> {
    let params = Params::default();
    let mut workspace = Workspace::take(&params);
    let mut output = [0; OUTPUT_LENGTH];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
        password.as_bytes(),
        salt,
        &mut output,
        workspace.blocks(),
    )?;
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_of_an_account_that_exists_is_accepted() {
        let stored = hash("correct horse").unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify("correct horse", Some(&stored)));
        assert!(!verify("correct horses", Some(&stored)));
        assert!(!verify("nobody has this password", None));
    }

    /// Made by the `argon2` crate's own front door: stored hashes of earlier versions stay good.
    #[test]
    fn a_hash_made_elsewhere_with_the_same_cost_is_accepted_and_any_other_is_not() {
        use argon2::password_hash::PasswordHasher as _;
        let theirs: PasswordHash = Argon2::default().hash_password(b"correct horse").unwrap();
        assert!(verify("correct horse", Some(&theirs.to_string())));
        let cheap = Argon2::from(Params::new(8, 1, 1, None).unwrap());
        let cheap: PasswordHash = cheap.hash_password(b"correct horse").unwrap();
        assert!(!is_hash(&cheap.to_string()) && !verify("correct horse", Some(&cheap.to_string())));
        assert!(!is_hash("correct horse"));
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(check("password", "elevenchars").is_err());
        assert!(check("password", &"x".repeat(257)).is_err());
        assert!(check("password", "twelve chars").is_ok());
    }
}
