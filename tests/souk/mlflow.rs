//! The MLflow plugin against the demo's sample server.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

use crate::support::mlflow::{Plugin, find};
use crate::support::{Client, Start, TestServer};

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
            json!({"tracking_server_url": "http://[bad"}),
            vec!["tracking_server_url"],
        ),
        (
            json!({"tracking_server_url": "http://mlflow.example.com:99999"}),
            vec!["tracking_server_url"],
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

#[test]
fn the_timeout_of_the_configuration_is_kept() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let server = Start::with_flags(&["--outbound-allow", &address]).go();
    let plugin = Plugin::install(&server);
    let url = format!("http://{address}");
    let (success, message) = plugin.test(json!({"tracking_server_url": url, "timeout": 1}));
    assert!(
        !success && message.contains("timed out after 1 s"),
        "{message}"
    );
}

#[test]
fn an_unverified_certificate_is_accepted_only_where_the_operator_lists_the_host() {
    let address = self_signed();
    let allow = address.to_string();
    let url = format!("https://localhost:{}", address.port());
    let verified = json!({"tracking_server_url": url, "verify_ssl": true});
    let unverified = json!({"tracking_server_url": url, "verify_ssl": false});

    let strict = Start::with_flags(&["--outbound-allow", &allow]).go();
    let plugin = Plugin::install(&strict);
    let (success, message) = plugin.test(verified.clone());
    assert!(
        !success && message.contains("certificate of localhost is not trusted"),
        "{message}"
    );
    plugin.configure(verified.clone());
    let refused = plugin
        .try_configure(unverified.clone())
        .is(422)
        .json()
        .to_string();
    assert!(
        refused.contains("verify_ssl") && refused.contains("outbound.insecure_tls"),
        "{refused}"
    );

    let flags = [
        "--outbound-allow",
        &allow,
        "--outbound-insecure-tls",
        "localhost",
    ];
    let lenient = Start::with_flags(&flags).go();
    let plugin = Plugin::install(&lenient);
    assert!(!plugin.test(verified).0);
    assert!(plugin.test(unverified.clone()).0);
    plugin.configure(unverified);
    assert_eq!(plugin.sync()["modelCount"], 0);
}

/// An MLflow server without content, behind a certificate that it made itself.
fn self_signed() -> SocketAddr {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut head = Vec::new();
            let mut byte = [0_u8; 1];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            let reply = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            // A client that does not trust the certificate is gone by now.
            let _sent = stream.write_all(reply.as_bytes());
            stream.conn.send_close_notify();
            let _flushed = stream.flush();
        }
    });
    address
}
