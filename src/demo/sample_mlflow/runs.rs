//! `runs/*`, `metrics/*` and `artifacts/*`

use serde_json::{Value as Json, json};

use super::filter;
use super::page::{Page, length_or};
use super::params::{Params, wrong_type};
use super::reply::Failure;
use super::store::{Labels, Metric, Run, Store, now};

const DEFAULT_RESULTS: i64 = 1_000;
const MOST_RESULTS: i64 = 50_000;
const STATUSES: [&str; 5] = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

/// By start, newest first. An experiment that does not exist has no runs.
pub(super) fn search(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let experiments = params.texts("experiment_ids")?;
    let length = length_or(params, DEFAULT_RESULTS, MOST_RESULTS)?;
    let page = Page::read(params, length)?;
    let view = params.text("run_view_type")?.unwrap_or("ACTIVE_ONLY");
    let mut found: Vec<&Run> = store
        .runs
        .iter()
        .filter(|run| experiments.contains(&run.experiment_id.as_str()))
        .filter(|run| match view {
            "ALL" => true,
            "DELETED_ONLY" => run.deleted,
            _ => !run.deleted,
        })
        .collect();
    found.sort_by(|a, b| b.start.cmp(&a.start).then_with(|| a.id.cmp(&b.id)));
    let mut found = filter::select(found, params.text("filter")?)?;
    filter::order(&mut found, &params.texts("order_by")?)?;
    Ok(page.cut("runs", &found, Run::json))
}

pub(super) fn get(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let run = store.run(params.required("run_id")?)?;
    Ok(json!({"run": run.json()}))
}

pub(super) fn create(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    store.room()?;
    let experiment_id = params.text("experiment_id")?.unwrap_or("0");
    store.experiment(experiment_id)?;
    let mut tags = Labels::default();
    for (key, value) in params.pairs("tags")? {
        tags.set(&key, &value)?;
    }
    let id = uuid::Uuid::now_v7().simple().to_string();
    let name = match (params.text("run_name")?, tags.get("mlflow.runName")) {
        (Some(name), _) | (None, Some(name)) => name.to_owned(),
        (None, None) => format!("run-{}", id.get(24..).unwrap_or(&id)),
    };
    tags.set("mlflow.runName", &name)?;
    let run = Run {
        id,
        experiment_id: experiment_id.to_owned(),
        name,
        user: params.text("user_id")?.unwrap_or_default().to_owned(),
        status: "RUNNING".to_owned(),
        start: params.whole("start_time")?.unwrap_or_else(now),
        end: None,
        deleted: false,
        metrics: Vec::new(),
        params: Labels::default(),
        tags,
        artifacts: Vec::new(),
    };
    let mut reply = run.json();
    if let Some(fields) = reply.as_object_mut() {
        fields.remove("outputs");
    }
    store.runs.push(run);
    Ok(json!({"run": reply}))
}

pub(super) fn update(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let id = params.required("run_id")?;
    let status = params.text("status")?;
    if let Some(status) = status.filter(|status| !STATUSES.contains(status)) {
        return Err(wrong_type("status", &status.into()));
    }
    let end = params.whole("end_time")?;
    let name = params.text("run_name")?;
    let run = store.run_mut(id)?;
    if let Some(status) = status {
        status.clone_into(&mut run.status);
    }
    if let Some(name) = name {
        name.clone_into(&mut run.name);
        run.tags.set("mlflow.runName", name)?;
    }
    run.end = end.or(run.end);
    Ok(json!({"run_info": run.info()}))
}

pub(super) fn delete(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    store.run_mut(params.required("run_id")?)?.deleted = true;
    Ok(json!({}))
}

pub(super) fn log_metric(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let metric = read_metric(params)?;
    store.run_mut(params.required("run_id")?)?.log(metric)?;
    Ok(json!({}))
}

pub(super) fn log_parameter(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let key = params.required("key")?;
    let value = params.text("value")?.unwrap_or_default();
    log_param(store.run_mut(params.required("run_id")?)?, key, value)?;
    Ok(json!({}))
}

/// All or nothing: everything is read before anything is remembered.
pub(super) fn log_batch(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let metrics = params
        .objects("metrics")?
        .iter()
        .map(read_metric)
        .collect::<Result<Vec<_>, _>>()?;
    let logged = params.pairs("params")?;
    let tags = params.pairs("tags")?;
    let run = store.run_mut(params.required("run_id")?)?;
    for (key, value) in &logged {
        refuse_change(run, key, value)?;
    }
    for metric in metrics {
        run.log(metric)?;
    }
    for (key, value) in logged {
        log_param(run, &key, &value)?;
    }
    for (key, value) in tags {
        run.tags.set(&key, &value)?;
    }
    Ok(json!({}))
}

pub(super) fn set_tag(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let key = params.required("key")?;
    let value = params.text("value")?.unwrap_or_default();
    store
        .run_mut(params.required("run_id")?)?
        .tags
        .set(key, value)?;
    Ok(json!({}))
}

pub(super) fn metric_history(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let run = store.run(params.required("run_id")?)?;
    let key = params.required("metric_key")?;
    let history = run.metrics.iter().filter(|metric| metric.key == key);
    let history: Vec<Json> = history.map(Metric::json).collect();
    Ok(if history.is_empty() {
        json!({})
    } else {
        json!({"metrics": history})
    })
}

pub(super) fn artifacts(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let run = store.run(params.required("run_id")?)?;
    let mut reply = json!({"root_uri": run.artifact_uri()});
    if !run.artifacts.is_empty() {
        let files = run.artifacts.iter();
        let files: Json = files
            .map(|(path, size)| json!({"path": path, "is_dir": false, "file_size": size}))
            .collect();
        reply = json!({"root_uri": run.artifact_uri(), "files": files});
    }
    Ok(reply)
}

fn read_metric(params: &Params) -> Result<Metric, Failure> {
    let value = match params.json("value") {
        None => return Err(Failure::required("value")),
        Some(Json::String(word)) => match word.as_str() {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            _ => return Err(wrong_type("value", &word.as_str().into())),
        },
        Some(number) => number.as_f64().ok_or_else(|| wrong_type("value", number))?,
    };
    Ok(Metric {
        key: params.required("key")?.to_owned(),
        value,
        timestamp: params
            .whole("timestamp")?
            .ok_or_else(|| Failure::required("timestamp"))?,
        step: params.whole("step")?.unwrap_or(0),
    })
}

fn log_param(run: &mut Run, key: &str, value: &str) -> Result<(), Failure> {
    refuse_change(run, key, value)?;
    run.params.set(key, value)
}

fn refuse_change(run: &Run, key: &str, value: &str) -> Result<(), Failure> {
    match run.params.get(key) {
        Some(old) if old != value => Err(Failure::Invalid(format!(
            "Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' for run ID='{}'. Attempted logging new value '{value}'.",
            run.id
        ))),
        _ => Ok(()),
    }
}
