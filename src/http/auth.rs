//! Who is calling: the token of the `Authorization` header or the session cookie, and the cookies themselves.

use super::request::Request;
use super::routes::Who;
use crate::error::{Error, Result};
use crate::session::{ACCESS_SECONDS, Caller, REFRESH_SECONDS, Sessions};
use crate::user::Role;

pub const SESSION_COOKIE: &str = "souk_session";
pub const REFRESH_COOKIE: &str = "souk_refresh";

/// The caller of a route, checked against what the route asks for.
pub fn admit(sessions: &Sessions, request: &Request, who: Who) -> Result<Option<Caller>> {
    if who == Who::Anyone {
        return Ok(None);
    }
    // Another scheme is a proxy's own affair and does not hide the cookie.
    let caller = match (request.bearer(), request.cookie(SESSION_COOKIE)) {
        (Some(token), _) => sessions.caller(token)?,
        (None, Some(token)) => {
            let caller = sessions.caller(token)?;
            if request.is_write() {
                require_same_origin(request)?;
            }
            caller
        }
        (None, None) => return Err(Error::Unauthenticated("Sign in first".to_owned())),
    };
    if who == Who::Admin && caller.role != Role::Admin {
        return Err(Error::Forbidden(format!(
            "Only an Admin of the organization may do this; your role is {}",
            caller.role
        )));
    }
    Ok(Some(caller))
}

/// A cookie travels with requests that other sites start, so a write by cookie needs proof of its page.
pub fn require_same_origin(request: &Request) -> Result<()> {
    if request.is_same_origin() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "A write from a page must come from a page of this server".to_owned(),
    ))
}

/// Signing in needs no cookie, but another site must not sign a person in as somebody else.
pub fn refuse_foreign_page(request: &Request) -> Result<()> {
    let from_a_page = request.header("origin").is_some()
        || matches!(
            request.header("sec-fetch-site"),
            Some("cross-site" | "same-site")
        );
    if from_a_page {
        require_same_origin(request)
    } else {
        Ok(())
    }
}

pub fn session_cookie(request: &Request, token: &str) -> String {
    cookie(request, SESSION_COOKIE, token, "/api", ACCESS_SECONDS)
}

pub fn refresh_cookie(request: &Request, token: &str) -> String {
    cookie(
        request,
        REFRESH_COOKIE,
        token,
        "/api/users",
        REFRESH_SECONDS,
    )
}

/// Set-Cookie values that remove both cookies.
pub fn cleared_cookies(request: &Request) -> [String; 2] {
    [
        cookie(request, SESSION_COOKIE, "", "/api", 0),
        cookie(request, REFRESH_COOKIE, "", "/api/users", 0),
    ]
}

fn cookie(request: &Request, name: &str, value: &str, path: &str, seconds: i64) -> String {
    let secure = if request.is_secure() { "; Secure" } else { "" };
    format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}
