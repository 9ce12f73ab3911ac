//! Files of an installed plugin's UI. Names are looked up in the verified package; no path is built from a URL.

use crate::error::{Error, Result};
use crate::http::exchange::Exchange;
use crate::http::reply::Reply;
use crate::package::Package;

const FOLDER: &str = "ui/dist/";

/// Where the seed and the original's bundles put their script, in order of preference after `ui.bundleUrl`.
const BUNDLES: [&str; 3] = [
    "ui/dist/index.esm.js",
    "ui/dist/bundle.iife.js",
    "ui/dist/bundle.js",
];

pub fn bundle(exchange: &Exchange<'_>) -> Result<Reply> {
    let package = installed(exchange)?;
    let named = package
        .manifest()
        .get("ui")
        .and_then(|ui| ui.get("bundleUrl"))
        .and_then(serde_json::Value::as_str)
        .and_then(|url| url.rsplit('/').next())
        .map(|name| format!("{FOLDER}{name}"));
    let path = named
        .iter()
        .map(String::as_str)
        .chain(BUNDLES)
        .find(|path| package.blob(path).is_some())
        .ok_or_else(no_bundle)?;
    serve(&package, path)
}

pub fn file(exchange: &Exchange<'_>) -> Result<Reply> {
    let package = installed(exchange)?;
    let path = format!("{FOLDER}{}", exchange.param("filename"));
    serve(&package, &path)
}

fn installed(exchange: &Exchange<'_>) -> Result<Package> {
    let key = exchange.plugin_key().map_err(|_| no_bundle())?;
    exchange
        .app
        .lifecycle
        .page_package(&exchange.caller()?.tenant, &key)
}

fn serve(package: &Package, path: &str) -> Result<Reply> {
    let blob = package.blob(path).ok_or_else(no_bundle)?;
    let etag = format!("\"{}\"", blob.sha256);
    let kind = match path.rsplit('.').next() {
        Some("js" | "mjs") => "application/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json; charset=utf-8",
        _ => "application/octet-stream",
    };
    Ok(Reply::new(200, kind, package.read(path)?)
        .with("ETag", etag)
        .with("Cache-Control", "private, no-cache"))
}

fn no_bundle() -> Error {
    Error::NotFound("Plugin UI bundle not found".to_owned())
}
