//! The sample against what a real server answered, and a smaller set over its own data.

mod recorded;

use std::collections::BTreeSet;

use serde_json::json;

use super::*;

fn get(server: &SampleMlflow, endpoint: &str, query: &str) -> (u16, Json) {
    parse(&server.handle("GET", &format!("{API}{endpoint}"), query, None, b""))
}

fn post(server: &SampleMlflow, endpoint: &str, body: &Json) -> (u16, Json) {
    let body = body.to_string();
    parse(&server.handle(
        "POST",
        &format!("{API}{endpoint}"),
        "",
        None,
        body.as_bytes(),
    ))
}

fn parse(reply: &SampleReply) -> (u16, Json) {
    (
        reply.status,
        serde_json::from_slice(&reply.body).unwrap_or(Json::Null),
    )
}

#[test]
fn every_page_together_is_the_whole_list_once() {
    let server = SampleMlflow::new(true);
    let ids: Vec<String> = (0..=4).map(|id| id.to_string()).collect();
    let mut seen = Vec::new();
    let mut body = json!({"experiment_ids": ids, "max_results": 5});
    loop {
        let (status, page) = post(&server, "runs/search", &body);
        assert_eq!(status, 200);
        for run in page["runs"].as_array().unwrap() {
            seen.push(run["info"]["run_id"].as_str().unwrap().to_owned());
        }
        match page.get("next_page_token") {
            Some(token) => body["page_token"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 12);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 12);
}

#[test]
fn the_sample_shows_what_a_client_must_cope_with() {
    let server = SampleMlflow::new(true);
    let (_, runs) = post(
        &server,
        "runs/search",
        &json!({"experiment_ids": ["1", "2", "3", "4"]}),
    );
    let text = runs.to_string();
    assert!(text.contains("\"NaN\""));
    let runs = runs["runs"].as_array().unwrap();
    assert!(runs.iter().any(|run| run["info"].get("end_time").is_none()));
    assert!(runs.iter().any(|run| run["data"].get("params").is_none()));
    let (_, models) = get(&server, "registered-models/search", "");
    let models = models["registered_models"].as_array().unwrap();
    assert!(
        models
            .iter()
            .any(|model| model.get("latest_versions").is_none())
    );
    assert!(models.iter().any(|model| model.get("aliases").is_some()));
}

#[test]
fn what_is_created_can_be_found() {
    let server = SampleMlflow::new(false);
    let (status, made) = post(&server, "experiments/create", &json!({"name": "mine"}));
    assert_eq!((status, &made["experiment_id"]), (200, &json!("1")));
    assert_eq!(
        post(&server, "experiments/create", &json!({"name": "mine"})).0,
        400
    );

    let (_, run) = post(
        &server,
        "runs/create",
        &json!({"experiment_id": "1", "run_name": "first", "start_time": 5}),
    );
    let id = run["run"]["info"]["run_id"].clone();
    let batch = json!({"run_id": id, "metrics": [{"key": "auc", "value": "NaN", "timestamp": 6, "step": 9_007_199_254_740_993_i64}],
        "params": [{"key": "p", "value": "1"}], "tags": [{"key": "stage", "value": "Production"}]});
    assert_eq!(post(&server, "runs/log-batch", &batch), (200, json!({})));
    let changed = json!({"run_id": id, "key": "p", "value": "2"});
    assert_eq!(post(&server, "runs/log-parameter", &changed).0, 400);
    let (_, ended) = post(
        &server,
        "runs/update",
        &json!({"run_id": id, "status": "FINISHED", "end_time": 7}),
    );
    assert_eq!(ended["run_info"]["end_time"], 7);

    let model = json!({"name": "m ü"});
    assert_eq!(post(&server, "registered-models/create", &model).0, 200);
    let version = json!({"name": "m ü", "source": "runs:/x/model", "run_id": id});
    let (_, made) = post(&server, "model-versions/create", &version);
    assert_eq!(made["model_version"]["version"], "1");
    let alias = json!({"name": "m ü", "alias": "champion", "version": "1"});
    assert_eq!(
        post(&server, "registered-models/alias", &alias),
        (200, json!({}))
    );
    let stage = json!({"name": "m ü", "version": "1", "stage": "Production"});
    let (_, moved) = post(&server, "model-versions/transition-stage", &stage);
    assert_eq!(moved["model_version"]["aliases"], json!(["champion"]));

    let (_, found) = post(
        &server,
        "runs/search",
        &json!({"experiment_ids": ["1"], "filter": "params.p = '1'"}),
    );
    let metric = &found["runs"][0]["data"]["metrics"][0];
    assert_eq!(
        (&metric["value"], metric["step"].as_i64()),
        (&json!("NaN"), Some(9_007_199_254_740_993))
    );
    let (_, found) = get(&server, "registered-models/get", "name=m%20%C3%BC");
    assert_eq!(
        found["registered_model"]["latest_versions"][0]["current_stage"],
        "Production"
    );
}

#[test]
fn bad_parameters_are_told_as_mlflow_tells_them() {
    let server = SampleMlflow::new(true);
    for (endpoint, body, message) in [
        (
            "experiments/search",
            json!({}),
            "Invalid value 0 for parameter 'max_results'",
        ),
        (
            "experiments/search",
            json!({"max_results": 50_001}),
            "at most 50000",
        ),
        (
            "experiments/search",
            json!({"max_results": 1, "page_token": "x"}),
            "Invalid page token",
        ),
        (
            "experiments/search",
            json!({"max_results": 1, "filter": "colour = 'red'"}),
            "Invalid attribute key 'colour'",
        ),
        (
            "runs/search",
            json!({"experiment_ids": "1"}),
            "Value was of type 'str'",
        ),
        (
            "runs/log-metric",
            json!({"run_id": "x", "key": "k"}),
            "required parameter 'value'",
        ),
    ] {
        let (status, reply) = post(&server, endpoint, &body);
        assert_eq!(
            (status, &reply["error_code"]),
            (400, &json!("INVALID_PARAMETER_VALUE")),
            "{endpoint} {body}"
        );
        assert!(
            reply["message"].as_str().unwrap().contains(message),
            "{reply}"
        );
    }
    assert_eq!(
        post(
            &server,
            "runs/log-metric",
            &json!({"run_id": "x", "key": "k", "value": 1, "timestamp": 1})
        )
        .0,
        404
    );
}

#[test]
fn wrong_credentials_are_refused_and_none_are_needed() {
    let server = SampleMlflow::new(true);
    let ask = |given: Option<&str>| server.handle("GET", "/version", "", given, b"").status;
    assert_eq!(ask(None), 200);
    assert_eq!(ask(Some("Basic c2FtcGxlOnNhbXBsZS1wYXNzd29yZA==")), 200);
    assert_eq!(ask(Some("Bearer sample-token")), 200);
    for wrong in ["Basic !!!", "Basic YTpi", "Bearer x", ""] {
        assert_eq!(ask(Some(wrong)), 401, "{wrong}");
    }
    let strict = SampleMlflow::new(true).requiring_sign_in();
    assert_eq!(strict.handle("GET", "/version", "", None, b"").status, 401);
    assert_eq!(strict.handle("GET", "/health", "", None, b"").status, 200);
}

#[test]
fn removed_endpoints_are_html_and_wrong_methods_name_the_right_ones() {
    let server = SampleMlflow::new(true);
    for gone in ["experiments/list", "registered-models/list", "no/such"] {
        let reply = server.handle("GET", &format!("{API}{gone}"), "", None, b"");
        assert_eq!(
            (reply.status, reply.content_type),
            (404, "text/html; charset=utf-8")
        );
    }
    let reply = server.handle(
        "POST",
        &format!("{API}registered-models/search"),
        "",
        None,
        b"{}",
    );
    assert_eq!(reply.status, 405);
    assert!(
        reply
            .headers
            .contains(&("allow", "HEAD, GET, OPTIONS".to_owned()))
    );
    assert!(reply.headers.contains(&("x-souk-sample", "yes".to_owned())));
}
