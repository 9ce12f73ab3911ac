//! The API page, drawn from the route table.

use std::fmt::Write as _;

use crate::error::{Error, Result};
use crate::http::exchange::Exchange;
use crate::http::reply::Reply;
use crate::http::routes::{ROUTES, Who};

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Souk API</title>\
<meta name=\"viewport\" content=\"width=device-width\"><h1>Souk API</h1>\
<p>Replies below 500 are <code>{\"message\": reason, \"data\": …}</code>, from 500 <code>{\"message\": reason, \"error\": text}</code>. \
Sign in by <code>POST /api/users/login</code> and send <code>Authorization: Bearer &lt;token&gt;</code>.</p>\
<table><thead><tr><th>Method<th>Path<th>Who<th>What</tr></thead><tbody>";

pub fn page(_exchange: &Exchange<'_>) -> Result<Reply> {
    let mut html = HEAD.to_owned();
    for route in ROUTES {
        let who = match route.who {
            Who::Anyone => "anyone",
            Who::Member => "any role",
            Who::Admin => "Admin",
        };
        write!(
            html,
            "<tr><td>{}<td><code>{}</code><td>{who}<td>{}</tr>",
            route.method,
            escape(route.path),
            escape(route.doc)
        )
        .map_err(|error| Error::internal("the API page", error))?;
    }
    html.push_str("</tbody></table></html>");
    Ok(Reply::new(
        200,
        "text/html; charset=utf-8",
        html.into_bytes(),
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
