//! A sha256 digest as a type: parsed once, compared, stored and printed without doubt.

use std::fmt;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::hex;

const LENGTH: usize = 32;

/// The sha256 of some bytes; written as 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; LENGTH]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 hex digits, with or without the prefix `sha256:`.
    pub fn parse(text: &str) -> Result<Self> {
        hex::decode(text.strip_prefix("sha256:").unwrap_or(text))
            .map(Self)
            .ok_or_else(|| {
                Error::invalid(
                    "sha256",
                    format!("'{text}' is not a sha256 digest of 64 hex digits"),
                )
            })
    }

    pub fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// The hex digits of the first `bytes` bytes: enough to tell things apart, not to trust them.
    pub fn short(&self, bytes: usize) -> String {
        hex::encode(self.0.get(..bytes).unwrap_or(&self.0))
    }
}

impl From<[u8; LENGTH]> for Digest {
    /// A digest that was computed elsewhere.
    fn from(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }
}

impl FromSql for Digest {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

impl ToSql for Digest {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_reads_what_it_prints() {
        assert_eq!(Digest::of(b"").to_string(), EMPTY);
        assert_eq!(Digest::of(b"").short(4), "e3b0c442");
        for text in [EMPTY, &EMPTY.to_uppercase(), &format!("sha256:{EMPTY}")] {
            assert_eq!(Digest::parse(text).unwrap(), Digest::of(b""));
        }
    }

    #[test]
    fn anything_but_64_hex_digits_is_refused() {
        for text in [
            "",
            "sha256:",
            &EMPTY[1..],
            &format!("{EMPTY}0"),
            &EMPTY.replace('e', "g"),
            &"ü".repeat(32),
        ] {
            assert!(Digest::parse(text).is_err(), "{text}");
        }
    }
}
