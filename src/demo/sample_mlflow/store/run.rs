//! A run, and the metrics it logged.

use serde_json::{Map, Value as Json, json};

use super::{LONGEST_TEXT, Labels, MOST_PER_RUN, number, object};
use crate::demo::sample_mlflow::filter::{Field, Fields, Kind};
use crate::demo::sample_mlflow::reply::Failure;

#[derive(Clone, Debug)]
pub(in crate::demo::sample_mlflow) struct Metric {
    pub key: String,
    pub value: f64,
    pub timestamp: i64,
    pub step: i64,
}

impl Metric {
    /// JSON has no NaN, and MLflow's database no infinity.
    pub(in crate::demo::sample_mlflow) fn json(&self) -> Json {
        let value: Json = if self.value.is_nan() {
            "NaN".into()
        } else {
            self.value.clamp(f64::MIN, f64::MAX).into()
        };
        json!({"key": self.key, "value": value, "timestamp": self.timestamp, "step": self.step})
    }
}

#[derive(Debug)]
pub(in crate::demo::sample_mlflow) struct Run {
    pub id: String,
    pub experiment_id: String,
    pub name: String,
    pub user: String,
    pub status: String,
    pub start: i64,
    pub end: Option<i64>,
    pub deleted: bool,
    /// Every value ever logged.
    pub metrics: Vec<Metric>,
    pub params: Labels,
    pub tags: Labels,
    pub artifacts: Vec<(String, u64)>,
}

impl Run {
    pub(in crate::demo::sample_mlflow) fn info(&self) -> Json {
        let mut map = object(json!({
            "run_uuid": self.id,
            "experiment_id": self.experiment_id,
            "run_name": self.name,
            "user_id": self.user,
            "status": self.status,
            "start_time": self.start,
        }));
        if let Some(end) = self.end {
            map.insert("end_time".to_owned(), end.into());
        }
        map.insert("artifact_uri".to_owned(), self.artifact_uri().into());
        let stage = if self.deleted { "deleted" } else { "active" };
        map.insert("lifecycle_stage".to_owned(), stage.into());
        map.insert("run_id".to_owned(), self.id.clone().into());
        Json::Object(map)
    }

    pub(in crate::demo::sample_mlflow) fn json(&self) -> Json {
        let mut data = Map::new();
        let latest: Vec<Json> = self.latest().into_iter().map(Metric::json).collect();
        if !latest.is_empty() {
            data.insert("metrics".to_owned(), latest.into());
        }
        self.params.put("params", &mut data);
        self.tags.put("tags", &mut data);
        json!({"info": self.info(), "data": data, "inputs": {}, "outputs": {}})
    }

    pub(in crate::demo::sample_mlflow) fn artifact_uri(&self) -> String {
        format!(
            "mlflow-artifacts:/{}/{}/artifacts",
            self.experiment_id, self.id
        )
    }

    pub(in crate::demo::sample_mlflow) fn log(&mut self, metric: Metric) -> Result<(), Failure> {
        if self.metrics.len() >= MOST_PER_RUN || metric.key.len() > LONGEST_TEXT {
            return Err(Failure::Full);
        }
        self.metrics.push(metric);
        Ok(())
    }

    /// Of each key the value with the highest step, then time; keys in the order first logged.
    fn latest(&self) -> Vec<&Metric> {
        let mut latest: Vec<&Metric> = Vec::new();
        for metric in &self.metrics {
            match latest.iter_mut().find(|have| have.key == metric.key) {
                None => latest.push(metric),
                Some(have) if (metric.step, metric.timestamp) >= (have.step, have.timestamp) => {
                    *have = metric;
                }
                Some(_) => {}
            }
        }
        latest
    }
}

impl Fields for Run {
    const ATTRIBUTES: &'static [&'static str] = &[
        "run_id",
        "run_name",
        "status",
        "user_id",
        "start_time",
        "end_time",
    ];

    fn field(&self, kind: Kind, key: &str) -> Option<Field> {
        match (kind, key) {
            (Kind::Attribute, "run_id") => Some(Field::Text(self.id.clone())),
            (Kind::Attribute, "run_name") => Some(Field::Text(self.name.clone())),
            (Kind::Attribute, "status") => Some(Field::Text(self.status.clone())),
            (Kind::Attribute, "user_id") => Some(Field::Text(self.user.clone())),
            (Kind::Attribute, "start_time") => Some(number(self.start)),
            (Kind::Attribute, "end_time") => self.end.map(number),
            (Kind::Attribute, _) => None,
            (Kind::Tag, key) => self.tags.field(key),
            (Kind::Param, key) => self.params.field(key),
            (Kind::Metric, key) => {
                let metric = self.latest().into_iter().find(|metric| metric.key == key)?;
                Some(Field::Number(metric.value))
            }
        }
    }
}
