//! A registered model and its versions.

use serde_json::{Value as Json, json};

use super::{Labels, object};
use crate::demo::sample_mlflow::filter::{Field, Fields, Kind};
use crate::demo::sample_mlflow::reply::Failure;

#[derive(Debug)]
pub(in crate::demo::sample_mlflow) struct Model {
    pub name: String,
    pub created: i64,
    pub updated: i64,
    pub description: String,
    pub tags: Labels,
    /// Alias → version.
    pub aliases: Labels,
    pub versions: Vec<Version>,
}

impl Model {
    pub(in crate::demo::sample_mlflow) fn json(&self) -> Json {
        let mut map = object(json!({
            "name": self.name,
            "creation_timestamp": self.created,
            "last_updated_timestamp": self.updated,
        }));
        if !self.description.is_empty() {
            map.insert("description".to_owned(), self.description.clone().into());
        }
        let latest: Vec<Json> = self
            .latest_versions()
            .iter()
            .map(|version| version.json(&[]))
            .collect();
        if !latest.is_empty() {
            map.insert("latest_versions".to_owned(), latest.into());
        }
        self.tags.put("tags", &mut map);
        if !self.aliases.0.is_empty() {
            let aliases = self.aliases.0.iter();
            let list = aliases.map(|(alias, version)| json!({"alias": alias, "version": version}));
            map.insert("aliases".to_owned(), list.collect());
        }
        Json::Object(map)
    }

    /// The newest of each stage, by the stage's name.
    pub(in crate::demo::sample_mlflow) fn latest_versions(&self) -> Vec<&Version> {
        let mut latest: Vec<&Version> = Vec::new();
        for version in &self.versions {
            match latest.iter_mut().find(|have| have.stage == version.stage) {
                Some(have) => *have = version,
                None => latest.push(version),
            }
        }
        latest.sort_by(|a, b| a.stage.cmp(&b.stage));
        latest
    }

    pub(in crate::demo::sample_mlflow) fn version(
        &self,
        number: &str,
    ) -> Result<&Version, Failure> {
        self.versions
            .iter()
            .find(|version| version.number.to_string() == number)
            .ok_or_else(|| {
                Failure::Missing(format!(
                    "Model Version (name={}, version={number}) not found",
                    self.name
                ))
            })
    }

    pub(in crate::demo::sample_mlflow) fn aliases_of(&self, version: &Version) -> Vec<&str> {
        let number = version.number.to_string();
        let pairs = self.aliases.0.iter().filter(|(_, of)| *of == number);
        pairs.map(|(alias, _)| alias.as_str()).collect()
    }
}

impl Fields for Model {
    const ATTRIBUTES: &'static [&'static str] = &["name"];

    fn field(&self, kind: Kind, key: &str) -> Option<Field> {
        match (kind, key) {
            (Kind::Attribute, "name") => Some(Field::Text(self.name.clone())),
            (Kind::Tag, key) => self.tags.field(key),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(in crate::demo::sample_mlflow) struct Version {
    pub model: String,
    pub number: u32,
    pub created: i64,
    pub updated: i64,
    pub stage: String,
    pub description: String,
    pub source: String,
    pub run_id: String,
    pub tags: Labels,
}

impl Version {
    /// Lists leave the aliases out; the reply for a single version has them.
    pub(in crate::demo::sample_mlflow) fn json(&self, aliases: &[&str]) -> Json {
        let mut map = object(json!({
            "name": self.model,
            "version": self.number.to_string(),
            "creation_timestamp": self.created,
            "last_updated_timestamp": self.updated,
            "current_stage": self.stage,
            "description": self.description,
            "source": self.source,
            "run_id": self.run_id,
            "status": "READY",
        }));
        self.tags.put("tags", &mut map);
        map.insert("run_link".to_owned(), "".into());
        if !aliases.is_empty() {
            map.insert("aliases".to_owned(), aliases.into());
        }
        Json::Object(map)
    }
}

impl Fields for Version {
    const ATTRIBUTES: &'static [&'static str] =
        &["name", "version_number", "run_id", "source_path"];

    fn field(&self, kind: Kind, key: &str) -> Option<Field> {
        match (kind, key) {
            (Kind::Attribute, "name") => Some(Field::Text(self.model.clone())),
            (Kind::Attribute, "version_number") => Some(Field::Number(f64::from(self.number))),
            (Kind::Attribute, "run_id") => Some(Field::Text(self.run_id.clone())),
            (Kind::Attribute, "source_path") => Some(Field::Text(self.source.clone())),
            (Kind::Tag, key) => self.tags.field(key),
            _ => None,
        }
    }
}
