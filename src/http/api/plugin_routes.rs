//! Requests that a plugin's own router answers.

use crate::error::Result;
use crate::http::api::plugin_reply::render;
use crate::http::exchange::Exchange;
use crate::http::json;
use crate::http::reply::{Reply, status_of};
use crate::http::request::Request;
use crate::lifecycle::PluginRequest;
use crate::value::{Map, Value};

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

#[cfg(test)]
mod tests {
    use super::*;

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
