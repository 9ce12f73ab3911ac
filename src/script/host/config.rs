//! `config`: the settings of this installation.

use super::{ARGUMENTS, Body, HostFn, Kind, Param};
use crate::script::grant::Capability;
use crate::value::Value;

pub const GET: HostFn = HostFn {
    module: "config",
    name: "get",
    needs: Capability::Configuration,
    doc: "config.get(name?) → one setting, null when it is not set; without a name all of them.",
    params: &[Param::optional("name", Kind::Text)],
    size: ARGUMENTS,
    body: Body::Call(|host, args| {
        let configuration = &host.call.configuration;
        Ok(match args.value(0) {
            Value::Text(name) => configuration.get(name).cloned().unwrap_or_default(),
            _ => configuration.clone(),
        })
    }),
};
