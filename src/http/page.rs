//! The front end: its files, and the one page that every other path shows.

use base64::Engine as _;

use super::assets;
use super::reply::{self, Detail, Reply};
use super::request::Request;
use crate::random;

const NONCE_BYTES: usize = 16;

pub fn serve(request: &Request) -> Reply {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Reply::envelope(405, "Pages take GET and HEAD").with("Allow", "GET, HEAD");
    }
    if let Some(asset) = assets::find(request.path.trim_start_matches('/')) {
        let caching = if asset.immutable {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let mut reply = Reply::new(200, asset.mime, asset.bytes)
            .with("ETag", asset.etag)
            .with("Cache-Control", caching);
        reply.gzip = asset.gzip;
        return reply;
    }
    if request.path.starts_with("/static/") {
        return Reply::envelope(404, format!("There is no file {}", request.path));
    }
    page()
}

fn page() -> Reply {
    let bytes = match random::bytes::<NONCE_BYTES>() {
        Ok(bytes) => bytes,
        Err(error) => return reply::of_error(&error, Detail::Others),
    };
    let nonce = base64::engine::general_purpose::STANDARD.encode(bytes);
    let html =
        String::from_utf8_lossy(&assets::page().bytes).replace(assets::NONCE_PLACEHOLDER, &nonce);
    Reply::new(200, "text/html; charset=utf-8", html.into_bytes())
        .with("Content-Security-Policy", policy(&nonce))
        .with("Cache-Control", "no-store")
}

/// Scripts are files of ours; emotion's styles carry the nonce; nothing talks to another host.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'; frame-ancestors 'none'"
    )
}
