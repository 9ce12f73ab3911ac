//! The MLflow plugin's own story, for the servers it is tried against.

use serde_json::{Value, json};

use super::{Client, TestServer};

/// The plugin installed and configured for one tracking server.
pub struct Plugin {
    pub admin: Client,
    pub installation: i64,
}

impl Plugin {
    pub fn install(server: &TestServer) -> Self {
        let admin = server.admin();
        let made = admin
            .post("/api/plugins/install", json!({"pluginKey": "mlflow"}))
            .is(201)
            .data();
        Self {
            admin,
            installation: made["id"].as_i64().unwrap(),
        }
    }

    pub fn configure(&self, configuration: Value) {
        self.try_configure(configuration).is(200);
    }

    pub fn try_configure(&self, configuration: Value) -> super::Answer {
        let path = format!(
            "/api/plugins/installations/{}/configuration",
            self.installation
        );
        self.admin
            .put(&path, json!({"configuration": configuration}))
    }

    /// Success and message of a connection test.
    pub fn test(&self, configuration: Value) -> (bool, String) {
        let body = json!({"configuration": configuration});
        let data = self
            .admin
            .post("/api/plugins/mlflow/test-connection", body)
            .is(200)
            .data();
        let message = data["message"].as_str().unwrap().to_owned();
        (data["success"].as_bool().unwrap(), message)
    }

    pub fn sync(&self) -> Value {
        self.admin
            .post("/api/plugins/mlflow/sync", json!({}))
            .is(200)
            .data()
    }

    /// All rows, page by page.
    pub fn models(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut offset = 0;
        loop {
            let path = format!("/api/plugins/mlflow/models?offset={offset}");
            let page = self.admin.get(&path).is(200).data();
            rows.extend(page["models"].as_array().unwrap().iter().cloned());
            match page["nextOffset"].as_u64() {
                Some(next) => offset = next,
                None => return rows,
            }
        }
    }

    pub fn uninstall(&self) {
        let path = format!("/api/plugins/installations/{}", self.installation);
        self.admin.delete(&path).is(200);
    }
}

pub fn find<'a>(rows: &'a [Value], name: &str, version: &str) -> &'a Value {
    rows.iter()
        .find(|row| row["model_name"] == name && row["version"] == version)
        .unwrap_or_else(|| panic!("no row {name} {version}"))
}
