//! Core data of the governance application.

use crate::error::Result;
use crate::governance::Model;
use crate::http::exchange::Exchange;
use crate::http::reply::Reply;

pub fn models(exchange: &Exchange<'_>) -> Result<Reply> {
    let tenant = &exchange.caller()?.tenant;
    Ok(Reply::ok(exchange.app.storage.tenant(tenant, Model::list)?))
}

pub fn model(exchange: &Exchange<'_>) -> Result<Reply> {
    let tenant = &exchange.caller()?.tenant;
    let id = exchange.id()?;
    Ok(Reply::ok(
        exchange
            .app
            .storage
            .tenant(tenant, |conn| Model::with_id(conn, id))?,
    ))
}
