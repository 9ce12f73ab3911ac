//! Pages of a list: `max_results` and the token, which is base64 of `{"offset": n}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::params::Params;
use super::reply::Failure;

pub(super) struct Page {
    offset: usize,
    length: usize,
}

impl Page {
    pub(super) fn read(params: &Params, length: usize) -> Result<Self, Failure> {
        let offset = match params.text("page_token")? {
            None => 0,
            Some(token) => offset_of(token)
                .ok_or_else(|| Failure::invalid("Invalid page token, could not base64-decode"))?,
        };
        Ok(Self { offset, length })
    }

    /// `{"<name>": [this page], "next_page_token": …}`, where an empty list and the last page's token are left out.
    pub(super) fn cut<T>(&self, name: &str, all: &[&T], json: impl Fn(&T) -> Json) -> Json {
        let page: Vec<Json> = all
            .iter()
            .skip(self.offset)
            .take(self.length)
            .map(|item| json(item))
            .collect();
        let end = self.offset.saturating_add(page.len());
        let mut reply = Map::new();
        if !page.is_empty() {
            reply.insert(name.to_owned(), Json::Array(page));
        }
        if end < all.len() {
            reply.insert("next_page_token".to_owned(), Json::String(token_of(end)));
        }
        Json::Object(reply)
    }
}

fn token_of(offset: usize) -> String {
    STANDARD.encode(format!("{{\"offset\": {offset}}}"))
}

fn offset_of(token: &str) -> Option<usize> {
    let text = STANDARD.decode(token).ok()?;
    let json: Json = serde_json::from_slice(&text).ok()?;
    usize::try_from(json.get("offset")?.as_u64()?).ok()
}

/// The page length of endpoints with an optional `max_results`.
pub(super) fn length_or(params: &Params, default: i64, most: i64) -> Result<usize, Failure> {
    let asked = params.whole("max_results")?.unwrap_or(default);
    match usize::try_from(asked) {
        Ok(length) if asked <= most => Ok(length),
        _ => {
            let sent = params.json("max_results").cloned().unwrap_or_default();
            Err(super::params::wrong_type("max_results", &sent))
        }
    }
}
