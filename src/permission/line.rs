//! Reading one line of `permissions`. What is not understood whole is refused: a line that was
//! half read would grant something else than it says.

use serde_json::{Map, Value, json};

use super::capability::Capability;
use super::hosts::HostPattern;
use super::{Field, Permission, Reach, Wish};

const MOST_HOSTS: usize = 32;
const MOST_NAMES: usize = 32;
const LONGEST_REASON: usize = 500;
const LONGEST_NAME: usize = 64;
const EXAMPLE: &str =
    r#"{"capability": "network", "hosts": ["api.example.com"], "reason": "why it is needed"}"#;

/// A line of a manifest.
pub(super) fn wish(line: &Value) -> Result<Wish, String> {
    let Value::Object(fields) = line else {
        return Err(format!("is not an object; a line is such as {EXAMPLE}"));
    };
    let permission = permission(fields, &["reason", "optional"])?;
    if permission.capability() == Capability::Page {
        return Err("asks for 'page', which follows from 'ui'; leave it out".to_owned());
    }
    let reason = fields
        .get("reason")
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|reason| !reason.is_empty())
        .ok_or("has no reason; say why the plugin needs it")?;
    if reason.chars().count() > LONGEST_REASON || reason.chars().any(reorders_or_hides) {
        return Err(format!(
            "has a reason that is not one line of up to {LONGEST_REASON} characters"
        ));
    }
    let optional = match fields.get("optional") {
        None => false,
        Some(Value::Bool(optional)) => *optional,
        Some(_) => return Err("has an 'optional' that is neither true nor false".to_owned()),
    };
    Ok(Wish {
        permission,
        reason: reason.to_owned(),
        optional,
        field: Field::default(),
    })
}

/// The permission that a line names; `beside` are the keys that it may have besides its own.
pub(super) fn permission(
    fields: &Map<String, Value>,
    beside: &[&str],
) -> Result<Permission, String> {
    let name = fields
        .get("capability")
        .and_then(Value::as_str)
        .ok_or_else(|| format!("names no capability; a line is such as {EXAMPLE}"))?;
    let capability = capability(name)?;
    let parameters: &[&str] = match capability {
        Capability::Network => &["hosts", "hostFromConfiguration"],
        Capability::Settings => &["names"],
        _ => &[],
    };
    if let Some(unknown) = fields
        .keys()
        .map(String::as_str)
        .find(|key| *key != "capability" && !beside.contains(key) && !parameters.contains(key))
    {
        return Err(format!("has the unknown key '{unknown}'"));
    }
    match capability {
        Capability::Network => reach(fields).map(Permission::Network),
        Capability::Settings => names(fields).map(Permission::Settings),
        other => Ok(Permission::Plain(other)),
    }
}

/// Its parameters alone, as the line has them.
pub(super) fn parameters(permission: &Permission) -> Map<String, Value> {
    let parameter = match permission {
        Permission::Network(Reach::Hosts(hosts)) => {
            let hosts: Vec<String> = hosts.iter().map(HostPattern::to_string).collect();
            ("hosts", json!(hosts))
        }
        Permission::Network(Reach::Configured(field)) => ("hostFromConfiguration", json!(field)),
        Permission::Settings(names) => ("names", json!(names)),
        Permission::Plain(_) => return Map::new(),
    };
    Map::from_iter([(parameter.0.to_owned(), parameter.1)])
}

/// Control characters, and those that let a text read otherwise than it is written.
fn reorders_or_hides(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

fn capability(name: &str) -> Result<Capability, String> {
    if let Some(capability) = Capability::declared(name) {
        return Ok(capability);
    }
    if Capability::IMPLIED.iter().any(|known| known.name() == name) {
        return Err(format!(
            "asks for '{name}', which every plugin has; leave it out"
        ));
    }
    let known: Vec<&str> = Capability::DECLARED
        .into_iter()
        .filter(|known| *known != Capability::Page)
        .map(Capability::name)
        .collect();
    Err(format!(
        "asks for the unknown capability '{name}'; there are {}",
        known.join(", ")
    ))
}

fn reach(fields: &Map<String, Value>) -> Result<Reach, String> {
    match (fields.get("hosts"), fields.get("hostFromConfiguration")) {
        (Some(hosts), None) => {
            let mut hosts = list("hosts", hosts, MOST_HOSTS)?
                .into_iter()
                .map(HostPattern::parse)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|why| format!("hosts: {why}"))?;
            hosts.sort();
            hosts.dedup();
            Ok(Reach::Hosts(hosts))
        }
        (None, Some(Value::String(field))) if is_name(field) => {
            Ok(Reach::Configured(field.clone()))
        }
        (None, Some(_)) => {
            Err("has a 'hostFromConfiguration' that is no name of a field".to_owned())
        }
        (None, None) => {
            Err("asks for the network without 'hosts' or 'hostFromConfiguration'".to_owned())
        }
        (Some(_), Some(_)) => {
            Err("has both 'hosts' and 'hostFromConfiguration'; make it two lines".to_owned())
        }
    }
}

fn names(fields: &Map<String, Value>) -> Result<Vec<String>, String> {
    let names = fields
        .get("names")
        .ok_or("asks for settings without 'names'")?;
    let mut names: Vec<String> = list("names", names, MOST_NAMES)?
        .into_iter()
        .map(str::to_owned)
        .collect();
    if let Some(bad) = names.iter().find(|name| !is_name(name)) {
        return Err(format!(
            "names: '{bad}' is no name of a setting; letters, digits and _ make one"
        ));
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn list<'v>(name: &str, value: &'v Value, most: usize) -> Result<Vec<&'v str>, String> {
    let refuse = || format!("has '{name}' that is no list of 1 to {most} texts");
    let items = value.as_array().ok_or_else(refuse)?;
    if items.is_empty() || items.len() > most {
        return Err(refuse());
    }
    items
        .iter()
        .map(|item| item.as_str().ok_or_else(refuse))
        .collect()
}

/// A setting, or a field at the top of a configuration.
pub fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: Value) -> String {
        wish(&line).map(|wish| wish.id()).unwrap_err()
    }

    #[test]
    fn a_line_is_read_with_its_parameters() {
        for (line, id) in [
            (
                json!({"capability": "network", "hosts": ["B.example:8443", "*.a.example", "b.example:8443"], "reason": "r"}),
                "network:*.a.example,b.example:8443",
            ),
            (
                json!({"capability": "network", "hostFromConfiguration": "url", "reason": "r"}),
                "network?configuration=url",
            ),
            (
                json!({"capability": "settings", "names": ["B", "A"], "reason": "r"}),
                "settings:A,B",
            ),
            (
                json!({"capability": "core.risks:write", "reason": "r", "optional": true}),
                "core.risks:write",
            ),
            (
                json!({"capability": "secrets.configuration", "reason": " r "}),
                "secrets.configuration",
            ),
        ] {
            let wish = wish(&line).unwrap();
            assert_eq!((wish.id().as_str(), wish.reason.as_str()), (id, "r"));
            assert_eq!(wish.optional, line.get("optional").is_some());
        }
    }

    #[test]
    fn what_is_not_understood_whole_is_refused_with_what_is_wrong() {
        for (line, part) in [
            (json!("database"), "is not an object"),
            (json!({"reason": "r"}), "names no capability"),
            (
                json!({"capability": "netwrk", "reason": "r"}),
                "unknown capability 'netwrk'; there are network, settings",
            ),
            (
                json!({"capability": "core.users:write", "reason": "r"}),
                "unknown capability",
            ),
            (
                json!({"capability": "tables", "reason": "r"}),
                "which every plugin has",
            ),
            (
                json!({"capability": "page", "reason": "r"}),
                "follows from 'ui'",
            ),
            (json!({"capability": "files"}), "has no reason"),
            (
                json!({"capability": "files", "reason": "  "}),
                "has no reason",
            ),
            (json!({"capability": "files", "reason": 7}), "has no reason"),
            (json!({"capability": "files", "reason": "a\nb"}), "one line"),
            (
                json!({"capability": "files", "reason": "a\u{202e}b"}),
                "one line",
            ),
            (
                json!({"capability": "files", "reason": "a\u{ad}b"}),
                "one line",
            ),
            (
                json!({"capability": "files", "reason": "a\u{61c}b"}),
                "one line",
            ),
            (
                json!({"capability": "files", "reason": "a\u{e0041}b"}),
                "one line",
            ),
            (
                json!({"capability": "files", "reason": "x".repeat(LONGEST_REASON + 1)}),
                "one line",
            ),
            (
                json!({"capability": "files", "reason": "r", "optional": "yes"}),
                "'optional'",
            ),
            (
                json!({"capability": "files", "reason": "r", "hosts": ["a.b"]}),
                "unknown key 'hosts'",
            ),
            (
                json!({"capability": "network", "reason": "r"}),
                "without 'hosts'",
            ),
            (
                json!({"capability": "network", "reason": "r", "hosts": []}),
                "no list of 1",
            ),
            (
                json!({"capability": "network", "reason": "r", "hosts": "a.b"}),
                "no list of 1",
            ),
            (
                json!({"capability": "network", "reason": "r", "hosts": vec!["a.b"; MOST_HOSTS + 1]}),
                "no list of 1",
            ),
            (
                json!({"capability": "network", "reason": "r", "hosts": ["*"]}),
                "hosts: '*'",
            ),
            (
                json!({"capability": "network", "reason": "r", "hosts": ["https://a.b"]}),
                "hosts: 'https://a.b'",
            ),
            (
                json!({"capability": "network", "reason": "r", "hosts": ["a.b"], "hostFromConfiguration": "u"}),
                "two lines",
            ),
            (
                json!({"capability": "network", "reason": "r", "hostFromConfiguration": "a.b"}),
                "no name of a field",
            ),
            (
                json!({"capability": "settings", "reason": "r"}),
                "without 'names'",
            ),
            (
                json!({"capability": "settings", "reason": "r", "names": ["a-b"]}),
                "'a-b' is no name",
            ),
        ] {
            let why = refusal(line.clone());
            assert!(why.contains(part), "{line}: {why}");
        }
    }
}
