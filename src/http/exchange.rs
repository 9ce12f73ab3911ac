//! One request on its way through a handler: the program, the request, who asks, and the path's parts.

use std::cell::RefCell;

use crate::app::App;
use crate::error::{Error, Result};
use crate::plugin_key::PluginKey;
use crate::session::Caller;

use super::request::Request;
use super::routes::Params;

pub struct Exchange<'a> {
    pub app: &'a App,
    pub request: &'a Request,
    pub params: &'a Params,
    /// Set on every route but those open to anyone.
    pub caller: Option<&'a Caller>,
    /// Added to the reply, and to a refusal too.
    pub headers: RefCell<Vec<(&'static str, String)>>,
}

impl Exchange<'_> {
    pub fn caller(&self) -> Result<&Caller> {
        self.caller
            .ok_or_else(|| Error::Unauthenticated("Sign in first".to_owned()))
    }

    pub fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }

    pub fn plugin_key(&self) -> Result<PluginKey> {
        PluginKey::parse(self.param("key"))
    }

    /// A positive whole number in the path.
    pub fn id(&self) -> Result<i64> {
        self.param("id")
            .parse()
            .ok()
            .filter(|id| *id > 0)
            .ok_or_else(|| {
                Error::invalid(
                    "id",
                    format!(
                        "'{}' is not a valid id; use a positive whole number",
                        self.param("id")
                    ),
                )
            })
    }
}
