//! The pages, as they were embedded when this executable was built.
//!
//! Knows names, types and digests of the embedded files. It refuses to know requests: who may see
//! a page, which encoding a browser takes and the content security policy belong to the reply.

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};

use crate::digest::Digest;

/// Where a page expects the nonce of its reply; the reply puts it there.
pub const NONCE_PLACEHOLDER: &str = "__CSP_NONCE__";

/// Files below this folder carry a digest in their names and never change.
const IMMUTABLE_FOLDER: &str = "static/";
const PAGE: &str = "index.html";
const COMPRESSED_SUFFIX: &str = ".gz";
/// So many bytes of a digest tell two versions of a file apart.
const ETAG_BYTES: usize = 12;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/assets"]
struct Embedded;

/// One file of the front end.
pub struct Asset {
    pub bytes: Cow<'static, [u8]>,
    /// The same content compressed, where that is smaller.
    pub gzip: Option<Cow<'static, [u8]>>,
    pub mime: &'static str,
    /// A strong entity tag, with its quotes.
    pub etag: String,
    /// The content behind this name never changes: a browser may keep it for good.
    pub immutable: bool,
}

/// The file at a request's path, without its leading slash. The page itself is not among them:
/// it needs a nonce, see [`page`].
pub fn find(path: &str) -> Option<Asset> {
    if path == PAGE || path.ends_with(COMPRESSED_SUFFIX) {
        return None;
    }
    let gzip = Embedded::get(&format!("{path}{COMPRESSED_SUFFIX}")).map(|file| file.data);
    Embedded::get(path).map(|file| asset(path, file, gzip))
}

/// The page for every address that is no file and no endpoint. It holds [`NONCE_PLACEHOLDER`].
pub fn page() -> Asset {
    match Embedded::get(PAGE) {
        Some(file) => asset(PAGE, file, None),
        None => Asset {
            bytes: Cow::Borrowed(b"This build of Souk carries no pages."),
            gzip: None,
            mime: "text/plain; charset=utf-8",
            etag: "\"none\"".to_owned(),
            immutable: false,
        },
    }
}

fn asset(path: &str, file: EmbeddedFile, gzip: Option<Cow<'static, [u8]>>) -> Asset {
    let digest = Digest::from(file.metadata.sha256_hash());
    Asset {
        etag: format!("\"{}\"", digest.short(ETAG_BYTES)),
        bytes: file.data,
        gzip,
        mime: mime(path),
        immutable: path.starts_with(IMMUTABLE_FOLDER),
    }
}

/// Only the types that the front end's build produces.
fn mime(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(asset: &Asset) -> String {
        String::from_utf8_lossy(&asset.bytes).into_owned()
    }

    #[test]
    fn the_page_has_a_place_for_its_nonce_and_no_inline_script() {
        let page = text(&page());
        assert!(page.contains(&format!("content=\"{NONCE_PLACEHOLDER}\"")));
        assert!(!page.contains("<script>"));
        assert!(!page.contains("style="));
    }

    #[test]
    fn the_page_is_not_served_as_a_file_without_a_nonce() {
        assert!(find("index.html").is_none());
    }

    #[test]
    fn every_script_that_the_page_names_is_embedded_and_immutable() {
        for path in text(&page())
            .split('"')
            .filter_map(|part| part.strip_prefix("/static/"))
        {
            let asset = find(&format!("static/{path}"));
            assert!(asset.is_some_and(|asset| asset.immutable), "static/{path}");
        }
    }

    #[test]
    fn a_compressed_copy_is_offered_beside_the_file_and_not_by_its_own_name() {
        for path in Embedded::iter().filter(|path| path.ends_with(COMPRESSED_SUFFIX)) {
            assert!(find(&path).is_none());
            let plain = find(path.trim_end_matches(COMPRESSED_SUFFIX));
            let compressed = plain.as_ref().and_then(|asset| asset.gzip.as_ref());
            assert!(compressed.is_some_and(
                |gzip| Some(gzip.len()) < plain.as_ref().map(|asset| asset.bytes.len())
            ));
        }
    }

    #[test]
    fn a_path_that_climbs_finds_nothing() {
        for path in [
            "",
            "../Cargo.toml",
            "static/../index.html",
            "/favicon.svg",
            "static",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn every_embedded_file_has_a_type_of_its_own() {
        for path in Embedded::iter().filter(|path| !path.ends_with(COMPRESSED_SUFFIX)) {
            assert_ne!(mime(&path), "application/octet-stream", "{path}");
        }
    }
}
