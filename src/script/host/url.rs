//! `url`: taken apart and put together by the same rules that requests follow.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::{ARGUMENTS, Body, HostError, HostFn, Kind, Param, raised};
use crate::script::grant::Capability;
use crate::value::{Map, Value};

/// What `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

pub const ENCODE: HostFn = HostFn {
    module: "url",
    name: "encode",
    needs: Capability::Encoding,
    doc: "url.encode(text) → text that is safe as one part of a URL",
    params: &[Param::required("text", Kind::Text)],
    size: ARGUMENTS,
    body: Body::Call(|_, args| {
        Ok(Value::Text(
            utf8_percent_encode(args.text(0), COMPONENT).to_string(),
        ))
    }),
};

pub const DECODE: HostFn = HostFn {
    module: "url",
    name: "decode",
    needs: Capability::Encoding,
    doc: "url.decode(text) → text",
    params: &[Param::required("text", Kind::Text)],
    size: ARGUMENTS,
    body: Body::Call(
        |_, args| match percent_decode_str(args.text(0)).decode_utf8() {
            Ok(text) => Ok(Value::Text(text.into_owned())),
            Err(_) => raised("the decoded text is not UTF-8"),
        },
    ),
};

pub const PARSE: HostFn = HostFn {
    module: "url",
    name: "parse",
    needs: Capability::Encoding,
    doc: "url.parse(text) → { scheme, host, port, path, query, fragment }; query is a map, repeated names are lists",
    params: &[Param::required("text", Kind::Text)],
    size: ARGUMENTS,
    body: Body::Call(|_, args| {
        let url = read(args.text(0))?;
        Ok(Value::map([
            ("scheme", url.scheme().into()),
            ("host", url.host_str().map_or(Value::Null, Value::from)),
            (
                "port",
                url.port_or_known_default()
                    .map_or(Value::Null, |port| Value::Int(port.into())),
            ),
            ("path", url.path().into()),
            ("query", Value::Map(query(&url))),
            ("fragment", url.fragment().map_or(Value::Null, Value::from)),
        ]))
    }),
};

pub const BUILD: HostFn = HostFn {
    module: "url",
    name: "build",
    needs: Capability::Encoding,
    doc: "url.build(base, query) → base with the fields of query added, encoded; a list repeats its name",
    params: &[
        Param::required("base", Kind::Text),
        Param::required("query", Kind::Map),
    ],
    size: ARGUMENTS,
    body: Body::Call(|_, args| {
        let mut url = read(args.text(0))?;
        if let Value::Map(fields) = args.value(1) {
            add_query(&mut url, fields)?;
        }
        Ok(Value::Text(url.into()))
    }),
};

pub const JOIN: HostFn = HostFn {
    module: "url",
    name: "join",
    needs: Capability::Encoding,
    doc: "url.join(base, relative) → what a link to relative means on the page base",
    params: &[
        Param::required("base", Kind::Text),
        Param::required("relative", Kind::Text),
    ],
    size: ARGUMENTS,
    body: Body::Call(|_, args| match read(args.text(0))?.join(args.text(1)) {
        Ok(url) => Ok(Value::Text(url.into())),
        Err(error) => raised(format!("relative is not a URL: {error}")),
    }),
};

pub(super) fn read(text: &str) -> Result<Url, HostError> {
    Url::parse(text).map_err(|error| HostError::Raised(format!("this is not a URL: {error}")))
}

/// Adds fields to a query; null fields are left out.
pub(super) fn add_query(url: &mut Url, fields: &Map) -> Result<(), HostError> {
    let pairs = pairs(fields)?;
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(())
}

/// The fields of a query or a form as text.
pub(super) fn pairs(fields: &Map) -> Result<Vec<(&str, String)>, HostError> {
    let mut pairs = Vec::new();
    for (name, value) in fields {
        match value {
            Value::List(items) => {
                for item in items {
                    pairs.extend(plain(name, item)?.map(|text| (name.as_str(), text)));
                }
            }
            value => pairs.extend(plain(name, value)?.map(|text| (name.as_str(), text))),
        }
    }
    Ok(pairs)
}

fn plain(name: &str, value: &Value) -> Result<Option<String>, HostError> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(value) => Ok(Some(value.to_string())),
        Value::Int(value) => Ok(Some(value.to_string())),
        Value::Float(value) => Ok(Some(value.to_string())),
        Value::Text(value) => Ok(Some(value.clone())),
        Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Rows(_) | Value::Json(_) => {
            raised(format!(
                "the field '{name}' must be text, a number, true or false, or a list of them"
            ))
        }
    }
}

fn query(url: &Url) -> Map {
    let mut fields = Map::new();
    for (name, value) in url.query_pairs() {
        let value = Value::Text(value.into_owned());
        match fields.get_mut(name.as_ref()) {
            None => {
                fields.insert(name.into_owned(), value);
            }
            Some(Value::List(items)) => items.push(value),
            Some(first) => {
                let first_value = std::mem::take(first);
                *first = Value::List(vec![first_value, value]);
            }
        }
    }
    fields
}
