//! What runs of an installed plugin came to, and the end of a pause.

use crate::error::{Error, Result};
use crate::http::exchange::Exchange;
use crate::http::paging::Page;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::runs::Wanted;

pub fn list(exchange: &Exchange<'_>) -> Result<Reply> {
    let id = exchange.id()?;
    let page = Page::asked(exchange.request)?.unwrap_or(Page::FIRST);
    let wanted = Wanted {
        only_notable: only_notable(exchange.request)?,
        skip: page.before(),
        most: page.size(),
    };
    let runs = exchange
        .app
        .lifecycle
        .runs(exchange.caller()?, id, wanted)?;
    let items = format!("[{}]", runs.items.join(","));
    Ok(Reply::envelope_of_json(
        200,
        &page.written(items.as_bytes(), runs.total),
    ))
}

pub fn resume(exchange: &Exchange<'_>) -> Result<Reply> {
    let id = exchange.id()?;
    Ok(Reply::ok(
        exchange.app.lifecycle.resume(exchange.caller()?, id)?,
    ))
}

fn only_notable(request: &Request) -> Result<bool> {
    match request.query_value("only").as_deref() {
        None | Some("") => Ok(false),
        Some("notable") => Ok(true),
        Some(_) => Err(Error::invalid(
            "only",
            "Query parameter 'only' must be 'notable', or left out",
        )),
    }
}
