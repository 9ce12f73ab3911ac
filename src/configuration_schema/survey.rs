//! The walk over a schema before it is trusted: where its references lead, and which fields are secret.
//!
//! References are expanded as the validator would follow them, under a budget of nodes and depth.
//! So a circle and a tree of doubling references are both refused here, where the validator
//! would recurse without end.

use serde_json::{Map, Value};

use crate::configuration::SEALED;

/// Far above any form that a person fills in.
const NODES: usize = 10_000;
const DEPTH: usize = 48;
/// Each compiled pattern takes memory of its own.
const PATTERNS: usize = 64;

const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// Keywords that move the base of references, so that `#/…` would mean another place.
const BASES: [&str; 4] = ["$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"];
/// Keywords whose schemas apply to the same place of the configuration.
const SAME_PLACE: [&str; 6] = ["allOf", "anyOf", "oneOf", "if", "then", "else"];
/// Keywords whose schemas apply to places that have no fixed name.
const UNNAMED_PLACES: [&str; 10] = [
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "additionalProperties",
    "patternProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "not",
];

#[derive(Debug, Default)]
pub struct Survey {
    /// JSON pointers of `format: "password"`.
    pub secrets: Vec<String>,
    /// JSON pointers of `format: "uri"`.
    pub urls: Vec<String>,
}

pub fn survey(schema: &Value) -> Result<Survey, String> {
    let walk = Walk { root: schema };
    let mut budget = Budget {
        nodes: NODES,
        patterns: PATTERNS,
    };
    walk.expand(schema, 0, &mut budget)?;
    let mut survey = Survey::default();
    walk.fields(schema, "", &mut survey)?;
    Ok(survey)
}

/// What the rest of the schema may still take.
struct Budget {
    nodes: usize,
    patterns: usize,
}

impl Budget {
    fn take_node(&mut self, depth: usize) -> Result<(), String> {
        self.nodes = self
            .nodes
            .checked_sub(1)
            .filter(|_| depth <= DEPTH)
            .ok_or("it is too big, or its references run in a circle")?;
        Ok(())
    }

    fn take_patterns(&mut self, count: usize) -> Result<(), String> {
        self.patterns = self
            .patterns
            .checked_sub(count)
            .ok_or_else(|| format!("it holds more than {PATTERNS} patterns"))?;
        Ok(())
    }
}

struct Walk<'schema> {
    root: &'schema Value,
}

impl<'schema> Walk<'schema> {
    fn expand(
        &self,
        node: &'schema Value,
        depth: usize,
        budget: &mut Budget,
    ) -> Result<(), String> {
        budget.take_node(depth)?;
        match node {
            Value::Array(items) => items
                .iter()
                .try_for_each(|item| self.expand(item, depth + 1, budget)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    if name == SEALED {
                        return Err(format!(
                            "it uses the name {SEALED}, which is the server's own"
                        ));
                    }
                    if depth > 0 && BASES.contains(&name.as_str()) && value.is_string() {
                        return Err(format!("{name} inside a schema is not supported"));
                    }
                    match value {
                        Value::String(_) if name == "pattern" => budget.take_patterns(1)?,
                        Value::Object(map) if name == "patternProperties" => {
                            budget.take_patterns(map.len())?;
                        }
                        _ => {}
                    }
                    self.expand(value, depth + 1, budget)?;
                }
                for target in self.references(fields) {
                    self.expand(target?, depth + 1, budget)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn references(
        &self,
        fields: &'schema Map<String, Value>,
    ) -> impl Iterator<Item = Result<&'schema Value, String>> {
        let root = self.root;
        REFERENCES
            .iter()
            .filter_map(|name| fields.get(*name)?.as_str())
            .map(move |reference| {
                let refuse = || {
                    format!(
                        "the reference '{reference}' is not one to '#/$defs/…' of the same schema"
                    )
                };
                let pointer = reference
                    .strip_prefix('#')
                    .filter(|pointer| pointer.starts_with('/') && !pointer.contains('%'));
                root.pointer(pointer.ok_or_else(refuse)?).ok_or_else(refuse)
            })
    }

    /// `expand` has proven that this ends.
    fn fields(
        &self,
        schema: &'schema Value,
        pointer: &str,
        survey: &mut Survey,
    ) -> Result<(), String> {
        let Some(keywords) = schema.as_object() else {
            return Ok(());
        };
        match keywords.get("format").and_then(Value::as_str) {
            Some("password") => note(&mut survey.secrets, pointer),
            Some("uri" | "url") => note(&mut survey.urls, pointer),
            _ => {}
        }
        for target in self.references(keywords) {
            self.fields(target?, pointer, survey)?;
        }
        if let Some(properties) = keywords.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                let name = name.replace('~', "~0").replace('/', "~1");
                self.fields(property, &format!("{pointer}/{name}"), survey)?;
            }
        }
        for inner in SAME_PLACE.iter().filter_map(|name| keywords.get(*name)) {
            match inner {
                Value::Array(list) => list
                    .iter()
                    .try_for_each(|inner| self.fields(inner, pointer, survey))?,
                inner => self.fields(inner, pointer, survey)?,
            }
        }
        if let Some(dependent) = keywords.get("dependentSchemas").and_then(Value::as_object) {
            for inner in dependent.values() {
                self.fields(inner, pointer, survey)?;
            }
        }
        for inner in UNNAMED_PLACES.iter().filter_map(|name| keywords.get(*name)) {
            if self.holds_secret(inner)? {
                return Err(
                    "it puts a secret where it has no fixed name (a list, any other field), \
                            so it could not be masked"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    fn holds_secret(&self, node: &'schema Value) -> Result<bool, String> {
        let mut inner: Vec<&Value> = match node {
            Value::Array(items) => items.iter().collect(),
            Value::Object(fields) => {
                if fields.get("format").and_then(Value::as_str) == Some("password") {
                    return Ok(true);
                }
                fields.values().collect()
            }
            _ => return Ok(false),
        };
        if let Value::Object(fields) = node {
            for target in self.references(fields) {
                inner.push(target?);
            }
        }
        for node in inner {
            if self.holds_secret(node)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn note(pointers: &mut Vec<String>, pointer: &str) {
    if !pointer.is_empty() && !pointers.iter().any(|known| known == pointer) {
        pointers.push(pointer.to_owned());
    }
}
