//! Is it alive, is it ready, and how is the plugin system.

use serde_json::json;

use crate::error::Result;
use crate::http::exchange::Exchange;
use crate::http::reply::Reply;
use crate::readiness;

pub fn alive(_exchange: &Exchange<'_>) -> Result<Reply> {
    Ok(Reply::ok(json!({ "status": "alive" })))
}

pub fn ready(exchange: &Exchange<'_>) -> Result<Reply> {
    let report = exchange.app.readiness.report();
    let told = |good| {
        if good {
            "ok"
        } else {
            "failed; the server's log says why"
        }
    };
    let ready = report.is_ready();
    let mut told = json!({
        "database": told(report.database),
        "packages": told(report.packages),
        "disk": told(report.disk),
        "status": if ready { "ready" } else { "not ready" },
    });
    // One tenant's damage is that tenant's: it is told and does not take the others out of service.
    let degraded = exchange.app.tenant_health.progress().degraded;
    if let (Some(fields), 1..) = (told.as_object_mut(), degraded) {
        let text = format!("{degraded} degraded; the server's log names them");
        fields.insert("tenants".to_owned(), text.into());
    }
    // Chosen by the operator, so no fault.
    if let (Some(fields), true) = (told.as_object_mut(), exchange.app.config.offline) {
        fields.insert("network".to_owned(), "offline".into());
    }
    if ready {
        return Ok(Reply::ok(told));
    }
    let seconds = readiness::HOLDS.as_secs().to_string();
    Ok(Reply::envelope(503, told).with("Retry-After", seconds))
}

/// The seed's health check, which answers 200 whatever it found. Without the organization's own
/// file or without what all need it is `unhealthy`, and the number is null where it cannot be known.
pub fn plugins(exchange: &Exchange<'_>) -> Result<Reply> {
    let tenant = &exchange.caller()?.tenant;
    let ready = exchange.app.readiness.report().is_ready();
    let installed = exchange.app.lifecycle.count(tenant);
    if let Err(error) = &installed {
        tracing::error!(%tenant, %error, "[PluginService] the tenant's database does not answer");
    }
    let health = exchange.app.marketplace.health();
    let status = if !ready || installed.is_err() {
        "unhealthy"
    } else if health.marketplace == "connected" && !exchange.app.tenant_health.is_degraded(tenant) {
        "healthy"
    } else {
        "degraded"
    };
    Ok(Reply::ok(json!({
        "status": status,
        "marketplace": health.marketplace,
        "cache": health.cache,
        "installedPlugins": installed.ok(),
    })))
}
