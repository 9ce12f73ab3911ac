//! Forwarding a request to a plugin's own route, and reading what the route returned.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::Lifecycle;
use super::evidence::refuse_paused;
use super::refusal::{script_error, without_secrets};
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::plugin_key::PluginKey;
use crate::runs::{Kind, Run};
use crate::script::{Call, Ending, LONGEST_TIMEOUT_MS, Outcome, RouteMatch, ScriptError};
use crate::session::Caller;
use crate::user::Role;
use crate::value::{Map, Value};

/// What was asked of the plugin.
pub struct PluginRequest<'a> {
    pub method: &'a str,
    /// Below `/api/plugins/:key`, still percent-encoded; `/` at least.
    pub path: &'a str,
    pub query: Map,
    pub body: Value,
    /// How a caller is answered by whom the request came from, for the account of the run.
    pub status_of: fn(&Error) -> u16,
}

/// What the plugin's route returned.
#[derive(Debug, PartialEq)]
pub struct PluginReply {
    pub status: u16,
    pub content: Content,
    pub headers: Vec<(String, String)>,
}

#[derive(Debug, PartialEq)]
pub enum Content {
    /// JSON text.
    Data(Vec<u8>),
    File {
        bytes: Vec<u8>,
        filename: Option<String>,
        content_type: Option<String>,
    },
}

impl Lifecycle {
    pub fn forward(
        &self,
        caller: &Caller,
        key: &PluginKey,
        asked: PluginRequest<'_>,
    ) -> Result<PluginReply> {
        // Counted only for what is installed: a key of the URL's own invention is no label.
        let row = self.installation_of(&caller.tenant, key)?;
        refuse_paused(key, &row)?;
        let started = Instant::now();
        let reply = self.try_forward(caller, key, row, asked);
        self.metrics.plugin_call(key, started.elapsed());
        if matches!(reply, Err(Error::Plugin { .. } | Error::TimedOut(_))) {
            self.metrics.plugin_error(key);
        }
        reply
    }

    fn try_forward(
        &self,
        caller: &Caller,
        key: &PluginKey,
        row: Arc<Installation>,
        asked: PluginRequest<'_>,
    ) -> Result<PluginReply> {
        let installed = self.installed(&caller.tenant, row)?;
        let Some(route) = installed
            .plugin
            .program
            .routes()
            .find(asked.method, asked.path)
        else {
            return Err(self.no_such_route(
                caller,
                key,
                &asked,
                installed.plugin.program.routes().keys(),
            ));
        };
        admit(caller.role, asked.method, &route)?;
        let owner = Self::owner(&caller.tenant, key, &installed.plugin);
        let plain = owner.unseal(&self.secrets, &installed.installation.configuration)?;
        let call = Call {
            wall: Duration::from_millis(
                route
                    .timeout_ms
                    .unwrap_or_else(default_wall_ms)
                    .min(LONGEST_TIMEOUT_MS),
            ),
            ..self.call(
                caller,
                &owner,
                installed.rights(),
                &plain,
                Some(self.bound_db(&caller.tenant, &installed)),
            )
        };
        let ctx = Map::from_iter([
            ("tenantId".to_owned(), Value::from(caller.tenant.as_str())),
            ("userId".to_owned(), Value::Int(caller.user_id)),
            (
                "organizationId".to_owned(),
                Value::Int(caller.organization_id),
            ),
            ("role".to_owned(), Value::from(caller.role.to_string())),
            ("method".to_owned(), Value::from(asked.method)),
            ("path".to_owned(), Value::from(asked.path)),
            ("params".to_owned(), Value::Map(route.params.clone())),
            ("query".to_owned(), Value::Map(asked.query)),
            ("body".to_owned(), asked.body),
            ("configuration".to_owned(), call.configuration.clone()),
        ]);
        let Outcome {
            result,
            call,
            mut account,
        } = installed.plugin.program.run_route(&route, ctx, call);
        let (reply, is_chosen) = match result {
            Ok(value) => match read_reply(value) {
                Ok(reply) => (Ok(reply), true),
                Err(message) => {
                    account.ending = Ending::Raised;
                    account.why = Some(call.redaction.clean(&message));
                    let plugin = key.to_string();
                    (Err(Error::Plugin { plugin, message }), false)
                }
            },
            // The plugin chose this status and its words for the caller.
            Err(ScriptError::Raised {
                message,
                status: Some(status),
            }) if (400..=599).contains(&status) => {
                let text = Json::from(call.redaction.clean(&message)).to_string();
                let reply = PluginReply {
                    status,
                    content: Content::Data(text.into_bytes()),
                    headers: Vec::new(),
                };
                (Ok(reply), true)
            }
            Err(error) => {
                tracing::error!(plugin = %key, route = %route.key, "[PluginService] a route failed");
                let error = without_secrets(script_error(key, error), &call.redaction);
                (Err(error), false)
            }
        };
        // Whatever the call has of the tenant's file goes back before that is written.
        drop(call);
        let status = match &reply {
            Ok(reply) => reply.status,
            Err(error) => (asked.status_of)(error),
        };
        let run = Run {
            kind: Kind::Route,
            name: route.key,
            user_id: caller.user_id,
            engine: installed.plugin.program.engine(),
            status: Some(status),
            is_chosen,
            account,
        };
        self.keep_route(&caller.tenant, &installed, run);
        reply
    }

    /// Which routes there are is for the log and for Admins only.
    fn no_such_route<'r>(
        &self,
        caller: &Caller,
        key: &PluginKey,
        asked: &PluginRequest<'_>,
        routes: impl Iterator<Item = &'r str>,
    ) -> Error {
        let routes: Vec<&str> = routes.collect();
        tracing::info!(plugin = %key, ?routes, "[PluginService] no such route");
        let message = format!(
            "Route '{} {}' not found in plugin '{key}'",
            asked.method, asked.path
        );
        if caller.role == Role::Admin && !routes.is_empty() {
            return Error::NotFound(format!("{message}; it has {}", routes.join(", ")));
        }
        Error::NotFound(message)
    }
}

fn default_wall_ms() -> u64 {
    u64::try_from(super::WALL.as_millis()).unwrap_or(LONGEST_TIMEOUT_MS)
}

/// Reading is for every role, writing for all but the Auditor, unless the route names its roles.
fn admit(role: Role, method: &str, route: &RouteMatch) -> Result<()> {
    let allowed = match &route.roles {
        Some(roles) => roles.iter().any(|known| *known == role.to_string()),
        None => matches!(method, "GET" | "HEAD") || role.may_write(),
    };
    if allowed {
        return Ok(());
    }
    let who = route.roles.as_ref().map_or_else(
        || "Admin, Reviewer or Editor".to_owned(),
        |roles| roles.join(", "),
    );
    Err(Error::Forbidden(format!(
        "This needs the role {who}; yours is {role}"
    )))
}

/// `{status?, data?, buffer?, filename?, contentType?, headers?}`.
fn read_reply(value: Value) -> Result<PluginReply, String> {
    let Value::Map(mut fields) = value else {
        return Err("a route must return a table such as {data = …}".to_owned());
    };
    let status = match fields.get("status") {
        None | Some(Value::Null) => 200,
        Some(value) => value
            .as_i64()
            .and_then(|status| u16::try_from(status).ok())
            .filter(|status| (200..=599).contains(status))
            .ok_or("status must be a number from 200 to 599")?,
    };
    let text =
        |fields: &Map, name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let headers = match fields.get("headers") {
        Some(Value::Map(map)) => map
            .iter()
            .filter_map(|(name, value)| match value {
                Value::Text(text) => Some((name.clone(), text.clone())),
                Value::Int(number) => Some((name.clone(), number.to_string())),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let (filename, content_type) = (text(&fields, "filename"), text(&fields, "contentType"));
    let content = match fields.shift_remove("buffer") {
        Some(Value::Bytes(bytes)) => Content::File {
            bytes,
            filename,
            content_type,
        },
        Some(Value::Text(text)) => Content::File {
            bytes: text.into_bytes(),
            filename,
            content_type,
        },
        None | Some(Value::Null) => {
            let data = fields.shift_remove("data").unwrap_or_default();
            Content::Data(match data {
                Value::Json(text) => text,
                other => serde_json::to_vec(&other).map_err(|error| format!("data: {error}"))?,
            })
        }
        Some(_) => return Err("buffer must be bytes or a text".to_owned()),
    };
    Ok(PluginReply {
        status,
        content,
        headers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(roles: Option<&[&str]>) -> RouteMatch {
        RouteMatch {
            key: "POST /x".into(),
            params: Map::new(),
            timeout_ms: None,
            roles: roles.map(|roles| roles.iter().map(|role| (*role).to_owned()).collect()),
        }
    }

    #[test]
    fn auditors_read_and_others_write_unless_the_route_says_who() {
        for role in Role::ALL {
            assert!(admit(role, "GET", &route(None)).is_ok());
            assert_eq!(
                admit(role, "POST", &route(None)).is_ok(),
                role != Role::Auditor
            );
            assert_eq!(
                admit(role, "GET", &route(Some(&["Auditor"]))).is_ok(),
                role == Role::Auditor
            );
        }
    }

    #[test]
    fn a_reply_is_data_or_a_file() {
        let data = read_reply(Value::map([("data", Value::Int(1))])).unwrap();
        assert_eq!(
            (data.status, data.content),
            (200, Content::Data(b"1".to_vec()))
        );
        let file = read_reply(Value::map([
            ("buffer", Value::Bytes(vec![1])),
            ("filename", "a.bin".into()),
        ]))
        .unwrap();
        assert!(
            matches!(file.content, Content::File { filename: Some(name), .. } if name == "a.bin")
        );
    }

    #[test]
    fn a_reply_without_shape_is_an_error_that_says_so() {
        for bad in [
            Value::Int(1),
            Value::Null,
            Value::map([("status", Value::Int(99))]),
            Value::map([("status", "ok".into())]),
            Value::map([("status", Value::Int(101))]),
            Value::map([("buffer", Value::Int(1))]),
            Value::map([("data", Value::Bytes(vec![1]))]),
        ] {
            assert!(read_reply(bad).is_err());
        }
    }
}
