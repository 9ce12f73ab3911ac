//! The MLflow plugin against a real MLflow server: PyPI's `mlflow[auth]`, with basic authentication, in the
//! virtual environment that `tests/mlflow/venv` makes. Skipped only where PyPI cannot be reached.

use std::fs::File;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::mlflow::{Plugin, find};
use crate::support::{Answer, Client, Start};

const PASSWORD: &str = "a-long-Password-1";
/// The first start makes two databases; on a busy machine that takes its time.
const LONGEST_START: Duration = Duration::from_secs(240);

struct RealServer {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

/// The environment's folder; a printed reason where there is none.
fn environment() -> Option<PathBuf> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mlflow/venv");
    let made = Command::new(script).output().unwrap();
    if made.status.success() {
        let folder = String::from_utf8(made.stdout).unwrap();
        return Some(PathBuf::from(folder.trim()));
    }
    println!("skipped: {}", String::from_utf8_lossy(&made.stderr).trim());
    None
}

impl RealServer {
    fn start(environment: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let settings = format!(
            "[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{}\nadmin_username = admin\n\
             authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
            at("accounts.db")
        );
        File::create(at("auth.ini"))
            .unwrap()
            .write_all(settings.as_bytes())
            .unwrap();
        let log = File::create(at("server.log")).unwrap();
        let child = Command::new(environment.join("bin/mlflow"))
            .args([
                "server",
                "--app-name",
                "basic-auth",
                "--workers",
                "1",
                "--host",
                "127.0.0.1",
                "--port",
            ])
            .arg(port.to_string())
            .args([
                "--backend-store-uri",
                &format!("sqlite:///{}", at("mlflow.db")),
            ])
            .args(["--artifacts-destination", &at("artifacts")])
            .env("MLFLOW_AUTH_CONFIG_PATH", at("auth.ini"))
            .env("MLFLOW_FLASK_SERVER_SECRET_KEY", "only-for-this-test")
            .env("MLFLOW_AUTH_ADMIN_PASSWORD", PASSWORD)
            .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // Its workers are processes of their own; they end with their group.
            .process_group(0)
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            port,
            _folder: folder,
        };
        let end = Instant::now() + LONGEST_START;
        while !server.is_up() {
            let ended = server.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < end,
                "MLflow did not start: {}",
                std::fs::read_to_string(server._folder.path().join("server.log")).unwrap()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
        server
    }

    fn is_up(&self) -> bool {
        let client = Client {
            base: self.url(),
            token: None,
        };
        client
            .try_send("GET", "/health", None, &[])
            .is_ok_and(|answer| answer.status == 200)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let account = base64::engine::general_purpose::STANDARD.encode(format!("admin:{PASSWORD}"));
        let client = Client {
            base: self.url(),
            token: None,
        };
        let body = body.map(|body| body.to_string().into_bytes());
        client.send(
            method,
            path,
            body,
            &[("authorization", &format!("Basic {account}"))],
        )
    }

    fn call(&self, endpoint: &str, body: Value) -> Value {
        self.send("POST", &format!("/api/2.0/mlflow/{endpoint}"), Some(body))
            .is(200)
            .json()
    }

    fn run(&self, experiment: &Value, name: &str, stage: &str) -> Value {
        let tags = json!([{"key": "stage", "value": stage}]);
        let body = json!({"experiment_id": experiment, "run_name": name, "start_time": 1_788_000_000_000_i64, "tags": tags});
        self.call("runs/create", body)["run"]["info"]["run_id"].clone()
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.child);
        let _already_gone =
            rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _status = self.child.wait();
    }
}

#[test]
fn a_real_mlflow_server_is_read_whole() {
    let Some(environment) = environment() else {
        return;
    };
    let real = RealServer::start(&environment);
    let version = String::from_utf8(real.send("GET", "/version", None).is(200).body).unwrap();
    println!("a real MLflow server, version {version}");

    let allow = format!("127.0.0.1:{}", real.port);
    let server = Start::with_flags(&["--outbound-allow", &allow]).go();
    let plugin = Plugin::install(&server);
    let basic = |password: &str| json!({"tracking_server_url": real.url(), "auth_method": "basic", "username": "admin", "password": password});
    for (configuration, expected) in [
        (
            json!({"tracking_server_url": real.url()}),
            "asks for a sign-in",
        ),
        (basic("wrong"), "refused the user name or the password"),
        (
            json!({"tracking_server_url": real.url(), "auth_method": "token", "api_token": "x"}),
            "refused the API token",
        ),
    ] {
        let (success, message) = plugin.test(configuration);
        assert!(!success && message.contains(expected), "{message}");
    }
    assert_eq!(
        plugin.test(basic(PASSWORD)),
        (true, format!("Connected to MLflow {version}."))
    );
    plugin.configure(basic(PASSWORD));

    // A new server: one experiment, no runs, no models.
    let synced = plugin.sync();
    assert_eq!(
        (&synced["modelCount"], &synced["runCount"]),
        (&json!(0), &json!(0))
    );

    let experiment =
        real.call("experiments/create", json!({"name": "Prüfung 試験"}))["experiment_id"].clone();
    let run = real.run(&experiment, "nacht 🌙", "Production");
    real.call("runs/log-batch", json!({"run_id": run,
        "metrics": [{"key": "auc", "value": 0.75, "timestamp": 5, "step": 9_007_199_254_740_993_i64}, {"key": "loss", "value": "NaN", "timestamp": 5, "step": 0}],
        "params": [{"key": "depth", "value": "7"}], "tags": []}));
    for name in ["registered ü", "without versions"] {
        real.call(
            "registered-models/create",
            json!({"name": name, "description": "d"}),
        );
    }
    let version_body = json!({"name": "registered ü", "source": format!("runs:/{}/model", run.as_str().unwrap()), "run_id": run});
    real.call("model-versions/create", version_body.clone());
    real.call("model-versions/create", version_body);
    real.call(
        "registered-models/alias",
        json!({"name": "registered ü", "alias": "champion", "version": "1"}),
    );
    real.call("model-versions/transition-stage", json!({"name": "registered ü", "version": "1", "stage": "Staging", "archive_existing_versions": false}));
    let gone = real.run(&experiment, "gone soon", "None");
    for extra in 0..230 {
        real.run(&experiment, &format!("extra {extra}"), "None");
    }

    let synced = plugin.sync();
    assert_eq!(
        (
            &synced["runCount"],
            &synced["modelVersionCount"],
            &synced["registeredModelCount"]
        ),
        (&json!(232), &json!(2), &json!(2))
    );
    let rows = plugin.models();
    assert_eq!(rows.len(), 232 + 2 + 1);
    let short = &run.as_str().unwrap()[..8];
    let row = find(&rows, "nacht 🌙", short);
    assert_eq!(
        (&row["stage"], &row["status"], &row["training_ended_at"]),
        (&json!("Production"), &json!("RUNNING"), &Value::Null)
    );
    assert_eq!(
        (&row["metrics"], &row["parameters"]),
        (&json!({"auc": 0.75, "loss": "NaN"}), &json!({"depth": "7"}))
    );
    assert_eq!(row["metric_steps"]["auc"], "9007199254740993");
    assert_eq!(row["experiment_name"], "Prüfung 試験");
    let registered = find(&rows, "registered ü", "1");
    assert_eq!(
        (&registered["stage"], &registered["aliases"]),
        (&json!("Staging"), &json!(["champion"]))
    );
    assert_eq!(
        (&registered["metrics"], &registered["training_status"]),
        (&row["metrics"], &json!("RUNNING"))
    );
    let without = rows
        .iter()
        .find(|row| row["model_name"] == "without versions")
        .unwrap();
    assert_eq!(without["version"], Value::Null);

    real.call(
        "runs/update",
        json!({"run_id": run, "status": "FINISHED", "end_time": 1_788_000_060_000_i64}),
    );
    real.call("runs/delete", json!({"run_id": gone}));
    let synced = plugin.sync();
    assert_eq!(
        (&synced["modelCount"], &synced["removedCount"]),
        (&json!(234), &json!(1))
    );
    let rows = plugin.models();
    let ended = find(&rows, "nacht 🌙", short);
    assert_eq!(
        (&ended["id"], &ended["status"]),
        (&row["id"], &json!("FINISHED"))
    );
    assert_eq!(ended["training_ended_at"], "2026-08-29T10:41:00.000Z");
    println!("synced {} rows from MLflow {version}", rows.len());

    plugin.uninstall();
    plugin.admin.get("/api/plugins/mlflow/models").is(404);
}
