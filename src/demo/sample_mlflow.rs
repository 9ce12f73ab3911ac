//! A small MLflow server that holds sample data in memory, so that the MLflow plugin can be tried
//! without one. It answers as MLflow 3.17 answers, down to its HTML errors and its page tokens.
//!
//! It knows no sockets: the demo mounts [`SampleMlflow::handle`] on a listener of its own.
//! Everyone may read and write it. To try the plugin's ways of signing in, it accepts Basic
//! `sample` / `sample-password` and the bearer token `sample-token`, and refuses any others.

mod experiments;
mod filter;
mod models;
mod page;
mod params;
mod reply;
mod runs;
mod sample;
mod store;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use subtle::ConstantTimeEq as _;

pub use reply::SampleReply;

use params::Params;
use reply::Failure;
use store::Store;

pub const SAMPLE_USER: &str = "sample";
pub const SAMPLE_PASSWORD: &str = "sample-password";
pub const SAMPLE_TOKEN: &str = "sample-token";
/// The version whose replies it imitates; the suffix says that it is not the real one.
pub const VERSION: &str = "3.17.2+sample";

const API: &str = "/api/2.0/mlflow/";

type Endpoint = fn(&mut Store, &Params) -> Result<Json, Failure>;

/// Method, path below [`API`], what answers. A GET also answers HEAD.
const ENDPOINTS: &[(&str, &str, Endpoint)] = &[
    ("POST", "experiments/search", experiments::search),
    ("GET", "experiments/search", experiments::search),
    ("GET", "experiments/get", experiments::get),
    ("GET", "experiments/get-by-name", experiments::get_by_name),
    ("POST", "experiments/create", experiments::create),
    (
        "POST",
        "experiments/set-experiment-tag",
        experiments::set_tag,
    ),
    ("POST", "runs/search", runs::search),
    ("GET", "runs/get", runs::get),
    ("POST", "runs/create", runs::create),
    ("POST", "runs/update", runs::update),
    ("POST", "runs/delete", runs::delete),
    ("POST", "runs/log-metric", runs::log_metric),
    ("POST", "runs/log-parameter", runs::log_parameter),
    ("POST", "runs/log-batch", runs::log_batch),
    ("POST", "runs/set-tag", runs::set_tag),
    ("GET", "metrics/get-history", runs::metric_history),
    ("GET", "artifacts/list", runs::artifacts),
    ("GET", "registered-models/search", models::search),
    ("GET", "registered-models/get", models::get),
    ("POST", "registered-models/create", models::create),
    (
        "GET",
        "registered-models/get-latest-versions",
        models::latest_versions,
    ),
    (
        "POST",
        "registered-models/get-latest-versions",
        models::latest_versions,
    ),
    ("GET", "registered-models/alias", models::version_of_alias),
    ("POST", "registered-models/alias", models::set_alias),
    ("POST", "registered-models/set-tag", models::set_tag),
    ("GET", "model-versions/search", models::search_versions),
    ("GET", "model-versions/get", models::get_version),
    ("POST", "model-versions/create", models::create_version),
    (
        "POST",
        "model-versions/transition-stage",
        models::transition_stage,
    ),
    ("POST", "model-versions/set-tag", models::set_version_tag),
];

/// The server's whole state.
#[derive(Debug)]
pub struct SampleMlflow {
    store: Mutex<Store>,
    /// Whether a request without credentials is refused.
    sign_in: bool,
}

impl SampleMlflow {
    /// With `seed`, it starts with a few experiments, runs and models; without, as a new server does.
    pub fn new(seed: bool) -> Self {
        let mut store = Store::empty();
        if seed {
            sample::fill(&mut store);
        }
        Self {
            store: Mutex::new(store),
            sign_in: false,
        }
    }

    /// As MLflow's own basic-auth application: no answer but `/health` without credentials.
    pub fn requiring_sign_in(mut self) -> Self {
        self.sign_in = true;
        self
    }

    /// `query` is the text after `?`; `authorization` the header of that name.
    pub fn handle(
        &self,
        method: &str,
        path: &str,
        query: &str,
        authorization: Option<&str>,
        body: &[u8],
    ) -> SampleReply {
        let method = if method == "HEAD" { "GET" } else { method };
        if path == "/health" {
            return SampleReply::text("OK");
        }
        if !self.admits(authorization) {
            return SampleReply::not_authenticated();
        }
        match path {
            "/version" => return SampleReply::html(200, VERSION),
            "/" => return SampleReply::html(200, reply::HOME),
            _ => {}
        }
        let Some(endpoint) = path.strip_prefix(API) else {
            return SampleReply::not_found();
        };
        let mut same_path = ENDPOINTS
            .iter()
            .filter(|(_, at, _)| *at == endpoint)
            .peekable();
        if same_path.peek().is_none() {
            return SampleReply::not_found();
        }
        let Some((_, _, answer)) = same_path.clone().find(|(verb, _, _)| *verb == method) else {
            return SampleReply::method_not_allowed(same_path.map(|(verb, _, _)| *verb));
        };
        let params = Params::read(method, query, body);
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        match answer(&mut store, &params) {
            Ok(json) => SampleReply::json(200, &json),
            Err(failure) => failure.into_reply(),
        }
    }

    fn admits(&self, authorization: Option<&str>) -> bool {
        let Some(given) = authorization else {
            return !self.sign_in;
        };
        let basic = STANDARD.encode(format!("{SAMPLE_USER}:{SAMPLE_PASSWORD}"));
        let accepted = [format!("Basic {basic}"), format!("Bearer {SAMPLE_TOKEN}")];
        accepted
            .iter()
            .any(|right| bool::from(right.as_bytes().ct_eq(given.as_bytes())))
    }
}
