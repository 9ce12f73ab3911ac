//! What a plugin asks for, and what an installation was granted: capabilities with their parameters.
//!
//! A manifest's lines are [`Wishes`]; what an Admin let stand of them is [`Granted`], stored with
//! the installation. Deny is the default: what is in no list is not granted. This module knows
//! neither who may grant nor what a host function does with it.

mod capability;
mod hosts;
mod line;
mod sentence;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use capability::{Access, Capabilities, Capability, Resource};
pub use hosts::HostPattern;
pub use line::is_name;
pub use sentence::Rating;

use crate::digest::Digest;

const MOST_LINES: usize = 32;
/// The reason of the line that no manifest writes.
const PAGE_REASON: &str = "The plugin has pages of its own";

/// One thing that can be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    Network(Reach),
    /// Names of settings, in order.
    Settings(Vec<String>),
    /// A capability without parameters.
    Plain(Capability),
}

/// The servers that a network permission names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    Hosts(Vec<HostPattern>),
    /// The server of the URL in that field of the configuration, as each call has it.
    Configured(String),
}

/// A line of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub permission: Permission,
    pub reason: String,
    /// An Admin may refuse it.
    pub optional: bool,
    /// Of a line that takes a server from the configuration.
    pub field: Field,
}

/// What a plugin's schema says of the field that a line names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// The author's server, which is reached until someone enters another.
    pub default: Option<HostPattern>,
    /// Its value is for no message.
    pub is_secret: bool,
}

/// All that a plugin asks for, worst first.
#[derive(Clone, Debug, Default)]
pub struct Wishes(Arc<[Wish]>);

/// What an installation was granted beyond what every one has.
#[derive(Clone, Debug, Default)]
pub struct Granted(Arc<[Permission]>);

impl Permission {
    pub fn capability(&self) -> Capability {
        match self {
            Self::Network(_) => Capability::Network,
            Self::Settings(_) => Capability::Settings,
            Self::Plain(capability) => *capability,
        }
    }

    /// The same for the same capability and parameters, in any manifest.
    pub fn id(&self) -> String {
        let name = self.capability().name();
        match self {
            Self::Network(Reach::Hosts(hosts)) => {
                let hosts: Vec<String> = hosts.iter().map(HostPattern::to_string).collect();
                format!("{name}:{}", hosts.join(","))
            }
            // No name of a host holds these signs.
            Self::Network(Reach::Configured(field)) => format!("{name}?configuration={field}"),
            Self::Settings(names) => format!("{name}:{}", names.join(",")),
            Self::Plain(_) => name.to_owned(),
        }
    }

    /// What it lets the plugin do, in the words of an Admin.
    pub fn sentence(&self) -> String {
        sentence::of(self).1
    }

    pub fn rating(&self) -> Rating {
        sentence::of(self).0
    }

    fn to_json(&self) -> Map<String, Value> {
        let mut fields = line::parameters(self);
        fields.insert("capability".to_owned(), json!(self.capability().name()));
        fields
    }
}

impl Wish {
    pub fn id(&self) -> String {
        self.permission.id()
    }

    /// What it lets the plugin do, in the words of an Admin.
    pub fn sentence(&self) -> String {
        let sentence = self.permission.sentence();
        match &self.field.default {
            Some(server) => format!("{sentence}, which is {server} unless you enter another"),
            None => sentence,
        }
    }
}

impl Wishes {
    /// Reads a manifest's `permissions`. A page of the plugin's own is a wish without a line.
    /// The error says which line is wrong, and how.
    pub fn read(permissions: Option<&Value>, has_page: bool) -> Result<Self, String> {
        let lines = match permissions {
            None | Some(Value::Null) => &[],
            Some(Value::Array(lines)) if lines.len() <= MOST_LINES => lines.as_slice(),
            Some(_) => {
                return Err(format!(
                    "permissions is no list of up to {MOST_LINES} lines"
                ));
            }
        };
        let mut wishes: Vec<Wish> = Vec::with_capacity(lines.len());
        if has_page {
            wishes.push(Wish {
                permission: Permission::Plain(Capability::Page),
                reason: PAGE_REASON.to_owned(),
                optional: false,
                field: Field::default(),
            });
        }
        for (index, line) in lines.iter().enumerate() {
            let wish = line::wish(line).map_err(|why| format!("permissions[{index}] {why}"))?;
            if wishes.iter().any(|other| other.id() == wish.id()) {
                return Err(format!("permissions[{index}] repeats another line"));
            }
            wishes.push(wish);
        }
        wishes.sort_by_key(|wish| wish.permission.rating());
        Ok(Self(wishes.into()))
    }

    /// The same lines, with what the plugin's schema says of the fields that they name. `is_secret` is asked
    /// with the schema and a field's JSON pointer.
    #[must_use]
    pub fn with_schema(
        self,
        schema: Option<&Value>,
        is_secret: impl Fn(Option<&Value>, &str) -> bool,
    ) -> Self {
        let wishes = self.iter().cloned().map(|mut wish| {
            if let Permission::Network(Reach::Configured(name)) = &wish.permission {
                wish.field = Field {
                    default: schema
                        .and_then(|schema| schema.get("properties")?.get(name)?.get("default"))
                        .and_then(Value::as_str)
                        .and_then(HostPattern::of_url),
                    is_secret: is_secret(schema, &format!("/{name}")),
                };
            }
            wish
        });
        Self(wishes.collect())
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Wish> {
        self.0.iter()
    }

    /// The worst of the lines; none when nothing is asked for.
    pub fn rating(&self) -> Option<Rating> {
        self.0.first().map(|wish| wish.permission.rating())
    }

    /// `none` when nothing is asked for.
    pub fn rating_name(&self) -> &'static str {
        self.rating().map_or("none", Rating::name)
    }

    /// Changes whenever a line does, its reason and its default server too.
    pub fn digest(&self) -> Digest {
        let lines: Vec<Value> = self
            .iter()
            .map(|wish| {
                let server = wish.field.default.as_ref().map(HostPattern::to_string);
                json!([
                    wish.permission.to_json(),
                    wish.optional,
                    wish.reason,
                    server
                ])
            })
            .collect();
        Digest::of(Value::Array(lines).to_string().as_bytes())
    }

    /// All but the refused lines. The error says which of them cannot be refused.
    pub fn without(&self, refused: &[String]) -> Result<Granted, String> {
        self.known(refused)?;
        self.chosen(|id| !refused.iter().any(|other| other == id))
    }

    /// Exactly these lines. The error says which line cannot be left out.
    pub fn only(&self, ids: &[String]) -> Result<Granted, String> {
        self.known(ids)?;
        self.chosen(|id| ids.iter().any(|other| other == id))
    }

    /// The lines as clients read them; with `granted`, each says whether it is.
    pub fn to_json(&self, granted: Option<&Granted>) -> Value {
        self.iter()
            .map(|wish| {
                let mut line = json!({
                    "id": wish.id(),
                    "capability": wish.permission.capability().name(),
                    "parameters": line::parameters(&wish.permission),
                    "reason": wish.reason,
                    "optional": wish.optional,
                    "sentence": wish.sentence(),
                    "rating": wish.permission.rating().name(),
                });
                if let (Some(granted), Some(fields)) = (granted, line.as_object_mut()) {
                    let held = granted.iter().any(|held| *held == wish.permission);
                    fields.insert("granted".to_owned(), json!(held));
                }
                line
            })
            .collect()
    }

    fn known(&self, ids: &[String]) -> Result<(), String> {
        match ids
            .iter()
            .find(|id| !self.iter().any(|wish| wish.id() == **id))
        {
            None => Ok(()),
            Some(id) => Err(format!("The plugin does not ask for '{id}'")),
        }
    }

    fn chosen(&self, keep: impl Fn(&str) -> bool) -> Result<Granted, String> {
        let mut granted = Vec::with_capacity(self.0.len());
        for wish in self.iter() {
            let id = wish.id();
            if keep(&id) {
                granted.push(wish.permission.clone());
            } else if !wish.optional {
                return Err(format!(
                    "The plugin cannot do without '{id}': allow it, or do not have the plugin"
                ));
            }
        }
        Ok(Granted(granted.into()))
    }
}

impl Granted {
    /// Reads the stored form. A line that this version does not know grants nothing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines: Vec<Map<String, Value>> =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self(
            lines
                .iter()
                .filter_map(|fields| line::permission(fields, &[]).ok())
                .collect(),
        ))
    }

    /// The stored form.
    pub fn to_text(&self) -> String {
        let lines: Vec<Value> = self
            .iter()
            .map(|permission| Value::Object(permission.to_json()))
            .collect();
        Value::Array(lines).to_string()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Permission> {
        self.0.iter()
    }

    pub fn has(&self, capability: Capability) -> bool {
        self.iter()
            .fold(Capabilities::NONE, |held, permission| {
                held.with(permission.capability())
            })
            .has(capability)
    }
}

impl FromIterator<Permission> for Granted {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().collect())
    }
}
