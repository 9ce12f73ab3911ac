//! What the server remembers, and how each thing looks in a reply.

mod experiment;
mod model;
mod run;

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value as Json, json};

use super::filter::Field;
use super::reply::Failure;

pub(super) use experiment::Experiment;
pub(super) use model::{Model, Version};
pub(super) use run::{Metric, Run};

/// Of all kinds together; beyond it the demo refuses to remember more.
const MOST_THINGS: usize = 25_000;
/// Metric values, parameters and tags of one run.
const MOST_PER_RUN: usize = 5_000;
/// As MLflow: the longest key and value of a tag or a parameter.
const LONGEST_TEXT: usize = 8_000;

#[derive(Debug, Default)]
pub(super) struct Store {
    /// In the order of their creation.
    pub experiments: Vec<Experiment>,
    pub runs: Vec<Run>,
    pub models: Vec<Model>,
}

impl Store {
    /// A new server has one experiment.
    pub(super) fn empty() -> Self {
        let mut store = Self::default();
        store
            .experiments
            .push(Experiment::new("0", "Default", now()));
        store
    }

    pub(super) fn room(&self) -> Result<(), Failure> {
        let versions: usize = self.models.iter().map(|model| model.versions.len()).sum();
        let things = self.experiments.len() + self.runs.len() + self.models.len() + versions;
        if things < MOST_THINGS {
            Ok(())
        } else {
            Err(Failure::Full)
        }
    }

    pub(super) fn experiment(&self, id: &str) -> Result<&Experiment, Failure> {
        self.experiments
            .iter()
            .find(|experiment| experiment.id == id)
            .ok_or_else(|| Failure::Missing(format!("No Experiment with id={id} exists")))
    }

    pub(super) fn run(&self, id: &str) -> Result<&Run, Failure> {
        self.runs
            .iter()
            .find(|run| run.id == id)
            .ok_or_else(|| Failure::Missing(format!("Run with id={id} not found")))
    }

    pub(super) fn run_mut(&mut self, id: &str) -> Result<&mut Run, Failure> {
        self.runs
            .iter_mut()
            .find(|run| run.id == id)
            .ok_or_else(|| Failure::Missing(format!("Run with id={id} not found")))
    }

    pub(super) fn model(&self, name: &str) -> Result<&Model, Failure> {
        self.models
            .iter()
            .find(|model| model.name == name)
            .ok_or_else(|| no_model(name))
    }

    pub(super) fn model_mut(&mut self, name: &str) -> Result<&mut Model, Failure> {
        self.models
            .iter_mut()
            .find(|model| model.name == name)
            .ok_or_else(|| no_model(name))
    }
}

fn no_model(name: &str) -> Failure {
    Failure::Missing(format!("Registered Model with name={name} not found"))
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|time| i64::try_from(time.as_millis()).ok())
        .unwrap_or(0)
}

/// Keys with values, in the order they were first set.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels(pub Vec<(String, String)>);

impl Labels {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(have, _)| have == key)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), Failure> {
        if key.len() > LONGEST_TEXT || value.len() > LONGEST_TEXT {
            return Err(Failure::Invalid(format!(
                "The value of '{}' exceeds the length limit of {LONGEST_TEXT} characters",
                key.chars().take(80).collect::<String>()
            )));
        }
        if let Some((_, old)) = self.0.iter_mut().find(|(have, _)| have == key) {
            value.clone_into(old);
        } else if self.0.len() < MOST_PER_RUN {
            self.0.push((key.to_owned(), value.to_owned()));
        } else {
            return Err(Failure::Full);
        }
        Ok(())
    }

    fn field(&self, key: &str) -> Option<Field> {
        self.get(key).map(|value| Field::Text(value.to_owned()))
    }

    /// MLflow leaves an empty list out.
    fn put(&self, name: &str, into: &mut Map<String, Json>) {
        if !self.0.is_empty() {
            let list = self
                .0
                .iter()
                .map(|(key, value)| json!({"key": key, "value": value}));
            into.insert(name.to_owned(), list.collect());
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "times in milliseconds stay below 2^53"
)]
fn number(value: i64) -> Field {
    Field::Number(value as f64)
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}
