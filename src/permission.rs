//! What a plugin asks for, and what an installation was granted: capabilities with their parameters.
//!
//! A manifest's lines are [`Wishes`]; what an Admin let stand of them is [`Granted`], stored with
//! the installation. Deny is the default: what is in no list is not granted. This module knows
//! neither who may grant nor what a host function does with it.

mod capability;
mod hosts;
mod line;
mod sentence;

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
            Self::Network(Reach::Configured(field)) => format!("{name}:configuration.{field}"),
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
            });
        }
        for (index, line) in lines.iter().enumerate() {
            let wish = line::wish(line).map_err(|why| format!("permissions[{index}] {why}"))?;
            if wishes
                .iter()
                .any(|other| other.permission == wish.permission)
            {
                return Err(format!("permissions[{index}] repeats another line"));
            }
            wishes.push(wish);
        }
        wishes.sort_by_key(|wish| wish.permission.rating());
        Ok(Self(wishes.into()))
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

    /// Changes whenever a line does, its reason too.
    pub fn digest(&self) -> Digest {
        let lines: Vec<Value> = self
            .iter()
            .map(|wish| json!([wish.id(), wish.optional, wish.reason]))
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
                let (rating, sentence) = sentence::of(&wish.permission);
                let mut line = json!({
                    "id": wish.id(),
                    "capability": wish.permission.capability().name(),
                    "parameters": line::parameters(&wish.permission),
                    "reason": wish.reason,
                    "optional": wish.optional,
                    "sentence": sentence,
                    "rating": rating.name(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(permissions: Value) -> Wishes {
        Wishes::read(Some(&permissions), false).unwrap()
    }

    fn sample() -> Wishes {
        wishes(json!([
            {"capability": "schedule", "reason": "Nightly"},
            {"capability": "network", "hosts": ["a.example"], "reason": "Fetches", "optional": true},
            {"capability": "core.risks:write", "reason": "Files risks"},
        ]))
    }

    fn ids(granted: &Granted) -> Vec<String> {
        granted.iter().map(Permission::id).collect()
    }

    #[test]
    fn a_manifest_without_lines_asks_for_nothing() {
        for none in [None, Some(Value::Null), Some(json!([]))] {
            let wishes = Wishes::read(none.as_ref(), false).unwrap();
            assert_eq!((wishes.iter().count(), wishes.rating()), (0, None));
        }
        for bad in [json!({}), json!("network"), json!(vec![1; MOST_LINES + 1])] {
            assert!(
                Wishes::read(Some(&bad), false)
                    .unwrap_err()
                    .contains("no list")
            );
        }
    }

    #[test]
    fn a_wrong_line_is_named_by_its_place() {
        let line = json!({"capability": "files", "reason": "r"});
        for (bad, part) in [
            (
                json!([line, {"capability": "x", "reason": "r"}]),
                "permissions[1] asks for the unknown",
            ),
            (json!([line, line]), "permissions[1] repeats"),
        ] {
            let why = Wishes::read(Some(&bad), false).unwrap_err();
            assert!(why.starts_with(part), "{why}");
        }
    }

    #[test]
    fn lines_come_worst_first_with_sentence_and_rating() {
        let lines = sample().to_json(None);
        let shown: Vec<_> = lines
            .as_array()
            .unwrap()
            .iter()
            .map(|line| {
                (
                    line["id"].as_str().unwrap(),
                    line["rating"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("core.risks:write", "high"),
                ("network:a.example", "medium"),
                ("schedule", "low")
            ]
        );
        assert_eq!(
            lines[1],
            json!({
                "id": "network:a.example", "capability": "network", "parameters": {"hosts": ["a.example"]},
                "reason": "Fetches", "optional": true, "sentence": "Exchanges data with a.example",
                "rating": "medium"
            })
        );
    }

    #[test]
    fn a_page_of_its_own_is_a_wish_without_a_line() {
        let wishes = Wishes::read(None, true).unwrap();
        assert_eq!(wishes.to_json(None)[0]["id"], "page");
        assert_eq!(wishes.rating(), Some(Rating::High));
    }

    #[test]
    fn only_what_is_optional_can_be_refused() {
        let wishes = sample();
        let refused = |ids: &[&str]| {
            wishes.without(&ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(ids(&refused(&[]).unwrap()).len(), 3);
        assert_eq!(
            ids(&refused(&["network:a.example"]).unwrap()),
            ["core.risks:write", "schedule"]
        );
        assert!(
            refused(&["schedule"])
                .unwrap_err()
                .contains("cannot do without 'schedule'")
        );
        assert!(
            refused(&["files"])
                .unwrap_err()
                .contains("does not ask for 'files'")
        );
        assert!(wishes.only(&["schedule".to_owned()]).is_err());
        assert!(
            wishes
                .only(&["core.risks:write".to_owned(), "schedule".to_owned()])
                .is_ok()
        );
    }

    #[test]
    fn what_was_granted_is_stored_and_read_again() {
        let granted = sample().without(&[]).unwrap();
        let read = Granted::parse(&granted.to_text()).unwrap();
        assert_eq!(ids(&read), ids(&granted));
        assert!(read.has(Capability::Core(Resource::Risks, Access::Read)));
        assert!(!read.has(Capability::Files));
        let page = Wishes::read(None, true).unwrap().without(&[]).unwrap();
        assert!(
            Granted::parse(&page.to_text())
                .unwrap()
                .has(Capability::Page)
        );
    }

    #[test]
    fn a_stored_line_that_is_not_known_grants_nothing() {
        let text = json!([
            {"capability": "telepathy"}, {"capability": "files", "since": 2}, {"capability": "notify"}
        ]);
        assert_eq!(ids(&Granted::parse(&text.to_string()).unwrap()), ["notify"]);
        assert!(Granted::parse("{}").is_err());
    }

    #[test]
    fn the_digest_changes_with_every_word_of_a_line() {
        let line = json!({"capability": "files", "reason": "r"});
        let mut seen = std::collections::BTreeSet::from([wishes(json!([])).digest()]);
        for (field, value) in [
            ("reason", json!("r")),
            ("reason", json!("s")),
            ("optional", json!(true)),
            ("capability", json!("notify")),
        ] {
            let mut line = line.clone();
            line[field] = value;
            assert!(seen.insert(wishes(json!([line])).digest()), "{field}");
        }
    }
}
