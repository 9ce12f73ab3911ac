//! The tokens themselves: claims, purposes, and the strict settings under which one is read.

use std::collections::HashSet;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::error::{Error, Result};
use crate::user::User;

const ISSUER: &str = "souk";
/// No token of ours comes near this; longer ones are not parsed at all.
const LONGEST_TOKEN: usize = 4096;
const LEEWAY_SECONDS: u64 = 2;

/// What a token is for. A token of one purpose is never accepted for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Access,
    Refresh,
}

impl Purpose {
    fn typ(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Refresh => "rt+jwt",
        }
    }

    fn audience(self) -> &'static str {
        match self {
            Self::Access => "souk/access",
            Self::Refresh => "souk/refresh",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    pub id: i64,
    pub email: String,
    pub role_name: String,
    pub organization_id: i64,
    /// The user's token generation when the token was made; a bump ends all earlier tokens.
    pub generation: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    iat: i64,
    exp: i64,
    iss: String,
    #[serde(default)]
    aud: String,
    sub: String,
}

impl Claims {
    pub fn new(user: &User, seconds: i64, jti: Option<String>) -> Self {
        let now = clock::now().as_second();
        Self {
            id: user.id,
            email: user.email.clone(),
            role_name: user.role.to_string(),
            organization_id: user.organization_id,
            generation: user.token_generation,
            jti,
            iat: now,
            exp: now + seconds,
            iss: ISSUER.to_owned(),
            aud: String::new(),
            sub: user.id.to_string(),
        }
    }
}

pub fn sign(purpose: Purpose, kid: &str, key: &EncodingKey, claims: &Claims) -> Result<String> {
    let header = Header {
        typ: Some(purpose.typ().to_owned()),
        kid: Some(kid.to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let claims = Claims {
        aud: purpose.audience().to_owned(),
        ..claims.clone()
    };
    jsonwebtoken::encode(&header, &claims, key)
        .map_err(|error| Error::internal("cannot sign a token", error))
}

/// Reads a token. `key_of` finds the key that the header's `kid` names.
pub fn verify<'k>(
    purpose: Purpose,
    token: &str,
    key_of: impl FnOnce(&str) -> Option<&'k DecodingKey>,
) -> Result<Claims> {
    let refused = || Error::Unauthenticated("The token is not valid; sign in again".to_owned());
    if token.len() > LONGEST_TOKEN {
        return Err(refused());
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| refused())?;
    let names_a_foreign_key = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.crit.is_some();
    if header.typ.as_deref() != Some(purpose.typ()) || names_a_foreign_key {
        return Err(refused());
    }
    let key = header.kid.as_deref().and_then(key_of).ok_or_else(refused)?;
    let claims = jsonwebtoken::decode::<Claims>(token, key, &strict(purpose))
        .map_err(|_| refused())?
        .claims;
    let now = clock::now().as_second();
    if claims.sub != claims.id.to_string() || claims.iat > now + LEEWAY_SECONDS.cast_signed() {
        return Err(refused());
    }
    Ok(claims)
}

fn strict(purpose: Purpose) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    validation.required_spec_claims = ["exp", "iss", "aud", "sub"]
        .into_iter()
        .map(str::to_owned)
        .collect::<HashSet<_>>();
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[purpose.audience()]);
    validation
}

/// Reads a token under a key that nobody else has: none may pass.
#[cfg(feature = "fuzzing")]
pub fn fuzz(text: &str) {
    super::signer::install();
    let Ok(secret) = crate::random::bytes::<32>() else {
        return;
    };
    let key = DecodingKey::from_secret(&secret);
    for purpose in [Purpose::Access, Purpose::Refresh] {
        assert!(verify(purpose, text, |_| Some(&key)).is_err());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::Role;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn user() -> User {
        User {
            id: 7,
            organization_id: 1,
            email: "a@b.example".into(),
            name: "A".into(),
            role: Role::Admin,
            disabled: false,
            token_generation: 3,
        }
    }

    fn check(purpose: Purpose, token: &str) -> Result<Claims> {
        super::super::signer::install();
        let key = DecodingKey::from_secret(SECRET);
        verify(purpose, token, |kid| (kid == "k1").then_some(&key))
    }

    fn make(header: &serde_json::Value, claims: &serde_json::Value) -> String {
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let head = B64.encode(header.to_string());
        let body = B64.encode(claims.to_string());
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET).unwrap();
        mac.update(format!("{head}.{body}").as_bytes());
        format!("{head}.{body}.{}", B64.encode(mac.finalize().into_bytes()))
    }

    fn good() -> (serde_json::Value, serde_json::Value) {
        let mut claims = serde_json::to_value(Claims::new(&user(), 60, None)).unwrap();
        claims["aud"] = "souk/access".into();
        (
            serde_json::json!({"alg": "HS256", "typ": "at+jwt", "kid": "k1"}),
            claims,
        )
    }

    #[test]
    fn a_token_of_ours_is_read_back() {
        super::super::signer::install();
        let key = EncodingKey::from_secret(SECRET);
        let token = sign(Purpose::Access, "k1", &key, &Claims::new(&user(), 60, None)).unwrap();
        assert_eq!(check(Purpose::Access, &token).unwrap().generation, 3);
        assert!(check(Purpose::Refresh, &token).is_err());
        let (header, claims) = good();
        assert!(check(Purpose::Access, &make(&header, &claims)).is_ok());
    }

    #[test]
    fn forged_headers_are_refused() {
        let (good_header, claims) = good();
        let changes = [
            ("alg", serde_json::json!("none")),
            ("alg", serde_json::json!("HS512")),
            ("alg", serde_json::json!("RS256")),
            ("typ", serde_json::json!("JWT")),
            ("typ", serde_json::json!("rt+jwt")),
            ("typ", serde_json::Value::Null),
            ("kid", serde_json::json!("k2")),
            ("kid", serde_json::json!("../k1")),
            ("kid", serde_json::Value::Null),
            ("crit", serde_json::json!(["exp"])),
            ("jku", serde_json::json!("https://evil.example/keys")),
            ("x5u", serde_json::json!("https://evil.example/cert")),
            ("x5c", serde_json::json!(["MIIB"])),
            ("jwk", serde_json::json!({"kty": "oct", "k": "AAAA"})),
        ];
        for (field, value) in changes {
            let mut header = good_header.clone();
            header[field] = value.clone();
            assert!(
                check(Purpose::Access, &make(&header, &claims)).is_err(),
                "{field} = {value}"
            );
        }
    }

    #[test]
    fn forged_claims_are_refused() {
        let (header, good_claims) = good();
        let now = clock::now().as_second();
        let changes = [
            ("exp", serde_json::json!(now - 10)),
            ("exp", serde_json::json!("9999999999")),
            ("exp", serde_json::Value::Null),
            ("exp", serde_json::json!(-1)),
            ("nbf", serde_json::json!(now + 600)),
            ("iat", serde_json::json!(now + 600)),
            ("iss", serde_json::json!("someone")),
            ("iss", serde_json::Value::Null),
            ("aud", serde_json::json!("souk/refresh")),
            ("aud", serde_json::Value::Null),
            ("sub", serde_json::json!("8")),
            ("sub", serde_json::Value::Null),
            ("id", serde_json::json!("7 OR 1=1")),
            ("organizationId", serde_json::json!(null)),
        ];
        for (field, value) in changes {
            let mut claims = good_claims.clone();
            claims[field] = value.clone();
            assert!(
                check(Purpose::Access, &make(&header, &claims)).is_err(),
                "{field} = {value}"
            );
        }
    }

    #[test]
    fn damaged_and_oversized_tokens_are_refused() {
        let (header, claims) = good();
        let token = make(&header, &claims);
        let bodies = token.rsplit_once('.').unwrap().0.to_owned();
        for bad in [
            String::new(),
            ".".repeat(3),
            bodies.clone(),
            format!("{bodies}."),
            format!("{token}A"),
            format!("{token}="),
            token.to_uppercase(),
            format!("{}.{}", "a".repeat(5000), token),
        ] {
            assert!(check(Purpose::Access, &bad).is_err());
        }
    }
}
