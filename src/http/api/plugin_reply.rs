//! What a plugin's reply becomes on the wire: data in the envelope, or a file that runs nowhere.
//!
//! A trick is neutralised rather than refused: a header that is not lawful is left out, a type that a browser
//! might run is sent as bytes, a name is made a plain one. The lifecycle has judged the status.

mod file_name;
mod headers;

use crate::http::reply::Reply;
use crate::lifecycle::{Content, PluginReply};

/// What a plugin sends as a file never runs as a page of ours.
const FILE_POLICY: &str = "sandbox; default-src 'none'";
const BYTES: &str = "application/octet-stream";
const LONGEST_TYPE: usize = 200;

pub fn render(reply: PluginReply) -> Reply {
    let mut rendered = match reply.content {
        // By HTTP these have no body; one that was sent would be read as the next reply.
        _ if matches!(reply.status, 204 | 205 | 304) => Reply::new(reply.status, "", Vec::new()),
        Content::Data(data) => Reply::envelope_of_json(reply.status, &data),
        Content::File {
            bytes,
            filename,
            content_type,
        } => {
            let kind = safe_type(content_type.as_deref().unwrap_or(BYTES));
            let mut file =
                Reply::new(reply.status, kind, bytes).with("Content-Security-Policy", FILE_POLICY);
            if let Some(name) = filename {
                file = file.with("Content-Disposition", file_name::attachment(&name));
            }
            file
        }
    };
    for (name, value) in headers::lawful(&reply.headers) {
        rendered = rendered.with(name, value);
    }
    rendered
}

/// The type as asked if it is one of those that no browser runs, with its charset; else bytes, a download.
fn safe_type(asked: &str) -> String {
    let mut parts = asked.split(';');
    let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    if asked.len() > LONGEST_TYPE || !is_inert(&kind) {
        return BYTES.to_owned();
    }
    let charset = parts.find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        let is_plain = !value.is_empty()
            && value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        (name.eq_ignore_ascii_case("charset") && is_plain).then(|| value.to_ascii_lowercase())
    });
    match charset {
        Some(charset) => format!("{kind}; charset={charset}"),
        None => kind,
    }
}

/// A list of what is known to be no page and no script: what is invented tomorrow is sent as bytes.
fn is_inert(kind: &str) -> bool {
    const TEXTS: [&str; 5] = [
        "plain",
        "csv",
        "tab-separated-values",
        "markdown",
        "calendar",
    ];
    const IMAGES: [&str; 8] = [
        "png", "jpeg", "gif", "webp", "avif", "bmp", "x-icon", "tiff",
    ];
    const APPLICATIONS: [&str; 11] = [
        "json",
        "x-ndjson",
        "pdf",
        "zip",
        "gzip",
        "x-tar",
        "rtf",
        "msword",
        "octet-stream",
        "x-parquet",
        "toml",
    ];
    let Some((family, name)) = kind.split_once('/') else {
        return false;
    };
    let is_token = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte));
    match family {
        "text" => TEXTS.contains(&name),
        "image" => IMAGES.contains(&name),
        // Documents of vendors; what ends in +xml may hold a script.
        "application" if name.starts_with("vnd.") => {
            is_token && !name.contains("xml") || is_office(name)
        }
        "application" => APPLICATIONS.contains(&name),
        "audio" | "video" | "font" => is_token && !name.contains("xml"),
        _ => false,
    }
}

/// The one family whose names hold "xml" and whose files are zip archives.
fn is_office(name: &str) -> bool {
    name.strip_prefix("vnd.openxmlformats-officedocument.")
        .is_some_and(|rest| {
            !rest.contains('+')
                && rest
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(status: u16, content_type: &str) -> Reply {
        render(PluginReply {
            status,
            content: Content::File {
                bytes: vec![1],
                filename: Some("x".into()),
                content_type: Some(content_type.into()),
            },
            headers: Vec::new(),
        })
    }

    #[test]
    fn nothing_that_a_browser_would_run_is_sent_by_a_plugin() {
        for bad in [
            "text/html",
            "TEXT/HTML; charset=utf-8",
            " text/html",
            "text/html;x=text/plain",
            "text/plain,text/html",
            "text/plain\r\ntext/html",
            "image/svg+xml",
            "application/xhtml+xml",
            "application/vnd.mozilla.xul+xml",
            "application/vnd.x.xml",
            "application/mathml+xml",
            "application/rss+xml",
            "text/javascript",
            "application/x-javascript",
            "text/ecmascript",
            "text/css",
            "text/xsl",
            "text/cache-manifest",
            "multipart/x-mixed-replace; boundary=x",
            "multipart/related",
            "message/rfc822",
            "application/x-shockwave-flash",
            "application/manifest+json",
            "video/x+xml",
            "text",
            "",
            "/",
            "a/b\r\nSet-Cookie: x=1",
            "a b/c",
            "text/xml",
            "tëxt/plain",
            "*/*",
            "text/*",
        ] {
            assert_eq!(file(200, bad).content_type, BYTES, "{bad}");
        }
        for (asked, sent) in [
            ("text/csv; charset=utf-8", "text/csv; charset=utf-8"),
            (
                "Text/CSV ; Header=present; CharSet=UTF-8",
                "text/csv; charset=utf-8",
            ),
            ("text/plain; charset=\"x\r\ny\"", "text/plain"),
            ("image/png", "image/png"),
            (
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
            ("application/vnd.ms-excel", "application/vnd.ms-excel"),
            ("application/pdf", "application/pdf"),
        ] {
            assert_eq!(file(200, asked).content_type, sent, "{asked}");
        }
    }

    #[test]
    fn a_status_without_a_body_has_none_whatever_the_plugin_sends() {
        for status in [204, 205, 304] {
            let reply = file(status, "text/csv");
            assert!(reply.body.is_empty(), "{status}");
        }
    }
}
