//! `registered-models/*` and `model-versions/*`

use serde_json::{Value as Json, json};

use super::filter;
use super::page::{Page, length_or};
use super::params::Params;
use super::reply::Failure;
use super::store::{Labels, Model, Store, Version, now};

const DEFAULT_MODELS: i64 = 100;
const MOST_MODELS: i64 = 1_000;
const DEFAULT_VERSIONS: i64 = 10_000;
const MOST_VERSIONS: i64 = 200_000;
const STAGES: [&str; 4] = ["None", "Staging", "Production", "Archived"];

/// By name.
pub(super) fn search(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let length = length_or(params, DEFAULT_MODELS, MOST_MODELS)?;
    let page = Page::read(params, length)?;
    let mut models: Vec<&Model> = store.models.iter().collect();
    models.sort_by(|a, b| a.name.cmp(&b.name));
    let found = filter::select(models, params.text("filter")?)?;
    Ok(page.cut("registered_models", &found, Model::json))
}

pub(super) fn get(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let model = store.model(params.required("name")?)?;
    Ok(json!({"registered_model": model.json()}))
}

pub(super) fn create(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let name = params.required("name")?;
    store.room()?;
    if store.model(name).is_ok() {
        return Err(Failure::Exists(format!(
            "Registered Model (name={name}) already exists."
        )));
    }
    let created = now();
    let mut model = Model {
        name: name.to_owned(),
        created,
        updated: created,
        description: params.text("description")?.unwrap_or_default().to_owned(),
        tags: Labels::default(),
        aliases: Labels::default(),
        versions: Vec::new(),
    };
    for (key, value) in params.pairs("tags")? {
        model.tags.set(&key, &value)?;
    }
    let reply = json!({"registered_model": model.json()});
    store.models.push(model);
    Ok(reply)
}

pub(super) fn set_tag(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let key = params.required("key")?;
    let value = params.text("value")?.unwrap_or_default();
    store
        .model_mut(params.required("name")?)?
        .tags
        .set(key, value)?;
    Ok(json!({}))
}

pub(super) fn latest_versions(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let model = store.model(params.required("name")?)?;
    let stages = params.texts("stages")?;
    let latest = model.latest_versions().into_iter();
    let latest: Vec<Json> = latest
        .filter(|version| stages.is_empty() || stages.contains(&version.stage.as_str()))
        .map(|version| version.json(&model.aliases_of(version)))
        .collect();
    Ok(if latest.is_empty() {
        json!({})
    } else {
        json!({"model_versions": latest})
    })
}

pub(super) fn version_of_alias(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let model = store.model(params.required("name")?)?;
    let alias = params.required("alias")?;
    let number = model
        .aliases
        .get(alias)
        .ok_or_else(|| Failure::Invalid(format!("Registered model alias {alias} not found.")))?;
    single(model, model.version(number)?)
}

pub(super) fn set_alias(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let alias = params.required("alias")?;
    let number = params.required("version")?;
    let model = store.model_mut(params.required("name")?)?;
    model.version(number)?;
    model.aliases.set(alias, number)?;
    Ok(json!({}))
}

/// By the time of the last change, newest first.
pub(super) fn search_versions(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let length = length_or(params, DEFAULT_VERSIONS, MOST_VERSIONS)?;
    let page = Page::read(params, length)?;
    let mut versions: Vec<&Version> = store
        .models
        .iter()
        .flat_map(|model| &model.versions)
        .collect();
    versions.sort_by(|a, b| {
        let newest = b.updated.cmp(&a.updated);
        newest
            .then_with(|| a.model.cmp(&b.model))
            .then(b.number.cmp(&a.number))
    });
    let found = filter::select(versions, params.text("filter")?)?;
    Ok(page.cut("model_versions", &found, |version| version.json(&[])))
}

pub(super) fn get_version(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let name = params.required("name")?;
    let number = params.required("version")?;
    let model = store.model(name)?;
    single(model, model.version(number)?)
}

pub(super) fn create_version(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let name = params.required("name")?;
    let source = params.required("source")?;
    store.room()?;
    let mut tags = Labels::default();
    for (key, value) in params.pairs("tags")? {
        tags.set(&key, &value)?;
    }
    let description = params.text("description")?.unwrap_or_default().to_owned();
    let run_id = params.text("run_id")?.unwrap_or_default().to_owned();
    let created = now();
    let model = store.model_mut(name)?;
    let version = Version {
        model: name.to_owned(),
        number: model.versions.last().map_or(1, |last| last.number + 1),
        created,
        updated: created,
        stage: "None".to_owned(),
        description,
        source: source.to_owned(),
        run_id,
        tags,
    };
    let reply = json!({"model_version": version.json(&[])});
    model.versions.push(version);
    model.updated = created;
    Ok(reply)
}

pub(super) fn transition_stage(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let number = params.required("version")?;
    let stage = params.required("stage")?;
    if !STAGES.contains(&stage) {
        return Err(Failure::Invalid(format!(
            "Invalid Model Version stage: {stage}. Value must be one of {}.",
            STAGES.join(", ")
        )));
    }
    let archive = params.flag("archive_existing_versions");
    let model = store.model_mut(params.required("name")?)?;
    model.version(number)?;
    let changed = now();
    for version in &mut model.versions {
        if version.number.to_string() == number {
            stage.clone_into(&mut version.stage);
            version.updated = changed;
        } else if archive && version.stage == stage {
            "Archived".clone_into(&mut version.stage);
            version.updated = changed;
        }
    }
    model.updated = changed;
    single(model, model.version(number)?)
}

pub(super) fn set_version_tag(store: &mut Store, params: &Params) -> Result<Json, Failure> {
    let number = params.required("version")?;
    let key = params.required("key")?;
    let value = params.text("value")?.unwrap_or_default();
    let model = store.model_mut(params.required("name")?)?;
    model.version(number)?;
    for version in &mut model.versions {
        if version.number.to_string() == number {
            version.tags.set(key, value)?;
        }
    }
    Ok(json!({}))
}

fn single(model: &Model, version: &Version) -> Result<Json, Failure> {
    Ok(json!({"model_version": version.json(&model.aliases_of(version))}))
}
