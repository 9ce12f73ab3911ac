//! Installing, listing, configuring, testing and removing plugins.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::client_key::ClientKey;
use crate::configuration::Configuration;
use crate::error::{Error, Result};
use crate::http::exchange::Exchange;
use crate::http::reply::Reply;
use crate::lifecycle::InstallRequest;
use crate::plugin_key::PluginKey;
use crate::rate_limit::{self, Limit};

const INSTALL_WINDOW: Duration = Duration::from_secs(3600);

/// Every reply of this route, a refusal too, tells the state of the limit.
pub fn install(exchange: &Exchange<'_>) -> Result<Reply> {
    let limit = Limit {
        scope: "install",
        hits: exchange.app.config.installs_per_hour,
        window: INSTALL_WINDOW,
    };
    let client = ClientKey::of(exchange.request.client).to_string();
    let decision = rate_limit::hit(&exchange.app.storage, limit, &client)?;
    exchange.headers.borrow_mut().extend([
        ("X-RateLimit-Limit", decision.limit.to_string()),
        ("X-RateLimit-Remaining", decision.remaining.to_string()),
        (
            "X-RateLimit-Reset",
            decision.resets_in.as_secs().to_string(),
        ),
    ]);
    if decision.allowed {
        return try_install(exchange);
    }
    Err(Error::RateLimited {
        // The seed's words.
        message:
            "Too many plugin installation requests from this IP, please try again after an hour."
                .to_owned(),
        retry_after: decision.resets_in,
    })
}

fn try_install(exchange: &Exchange<'_>) -> Result<Reply> {
    let body = exchange.request.json_object()?;
    let key = match body.get("pluginKey") {
        Some(Value::String(text)) if !text.is_empty() => PluginKey::parse(text)?,
        None | Some(Value::Null | Value::String(_)) => {
            return Err(Error::invalid("pluginKey", "pluginKey is required"));
        }
        Some(_) => return Err(Error::invalid("pluginKey", "pluginKey must be a text")),
    };
    let configuration = match body.get("config") {
        None | Some(Value::Null) => None,
        Some(Value::Object(map)) => Some(map),
        Some(_) => return Err(Error::invalid("config", "config must be an object")),
    };
    let refused = match body.get("refused") {
        None | Some(Value::Null) => Vec::new(),
        Some(ids) => texts("refused", ids)?,
    };
    let permissions_digest = match body.get("permissionsDigest") {
        None | Some(Value::Null) => None,
        Some(Value::String(digest)) => Some(digest.as_str()),
        Some(_) => {
            return Err(Error::invalid(
                "permissionsDigest",
                "permissionsDigest must be a text",
            ));
        }
    };
    let installation = exchange.app.lifecycle.install(
        exchange.caller()?,
        &InstallRequest {
            key: &key,
            configuration,
            refused,
            permissions_digest,
        },
    )?;
    Ok(Reply::created(installation))
}

pub fn list(exchange: &Exchange<'_>) -> Result<Reply> {
    Ok(Reply::ok(
        exchange.app.lifecycle.list(&exchange.caller()?.tenant)?,
    ))
}

pub fn uninstall(exchange: &Exchange<'_>) -> Result<Reply> {
    let id = exchange.id()?;
    exchange.app.lifecycle.uninstall(exchange.caller()?, id)?;
    Ok(Reply::ok("Plugin uninstalled successfully"))
}

pub fn configure(exchange: &Exchange<'_>) -> Result<Reply> {
    let id = exchange.id()?;
    let body = exchange.request.json_object()?;
    let configuration = configuration_of(&body)?;
    Ok(Reply::ok(exchange.app.lifecycle.configure(
        exchange.caller()?,
        id,
        configuration,
    )?))
}

pub fn set_permissions(exchange: &Exchange<'_>) -> Result<Reply> {
    let id = exchange.id()?;
    let body = exchange.request.json_object()?;
    let granted = body
        .get("granted")
        .ok_or_else(|| Error::invalid("granted", "granted is required"))?;
    Ok(Reply::ok(exchange.app.lifecycle.set_permissions(
        exchange.caller()?,
        id,
        &texts("granted", granted)?,
    )?))
}

pub fn test_connection(exchange: &Exchange<'_>) -> Result<Reply> {
    let key = exchange.plugin_key()?;
    let body = exchange.request.json_object()?;
    let configuration = configuration_of(&body)?;
    Ok(Reply::ok(exchange.app.lifecycle.test_connection(
        exchange.caller()?,
        &key,
        configuration,
    )?))
}

fn texts(field: &str, value: &Value) -> Result<Vec<String>> {
    let items = value.as_array().map(Vec::as_slice);
    items
        .and_then(|items| {
            items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect()
        })
        .ok_or_else(|| Error::invalid(field, format!("{field} must be a list of texts")))
}

fn configuration_of(body: &Map<String, Value>) -> Result<&Configuration> {
    match body.get("configuration") {
        Some(Value::Object(map)) => Ok(map),
        _ => Err(Error::invalid(
            "configuration",
            "Configuration object is required",
        )),
    }
}
