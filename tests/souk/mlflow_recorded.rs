//! The MLflow plugin against what a real server once answered, replayed from a folder beside the checkout.
//! `mlflow.rs` does the same over data of our own.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use serde_json::{Value, json};

use crate::support::mlflow::{Plugin, find};
use crate::support::{Start, TestServer, beside};

/// Answers with the recordings of one server.
struct Replay {
    url: String,
    http: Arc<tiny_http::Server>,
}

struct Recordings {
    folder: PathBuf,
    calls: Vec<Value>,
}

impl Replay {
    fn start(server: &str) -> Option<Self> {
        let folder = beside("fixtures/mlflow")?;
        let index: Value =
            serde_json::from_str(&fs::read_to_string(folder.join("index.json")).unwrap()).unwrap();
        let calls = index["calls"].as_array().unwrap().iter();
        let calls = calls
            .filter(|call| call["server"] == server)
            .cloned()
            .collect();
        let recordings = Recordings { folder, calls };
        let http = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let url = format!("http://{}", http.server_addr());
        let listening = Arc::clone(&http);
        thread::spawn(move || {
            for request in listening.incoming_requests() {
                recordings.answer(request);
            }
        });
        Some(Self { url, http })
    }

    fn appliance(&self) -> TestServer {
        Start::with_flags(&["--outbound-allow", self.url.trim_start_matches("http://")]).go()
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.http.unblock();
    }
}

impl Recordings {
    fn answer(&self, mut request: tiny_http::Request) {
        let mut body = String::new();
        request.as_reader().read_to_string(&mut body).unwrap();
        let url = url::Url::parse("http://x")
            .unwrap()
            .join(request.url())
            .unwrap();
        let fields = if body.is_empty() {
            let pairs = url.query_pairs();
            pairs
                .map(|(key, value)| (key.into_owned(), Value::String(value.into_owned())))
                .collect()
        } else {
            serde_json::from_str::<Value>(&body).unwrap()
        };
        let authorization = header(&request, "authorization");
        let method = request.method().to_string();
        let answer = self.find(&method, url.path(), &fields, authorization.as_deref());
        // What was not asked of the real server is a search that this one does not know.
        let Some(answer) = answer else {
            let unknown = tiny_http::Response::from_string("<!doctype html>").with_status_code(404);
            let _peer_gone = request.respond(unknown);
            return;
        };
        let text = fs::read(self.folder.join(answer["file"].as_str().unwrap())).unwrap();
        let kind = format!("content-type: {}", answer["content_type"].as_str().unwrap());
        let reply = tiny_http::Response::from_data(text)
            .with_status_code(u16::try_from(answer["status"].as_u64().unwrap()).unwrap())
            .with_header(kind.parse::<tiny_http::Header>().unwrap());
        let _peer_gone = request.respond(reply);
    }

    /// The same question, of whatever page length; of several the longest page.
    fn find(
        &self,
        method: &str,
        path: &str,
        fields: &Value,
        authorization: Option<&str>,
    ) -> Option<&Value> {
        let same = |call: &&Value| {
            let recorded = if call["body"].is_object() {
                &call["body"]
            } else {
                &call["query"]
            };
            let equal = |field: &str| recorded.get(field) == fields.get(field);
            call["method"] == method
                && call["path"] == path
                && recorded_authorization(call).as_deref() == authorization
                && [
                    "page_token",
                    "experiment_ids",
                    "filter",
                    "run_view_type",
                    "name",
                ]
                .into_iter()
                .all(equal)
                && call["status"] != 400
                && call["request_headers"].is_null()
        };
        let length = |call: &&Value| {
            let recorded = if call["body"].is_object() {
                &call["body"]
            } else {
                &call["query"]
            };
            recorded["max_results"].as_u64()
        };
        self.calls.iter().filter(same).max_by_key(length)
    }
}

fn header(request: &tiny_http::Request, name: &'static str) -> Option<String> {
    let headers = request.headers().iter();
    let mut found = headers.filter(|header| header.field.equiv(name));
    found.next().map(|header| header.value.to_string())
}

fn recorded_authorization(call: &Value) -> Option<String> {
    use base64::Engine as _;
    let account = call["auth"]["basic"].as_array();
    if let Some([user, password]) = account.map(Vec::as_slice) {
        let text = format!("{}:{}", user.as_str().unwrap(), password.as_str().unwrap());
        let text = base64::engine::general_purpose::STANDARD.encode(text);
        return Some(format!("Basic {text}"));
    }
    call["auth"].as_str().map(str::to_owned)
}

#[test]
fn the_rows_of_runs_are_those_of_the_original_plugin() {
    let Some(replay) = Replay::start("plain") else {
        return;
    };
    let server = replay.appliance();
    let plugin = Plugin::install(&server);
    assert_eq!(
        plugin.test(json!({"tracking_server_url": replay.url})),
        (true, "Connected to MLflow 3.17.2.".to_owned())
    );
    plugin.configure(json!({"tracking_server_url": replay.url}));
    let synced = plugin.sync();
    assert_eq!(
        (&synced["runCount"], &synced["registeredModelCount"]),
        (&json!(11), &json!(7))
    );

    let rows = plugin.models();
    let folder = beside("fixtures/mlflow").unwrap();
    let reference: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("reference-sync.json")).unwrap())
            .unwrap();
    let expected = reference["plain"]["rows"].as_array().unwrap();
    assert_eq!(
        rows.iter().filter(|row| row["kind"] == "run").count(),
        expected.len()
    );
    for wanted in expected {
        let row = find(
            &rows,
            wanted["model_name"].as_str().unwrap(),
            wanted["version"].as_str().unwrap(),
        );
        for (field, value) in wanted.as_object().unwrap() {
            if field == "metrics" {
                for (key, value) in value.as_object().unwrap() {
                    // The original lost a NaN.
                    let nan = json!("NaN");
                    let value = if value.is_null() { &nan } else { value };
                    assert_eq!(&row[field][key], value, "{key} of {}", wanted["model_name"]);
                }
                continue;
            }
            assert_eq!(&row[field], value, "{field} of {}", wanted["model_name"]);
        }
    }
}

#[test]
fn registered_models_are_read_with_every_version() {
    let Some(replay) = Replay::start("plain") else {
        return;
    };
    let server = replay.appliance();
    let plugin = Plugin::install(&server);
    plugin.configure(json!({"tracking_server_url": replay.url}));
    let synced = plugin.sync();
    let rows = plugin.models();
    let versions = rows
        .iter()
        .filter(|row| row["kind"] == "model_version")
        .count();
    assert_eq!(
        synced["modelVersionCount"].as_u64().unwrap(),
        versions as u64
    );
    let scorecard = |version| find(&rows, "credit-scorecard", version);
    for version in ["1", "2", "3", "4", "5", "6"] {
        assert_eq!(
            scorecard(version)["tags"]["eu_ai_act"],
            "high-risk",
            "{version}"
        );
    }
    assert_eq!(
        (&scorecard("4")["stage"], &scorecard("4")["aliases"]),
        (&json!("Production"), &json!(["champion"]))
    );
    // The run behind version 4 logged a NaN, infinities and a step beyond 2^53.
    assert_eq!(scorecard("4")["metrics"]["nan_metric"], "NaN");
    assert_eq!(
        scorecard("4")["metric_steps"]["big_step"],
        "9007199254740993"
    );
    let unicode = find(&rows, "Kredit-Prüfung – 信用評価 🚀", "1");
    assert_eq!(
        (&unicode["aliases"], &unicode["tags"]["sprache"]),
        (&json!(["freigegeben"]), &json!("de/日本語"))
    );
    find(&rows, "Model with spaces & symbols (v2) 50%+", "1");
}

#[test]
fn every_page_of_a_big_registry_is_read() {
    let Some(replay) = Replay::start("many") else {
        return;
    };
    let server = replay.appliance();
    let plugin = Plugin::install(&server);
    plugin.configure(json!({"tracking_server_url": replay.url}));
    let synced = plugin.sync();
    assert_eq!(
        (&synced["registeredModelCount"], &synced["runCount"]),
        (&json!(260), &json!(8))
    );
    let rows = plugin.models();
    let registered: std::collections::BTreeSet<_> = rows
        .iter()
        .filter(|row| row["kind"] != "run")
        .map(|row| row["model_name"].to_string())
        .collect();
    assert_eq!(registered.len(), 260);
}

#[test]
fn a_server_that_wants_a_sign_in_is_told_apart_from_one_that_refuses_it() {
    let Some(replay) = Replay::start("basic-auth") else {
        return;
    };
    let server = replay.appliance();
    let plugin = Plugin::install(&server);
    let basic = |password: &str| json!({"tracking_server_url": replay.url, "auth_method": "basic", "username": "admin", "password": password});
    let token = json!({"tracking_server_url": replay.url, "auth_method": "token", "api_token": "some-api-token"});
    for (configuration, expected) in [
        (
            json!({"tracking_server_url": replay.url}),
            "asks for a sign-in",
        ),
        (basic("wrong"), "refused the user name or the password"),
        (token, "refused the API token"),
    ] {
        let (success, message) = plugin.test(configuration);
        assert!(!success && message.contains(expected), "{message}");
    }
    assert!(plugin.test(basic("fixture-Admin-pass-1")).0);
}
