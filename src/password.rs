//! Passwords: argon2id hashes, and what a password must be.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;

use crate::error::{Error, Result};
use crate::random;

const SHORTEST: usize = 12;
/// Longer input only costs time in the hash.
const LONGEST: usize = 256;

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

pub fn hash(password: &str) -> Result<String> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|error| Error::internal("cannot hash a password", error))?;
    Ok(hash.to_string())
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
    let right = PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    });
    right && stored.is_some()
}

/// A password or one-time token that nobody has to remember: 128 random bits.
pub fn generate() -> Result<String> {
    let bytes = random::bytes::<16>()?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
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

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(check("password", "elevenchars").is_err());
        assert!(check("password", &"x".repeat(257)).is_err());
        assert!(check("password", "twelve chars").is_ok());
    }
}
