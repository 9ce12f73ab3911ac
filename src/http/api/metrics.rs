//! Figures for operators, and the load times that pages report.

use std::time::Duration;

use serde_json::Value;
use subtle::ConstantTimeEq as _;

use crate::error::{Error, Result};
use crate::http::exchange::Exchange;
use crate::http::reply::Reply;
use crate::plugin_key::PluginKey;

const LONGEST_LOAD_MS: f64 = 600_000.0;

pub fn show(exchange: &Exchange<'_>) -> Result<Reply> {
    let request = exchange.request;
    let by_token = match (&exchange.app.config.metrics_token, request.bearer()) {
        (Some(wanted), Some(given)) => wanted.as_bytes().ct_eq(given.as_bytes()).into(),
        _ => false,
    };
    if !request.is_local() && !by_token {
        return Err(Error::Forbidden(
            "Metrics are open to this machine, or with 'Authorization: Bearer <metrics_token>'"
                .to_owned(),
        ));
    }
    let text = exchange.app.metrics.text(&exchange.app.reading())?;
    Ok(Reply::new(
        200,
        "text/plain; version=0.0.4; charset=utf-8",
        text.into_bytes(),
    ))
}

pub fn ui(exchange: &Exchange<'_>) -> Result<Reply> {
    let body = exchange.request.json_object()?;
    let key = match body.get("pluginKey") {
        Some(Value::String(text)) => PluginKey::parse(text)?,
        _ => return Err(Error::invalid("pluginKey", "pluginKey is required")),
    };
    let took = body
        .get("loadTimeMs")
        .and_then(Value::as_f64)
        .filter(|ms| (0.0..=LONGEST_LOAD_MS).contains(ms))
        .ok_or_else(|| {
            Error::invalid(
                "loadTimeMs",
                "loadTimeMs must be a number of milliseconds from 0 to 600000",
            )
        })?;
    let ok = body
        .get("ok")
        .and_then(Value::as_bool)
        .ok_or_else(|| Error::invalid("ok", "ok must be true or false"))?;
    // Only of an installed plugin: a label that anyone can invent would grow without end.
    exchange
        .app
        .lifecycle
        .package(&exchange.caller()?.tenant, &key)?;
    exchange
        .app
        .metrics
        .ui_loaded(&key, Duration::from_secs_f64(took / 1000.0), ok);
    Ok(Reply::no_content())
}
