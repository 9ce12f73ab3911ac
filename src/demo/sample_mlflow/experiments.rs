//! `experiments/*`

use serde_json::{Value as Json, json};

use super::filter;
use super::page::Page;
use super::params::Params;
use super::reply::Failure;
use super::store::{Experiment, Store, now};

const MOST_RESULTS: i64 = 50_000;

/// Newest first. Unlike everywhere else, `max_results` is required.
pub(super) fn search(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let asked = params.whole("max_results")?.unwrap_or(0);
    let length = match usize::try_from(asked) {
        Ok(length) if length > 0 => length,
        _ => return Err(invalid_length(asked, "be a positive integer")),
    };
    if asked > MOST_RESULTS {
        return Err(invalid_length(asked, &format!("be at most {MOST_RESULTS}")));
    }
    let page = Page::read(params, length)?;
    if params.text("view_type")? == Some("DELETED_ONLY") {
        return Ok(json!({}));
    }
    let newest_first: Vec<&Experiment> = store.experiments.iter().rev().collect();
    let mut found = filter::select(newest_first, params.text("filter")?)?;
    filter::order(&mut found, &params.texts("order_by")?)?;
    Ok(page.cut("experiments", &found, Experiment::json))
}

fn invalid_length(asked: i64, rule: &str) -> Failure {
    Failure::Invalid(format!(
        "Invalid value {asked} for parameter 'max_results' supplied. It must {rule}"
    ))
}

pub(super) fn get(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let experiment = store.experiment(params.required("experiment_id")?)?;
    Ok(json!({"experiment": experiment.json()}))
}

pub(super) fn get_by_name(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let name = params.required("experiment_name")?;
    let experiment = store
        .experiments
        .iter()
        .find(|experiment| experiment.name == name)
        .ok_or_else(|| Failure::Missing(format!("Could not find experiment with name '{name}'")))?;
    Ok(json!({"experiment": experiment.json()}))
}

pub(super) fn create(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let name = params.required("name")?;
    store.room()?;
    if store
        .experiments
        .iter()
        .any(|experiment| experiment.name == name)
    {
        return Err(Failure::Exists(format!(
            "Experiment(name={name}) already exists."
        )));
    }
    let id = store.experiments.len().to_string();
    let mut experiment = Experiment::new(&id, name, now());
    for (key, value) in params.pairs("tags")? {
        experiment.tags.set(&key, &value)?;
    }
    store.experiments.push(experiment);
    Ok(json!({"experiment_id": id}))
}

pub(super) fn set_tag(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let id = params.required("experiment_id")?;
    let key = params.required("key")?;
    let value = params.text("value")?.unwrap_or_default();
    store.experiment(id)?;
    for experiment in store
        .experiments
        .iter_mut()
        .filter(|experiment| experiment.id == id)
    {
        experiment.tags.set(key, value)?;
        experiment.updated = now();
    }
    Ok(json!({}))
}
