//! The first ten minutes: MLflow against the demo's own sample server.

use serde_json::json;

use crate::support::TestServer;

#[test]
fn the_first_ten_minutes_of_the_manual_work() {
    let server = TestServer::builtin();
    let admin = server.admin();
    let row = admin
        .post("/api/plugins/install", json!({"pluginKey": "mlflow"}))
        .is(201)
        .data();
    let configuration = json!({"tracking_server_url": server.mlflow(), "auth_method": "none"});
    let tested = admin
        .post(
            "/api/plugins/mlflow/test-connection",
            json!({"configuration": configuration}),
        )
        .is(200)
        .data();
    assert_eq!(tested["success"], true, "{tested}");
    admin
        .put(
            &format!("/api/plugins/installations/{}/configuration", row["id"]),
            json!({"configuration": configuration}),
        )
        .is(200);
    let synced = admin
        .post("/api/plugins/mlflow/sync", json!({}))
        .is(200)
        .data();
    assert_eq!(synced["success"], true);
    let models = server
        .as_role(1, "Auditor")
        .get("/api/plugins/mlflow/models")
        .is(200)
        .data();
    assert_eq!(
        models["models"].as_array().unwrap().len(),
        synced["modelCount"]
    );
    admin
        .delete(&format!("/api/plugins/installations/{}", row["id"]))
        .is(200);
    assert!(crate::installations::plugin_tables(&server, "a4ayc80OGd").is_empty());
}

#[test]
fn the_sample_server_is_the_only_inner_address_that_the_demo_opens() {
    let server = TestServer::builtin();
    let admin = server.admin();
    admin
        .post("/api/plugins/install", json!({"pluginKey": "mlflow"}))
        .is(201);
    let test = |url: &str| {
        admin
            .post(
                "/api/plugins/mlflow/test-connection",
                json!({"configuration": {"tracking_server_url": url, "auth_method": "none"}}),
            )
            .is(200)
            .data()
    };
    assert_eq!(test(&server.mlflow())["success"], true);
    let own = test(&server.address());
    assert_eq!(own["success"], false);
    assert!(
        own["message"].as_str().unwrap().contains("outbound.allow"),
        "{own}"
    );
}
