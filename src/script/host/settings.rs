//! `settings`: what the operator keeps for plugins, name by name as they were granted.

use super::{ARGUMENTS, Body, HostError, HostFn, Kind, Param};
use crate::script::grant::Capability;
use crate::value::Value;

pub const GET: HostFn = HostFn {
    module: "settings",
    name: "get",
    needs: Capability::Settings,
    doc: "settings.get(name) → a setting that the operator keeps for plugins, as text; null when there is none.",
    params: &[Param::required("name", Kind::Text)],
    size: ARGUMENTS,
    body: Body::Call(|host, args| {
        let (name, call) = (args.text(0), &mut *host.call);
        call.grant.setting(name).map_err(HostError::Denied)?;
        Ok(call.settings.get(name).map_or(Value::Null, |value| {
            // The operator's, and not for the eyes of an Admin who reads an error.
            call.redaction.add(value);
            Value::from(value)
        }))
    }),
};
