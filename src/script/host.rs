//! What scripts may call: one table, and the one gate in front of it.
//!
//! Both languages loop over `HOST_FNS` and hand neutral values to `invoke`; neither knows what a
//! function does. A new host function is one file or constant under `host/` and one line here.

mod arguments;
mod base64;
mod config;
mod core;
mod crypto;
mod db;
mod http;
pub(crate) mod json;
mod log;
mod random;
mod secret;
mod settings;
mod time;
mod url;

use crate::error::Error;
use crate::script::budget::Uncrossable;
use crate::script::grant::Capability;
use crate::script::limits::{Clock, Size};
use crate::script::running::Running;
use crate::script::{Call, ScriptError};
use crate::value::Value;

pub use arguments::{Argument, Arguments, Kind, Param};
pub use secret::CallSecrets;

use arguments::check;

pub const HOST_FNS: &[HostFn] = &[
    db::tables::SELECT,
    db::tables::INSERT,
    db::tables::UPDATE,
    db::tables::DELETE,
    db::QUERY,
    db::EXECUTE,
    db::TRANSACTION,
    http::REQUEST,
    http::CHECK,
    config::GET,
    settings::GET,
    core::USERS,
    core::RISKS_LIST,
    core::RISK,
    core::CREATE_RISK,
    core::UPDATE_RISK,
    core::MODELS_LIST,
    core::MODEL,
    core::CREATE_MODEL,
    core::UPDATE_MODEL,
    core::PROJECTS_LIST,
    core::PROJECT,
    core::CREATE_PROJECT,
    core::UPDATE_PROJECT,
    core::FILES_LIST,
    core::FILE,
    core::CREATE_FILE,
    json::ENCODE,
    json::DECODE,
    base64::ENCODE,
    base64::ENCODE_URL,
    base64::DECODE,
    base64::DECODE_BYTES,
    url::ENCODE,
    url::DECODE,
    url::PARSE,
    url::BUILD,
    url::JOIN,
    time::NOW,
    time::UNIX,
    time::MILLIS,
    time::FORMAT,
    time::PARSE,
    log::INFO,
    log::WARN,
    log::ERROR,
    crypto::SHA256,
    crypto::HMAC,
    random::BYTES,
    random::HEX,
    random::UUID,
    random::INT,
    secret::GET,
    secret::SET,
];

/// What an argument list may hold when a function does not say otherwise.
const ARGUMENTS: Size = Size {
    nodes: 20_000,
    depth: 32,
    text: 1 << 20,
    bytes: 4 << 20,
};

/// One function that scripts may call as `module.name(…)`.
pub struct HostFn {
    pub module: &'static str,
    pub name: &'static str,
    pub needs: Capability,
    /// One line for the author's manual.
    pub doc: &'static str,
    pub params: &'static [Param],
    /// How much all arguments together may hold.
    pub size: Size,
    pub body: Body,
}

pub enum Body {
    Call(fn(&mut HostCall<'_>, Arguments) -> Result<Value, HostError>),
    /// Opens something, runs the script's function with the module, and closes it again:
    /// `leave` is told whether the function ended well.
    Scope {
        enter: fn(&mut HostCall<'_>) -> Result<(), HostError>,
        leave: fn(&mut HostCall<'_>, bool) -> Result<(), HostError>,
    },
}

/// What a host function may use.
pub struct HostCall<'a> {
    pub call: &'a mut Call,
    pub clock: &'a Clock,
    /// Lines that this call has written to the log.
    pub log_lines: &'a mut u32,
    /// Set by a function that ran SQL, for the account of the call.
    pub statement: Option<String>,
}

#[derive(Debug)]
pub enum HostError {
    /// The script's own mistake; it may catch it.
    Raised(String),
    /// A wall stood in the way; it may be caught too, and is counted.
    Denied(String),
    /// It may be caught too, but its type counts when it is not.
    Host(Error),
    /// A limit: the call is over.
    Limit(String),
    /// The host cannot go on with this call.
    Fatal(Error),
}

/// The one way to a host function. The text of an error is what the script sees.
pub(crate) fn invoke(
    function: &HostFn,
    running: &Running,
    arguments: Vec<Argument>,
) -> Result<Value, String> {
    let Body::Call(body) = function.body else {
        return Err(format!("{} takes a function", function.full_name()));
    };
    let arguments = check(function, arguments)?;
    pass(function, running, |host| body(host, arguments))
}

pub(crate) fn find(module: &str, name: &str) -> Option<&'static HostFn> {
    HOST_FNS
        .iter()
        .find(|function| function.module == module && function.name == name)
}

/// Opens a scope; the language then runs the script's function and calls `leave`.
pub(crate) fn enter(
    function: &HostFn,
    running: &Running,
    arguments: Vec<Argument>,
) -> Result<(), String> {
    let Body::Scope { enter, .. } = function.body else {
        return Err(format!("{} does not take a function", function.full_name()));
    };
    check(function, arguments)?;
    pass(function, running, enter)?;
    running.scope_opened();
    Ok(())
}

pub(crate) fn leave(function: &HostFn, running: &Running, well: bool) -> Result<(), String> {
    let Body::Scope { leave, .. } = function.body else {
        return Ok(());
    };
    let result = pass(function, running, |host| leave(host, well));
    // When the call is over nothing was closed: `Running::finish` rolls back.
    if !running.must_stop() {
        running.scope_closed();
    }
    result
}

/// The text for arguments that do not cross.
pub(crate) fn refuse_arguments(function: &HostFn, why: Uncrossable) -> String {
    match why {
        Uncrossable::TooBig(why) => format!("{}: the arguments are {why}", function.full_name()),
        Uncrossable::Kind { path, what } => {
            format!(
                "{}: arguments{path} is {what}, which cannot be passed",
                function.full_name()
            )
        }
    }
}

fn pass<T>(
    function: &HostFn,
    running: &Running,
    work: impl FnOnce(&mut HostCall<'_>) -> Result<T, HostError>,
) -> Result<T, String> {
    if running.must_stop() {
        return Err(format!("{}: the call is over", function.full_name()));
    }
    let result = running.lend(function, |host| {
        if !host.call.grant.allows(function.needs) {
            return Err(HostError::Denied(host.call.grant.refusal(function.needs)));
        }
        work(host)
    });
    let error = match result {
        Some(Ok(value)) => return Ok(value),
        Some(Err(error)) => error,
        None => {
            return Err(format!(
                "{} cannot be used while the plugin is loaded; call it from a hook or a route",
                function.full_name()
            ));
        }
    };
    let text = match error {
        HostError::Raised(why) | HostError::Denied(why) => why,
        HostError::Host(error) => {
            let text = error.to_string();
            running.remember(text.clone(), error);
            text
        }
        HostError::Limit(which) => {
            running.meet(which.as_str());
            which
        }
        HostError::Fatal(error) => {
            running.end(ScriptError::Host(error));
            "the host cannot go on with this call".to_owned()
        }
    };
    Err(format!("{}: {text}", function.full_name()))
}

impl HostFn {
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }

    /// `(sql, params?)`
    pub fn signature(&self) -> String {
        let names: Vec<_> = self
            .params
            .iter()
            .map(|param| format!("{}{}", param.name, if param.optional { "?" } else { "" }))
            .collect();
        format!("({})", names.join(", "))
    }
}

fn raised<T>(why: impl Into<String>) -> Result<T, HostError> {
    Err(HostError::Raised(why.into()))
}
