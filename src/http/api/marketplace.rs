//! Browsing the marketplace.

use crate::clock;
use crate::error::{Error, Result};
use crate::http::exchange::Exchange;
use crate::http::finish::pack;
use crate::http::paging::Page;
use crate::http::reply::Reply;
use crate::marketplace::Document;
use crate::marketplace::icon::Icon;
use crate::marketplace::registry::{Snapshot, State};

/// Icons are pictures of strangers: shown as an image they are inert, opened alone they must be too.
const ICON_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

pub fn list(exchange: &Exchange<'_>) -> Result<Reply> {
    let page = Page::asked(exchange.request)?;
    let category = category(exchange);
    let snapshot = exchange.app.marketplace.registry()?;
    Ok(match (page, &category) {
        (None, None) => whole(&snapshot),
        _ => listed(&snapshot, None, category.as_deref(), page),
    })
}

pub fn search(exchange: &Exchange<'_>) -> Result<Reply> {
    let page = Page::asked(exchange.request)?;
    let query = exchange
        .request
        .query_value("q")
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| Error::invalid("q", "Query parameter 'q' is required"))?;
    let category = category(exchange);
    let snapshot = exchange.app.marketplace.registry()?;
    Ok(listed(&snapshot, Some(&query), category.as_deref(), page))
}

pub fn show(exchange: &Exchange<'_>) -> Result<Reply> {
    let key = exchange.plugin_key()?;
    let snapshot = exchange.app.marketplace.registry()?;
    let listing = snapshot.registry.find(&key).ok_or_else(not_found)?;
    Ok(marked(Reply::ok(listing.to_api()), &snapshot))
}

pub fn refresh(exchange: &Exchange<'_>) -> Result<Reply> {
    let snapshot = exchange.app.marketplace.refresh()?;
    Ok(whole(&snapshot))
}

pub fn categories(exchange: &Exchange<'_>) -> Result<Reply> {
    let snapshot = exchange.app.marketplace.registry()?;
    Ok(marked(
        Reply::ok(snapshot.registry.categories.clone()),
        &snapshot,
    ))
}

pub fn icon(exchange: &Exchange<'_>) -> Result<Reply> {
    let key = exchange.plugin_key()?;
    // An installed plugin keeps its picture after it has left the marketplace.
    let icon = match exchange.app.marketplace.registry() {
        Ok(snapshot) => snapshot
            .registry
            .find(&key)
            .map(|listing| exchange.app.marketplace.icon(listing)),
        Err(_) => None,
    };
    let icon = match icon {
        Some(icon) => icon,
        None => match exchange
            .app
            .lifecycle
            .package(&exchange.caller()?.tenant, &key)
        {
            Ok(package) => Icon::of_package(&package),
            Err(_) => Icon::tile(key.as_str()),
        },
    };
    Ok(Reply::new(200, icon.mime, icon.bytes.to_vec())
        .with("Content-Security-Policy", ICON_POLICY)
        .with("Cache-Control", "private, max-age=3600"))
}

/// `null` where there is none: a browser reports every 404 as a fault of the page.
pub fn readme(exchange: &Exchange<'_>) -> Result<Reply> {
    let key = exchange.plugin_key()?;
    let snapshot = exchange.app.marketplace.registry()?;
    let listing = snapshot.registry.find(&key).ok_or_else(not_found)?;
    let bytes = exchange.app.marketplace.document(listing, Document::Readme);
    Ok(Reply::ok(
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ))
}

fn category(exchange: &Exchange<'_>) -> Option<String> {
    exchange
        .request
        .query_value("category")
        .filter(|text| !text.is_empty())
}

/// The whole list changes rarely and may be long: a client that has it need not get it again.
fn whole(snapshot: &Snapshot) -> Reply {
    let rendered = snapshot.registry.rendered();
    let mut reply = Reply::envelope_of_json(200, rendered.all())
        .with("ETag", format!("\"{}\"", rendered.digest()));
    let packed = rendered.packed(|| pack(&reply.body).unwrap_or_default());
    if !packed.is_empty() {
        reply.gzip = Some(packed.to_vec().into());
    }
    marked(reply, snapshot)
}

fn listed(
    snapshot: &Snapshot,
    text: Option<&str>,
    category: Option<&str>,
    page: Option<Page>,
) -> Reply {
    let found = snapshot.registry.found(text, category);
    let rendered = snapshot.registry.rendered();
    let data = match page {
        None => rendered.some(&found),
        Some(page) => page.written(&rendered.some(page.of(&found)), found.len()),
    };
    marked(Reply::envelope_of_json(200, &data), snapshot)
}

fn not_found() -> Error {
    Error::NotFound("Plugin not found".to_owned())
}

/// How fresh the list is travels beside the envelope.
fn marked(reply: Reply, snapshot: &Snapshot) -> Reply {
    let state = match snapshot.state {
        State::Connected => "connected",
        State::Stale { .. } => "stale",
    };
    let reply = reply.with("X-Marketplace-State", state);
    match snapshot.fetched_at {
        Some(time) => reply.with("X-Marketplace-Fetched-At", clock::iso(time)),
        None => reply,
    }
}
