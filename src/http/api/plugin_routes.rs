//! Requests that a plugin's own router answers.

use crate::error::Result;
use crate::http::exchange::Exchange;
use crate::http::json;
use crate::http::reply::{Reply, status_of};
use crate::http::request::Request;
use crate::lifecycle::{Content, PluginReply, PluginRequest};
use crate::value::{Map, Value};

/// Reply headers that a plugin may set. The rest is the host's: framing, cookies, policies.
const PLUGIN_HEADERS: [&str; 8] = [
    "Cache-Control",
    "Content-Language",
    "ETag",
    "Expires",
    "Last-Modified",
    "Link",
    "Retry-After",
    "X-Total-Count",
];

/// What a plugin sends as a file never runs as a page of ours.
const FILE_POLICY: &str = "sandbox; default-src 'none'";

const PREFIX: &str = "/api/plugins/";

pub fn forward(exchange: &Exchange<'_>) -> Result<Reply> {
    let key = exchange.plugin_key()?;
    let request = exchange.request;
    let below = request.path.strip_prefix(PREFIX).unwrap_or_default();
    let path = below.find('/').map_or("/", |at| &below[at..]);
    let asked = PluginRequest {
        method: &request.method,
        path,
        query: query_of(request),
        body: body_of(request)?,
        status_of,
    };
    let reply = exchange
        .app
        .lifecycle
        .forward(exchange.caller()?, &key, asked)?;
    Ok(render(reply))
}

/// Repeated keys become lists.
fn query_of(request: &Request) -> Map {
    pairs_of(request.query_pairs())
}

fn pairs_of<'p>(
    pairs: impl Iterator<Item = (std::borrow::Cow<'p, str>, std::borrow::Cow<'p, str>)>,
) -> Map {
    let mut map = Map::new();
    for (name, value) in pairs {
        let value = Value::from(value.into_owned());
        match map.get_mut(name.as_ref()) {
            None => {
                map.insert(name.into_owned(), value);
            }
            Some(Value::List(items)) => items.push(value),
            Some(first) => *first = Value::List(vec![std::mem::take(first), value]),
        }
    }
    map
}

/// JSON and forms arrive as values, texts as text, anything else as bytes.
fn body_of(request: &Request) -> Result<Value> {
    if request.body.is_empty() {
        return Ok(Value::Null);
    }
    let kind = request.header("content-type").unwrap_or("application/json");
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if kind == "application/json" || kind.ends_with("+json") {
        return Ok(Value::from(&json::parse(&request.body)?));
    }
    if kind == "application/x-www-form-urlencoded" {
        return Ok(Value::Map(pairs_of(url::form_urlencoded::parse(
            &request.body,
        ))));
    }
    if kind.starts_with("text/")
        && let Ok(text) = std::str::from_utf8(&request.body)
    {
        return Ok(Value::from(text));
    }
    Ok(Value::Bytes(request.body.clone()))
}

fn render(reply: PluginReply) -> Reply {
    let mut rendered = match reply.content {
        Content::Data(_) if matches!(reply.status, 204 | 205 | 304) => {
            Reply::new(reply.status, "", Vec::new())
        }
        Content::Data(data) => Reply::envelope_of_json(reply.status, &data),
        Content::File {
            bytes,
            filename,
            content_type,
        } => {
            let mut file = Reply::new(reply.status, safe_type(content_type.as_deref()), bytes)
                .with("Content-Security-Policy", FILE_POLICY);
            if let Some(name) = filename {
                file = file.with("Content-Disposition", attachment(&name));
            }
            file
        }
    };
    for (name, value) in reply.headers {
        let known = PLUGIN_HEADERS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(&name));
        if let Some(known) = known
            && is_plain(&value)
        {
            rendered = rendered.with(known, value);
        }
    }
    rendered
}

/// A type that a browser shows as a page becomes a download.
fn safe_type(asked: Option<&str>) -> String {
    const RUNS: [&str; 5] = [
        "text/html",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/xml",
        "application/xml",
    ];
    let asked = asked.unwrap_or("application/octet-stream").trim();
    let kind = asked
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let lawful = kind.split_once('/').is_some_and(|(a, b)| {
        let token = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        token(a) && token(b)
    });
    let scripted =
        RUNS.contains(&kind.as_str()) || kind.contains("javascript") || kind.contains("ecmascript");
    if lawful && !scripted && is_plain(asked) {
        asked.to_owned()
    } else {
        "application/octet-stream".to_owned()
    }
}

/// RFC 6266: a plain name for old clients, the exact one in RFC 8187's encoding.
fn attachment(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || " ._-()".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let exact = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

/// No line ends, no control characters: nothing that could start another header.
fn is_plain(value: &str) -> bool {
    value.len() <= 4096 && value.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content_type: &str, filename: &str, headers: &[(&str, &str)]) -> Reply {
        render(PluginReply {
            status: 200,
            content: Content::File {
                bytes: vec![1],
                filename: Some(filename.into()),
                content_type: Some(content_type.into()),
            },
            headers: headers
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        })
    }

    #[test]
    fn nothing_that_a_browser_would_run_is_sent_by_a_plugin() {
        for bad in [
            "text/html",
            "TEXT/HTML; charset=utf-8",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/javascript",
            "application/x-javascript",
            "text/ecmascript",
            "text",
            "",
            "a/b\r\nSet-Cookie: x=1",
            "a b/c",
            "text/xml",
        ] {
            assert_eq!(
                file(bad, "x", &[]).content_type,
                "application/octet-stream",
                "{bad}"
            );
        }
        assert_eq!(
            file("text/csv; charset=utf-8", "x", &[]).content_type,
            "text/csv; charset=utf-8"
        );
    }

    #[test]
    fn a_plugin_cannot_set_headers_of_the_host() {
        let reply = file(
            "text/csv",
            "x",
            &[
                ("Set-Cookie", "a=1"),
                ("Content-Length", "0"),
                ("Transfer-Encoding", "chunked"),
                ("Location", "https://evil.example"),
                ("Content-Security-Policy", "default-src *"),
                ("cache-control", "no-store"),
                ("ETag", "a\r\nSet-Cookie: b=1"),
            ],
        );
        let names: Vec<_> = reply.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "Content-Security-Policy",
                "Content-Disposition",
                "Cache-Control"
            ]
        );
    }

    #[test]
    fn file_names_of_any_letters_arrive_and_start_no_header() {
        let reply = file("text/csv", "Prüf\"\r\nX: 1.csv", &[]);
        let (_, disposition) = reply
            .headers
            .iter()
            .find(|(name, _)| *name == "Content-Disposition")
            .unwrap();
        assert_eq!(
            disposition,
            "attachment; filename=\"Pr_f___X_ 1.csv\"; filename*=UTF-8''Pr%C3%BCf%22%0D%0AX%3A%201%2Ecsv"
        );
    }

    #[test]
    fn repeated_query_keys_become_lists() {
        let map = pairs_of(url::form_urlencoded::parse(b"a=1&b=x%20y&a=2&a=3"));
        assert_eq!(
            map["a"],
            Value::List(vec!["1".into(), "2".into(), "3".into()])
        );
        assert_eq!(map["b"], "x y".into());
    }
}
