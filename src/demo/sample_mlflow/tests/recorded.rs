//! Replays every request of the recordings against a sample that was given the same content.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::demo::sample_mlflow::store::{Experiment, Labels, Metric, Model, Run, Version};

#[test]
fn every_recorded_request_is_answered_as_the_real_server_answered_it() {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/fixtures/mlflow"
    ));
    if !folder.join("index.json").is_file() {
        println!(
            "skipped: the recorded replies ({}) are not here",
            folder.display()
        );
        return;
    }
    let recordings = Recordings { folder };
    let plain = recordings.plain();
    let many = recordings.many();
    let guarded = recordings.plain().requiring_sign_in();
    let index = recordings.json("index.json");
    let mut compared = 0;
    for call in index["calls"].as_array().unwrap() {
        let name = call["name"].as_str().unwrap();
        // The sample has one account and judges no Host header: its demo's listener does.
        if name == "host-not-allowed" || call["auth"]["basic"][0] == "reader" {
            println!("not compared: {name}");
            continue;
        }
        let server = match call["server"].as_str().unwrap() {
            "plain" => &plain,
            "many" => &many,
            _ => &guarded,
        };
        recordings.compare(server, call);
        compared += 1;
    }
    assert!(compared > 60, "{compared}");
}

struct Recordings {
    folder: PathBuf,
}

impl Recordings {
    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).unwrap()
    }

    fn json(&self, file: &str) -> Json {
        serde_json::from_str(&self.text(file)).unwrap()
    }

    fn compare(&self, server: &SampleMlflow, call: &Json) {
        let name = call["name"].as_str().unwrap();
        let body = match (&call["raw_body"], &call["body"]) {
            (Json::String(raw), _) => raw.clone(),
            (_, Json::Null) => String::new(),
            (_, body) => body.to_string(),
        };
        let query = call["query"].as_object().map(|fields| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (key, value) in fields {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                query.append_pair(key, &value);
            }
            query.finish()
        });
        let reply = server.handle(
            call["method"].as_str().unwrap(),
            call["path"].as_str().unwrap(),
            &query.unwrap_or_default(),
            authorization(call).as_deref(),
            body.as_bytes(),
        );
        assert_eq!(
            u64::from(reply.status),
            call["status"].as_u64().unwrap(),
            "{name}"
        );
        assert_eq!(
            reply.content_type,
            call["content_type"].as_str().unwrap(),
            "{name}"
        );
        let recorded = self.text(call["file"].as_str().unwrap());
        let ours = String::from_utf8(reply.body).unwrap();
        if name.ends_with("version") && reply.status == 200 {
            assert!(ours.starts_with(recorded.trim()), "{name}");
        } else if reply.content_type == "application/json" {
            let recorded: Json = serde_json::from_str(&recorded).unwrap();
            let ours: Json = serde_json::from_str(&ours).unwrap();
            let (ours, recorded) = (settled(ours), settled(recorded));
            assert_eq!(ours, recorded, "{name}");
        } else {
            assert_eq!(ours.trim(), recorded.trim(), "{name}");
        }
    }

    fn plain(&self) -> SampleMlflow {
        let server = SampleMlflow::new(false);
        {
            let mut store = server.store.lock().unwrap();
            store.experiments = self.experiments("experiments-search-all.json");
            store.runs = self.runs("runs-search-all.json");
            let deleted = self.runs("runs-search-with-deleted.json");
            store
                .runs
                .extend(deleted.into_iter().filter(|run| run.deleted));
            let history = &self.json("metrics-get-history.json")["metrics"];
            let files = &self.json("artifacts-list.json")["files"];
            for run in store
                .runs
                .iter_mut()
                .filter(|run| run.id == "044846008ead42278879dc22623609c8")
            {
                // Earlier values go before the latest, at the place where their key stands.
                let at = run
                    .metrics
                    .iter()
                    .position(|metric| metric.key == "auc")
                    .unwrap();
                run.metrics
                    .splice(at..=at, history.as_array().unwrap().iter().map(metric));
                let file = &files[0];
                let path = file["path"].as_str().unwrap().to_owned();
                run.artifacts = vec![(path, file["file_size"].as_u64().unwrap())];
            }
            store.models = self.models(&["registered-models-search.json"]);
            let versions = [
                "model-versions-search-page1.json",
                "model-versions-search-page2.json",
            ];
            for page in versions.map(|file| self.json(file)) {
                for json in page["model_versions"].as_array().unwrap() {
                    let version = version(json);
                    let model = store.model_mut(&version.model).unwrap();
                    if !model
                        .versions
                        .iter()
                        .any(|have| have.number == version.number)
                    {
                        model.versions.push(version);
                    }
                }
            }
            for model in &mut store.models {
                model.versions.sort_by_key(|version| version.number);
            }
        }
        server
    }

    fn many(&self) -> SampleMlflow {
        let server = SampleMlflow::new(false);
        {
            let mut store = server.store.lock().unwrap();
            store.experiments = self.experiments("many-experiments-search.json");
            store.runs = self.runs("many-runs-search-chunk1.json");
            store.runs.extend(self.runs("many-runs-search-chunk2.json"));
            let pages = [1, 2, 3].map(|page| format!("many-registered-models-page{page}.json"));
            store.models = self.models(&pages.each_ref().map(String::as_str));
        }
        server
    }

    fn experiments(&self, file: &str) -> Vec<Experiment> {
        let reply = self.json(file);
        let newest_first = reply["experiments"].as_array().unwrap().iter().rev();
        newest_first
            .map(|json| {
                let mut experiment = Experiment::new(
                    &text(json, "experiment_id"),
                    &text(json, "name"),
                    whole(json, "creation_time"),
                );
                experiment.updated = whole(json, "last_update_time");
                experiment.tags = labels(&json["tags"], "key", "value");
                experiment
            })
            .collect()
    }

    fn runs(&self, file: &str) -> Vec<Run> {
        let reply = self.json(file);
        let Some(runs) = reply["runs"].as_array() else {
            return Vec::new();
        };
        runs.iter().map(run).collect()
    }

    fn models(&self, files: &[&str]) -> Vec<Model> {
        let mut models = Vec::new();
        for page in files.iter().map(|file| self.json(file)) {
            models.extend(
                page["registered_models"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(model),
            );
        }
        models
    }
}

/// MLflow gives a model's latest versions in no order of its own: the same one came in two.
fn settled(mut json: Json) -> Json {
    match &mut json {
        Json::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                *value = settled(value.take());
                if let (true, Json::Array(list)) = (key == "latest_versions", value) {
                    list.sort_by_key(|version| text(version, "version"));
                }
            }
        }
        Json::Array(list) => list
            .iter_mut()
            .for_each(|item| *item = settled(item.take())),
        _ => {}
    }
    json
}

/// The recorded account becomes the sample's own; whatever failed there must fail here.
fn authorization(call: &Json) -> Option<String> {
    if let Some(header) = call["request_headers"]["Authorization"].as_str() {
        return Some(header.to_owned());
    }
    match &call["auth"] {
        Json::Null => None,
        Json::String(header) => Some(header.clone()),
        auth => {
            let right = auth["basic"][0] == "admin" && auth["basic"][1] != "wrong";
            let account = if right {
                "sample:sample-password"
            } else {
                "someone:wrong"
            };
            Some(format!("Basic {}", STANDARD.encode(account)))
        }
    }
}

fn text(json: &Json, field: &str) -> String {
    json[field].as_str().unwrap_or_default().to_owned()
}

fn whole(json: &Json, field: &str) -> i64 {
    json[field].as_i64().unwrap()
}

fn labels(list: &Json, key: &str, value: &str) -> Labels {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    Labels(
        items
            .iter()
            .map(|item| (text(item, key), text(item, value)))
            .collect(),
    )
}

fn metric(json: &Json) -> Metric {
    Metric {
        key: text(json, "key"),
        value: json["value"].as_f64().unwrap_or(f64::NAN),
        timestamp: whole(json, "timestamp"),
        step: whole(json, "step"),
    }
}

fn run(json: &Json) -> Run {
    let (info, data) = (&json["info"], &json["data"]);
    Run {
        id: text(info, "run_id"),
        experiment_id: text(info, "experiment_id"),
        name: text(info, "run_name"),
        user: text(info, "user_id"),
        status: text(info, "status"),
        start: whole(info, "start_time"),
        end: info["end_time"].as_i64(),
        deleted: info["lifecycle_stage"] == "deleted",
        metrics: data["metrics"]
            .as_array()
            .map(|list| list.iter().map(metric).collect())
            .unwrap_or_default(),
        params: labels(&data["params"], "key", "value"),
        tags: labels(&data["tags"], "key", "value"),
        artifacts: Vec::new(),
    }
}

fn model(json: &Json) -> Model {
    let latest = json["latest_versions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    Model {
        name: text(json, "name"),
        created: whole(json, "creation_timestamp"),
        updated: whole(json, "last_updated_timestamp"),
        description: text(json, "description"),
        tags: labels(&json["tags"], "key", "value"),
        aliases: labels(&json["aliases"], "alias", "version"),
        versions: latest.iter().map(version).collect(),
    }
}

fn version(json: &Json) -> Version {
    Version {
        model: text(json, "name"),
        number: text(json, "version").parse().unwrap(),
        created: whole(json, "creation_timestamp"),
        updated: whole(json, "last_updated_timestamp"),
        stage: text(json, "current_stage"),
        description: text(json, "description"),
        source: text(json, "source"),
        run_id: text(json, "run_id"),
        tags: labels(&json["tags"], "key", "value"),
    }
}
