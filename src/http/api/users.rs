//! Sign-in, the signed-in user, and the organization's people.

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::http::auth;
use crate::http::exchange::Exchange;
use crate::http::reply::Reply;
use crate::session::{ACCESS_SECONDS, Caller};
use crate::sign_in::{self, Credentials};
use crate::user::User;

pub fn login(exchange: &Exchange<'_>) -> Result<Reply> {
    auth::refuse_foreign_page(exchange.request)?;
    let body = exchange.request.json_object()?;
    let credentials = Credentials {
        email: text(&body, "email")?,
        password: text(&body, "password")?,
        client: exchange.request.client,
    };
    let user = sign_in::with_password(&exchange.app.storage, &credentials)?;
    signed_in(exchange, &user)
}

pub fn logout(exchange: &Exchange<'_>) -> Result<Reply> {
    let request = exchange.request;
    if let Some(token) = request.cookie(auth::REFRESH_COOKIE) {
        auth::require_same_origin(request)?;
        exchange.app.sessions.revoke(token)?;
    }
    let [session, refresh] = auth::cleared_cookies(request);
    Ok(Reply::ok("Signed out")
        .with("Set-Cookie", session)
        .with("Set-Cookie", refresh))
}

pub fn refresh(exchange: &Exchange<'_>) -> Result<Reply> {
    let request = exchange.request;
    let token = request
        .cookie(auth::REFRESH_COOKIE)
        .ok_or_else(|| Error::Unauthenticated("Sign in first".to_owned()))?;
    auth::require_same_origin(request)?;
    let caller = exchange.app.sessions.redeem(token)?;
    signed_in(exchange, &user_of(exchange, &caller)?)
}

pub fn me(exchange: &Exchange<'_>) -> Result<Reply> {
    Ok(Reply::ok(shown(exchange.caller()?)))
}

pub fn change_password(exchange: &Exchange<'_>) -> Result<Reply> {
    let body = exchange.request.json_object()?;
    let caller = exchange.caller()?;
    let credentials = Credentials {
        email: &caller.email,
        password: text(&body, "currentPassword")?,
        client: exchange.request.client,
    };
    let user = sign_in::change_password(
        &exchange.app.storage,
        &credentials,
        text(&body, "newPassword")?,
    )?;
    // All sessions ended, this one too: the person who changed it gets a new one.
    signed_in(exchange, &user)
}

pub fn list(exchange: &Exchange<'_>) -> Result<Reply> {
    let organization = exchange.caller()?.organization_id;
    let users = exchange
        .app
        .storage
        .control(|conn| User::list(conn, Some(organization)))?;
    Ok(Reply::ok(users))
}

/// The reply that starts a session: token and user in the body, both cookies beside it.
pub fn signed_in(exchange: &Exchange<'_>, user: &User) -> Result<Reply> {
    let sessions = &exchange.app.sessions;
    let token = sessions.access_token(user, ACCESS_SECONDS)?;
    let refresh = sessions.refresh_token(user)?;
    let caller = sessions.caller(&token)?;
    Ok(Reply::ok(json!({ "token": token, "user": shown(&caller) }))
        .with("Set-Cookie", auth::session_cookie(exchange.request, &token))
        .with(
            "Set-Cookie",
            auth::refresh_cookie(exchange.request, &refresh),
        ))
}

/// A field of a body that must be a text, and not an empty one.
pub fn text<'b>(body: &'b Map<String, Value>, field: &str) -> Result<&'b str> {
    match body.get(field) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        None | Some(Value::Null | Value::String(_)) => {
            Err(Error::invalid(field, format!("{field} is required")))
        }
        Some(_) => Err(Error::invalid(field, format!("{field} must be a text"))),
    }
}

fn user_of(exchange: &Exchange<'_>, caller: &Caller) -> Result<User> {
    exchange
        .app
        .storage
        .control(|conn| User::with_id(conn, caller.user_id))?
        .ok_or_else(|| Error::Unauthenticated("The account no longer exists".to_owned()))
}

fn shown(caller: &Caller) -> Value {
    json!({
        "id": caller.user_id,
        "email": caller.email,
        "name": caller.name,
        "roleName": caller.role,
        "organizationId": caller.organization_id,
        "organizationName": caller.organization_name,
        "tenantId": caller.tenant,
    })
}
