//! The statements of the original's own examples, as they stand in its specification: only
//! `${tenantId}` is filled in, as there. Replacements are a map, as there.

use super::*;

const MLFLOW_INSTALL: &str = r#"
    CREATE TABLE IF NOT EXISTS "a4ayc80OGd".mlflow_model_records (
      id SERIAL PRIMARY KEY,
      model_name VARCHAR(255) NOT NULL,
      version VARCHAR(50),
      stage VARCHAR(50),
      run_id VARCHAR(100),
      source VARCHAR(500),
      created_at TIMESTAMP DEFAULT NOW(),
      updated_at TIMESTAMP DEFAULT NOW()
    )
  "#;
const MLFLOW_UPSERT: &str = r#"
      INSERT INTO "a4ayc80OGd".mlflow_model_records (model_name, version, updated_at)
      VALUES (:name, :version, NOW())
      ON CONFLICT (model_name) DO UPDATE SET version = :version, updated_at = NOW()
    "#;
const MLFLOW_UNINSTALL: &str = r#"
    DROP TABLE IF EXISTS "a4ayc80OGd".mlflow_model_records
  "#;
const SERVICE_INSTALL: &str = r#"
      CREATE TABLE IF NOT EXISTS "a4ayc80OGd".my_service_records (
        id SERIAL PRIMARY KEY,
        record_name VARCHAR(255) NOT NULL,
        record_type VARCHAR(255),
        status VARCHAR(255),
        data JSONB NOT NULL DEFAULT '{}'::jsonb,
        external_id VARCHAR(255),
        last_synced_at TIMESTAMP,
        created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
        updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
        CONSTRAINT my_service_records_unique UNIQUE (record_name, external_id)
      )
    "#;
const SERVICE_UPSERT: &str = r#"INSERT INTO "a4ayc80OGd".my_service_records
       (record_name, record_type, status, data, external_id, last_synced_at, updated_at)
       VALUES (:record_name, :record_type, :status, :data, :external_id, :last_synced_at, :updated_at)
       ON CONFLICT (record_name, external_id) DO UPDATE SET
         record_type = EXCLUDED.record_type,
         status = EXCLUDED.status,
         data = EXCLUDED.data,
         last_synced_at = EXCLUDED.last_synced_at,
         updated_at = EXCLUDED.updated_at"#;
/// The shape of the tables that both hosts keep; a plugin's table under another name.
const INSTALLATIONS: &str = r#"CREATE TABLE "a4ayc80OGd".my_installations (
    id SERIAL PRIMARY KEY,
    plugin_key VARCHAR(100) NOT NULL UNIQUE,
    status VARCHAR(20) NOT NULL DEFAULT 'installed'
        CHECK (status IN ('installed')),
    installed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    error_message TEXT,
    configuration JSONB,
    metadata JSONB,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
"#;

fn named<const N: usize>(pairs: [(&str, Value); N]) -> Params {
    match Value::map(pairs) {
        Value::Map(map) => Params::Named(map),
        _ => unreachable!(),
    }
}

fn model(name: &str, version: &str) -> Params {
    named([("name", name.into()), ("version", version.into())])
}

fn rows(db: &mut PluginDb, sql: &str, params: &Params) -> Vec<Map> {
    let rows = db
        .query(sql, params, LIMITS)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.maps().collect()
}

#[test]
fn the_mlflow_example_runs_as_it_is_written() {
    let fixture = Fixture::new();
    let mut db = plugin(&fixture, "mlflow");
    db.execute(MLFLOW_INSTALL, &Params::None).unwrap();
    db.execute(MLFLOW_INSTALL, &Params::None).unwrap();
    // PostgreSQL refuses the example's upsert likewise: its table has nothing that could conflict.
    let refusal = db
        .execute(MLFLOW_UPSERT, &model("churn", "1"))
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("CREATE UNIQUE INDEX"), "{refusal}");
    db.execute(
        r#"CREATE UNIQUE INDEX mlflow_names ON "a4ayc80OGd".mlflow_model_records(model_name)"#,
        &Params::None,
    )
    .unwrap();
    for version in ["1", "2"] {
        db.execute(MLFLOW_UPSERT, &model("churn", version)).unwrap();
    }
    db.execute(MLFLOW_UPSERT, &model("fraud", "1")).unwrap();
    let found = rows(
        &mut db,
        r#"SELECT * FROM "a4ayc80OGd".mlflow_model_records ORDER BY created_at DESC, id"#,
        &Params::None,
    );
    assert_eq!(found.len(), 2);
    let churn = found.iter().find(|row| row["id"] == Value::Int(1)).unwrap();
    assert_eq!(churn["version"], Value::from("2"));
    let moment = churn["updated_at"].as_str().unwrap();
    assert!(moment.len() == 24 && moment.ends_with('Z'), "{moment}");
    // A length of the type is kept.
    let long = "n".repeat(256);
    let refusal = db.execute(MLFLOW_UPSERT, &model(&long, "1")).unwrap_err();
    assert!(refusal.to_string().contains("length(model_name) <= 255"));
    db.execute(MLFLOW_UNINSTALL, &Params::None).unwrap();
    let whole = fixture.storage.aside().check(&tenant()).unwrap();
    assert_eq!(whole, crate::storage::Ownership::default());
}

#[test]
fn the_data_service_example_runs_as_it_is_written() {
    let fixture = Fixture::new();
    let mut db = plugin(&fixture, "service");
    db.execute(SERVICE_INSTALL, &Params::None).unwrap();
    let record = |status: &str, data: &str| {
        named([
            ("record_name", "r".into()),
            ("record_type", Value::Null),
            ("status", status.into()),
            ("data", data.into()),
            ("external_id", "7".into()),
            ("last_synced_at", "2026-11-24T08:00:00.000Z".into()),
            ("updated_at", "2026-11-24T08:00:00.000Z".into()),
        ])
    };
    for status in ["new", "old"] {
        db.execute(SERVICE_UPSERT, &record(status, "{\"a\":1}"))
            .unwrap();
    }
    let refusal = db.execute(SERVICE_UPSERT, &record("bad", "{")).unwrap_err();
    assert!(
        refusal.to_string().contains("json_valid(data)"),
        "{refusal}"
    );
    let count = rows(
        &mut db,
        r#"SELECT COUNT(*) as count FROM "a4ayc80OGd".my_service_records"#,
        &Params::None,
    );
    assert_eq!(count[0]["count"], Value::Int(1));
    let found = rows(
        &mut db,
        "SELECT status, data->>'a' AS a, created_at::date AS day FROM my_service_records WHERE status ILIKE $1",
        &Params::List(vec!["OL%".into()]),
    );
    assert_eq!(
        (&found[0]["status"], &found[0]["a"]),
        (&"old".into(), &Value::Int(1))
    );
    assert_eq!(found[0]["day"].as_str().unwrap().len(), 10);
    db.execute(
        r#"DROP TABLE IF EXISTS "a4ayc80OGd".my_service_records CASCADE"#,
        &Params::None,
    )
    .unwrap();
    assert_eq!(db.drop_objects().unwrap(), [""; 0]);
}

#[test]
fn shared_tables_and_indexes_of_the_original_become_the_tenants_own() {
    let fixture = Fixture::new();
    let mut db = plugin(&fixture, "service");
    for sql in [
        INSTALLATIONS,
        "CREATE INDEX idx_my_installations_key_a4ayc80OGd\n    ON \"a4ayc80OGd\".my_installations(plugin_key);",
        "CREATE TABLE public.my_service_webhooks (id BIGSERIAL PRIMARY KEY, user_id INTEGER NOT NULL,
           is_active BOOLEAN DEFAULT true, routing_type TEXT, updated_at TIMESTAMP WITH TIME ZONE,
           installation INT REFERENCES \"a4ayc80OGd\".my_installations(id) ON DELETE CASCADE)",
        "INSERT INTO my_installations (plugin_key) VALUES ('x')",
        "INSERT INTO public.my_service_webhooks (user_id, installation) VALUES (4, 1), (5, NULL)",
    ] {
        db.execute(sql, &Params::None)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    let user = |id: i64| {
        named([
            ("userId", Value::Int(id)),
            ("routing_type", "{\"a\"}".into()),
        ])
    };
    let updated = db
        .execute(
            "UPDATE public.my_service_webhooks
         SET routing_type = :routing_type, updated_at = NOW()
         WHERE user_id = :userId",
            &user(4),
        )
        .unwrap();
    assert_eq!(updated.changes, 1);
    let active = rows(
        &mut db,
        "SELECT COUNT(*) as count FROM public.my_service_webhooks
       WHERE user_id = :userId AND is_active = true",
        &user(4),
    );
    assert_eq!(active[0]["count"], Value::Int(1));
    db.execute("DELETE FROM my_installations", &Params::None)
        .unwrap();
    let left = rows(
        &mut db,
        "SELECT user_id FROM my_service_webhooks",
        &Params::None,
    );
    assert_eq!(left.len(), 1, "ON DELETE CASCADE stays");
    let done = db
        .execute(
            "DELETE FROM public.my_service_webhooks WHERE user_id = :userId",
            &user(5),
        )
        .unwrap();
    assert_eq!(done.changes, 1);
}

#[test]
fn numbered_parameters_are_bound_by_their_numbers() {
    let (_fixture, mut db) = two_plugins();
    let params = Params::List(vec![Value::Int(1), "a".into()]);
    for sql in [
        "SELECT $2 AS name, $1 AS id",
        "SELECT $2::text AS name, $1::int AS id",
        "SELECT ?2 AS name, ?1 AS id",
    ] {
        let found = rows(&mut db, sql, &params);
        assert_eq!(found[0]["name"], Value::from("a"), "{sql}");
        assert_eq!(found[0]["id"], Value::Int(1), "{sql}");
    }
}

#[test]
fn a_translated_text_meets_the_same_walls() {
    let (_fixture, mut db) = two_plugins();
    for sql in [
        "SELECT name::text FROM theirs",
        "SELECT project_title FROM projects WHERE project_title ILIKE 's%'",
        "SELECT name::text FROM notes FULL JOIN theirs USING (name)",
        "SELECT sql::text FROM sqlite_master",
        "CREATE TABLE theirs (id SERIAL PRIMARY KEY)",
        "CREATE TABLE t (id SERIAL PRIMARY KEY, p INT REFERENCES projects (id))",
        "CREATE TABLE copy AS SELECT name::text FROM theirs",
        "DROP TABLE projects CASCADE",
        "UPDATE theirs SET name = NOW()",
        "SELECT printf('%d', id::int) FROM notes",
    ] {
        let verdict = db.execute(sql, &Params::None).map(drop);
        let verdict = match verdict {
            Err(DbError::Mistake { .. }) => db.query(sql, &Params::None, LIMITS).map(drop),
            other => other,
        };
        assert!(
            matches!(verdict, Err(DbError::Denied { .. })),
            "{sql}: {verdict:?}"
        );
    }
}
