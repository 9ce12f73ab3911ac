//! What is made of one manifest.

use super::*;

fn listing(fields: Value) -> Result<Listing, String> {
    let mut manifest = json!({
        "key": "x", "name": "X", "version": "1.0.0", "pluginPath": "plugins/x", "entryPoint": "main.lua"});
    for (field, value) in fields.as_object().unwrap() {
        manifest[field] = value.clone();
    }
    match manifest {
        Value::Object(manifest) => Listing::parse(manifest),
        _ => unreachable!(),
    }
}

fn reason(fields: Value) -> String {
    listing(fields).unwrap().installable.unwrap_err()
}

#[test]
fn only_the_two_entry_points_at_the_root_are_installable() {
    for good in ["main.lua", "main.rhai"] {
        assert_eq!(
            listing(json!({"entryPoint": good})).unwrap().installable,
            Ok(())
        );
    }
    assert_eq!(
        reason(json!({"entryPoint": "index.ts"})),
        "Plugin 'x' cannot be installed here: its entry point is 'index.ts'; Souk runs main.lua and main.rhai"
    );
    for bad in [
        "src/main.lua",
        "Main.lua",
        "main.luau",
        "main.lua.txt",
        "dist/index.js",
    ] {
        assert!(reason(json!({"entryPoint": bad})).contains(bad));
    }
    assert!(reason(json!({"entryPoint": null})).contains("names no entry point"));
    assert!(reason(json!({"entryPoint": 7})).contains("names no entry point"));
}

#[test]
fn a_newer_host_that_a_plugin_asks_for_is_named() {
    assert_eq!(
        listing(json!({"minHostVersion": "0.0.1"}))
            .unwrap()
            .installable,
        Ok(())
    );
    assert_eq!(
        reason(json!({"minHostVersion": "99.0.0"})),
        format!(
            "Plugin 'x' cannot be installed here: it needs Souk 99.0.0 or later, and this is {}",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert!(reason(json!({"minHostVersion": "soon"})).contains("minHostVersion \"soon\""));
    assert!(host_is_at_least(&json!("1.0.0"), "1.0.0-rc.1").is_err());
}

#[test]
fn a_broken_configuration_schema_is_a_reason_not_to_install() {
    let reason = reason(json!({"configurationSchema": {"properties": {"x": {"type": "strin"}}}}));
    assert!(
        reason.starts_with("Plugin 'x' cannot be installed here: its configurationSchema"),
        "{reason}"
    );
}

#[test]
fn an_optional_field_of_the_wrong_type_is_a_warning_and_is_not_shown() {
    let listing = listing(json!({
        "tags": "ml", "features": {}, "author": [1], "isOfficial": "yes", "ui": [],
        "supportUrl": null, "installationType": "npm", "version": "one", "iconUrl": "/assets/x.svg"}))
    .unwrap();
    assert_eq!(listing.warnings.len(), 8, "{:#?}", listing.warnings);
    assert!(
        listing
            .warnings
            .contains(&"tags should be a list; it is ignored".to_owned())
    );
    assert!(
        listing.warnings.contains(
            &"installationType 'npm' is not known; it is read as tenant_scoped".to_owned()
        )
    );
    assert_eq!(listing.installable, Ok(()));
    let shown = listing.to_api();
    assert_eq!(
        (&shown["tags"], &shown["features"]),
        (&json!([]), &json!([]))
    );
    assert!(!shown.contains_key("author") && !shown.contains_key("ui"));
    assert_eq!(listing.manifest["author"], json!([1]));
}

#[test]
fn unknown_fields_pass_through_in_their_order() {
    let listing = listing(json!({"zeta": {"deep": [1]}, "alpha": 1.50, "tags": ["t"]})).unwrap();
    let shown = listing.to_api();
    assert_eq!(
        shown.keys().collect::<Vec<_>>(),
        [
            "key",
            "name",
            "version",
            "pluginPath",
            "entryPoint",
            "zeta",
            "alpha",
            "tags",
            "iconUrl",
            "displayName",
            "description",
            "features",
            "permissions",
            "permissionsRating",
            "permissionsDigest",
            "installable",
            "notInstallableReason"
        ]
    );
    assert_eq!(
        (&shown["installable"], &shown["notInstallableReason"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(shown["iconUrl"], "/api/plugins/marketplace/x/icon");
}

#[test]
fn permissions_that_cannot_be_read_are_a_reason_not_to_install_and_rated_worst() {
    for bad in [
        json!(3),
        json!(["database"]),
        json!([{"capability": "netwrk", "reason": "r"}]),
        json!([{"capability": "files"}]),
    ] {
        let listing = listing(json!({ "permissions": bad })).unwrap();
        let reason = listing.installable.clone().unwrap_err();
        assert!(
            reason.contains("cannot be installed here: permissions"),
            "{reason}"
        );
        let shown = listing.to_api();
        assert_eq!(
            (
                &shown["permissions"],
                &shown["permissionsRating"],
                &shown["permissionsDigest"]
            ),
            (&json!([]), &json!("high"), &Value::Null)
        );
    }
}

#[test]
fn a_server_from_a_field_that_the_configuration_does_not_have_is_a_reason_not_to_install() {
    let permissions = json!([
        {"capability": "network", "hostFromConfiguration": "server", "reason": "r"}]);
    let of = |property: &str| {
        listing(json!({"permissions": permissions,
            "configurationSchema": {"type": "object", "properties": {property: {"type": "string"}}}}))
        .unwrap()
        .installable
    };
    assert_eq!(of("server"), Ok(()));
    assert!(of("other").unwrap_err().contains("the field 'server'"));
}

#[test]
fn what_a_plugin_asks_for_is_shown_with_its_pages_worst_first() {
    let quiet = listing(json!({})).unwrap().to_api();
    assert_eq!(
        (&quiet["permissions"], &quiet["permissionsRating"]),
        (&json!([]), &json!("none"))
    );
    let shown = listing(json!({
        "ui": {"bundleUrl": "ui/dist/index.esm.js"},
        "permissions": [{"capability": "schedule", "reason": "Nightly"}]}))
    .unwrap()
    .to_api();
    let ids: Vec<_> = shown["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["id"])
        .collect();
    assert_eq!(ids, ["page", "schedule"]);
    assert_eq!(shown["permissionsRating"], "high");
    assert_ne!(shown["permissionsDigest"], quiet["permissionsDigest"]);
}

#[test]
fn a_list_of_files_must_hold_the_entry_point() {
    let file = |path: &str| json!([{"path": path, "sha256": "0".repeat(64), "size": 1}]);
    assert!(reason(json!({"files": file("other.lua")})).contains("lacks the entry point"));
    assert_eq!(
        listing(json!({"files": file("main.lua")}))
            .unwrap()
            .installable,
        Ok(())
    );
}
