//! The first-run link: it names the organization and sets its first Admin, once.

use serde_json::json;

use super::users;
use crate::error::{Error, Result};
use crate::first_run;
use crate::http::auth;
use crate::http::exchange::Exchange;
use crate::http::reply::Reply;

pub fn check(exchange: &Exchange<'_>) -> Result<Reply> {
    let token = exchange
        .request
        .query_value("token")
        .ok_or_else(|| Error::invalid("token", "Query parameter 'token' is required"))?;
    first_run::check(&exchange.app.storage, &token)?;
    Ok(Reply::ok(json!({ "valid": true })))
}

pub fn complete(exchange: &Exchange<'_>) -> Result<Reply> {
    auth::refuse_foreign_page(exchange.request)?;
    let body = exchange.request.json_object()?;
    let user = first_run::complete(
        &exchange.app.storage,
        &first_run::Answers {
            token: users::text(&body, "token")?,
            organization_name: users::text(&body, "organizationName")?,
            name: users::text(&body, "name")?,
            email: users::text(&body, "email")?,
            password: users::text(&body, "password")?,
        },
    )?;
    users::signed_in(exchange, &user)
}
