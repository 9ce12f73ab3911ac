//! `log`: a plugin's lines in the server's log, each marked with plugin and tenant.
//!
//! A plugin cannot forge another line (control characters are replaced) nor fill the log:
//! lines are cut, and one call may write only so many.

use super::{ARGUMENTS, Arguments, Body, HostCall, HostError, HostFn, Kind, Param};
use crate::script::grant::Capability;
use crate::value::Value;

const LONGEST_LINE: usize = 4_000;
const LONGEST_LINE_BYTES: usize = LONGEST_LINE * char::MAX.len_utf8();
const MOST_LINES: u32 = 200;

const PARAMS: &[Param] = &[
    Param::required("message", Kind::Text),
    Param::optional("fields", Kind::Map),
];

pub const INFO: HostFn = HostFn {
    module: "log",
    name: "info",
    needs: Capability::Log,
    doc: "log.info(message, fields?): a line in the server's log",
    params: PARAMS,
    size: ARGUMENTS,
    body: Body::Call(|host, args| write(host, &args, Level::Info)),
};

pub const WARN: HostFn = HostFn {
    module: "log",
    name: "warn",
    needs: Capability::Log,
    doc: "log.warn(message, fields?)",
    params: PARAMS,
    size: ARGUMENTS,
    body: Body::Call(|host, args| write(host, &args, Level::Warn)),
};

pub const ERROR: HostFn = HostFn {
    module: "log",
    name: "error",
    needs: Capability::Log,
    doc: "log.error(message, fields?)",
    params: PARAMS,
    size: ARGUMENTS,
    body: Body::Call(|host, args| write(host, &args, Level::Error)),
};

#[derive(Clone, Copy)]
enum Level {
    Info,
    Warn,
    Error,
}

fn write(host: &mut HostCall<'_>, args: &Arguments, level: Level) -> Result<Value, HostError> {
    if !may_write(host) {
        return Ok(Value::Null);
    }
    let plugin = host.call.plugin.as_str();
    let tenant = host.call.tenant.as_str();
    let redaction = &host.call.redaction;
    let message = clean(&redaction.clean_to(args.text(0), LONGEST_LINE_BYTES));
    // Cleaned before it is written: the escapes of a text in a text in a text are without end.
    let fields = match args.value(1).to_json() {
        Ok(serde_json::Value::Null) => String::new(),
        Ok(mut json) => {
            redaction.clean_json(&mut json, LONGEST_LINE_BYTES);
            clean(&redaction.clean_to(&json.to_string(), LONGEST_LINE_BYTES))
        }
        Err(error) => error.to_string(),
    };
    match level {
        Level::Info => tracing::info!(plugin, tenant, fields, "[PluginService] {message}"),
        Level::Warn => tracing::warn!(plugin, tenant, fields, "[PluginService] {message}"),
        Level::Error => tracing::error!(plugin, tenant, fields, "[PluginService] {message}"),
    }
    Ok(Value::Null)
}

/// Counts one line of this call, whoever writes it on the plugin's account; false when there were enough.
pub(super) fn may_write(host: &mut HostCall<'_>) -> bool {
    *host.log_lines = host.log_lines.saturating_add(1);
    if *host.log_lines == MOST_LINES + 1 {
        tracing::warn!(
            plugin = host.call.plugin.as_str(),
            tenant = host.call.tenant.as_str(),
            "[PluginService] {MOST_LINES} lines logged; the rest of this call is dropped"
        );
    }
    *host.log_lines <= MOST_LINES
}

pub(super) fn clean(text: &str) -> String {
    let mut line: String = text
        .chars()
        .take(LONGEST_LINE)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(LONGEST_LINE).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_forge_another_and_is_cut() {
        assert_eq!(clean("a\r\n2026 INFO b\u{1b}[31m"), "a  2026 INFO b [31m");
        assert_eq!(clean(&"ü".repeat(5_000)).chars().count(), LONGEST_LINE + 1);
    }
}
