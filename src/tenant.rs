//! A tenant's name: the hash under which one organization's data is kept.

use std::fmt;

use base64::Engine as _;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::digest::Digest;
use crate::error::Error;

const LENGTH: usize = 10;

/// A tenant's name on disk and in SQL. Holding one proves that the text is safe
/// inside a file name and a quoted schema name. It may start with a digit, so SQL must quote it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(String);

impl TenantId {
    /// The seed's rule: the first ten alphanumerics of `base64(sha256(decimal organization id))`.
    pub fn of_organization(organization_id: i64) -> Self {
        let digest = Digest::of(organization_id.to_string().as_bytes());
        let text = base64::engine::general_purpose::STANDARD.encode(digest.bytes());
        Self(
            text.chars()
                .filter(char::is_ascii_alphanumeric)
                .take(LENGTH)
                .collect(),
        )
    }

    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() == LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid(
                "tenantId",
                "A tenant id is ten letters or digits",
            ))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as SQL writes it: `"a4ayc80OGd"`.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl serde::Serialize for TenantId {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromSql for TenantId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

impl ToSql for TenantId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_str().into())
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_original_system() {
        for (organization, tenant) in [
            (1, "a4ayc80OGd"),
            (2, "1HNeOiZeFu"),
            (3, "TgdAhWK24t"),
            (10, "SkTcFTZCBK"),
            (42, "c0dctApWjo"),
            (100, "rVc2aGUSbl"),
            (9999, "iI3yWuNXck"),
        ] {
            assert_eq!(TenantId::of_organization(organization).as_str(), tenant);
        }
    }
}
