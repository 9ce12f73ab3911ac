//! The builtin notes plugin: the same story as MLflow's, in Rhai.

use serde_json::{Value, json};

use crate::support::TestServer;

#[test]
fn notes_are_kept_within_the_configured_limits_and_go_with_the_plugin() {
    let server = TestServer::builtin();
    let admin = server.admin();
    let made = admin
        .post("/api/plugins/install", json!({"pluginKey": "notes"}))
        .is(201)
        .data();
    let installation = format!("/api/plugins/installations/{}", made["id"]);
    let configure = |configuration: Value| {
        let body = json!({"configuration": configuration});
        admin.put(&format!("{installation}/configuration"), body)
    };
    for (configuration, field) in [
        (json!({"max_notes": 0}), "max_notes"),
        (json!({"max_notes": 1.5}), "max_notes"),
        (json!({"title_prefix": 3}), "title_prefix"),
    ] {
        let refused = configure(configuration).is(422).json().to_string();
        assert!(refused.contains(field), "{refused}");
    }
    configure(json!({"title_prefix": "AI: ", "max_notes": 2})).is(200);

    let editor = server.as_role(1, "Editor");
    let add = |body: Value| editor.post("/api/plugins/notes/notes", body);
    for wrong in [
        json!({}),
        json!([]),
        json!({"title": "  "}),
        json!({"title": 1}),
        json!({"title": "a", "text": 1}),
    ] {
        add(wrong).is(400);
    }
    let first = add(json!({"title": " Prüfung ", "text": "50% 🌙"}))
        .is(201)
        .data();
    assert_eq!(first["title"], "AI: Prüfung");
    add(json!({"title": "second"})).is(201);
    add(json!({"title": "third"})).is(409);
    // A limit below what is stored is the hook's to refuse; the old one stays.
    configure(json!({"max_notes": 1})).is(422);

    let path = format!("/api/plugins/notes/notes/{}", first["id"]);
    let changed = editor.put(&path, json!({"text": "new"})).is(200).data();
    assert_eq!(
        (&changed["title"], &changed["text"]),
        (&json!("AI: Prüfung"), &json!("new"))
    );
    let found = admin.get("/api/plugins/notes/notes?q=second").data();
    assert_eq!(
        (found["notes"].as_array().unwrap().len(), &found["total"]),
        (1, &json!(2))
    );
    server.as_role(1, "Auditor").delete(&path).is(403);
    server
        .as_role(2, "Admin")
        .get("/api/plugins/notes/notes")
        .is(404);
    editor.delete(&path).is(200);
    editor.get(&path).is(404);
    editor.get("/api/plugins/notes/notes/x").is(404);

    let body = json!({"configuration": {}});
    let tested = admin
        .post("/api/plugins/notes/test-connection", body)
        .is(200)
        .data();
    assert_eq!(tested["success"], true);
    admin.delete(&installation).is(200);
    admin.get("/api/plugins/notes/notes").is(404);
    admin
        .post("/api/plugins/install", json!({"pluginKey": "notes"}))
        .is(201);
    assert_eq!(admin.get("/api/plugins/notes/notes").data()["total"], 0);
}
