//! Browsing the marketplace.

use crate::clock;
use crate::error::{Error, Result};
use crate::http::exchange::Exchange;
use crate::http::reply::Reply;
use crate::marketplace::Document;
use crate::marketplace::icon::Icon;
use crate::marketplace::registry::{Snapshot, State};

/// Icons are pictures of strangers: shown as an image they are inert, opened alone they must be too.
const ICON_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

pub fn list(exchange: &Exchange<'_>) -> Result<Reply> {
    let snapshot = exchange.app.marketplace.registry()?;
    let category = exchange
        .request
        .query_value("category")
        .filter(|text| !text.is_empty());
    Ok(listed(&snapshot, None, category.as_deref()))
}

pub fn search(exchange: &Exchange<'_>) -> Result<Reply> {
    let query = exchange
        .request
        .query_value("q")
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| Error::invalid("q", "Query parameter 'q' is required"))?;
    let category = exchange
        .request
        .query_value("category")
        .filter(|text| !text.is_empty());
    let snapshot = exchange.app.marketplace.registry()?;
    Ok(listed(&snapshot, Some(&query), category.as_deref()))
}

pub fn show(exchange: &Exchange<'_>) -> Result<Reply> {
    let key = exchange.plugin_key()?;
    let snapshot = exchange.app.marketplace.registry()?;
    let listing = snapshot.registry.find(&key).ok_or_else(not_found)?;
    Ok(marked(Reply::ok(listing.to_api()), &snapshot))
}

pub fn refresh(exchange: &Exchange<'_>) -> Result<Reply> {
    let snapshot = exchange.app.marketplace.refresh()?;
    Ok(listed(&snapshot, None, None))
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

fn listed(snapshot: &Snapshot, text: Option<&str>, category: Option<&str>) -> Reply {
    let plugins: Vec<_> = snapshot
        .registry
        .search(text, category)
        .into_iter()
        .map(crate::marketplace::listing::Listing::to_api)
        .collect();
    marked(Reply::ok(plugins), snapshot)
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
