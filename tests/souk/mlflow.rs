//! The MLflow plugin against the demo's sample server.

use serde_json::{Value, json};

use crate::support::mlflow::{Plugin, find};
use crate::support::{Client, TestServer};

fn sample(server: &TestServer) -> Client {
    Client {
        base: format!("{}/api/2.0/mlflow", server.mlflow()),
        token: None,
    }
}

/// MLflow's replies have no envelope.
fn call(sample: &Client, endpoint: &str, body: Value) -> Value {
    sample.post(&format!("/{endpoint}"), body).is(200).json()
}

#[test]
fn a_newcomer_connects_syncs_sees_models_and_takes_the_plugin_away() {
    let server = TestServer::builtin();
    let plugin = Plugin::install(&server);
    let before = plugin
        .admin
        .post("/api/plugins/mlflow/sync", json!({}))
        .is(400);
    assert!(before.data().as_str().unwrap().contains("not configured"));
    assert_eq!(
        plugin.admin.get("/api/plugins/mlflow/models").data()["models"],
        json!([])
    );

    let configuration = json!({"tracking_server_url": server.mlflow()});
    let (success, message) = plugin.test(configuration.clone());
    assert!(success && message.contains("MLflow 3."), "{message}");
    plugin.configure(configuration);
    let synced = plugin.sync();
    assert_eq!(
        (&synced["success"], &synced["runCount"]),
        (&json!(true), &json!(12))
    );

    let rows = plugin.models();
    assert_eq!(synced["modelCount"].as_u64().unwrap(), rows.len() as u64);
    let champion = find(&rows, "credit-scorecard", "2");
    assert_eq!(
        (&champion["stage"], &champion["aliases"]),
        (&json!("Production"), &json!(["champion"]))
    );
    assert_eq!(champion["metrics"]["auc"], json!(0.752));
    assert_eq!(champion["experiment_name"], "sample: credit scoring");
    let failed = rows
        .iter()
        .find(|row| row["training_status"] == "FAILED")
        .unwrap();
    assert_eq!(failed["metrics"]["loss"], "NaN");
    let running = rows
        .iter()
        .find(|row| row["training_status"] == "RUNNING")
        .unwrap();
    assert_eq!(running["training_ended_at"], Value::Null);
    assert!(running["creation_timestamp"].is_i64() && running["model_created_at"].is_string());
    let unversioned = rows
        .iter()
        .find(|row| row["model_name"] == "price-elasticity")
        .unwrap();
    assert_eq!(
        (&unversioned["version"], &unversioned["kind"]),
        (&Value::Null, &json!("registered_model"))
    );

    let path = format!("/api/plugins/mlflow/models/{}", champion["id"]);
    assert_eq!(&plugin.admin.get(&path).is(200).data(), champion);
    for missing in ["999999", "x", "1.5", "-1"] {
        plugin
            .admin
            .get(&format!("/api/plugins/mlflow/models/{missing}"))
            .is(404);
    }
    server
        .as_role(2, "Admin")
        .get("/api/plugins/mlflow/models")
        .is(404);
    server
        .as_role(1, "Auditor")
        .get("/api/plugins/mlflow/models")
        .is(200);
    server
        .as_role(1, "Auditor")
        .post("/api/plugins/mlflow/sync", json!({}))
        .is(403);

    plugin.uninstall();
    plugin.admin.get("/api/plugins/mlflow/models").is(404);
    assert!(Plugin::install(&server).models().is_empty());
}

#[test]
fn a_second_sync_follows_what_changed_on_the_server() {
    let server = TestServer::builtin();
    let sample = sample(&server);
    let plugin = Plugin::install(&server);
    plugin
        .configure(json!({"tracking_server_url": format!("{}/", server.mlflow()), "timeout": 10}));
    plugin.sync();
    let first = plugin.models();

    let run = json!({"experiment_id": "1", "run_name": "nachtlauf 🌙", "start_time": 1_788_000_000_000_i64});
    let run = call(&sample, "runs/create", run)["run"]["info"]["run_id"].clone();
    let batch = json!({"run_id": run, "params": [{"key": "depth", "value": "7"}], "tags": [{"key": "version", "value": "7"}],
        "metrics": [{"key": "auc", "value": 0.9, "timestamp": 1, "step": 9_007_199_254_740_993_i64}]});
    call(&sample, "runs/log-batch", batch);
    call(
        &sample,
        "model-versions/create",
        json!({"name": "price-elasticity", "source": "runs:/x/model", "run_id": run}),
    );
    let second = plugin.sync();
    let rows = plugin.models();
    let row = find(&rows, "nachtlauf 🌙", "7");
    assert_eq!(
        (&row["parameters"], &row["metrics"]),
        (&json!({"depth": "7"}), &json!({"auc": 0.9}))
    );
    assert_eq!(row["metric_steps"]["auc"], "9007199254740993");
    assert_eq!(
        find(&rows, "price-elasticity", "1")["metrics"],
        json!({"auc": 0.9})
    );
    // The model without versions has one now, so the row that stood for it is gone.
    assert_eq!(second["removedCount"], 1);
    let kept = find(&first, "credit-scorecard", "2");
    assert_eq!(
        find(&rows, "credit-scorecard", "2")["id"],
        kept["id"],
        "a known row keeps its id"
    );

    call(&sample, "runs/delete", json!({"run_id": run}));
    assert_eq!(plugin.sync()["removedCount"], 1);
    assert!(
        plugin
            .models()
            .iter()
            .all(|row| row["model_name"] != "nachtlauf 🌙")
    );
}

#[test]
fn more_runs_than_one_page_are_all_there() {
    let server = TestServer::builtin();
    let sample = sample(&server);
    for experiment in 0..60 {
        let made = call(
            &sample,
            "experiments/create",
            json!({"name": format!("many {experiment}")}),
        );
        for run in 0..8 {
            let name = format!("run {experiment} {run}");
            call(
                &sample,
                "runs/create",
                json!({"experiment_id": made["experiment_id"], "run_name": name}),
            );
        }
    }
    for model in 0..105 {
        call(
            &sample,
            "registered-models/create",
            json!({"name": format!("model {model}")}),
        );
    }
    let plugin = Plugin::install(&server);
    plugin.configure(json!({"tracking_server_url": server.mlflow()}));
    let synced = plugin.sync();
    assert_eq!(
        (&synced["runCount"], &synced["registeredModelCount"]),
        (&json!(492), &json!(110))
    );
    assert_eq!(
        plugin
            .models()
            .iter()
            .filter(|row| row["kind"] == "run")
            .count(),
        480 + 11
    );
}

#[test]
fn every_way_of_signing_in_is_tried_and_refusals_say_what_to_do() {
    let server = TestServer::builtin();
    let plugin = Plugin::install(&server);
    let url = server.mlflow();
    let basic = |password: &str| json!({"tracking_server_url": url, "auth_method": "basic", "username": "sample", "password": password});
    let token = |token: &str| json!({"tracking_server_url": url, "auth_method": "token", "api_token": token});
    assert!(plugin.test(basic("sample-password")).0);
    assert!(plugin.test(token("sample-token")).0);
    for (configuration, expected) in [
        (basic("wrong"), "refused the user name or the password"),
        (token("wrong"), "refused the API token"),
        (
            json!({"tracking_server_url": format!("{url}/elsewhere")}),
            "no MLflow API at this address",
        ),
        (
            json!({"tracking_server_url": "http://127.0.0.1:9"}),
            "127.0.0.1:9\" to outbound.allow",
        ),
        (
            json!({"tracking_server_url": "http://no-such-host.invalid"}),
            "could not find the host no-such-host.invalid",
        ),
        (
            json!({"tracking_server_url": url, "verify_ssl": false}),
            "outbound.insecure_tls",
        ),
    ] {
        let (success, message) = plugin.test(configuration.clone());
        assert!(
            !success && message.contains(expected),
            "{configuration}: {message}"
        );
    }
    plugin.configure(basic("sample-password"));
    plugin.sync();
    plugin.configure(basic("wrong"));
    let refused = plugin
        .admin
        .post("/api/plugins/mlflow/sync", json!({}))
        .is(502);
    assert!(
        refused.json()["error"]
            .as_str()
            .unwrap()
            .contains("refused the user name")
    );
    assert!(
        !plugin.models().is_empty(),
        "a sync that fails leaves the models"
    );
}

#[test]
fn a_configuration_that_cannot_work_is_refused_at_its_fields() {
    let server = TestServer::builtin();
    let plugin = Plugin::install(&server);
    let url = server.mlflow();
    let good = json!({"tracking_server_url": url, "timeout": 12});
    plugin.configure(good.clone());
    for (configuration, fields) in [
        (
            json!({"tracking_server_url": url, "auth_method": "basic"}),
            vec!["username", "password"],
        ),
        (
            json!({"tracking_server_url": url, "auth_method": "token"}),
            vec!["api_token"],
        ),
        (
            json!({"tracking_server_url": "mlflow.example.com"}),
            vec!["tracking_server_url"],
        ),
        (
            json!({"tracking_server_url": "http://u:p@mlflow.example.com"}),
            vec!["tracking_server_url"],
        ),
        (
            json!({"tracking_server_url": url, "timeout": 301}),
            vec!["timeout"],
        ),
        (
            json!({"tracking_server_url": url, "verify_ssl": false}),
            vec!["verify_ssl"],
        ),
    ] {
        let refused = plugin.try_configure(configuration.clone()).is(422).json();
        let text = refused.to_string();
        for field in fields {
            assert!(text.contains(field), "{configuration}: {text}");
        }
    }
    let stored = plugin.admin.get("/api/plugins/installations").data();
    assert_eq!(stored[0]["configuration"]["timeout"], 12);
}
