//! `http`: requests to other servers. Where they may go is decided below, by `outbound`.

use std::time::Duration;

use url::Url;

use super::url::{add_query, pairs, read};
use super::{ARGUMENTS, Arguments, Body, HostCall, HostError, HostFn, Kind, Param, json, raised};
use crate::outbound::{Asker, OutboundRequest, OutboundResponse, asked_by};
use crate::script::grant::Capability;
use crate::script::limits::Size;
use crate::value::{Map, Value};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const FIELDS: [&str; 9] = [
    "method",
    "url",
    "headers",
    "query",
    "json",
    "form",
    "body",
    "timeoutMs",
    "verifyTls",
];
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);
/// The longest reply that a script is given.
const LONGEST_REPLY: usize = 4 << 20;

const SIZE: Size = Size {
    nodes: 50_000,
    text: 4 << 20,
    ..ARGUMENTS
};

pub const REQUEST: HostFn = HostFn {
    module: "http",
    name: "request",
    needs: Capability::Network,
    doc: "http.request({ method, url, headers?, query?, json? | form? | body?, timeoutMs?, verifyTls? }) → { status, headers, body, json }. A body that is not text is bytes; json is null when the body is none.",
    params: &[Param::required("request", Kind::Map)],
    size: SIZE,
    body: Body::Call(request),
};

pub const CHECK: HostFn = HostFn {
    module: "http",
    name: "check",
    needs: Capability::Network,
    doc: "http.check({ url, verifyTls? }) → { allowed, reason }: whether a request to url would be refused, without making it",
    params: &[Param::required("request", Kind::Map)],
    size: ARGUMENTS,
    body: Body::Call(check),
};

fn request(host: &mut HostCall<'_>, mut args: Arguments) -> Result<Value, HostError> {
    if host.call.db.as_ref().is_some_and(|db| db.in_transaction()) {
        return raised(
            "no request can be made while a transaction is open: fetch first, then write",
        );
    }
    let Value::Map(fields) = args.take(0) else {
        return raised("request must be a map");
    };
    known(&fields, &FIELDS)?;
    let mut url = address(&fields)?;
    if let Some(query) = map_field(&fields, "query")? {
        add_query(&mut url, query)?;
    }
    let mut headers = headers(&fields)?;
    let body = body(&fields, &mut headers)?;
    let request = OutboundRequest {
        method: method(&fields)?,
        url,
        headers,
        body,
        timeout: timeout(&fields)?.min(host.clock.remaining()),
        verify_tls: verify(&fields)?,
        max_body: LONGEST_REPLY,
    };
    let network = host.call.grant.network();
    let answer = asked_by(asker(host), || {
        let outbound = &host.call.outbound;
        outbound.request(&request, &|url| network.allows(url))
    });
    match answer {
        Ok(response) => Ok(reply(response)),
        // A refusal is a wall, which the gate tells the operator; anything else is how networks are.
        Err(error) if error.denial().is_some() => Err(HostError::Denied(error.to_string())),
        Err(error) => raised(error.to_string()),
    }
}

fn check(host: &mut HostCall<'_>, mut args: Arguments) -> Result<Value, HostError> {
    let Value::Map(fields) = args.take(0) else {
        return raised("request must be a map");
    };
    known(&fields, &["url", "verifyTls"])?;
    let (url, verify) = (address(&fields)?, verify(&fields)?);
    let network = host.call.grant.network();
    let answer = asked_by(asker(host), || {
        let outbound = &host.call.outbound;
        outbound.check(&url, verify, &|url| network.allows(url))
    });
    let refusal = answer.err();
    Ok(Value::map([
        ("allowed", Value::Bool(refusal.is_none())),
        (
            "reason",
            refusal.map_or(Value::Null, |why| Value::Text(why.to_string())),
        ),
    ]))
}

/// What look-ups of names are counted on.
fn asker(host: &HostCall<'_>) -> Asker {
    Asker {
        tenant: host.call.tenant.clone(),
        plugin: host.call.plugin.clone(),
    }
}

fn known(fields: &Map, names: &[&str]) -> Result<(), HostError> {
    match fields.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => raised(format!(
            "unknown field '{name}'; there are {}",
            names.join(", ")
        )),
        None => Ok(()),
    }
}

fn method(fields: &Map) -> Result<String, HostError> {
    let method = text_field(fields, "method")?
        .unwrap_or("GET")
        .to_ascii_uppercase();
    if METHODS.contains(&method.as_str()) {
        Ok(method)
    } else {
        raised(format!("method must be one of {}", METHODS.join(", ")))
    }
}

fn address(fields: &Map) -> Result<Url, HostError> {
    match text_field(fields, "url")? {
        Some(text) => read(text),
        None => raised("url is required"),
    }
}

fn headers(fields: &Map) -> Result<Vec<(String, String)>, HostError> {
    let Some(map) = map_field(fields, "headers")? else {
        return Ok(Vec::new());
    };
    let pairs = pairs(map)?;
    Ok(pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}

/// The one body that is given, with its content type unless the script sets one.
fn body(fields: &Map, headers: &mut Vec<(String, String)>) -> Result<Vec<u8>, HostError> {
    let given = |name: &str| fields.get(name).filter(|value| **value != Value::Null);
    let (content_type, body) = match (given("json"), given("form"), given("body")) {
        (None, None, None) => return Ok(Vec::new()),
        (Some(value), None, None) => {
            let json = value
                .to_json()
                .map_err(|error| HostError::Raised(error.to_string()))?;
            ("application/json", json.to_string().into_bytes())
        }
        (None, Some(Value::Map(form)), None) => {
            let mut encoder = url::form_urlencoded::Serializer::new(String::new());
            encoder.extend_pairs(pairs(form)?);
            (
                "application/x-www-form-urlencoded",
                encoder.finish().into_bytes(),
            )
        }
        (None, Some(_), None) => return raised("form must be a map"),
        (None, None, Some(Value::Text(text))) => {
            ("text/plain; charset=utf-8", text.clone().into_bytes())
        }
        (None, None, Some(Value::Bytes(bytes))) => ("application/octet-stream", bytes.clone()),
        (None, None, Some(_)) => {
            return raised("body must be text or bytes; for other values use json");
        }
        _ => return raised("give one of json, form and body"),
    };
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
    Ok(body)
}

fn timeout(fields: &Map) -> Result<Duration, HostError> {
    match fields.get("timeoutMs") {
        None | Some(Value::Null) => Ok(DEFAULT_TIMEOUT),
        Some(value) => match value.as_i64().and_then(|ms| u64::try_from(ms).ok()) {
            Some(ms) if ms > 0 => Ok(Duration::from_millis(ms)),
            _ => raised("timeoutMs must be a whole number above 0"),
        },
    }
}

fn verify(fields: &Map) -> Result<bool, HostError> {
    match fields.get("verifyTls") {
        None | Some(Value::Null) => Ok(true),
        Some(Value::Bool(verify)) => Ok(*verify),
        Some(_) => raised("verifyTls must be true or false"),
    }
}

fn text_field<'a>(fields: &'a Map, name: &str) -> Result<Option<&'a str>, HostError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(_) => raised(format!("{name} must be text")),
    }
}

fn map_field<'a>(fields: &'a Map, name: &str) -> Result<Option<&'a Map>, HostError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Map(map)) => Ok(Some(map)),
        Some(_) => raised(format!("{name} must be a map")),
    }
}

fn reply(response: OutboundResponse) -> Value {
    let mut headers = Map::new();
    for (name, value) in response.headers {
        match headers.get_mut(&name) {
            // A header that stands twice reads as one list, as HTTP has it.
            Some(Value::Text(first)) => {
                first.push_str(", ");
                first.push_str(&value);
            }
            _ => {
                headers.insert(name, Value::Text(value));
            }
        }
    }
    let looks_like_json = matches!(response.body.trim_ascii_start().first(), Some(b'{' | b'['))
        || headers
            .get("content-type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.contains("json"));
    let json = if looks_like_json {
        json::decode(&response.body).unwrap_or_default()
    } else {
        Value::Null
    };
    let body = match String::from_utf8(response.body) {
        Ok(text) => Value::Text(text),
        Err(not_text) => Value::Bytes(not_text.into_bytes()),
    };
    Value::map([
        ("status", Value::Int(response.status.into())),
        ("headers", Value::Map(headers)),
        ("body", body),
        ("json", json),
    ])
}
