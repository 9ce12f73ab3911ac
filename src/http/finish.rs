//! What every reply gets on its way out: policies, caching, compression, the request's id.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::reply::Reply;
use super::request::Request;

/// Smaller texts do not gain from compression.
const WORTH_COMPRESSING: usize = 1024;

/// No page of another site may frame, embed or read what we send.
const POLICIES: [(&str, &str); 5] = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
];

/// For everything that is not a page: nothing in it may run or load.
const INERT: &str = "default-src 'none'; frame-ancestors 'none'";

pub fn finish(mut reply: Reply, request: &Request) -> Reply {
    for (name, value) in POLICIES {
        reply.headers.push((name, value.to_owned()));
    }
    if !has(&reply, "Content-Security-Policy") {
        reply
            .headers
            .push(("Content-Security-Policy", INERT.to_owned()));
    }
    if !has(&reply, "Cache-Control") {
        reply.headers.push(("Cache-Control", "no-store".to_owned()));
    }
    reply.headers.push(("X-Request-Id", request.id.clone()));
    let etag = reply
        .headers
        .iter()
        .find(|(name, _)| *name == "ETag")
        .map(|(_, value)| value.clone());
    if reply.status == 200
        && matches!(request.method.as_str(), "GET" | "HEAD")
        && let Some(etag) = etag
        && request
            .header("if-none-match")
            .is_some_and(|known| names(known, &etag))
    {
        reply.status = 304;
        reply.body = Vec::new().into();
        reply.gzip = None;
        return reply;
    }
    compress(&mut reply, request);
    reply
}

/// Weak comparison (RFC 9110, 13.1.2): for a GET the same content is enough.
fn names(known: &str, etag: &str) -> bool {
    let bare = etag.trim_start_matches("W/");
    known
        .split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.trim_start_matches("W/") == bare)
}

fn compress(reply: &mut Reply, request: &Request) {
    let kind = reply.content_type.split(';').next().unwrap_or_default();
    let text = kind.starts_with("text/")
        || matches!(
            kind,
            "application/json"
                | "application/javascript"
                | "image/svg+xml"
                | "application/manifest+json"
        );
    if !text || reply.body.len() <= WORTH_COMPRESSING {
        return;
    }
    reply.headers.push(("Vary", "Accept-Encoding".to_owned()));
    if !accepts_gzip(request) {
        return;
    }
    let packed = match reply.gzip.take() {
        Some(packed) => Some(packed),
        None => pack(&reply.body).map(Into::into),
    };
    if let Some(packed) = packed {
        reply.body = packed;
        reply.headers.push(("Content-Encoding", "gzip".to_owned()));
    }
}

/// A body as gzip.
pub fn pack(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

fn accepts_gzip(request: &Request) -> bool {
    request.header("accept-encoding").is_some_and(|value| {
        value.split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            let gzip = parts.next() == Some("gzip");
            gzip && !parts
                .any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    })
}

fn has(reply: &Reply, name: &str) -> bool {
    reply.headers.iter().any(|(known, _)| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request {
        let headers = headers
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Request::new("GET", "/", headers, &[])
    }

    fn header<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
        reply
            .headers
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }

    #[test]
    fn long_texts_are_compressed_for_those_who_can_read_it() {
        let long = || {
            Reply::new(
                200,
                "application/json; charset=utf-8",
                "x".repeat(2000).into_bytes(),
            )
        };
        let packed = finish(long(), &request(&[("accept-encoding", "br, gzip;q=0.8")]));
        assert_eq!(header(&packed, "Content-Encoding"), Some("gzip"));
        assert!(packed.body.len() < 200);
        for plain in ["", "gzip;q=0", "br"] {
            let reply = finish(long(), &request(&[("accept-encoding", plain)]));
            assert_eq!(
                (header(&reply, "Content-Encoding"), reply.body.len()),
                (None, 2000)
            );
        }
        let short = finish(Reply::ok("x"), &request(&[("accept-encoding", "gzip")]));
        assert_eq!(header(&short, "Content-Encoding"), None);
    }

    #[test]
    fn a_known_version_is_not_sent_again() {
        let reply = || Reply::ok("x").with("ETag", "\"abc\"");
        for known in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            let answer = finish(reply(), &request(&[("if-none-match", known)]));
            assert_eq!((answer.status, answer.body.len()), (304, 0), "{known}");
        }
        assert_eq!(
            finish(reply(), &request(&[("if-none-match", "\"abd\"")])).status,
            200
        );
    }
}
