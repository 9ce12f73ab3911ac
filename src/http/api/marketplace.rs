//! Browsing the marketplace.

use crate::clock;
use crate::error::{Error, Result};
use crate::http::exchange::Exchange;
use crate::http::reply::Reply;
use crate::marketplace::{Snapshot, State, icon};
use crate::plugin_key::PluginKey;

/// Icons are pictures of strangers: shown as an image they are inert, opened alone they must be too.
const ICON_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

pub fn list(exchange: &Exchange<'_>) -> Result<Reply> {
    let snapshot = exchange.app.marketplace.registry()?;
    let category = exchange.request.query_value("category").filter(|text| !text.is_empty());
    let plugins: Vec<_> = snapshot.published(category.as_deref()).map(|listing| listing.to_api()).collect();
    Ok(marked(Reply::ok(plugins), &snapshot))
}

pub fn search(exchange: &Exchange<'_>) -> Result<Reply> {
    let query = exchange
        .request
        .query_value("q")
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| Error::invalid("q", "Query parameter 'q' is required"))?;
    let category = exchange.request.query_value("category").filter(|text| !text.is_empty());
    let snapshot = exchange.app.marketplace.registry()?;
    let plugins: Vec<_> = snapshot.search(&query, category.as_deref()).map(|listing| listing.to_api()).collect();
    Ok(marked(Reply::ok(plugins), &snapshot))
}

pub fn show(exchange: &Exchange<'_>) -> Result<Reply> {
    let key = exchange.plugin_key()?;
    let snapshot = exchange.app.marketplace.registry()?;
    let listing = snapshot.find(&key).ok_or_else(not_found)?;
    Ok(marked(Reply::ok(listing.to_api()), &snapshot))
}

pub fn refresh(exchange: &Exchange<'_>) -> Result<Reply> {
    let snapshot = exchange.app.marketplace.refresh()?;
    let plugins: Vec<_> = snapshot.published(None).map(|listing| listing.to_api()).collect();
    Ok(marked(Reply::ok(plugins), &snapshot))
}

pub fn categories(exchange: &Exchange<'_>) -> Result<Reply> {
    let snapshot = exchange.app.marketplace.registry()?;
    Ok(marked(Reply::ok(&snapshot.registry.categories), &snapshot))
}

pub fn icon(exchange: &Exchange<'_>) -> Result<Reply> {
    let key = exchange.plugin_key()?;
    let (mime, bytes) = match listed_icon(exchange, &key)? {
        Some(found) => found,
        None => icon::letter_tile(key.as_str()),
    };
    Ok(Reply::new(200, mime, bytes)
        .with("Content-Security-Policy", ICON_POLICY)
        .with("Cache-Control", "private, max-age=3600"))
}

fn listed_icon(exchange: &Exchange<'_>, key: &PluginKey) -> Result<Option<(String, Vec<u8>)>> {
    let snapshot = exchange.app.marketplace.registry()?;
    match snapshot.find(key) {
        Some(listing) => exchange.app.marketplace.icon(listing),
        None => Ok(None),
    }
}

pub fn readme(exchange: &Exchange<'_>) -> Result<Reply> {
    let key = exchange.plugin_key()?;
    let snapshot = exchange.app.marketplace.registry()?;
    let listing = snapshot.find(&key).ok_or_else(not_found)?;
    let bytes = exchange
        .app
        .marketplace
        .document(listing, "README.md")?
        .ok_or_else(|| Error::NotFound("This plugin has no README".to_owned()))?;
    Ok(Reply::ok(String::from_utf8_lossy(&bytes)))
}

fn not_found() -> Error {
    Error::NotFound("Plugin not found".to_owned())
}

/// How fresh the list is travels beside the envelope.
fn marked(reply: Reply, snapshot: &Snapshot) -> Reply {
    let state = match snapshot.state {
        State::Connected => "connected",
        State::Stale { .. } => "stale",
        State::Unreachable => "unreachable",
    };
    let reply = reply.with("X-Marketplace-State", state);
    match snapshot.fetched_at {
        Some(time) => reply.with("X-Marketplace-Fetched-At", clock::iso(time)),
        None => reply,
    }
}
