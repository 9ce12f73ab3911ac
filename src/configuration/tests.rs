//! Configurations sealed, shown and merged with a real key.

use super::*;
use crate::config::SecretKeyPlace;
use serde_json::json;

struct Bench {
    _folder: tempfile::TempDir,
    secrets: SecretBox,
    tenant: TenantId,
    plugin: PluginKey,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretBox::open(&SecretKeyPlace::File(folder.path().join("key"))).unwrap();
        Self {
            _folder: folder,
            secrets,
            tenant: TenantId::of_organization(1),
            plugin: PluginKey::parse("mlflow").unwrap(),
        }
    }

    fn with<'a>(&'a self, schema: &'a ConfigurationSchema) -> Owner<'a> {
        Owner {
            schema: Some(schema),
            ..self.owner()
        }
    }

    fn owner(&self) -> Owner<'_> {
        Owner {
            tenant: &self.tenant,
            plugin: &self.plugin,
            schema: None,
        }
    }
}

fn map(value: Value) -> Configuration {
    value.as_object().unwrap().clone()
}

fn schema(schema: Value) -> ConfigurationSchema {
    let manifest = map(json!({ "configurationSchema": schema }));
    ConfigurationSchema::of(&manifest).unwrap().unwrap()
}

fn sample() -> Configuration {
    map(
        json!({"server_url": "http://a.example/", "password": "hush hush", "auth": {"api_token": "t0k3n"}, "timeout": 30}),
    )
}

#[test]
fn secrets_are_sealed_masked_and_plain_again() {
    let bench = Bench::new();
    let stored = bench.owner().seal(&bench.secrets, &sample()).unwrap();
    let text = Value::Object(stored.clone()).to_string();
    assert!(!text.contains("hush") && !text.contains("t0k3n"), "{text}");
    let shown = Owner::mask(&stored);
    assert_eq!(
        (&shown["password"], &shown["auth"]["api_token"]),
        (&json!(MASK), &json!(MASK))
    );
    assert_eq!(shown["timeout"], json!(30));
    assert_eq!(
        bench.owner().unseal(&bench.secrets, &stored).unwrap(),
        sample()
    );
}

#[test]
fn a_mask_keeps_the_stored_secret_while_the_url_stays() {
    let bench = Bench::new();
    let stored = bench.owner().seal(&bench.secrets, &sample()).unwrap();
    let mut incoming = Owner::mask(&stored);
    incoming.insert("server_url".into(), json!("http://a.example"));
    let merged = bench
        .owner()
        .merge(&bench.secrets, &incoming, &stored)
        .unwrap();
    assert_eq!(merged["password"], json!("hush hush"));
}

#[test]
fn a_stored_secret_is_never_sent_to_another_address() {
    let bench = Bench::new();
    let stored = bench.owner().seal(&bench.secrets, &sample()).unwrap();
    for url in [json!("http://evil.example"), json!(""), Value::Null] {
        let mut incoming = Owner::mask(&stored);
        incoming.insert("server_url".into(), url);
        let refusal = bench
            .owner()
            .merge(&bench.secrets, &incoming, &stored)
            .unwrap_err();
        let Error::Refused { errors, .. } = refusal else {
            panic!("{refusal}")
        };
        assert!(errors.iter().any(|error| error.field == "password"));
    }
    let mut without = Owner::mask(&stored);
    without.remove("server_url");
    assert!(
        bench
            .owner()
            .merge(&bench.secrets, &without, &stored)
            .is_err()
    );
    let mut added = Owner::mask(&stored);
    added.insert("proxy_url".into(), json!("http://evil.example"));
    assert!(
        bench
            .owner()
            .merge(&bench.secrets, &added, &stored)
            .is_err()
    );
}

#[test]
fn a_mask_with_nothing_behind_it_is_an_error_at_its_field() {
    let bench = Bench::new();
    let incoming = map(json!({"password": MASK}));
    assert!(
        bench
            .owner()
            .merge(&bench.secrets, &incoming, &Map::new())
            .is_err()
    );
}

#[test]
fn a_sealed_value_of_another_tenant_does_not_open() {
    let bench = Bench::new();
    let stored = bench.owner().seal(&bench.secrets, &sample()).unwrap();
    let other = TenantId::of_organization(2);
    let foreign = Owner {
        tenant: &other,
        plugin: &bench.plugin,
        schema: None,
    };
    assert!(foreign.unseal(&bench.secrets, &stored).is_err());
}

#[test]
fn a_client_cannot_hand_in_a_sealed_value_of_its_own() {
    let bench = Bench::new();
    let forged = map(json!({"password": {"$sealed": "AAAA"}}));
    let refusal = bench
        .owner()
        .merge(&bench.secrets, &forged, &Map::new())
        .unwrap_err();
    assert!(refusal.to_string().contains("password"), "{refusal}");
    assert!(bench.owner().unseal(&bench.secrets, &forged).is_err());
}

#[test]
fn secrets_in_lists_and_numbers_are_secrets_too() {
    let bench = Bench::new();
    let plain = map(
        json!({"password": 12_345_678, "api_tokens": ["tok-one"], "auth": [{"token": "tok-two"}], "use_token": true}),
    );
    let stored = bench.owner().seal(&bench.secrets, &plain).unwrap();
    let text = Value::Object(stored.clone()).to_string();
    assert!(
        !text.contains("12345678") && !text.contains("tok-"),
        "{text}"
    );
    let shown = Owner::mask(&stored);
    assert_eq!(
        (&shown["auth"][0]["token"], &shown["use_token"]),
        (&json!(MASK), &json!(true))
    );
    assert_eq!(
        bench.owner().unseal(&bench.secrets, &stored).unwrap(),
        plain
    );
    let kept = bench
        .owner()
        .merge(&bench.secrets, &shown, &stored)
        .unwrap();
    assert_eq!(kept, plain);
    let clean = bench.owner().redaction(&plain).clean("12345678 tok-two");
    assert_eq!(clean, format!("{MASK} {MASK}"));
}

#[test]
fn every_secret_is_known_to_the_redaction() {
    let bench = Bench::new();
    let clean = bench
        .owner()
        .redaction(&sample())
        .clean("hush hush, t0k3n, 30");
    assert_eq!(clean, format!("{MASK}, {MASK}, 30"));
}

#[test]
fn an_address_in_another_spelling_is_one_that_moved() {
    let bench = Bench::new();
    let plain = map(json!({"place": "http://a.example", "password": "hush hush"}));
    let stored = bench.owner().seal(&bench.secrets, &plain).unwrap();
    for spelling in [
        "\u{1}http://evil.example/",
        "ht\ttp://evil.example/",
        " \u{1f}\nHTTPS:evil.example",
    ] {
        // Where nothing stood, and where another stood.
        for field in ["place", "other"] {
            let mut incoming = Owner::mask(&stored);
            incoming.insert(field.to_owned(), json!(spelling));
            let merged = bench.owner().merge(&bench.secrets, &incoming, &stored);
            assert!(merged.is_err(), "{field}: {spelling:?}");
        }
    }
}

#[test]
fn a_secret_that_is_an_address_is_kept_by_its_mask() {
    let bench = Bench::new();
    let schema =
        schema(json!({"properties": {"webhook_url": {"type": "string", "format": "password"}}}));
    let owner = bench.with(&schema);
    let plain = map(json!({"webhook_url": "https://hooks.example/abc"}));
    let stored = owner.seal(&bench.secrets, &plain).unwrap();
    let kept = owner.merge(&bench.secrets, &Owner::mask(&stored), &stored);
    assert_eq!(kept.unwrap(), plain);
}

#[test]
fn all_that_a_secret_holds_is_secret() {
    let bench = Bench::new();
    let schema = schema(json!({"properties": {"hidden": {"format": "password"}}}));
    let owner = bench.with(&schema);
    let plain = map(json!({"hidden": {"pin": [4711, "hush"]}, "hidden_not": "open"}));
    let stored = owner.seal(&bench.secrets, &plain).unwrap();
    let shown = Owner::mask(&stored);
    assert_eq!(
        Value::Object(shown),
        json!({"hidden": {"pin": [MASK, MASK]}, "hidden_not": "open"})
    );
    assert_eq!(owner.unseal(&bench.secrets, &stored).unwrap(), plain);
}
