//! An experiment.

use serde_json::{Value as Json, json};

use super::{Labels, number, object};
use crate::demo::sample_mlflow::filter::{Field, Fields, Kind};

#[derive(Debug)]
pub(in crate::demo::sample_mlflow) struct Experiment {
    pub id: String,
    pub name: String,
    pub created: i64,
    pub updated: i64,
    pub tags: Labels,
}

impl Experiment {
    pub(in crate::demo::sample_mlflow) fn new(id: &str, name: &str, created: i64) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            created,
            updated: created,
            tags: Labels::default(),
        }
    }

    pub(in crate::demo::sample_mlflow) fn json(&self) -> Json {
        let mut map = object(json!({
            "experiment_id": self.id,
            "name": self.name,
            "artifact_location": format!("mlflow-artifacts:/{}", self.id),
            "lifecycle_stage": "active",
            "last_update_time": self.updated,
            "creation_time": self.created,
        }));
        self.tags.put("tags", &mut map);
        map.insert("workspace".to_owned(), "default".into());
        Json::Object(map)
    }
}

impl Fields for Experiment {
    const ATTRIBUTES: &'static [&'static str] =
        &["experiment_id", "name", "creation_time", "last_update_time"];

    fn field(&self, kind: Kind, key: &str) -> Option<Field> {
        match (kind, key) {
            (Kind::Attribute, "experiment_id") => Some(Field::Text(self.id.clone())),
            (Kind::Attribute, "name") => Some(Field::Text(self.name.clone())),
            (Kind::Attribute, "creation_time") => Some(number(self.created)),
            (Kind::Attribute, "last_update_time") => Some(number(self.updated)),
            (Kind::Tag, key) => self.tags.field(key),
            _ => None,
        }
    }
}
