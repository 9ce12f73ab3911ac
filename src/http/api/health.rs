//! Is it alive, is it ready, and how is the plugin system.

use serde_json::json;

use crate::error::Result;
use crate::http::exchange::Exchange;
use crate::http::reply::Reply;

pub fn alive(_exchange: &Exchange<'_>) -> Result<Reply> {
    Ok(Reply::ok(json!({ "status": "alive" })))
}

pub fn ready(exchange: &Exchange<'_>) -> Result<Reply> {
    let app = exchange.app;
    let checks = [
        ("database", app.storage.ready()),
        ("packages", app.packages.ready()),
    ];
    let mut report = serde_json::Map::new();
    let mut whole = true;
    for (name, outcome) in checks {
        let told = match outcome {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                tracing::error!(check = name, %error, "not ready");
                whole = false;
                "failed; the server's log says why".to_owned()
            }
        };
        report.insert(name.to_owned(), told.into());
    }
    report.insert(
        "status".to_owned(),
        if whole { "ready" } else { "not ready" }.into(),
    );
    Ok(Reply::envelope(if whole { 200 } else { 503 }, report))
}

/// The seed's health check. `unhealthy` is left to a database that does not answer.
pub fn plugins(exchange: &Exchange<'_>) -> Result<Reply> {
    let installed = exchange.app.lifecycle.count(&exchange.caller()?.tenant)?;
    let health = exchange.app.marketplace.health();
    let status = if exchange.app.storage.ready().is_err() {
        "unhealthy"
    } else if health.marketplace == "connected" {
        "healthy"
    } else {
        "degraded"
    };
    Ok(Reply::ok(json!({
        "status": status,
        "marketplace": health.marketplace,
        "cache": health.cache,
        "installedPlugins": installed,
    })))
}
