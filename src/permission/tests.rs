//! Wishes and grants: read, shown, chosen from, stored.

use super::*;

fn wishes(permissions: Value) -> Wishes {
    Wishes::read(Some(&permissions), false).unwrap()
}

fn sample() -> Wishes {
    wishes(json!([
        {"capability": "schedule", "reason": "Nightly"},
        {"capability": "network", "hosts": ["a.example"], "reason": "Fetches", "optional": true},
        {"capability": "core.risks:write", "reason": "Files risks"},
    ]))
}

fn ids(granted: &Granted) -> Vec<String> {
    granted.iter().map(Permission::id).collect()
}

#[test]
fn a_manifest_without_lines_asks_for_nothing() {
    for none in [None, Some(Value::Null), Some(json!([]))] {
        let wishes = Wishes::read(none.as_ref(), false).unwrap();
        assert_eq!((wishes.iter().count(), wishes.rating()), (0, None));
    }
    for bad in [json!({}), json!("network"), json!(vec![1; MOST_LINES + 1])] {
        assert!(
            Wishes::read(Some(&bad), false)
                .unwrap_err()
                .contains("no list")
        );
    }
}

#[test]
fn a_wrong_line_is_named_by_its_place() {
    let line = json!({"capability": "files", "reason": "r"});
    for (bad, part) in [
        (
            json!([line, {"capability": "x", "reason": "r"}]),
            "permissions[1] asks for the unknown",
        ),
        (json!([line, line]), "permissions[1] repeats"),
    ] {
        let why = Wishes::read(Some(&bad), false).unwrap_err();
        assert!(why.starts_with(part), "{why}");
    }
}

#[test]
fn lines_come_worst_first_with_sentence_and_rating() {
    let lines = sample().to_json(None);
    let shown: Vec<_> = lines
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (
                line["id"].as_str().unwrap(),
                line["rating"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("core.risks:write", "high"),
            ("network:a.example", "medium"),
            ("schedule", "low")
        ]
    );
    assert_eq!(
        lines[1],
        json!({
            "id": "network:a.example", "capability": "network", "parameters": {"hosts": ["a.example"]},
            "reason": "Fetches", "optional": true, "sentence": "Exchanges data with a.example",
            "rating": "medium"
        })
    );
}

#[test]
fn a_page_of_its_own_is_a_wish_without_a_line() {
    let wishes = Wishes::read(None, true).unwrap();
    assert_eq!(wishes.to_json(None)[0]["id"], "page");
    assert_eq!(wishes.rating(), Some(Rating::High));
}

#[test]
fn only_what_is_optional_can_be_refused() {
    let wishes = sample();
    let refused =
        |ids: &[&str]| wishes.without(&ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
    assert_eq!(ids(&refused(&[]).unwrap()).len(), 3);
    assert_eq!(
        ids(&refused(&["network:a.example"]).unwrap()),
        ["core.risks:write", "schedule"]
    );
    assert!(
        refused(&["schedule"])
            .unwrap_err()
            .contains("cannot do without 'schedule'")
    );
    assert!(
        refused(&["files"])
            .unwrap_err()
            .contains("does not ask for 'files'")
    );
    assert!(wishes.only(&["schedule".to_owned()]).is_err());
    assert!(
        wishes
            .only(&["core.risks:write".to_owned(), "schedule".to_owned()])
            .is_ok()
    );
}

#[test]
fn what_was_granted_is_stored_and_read_again() {
    let granted = sample().without(&[]).unwrap();
    let read = Granted::parse(&granted.to_text()).unwrap();
    assert_eq!(ids(&read), ids(&granted));
    assert!(read.has(Capability::Core(Resource::Risks, Access::Read)));
    assert!(!read.has(Capability::Files));
    let page = Wishes::read(None, true).unwrap().without(&[]).unwrap();
    assert!(
        Granted::parse(&page.to_text())
            .unwrap()
            .has(Capability::Page)
    );
}

#[test]
fn a_stored_line_that_is_not_known_grants_nothing() {
    let text = json!([
        {"capability": "telepathy"}, {"capability": "files", "since": 2}, {"capability": "notify"}
    ]);
    assert_eq!(ids(&Granted::parse(&text.to_string()).unwrap()), ["notify"]);
    assert!(Granted::parse("{}").is_err());
}

#[test]
fn the_digest_changes_with_every_word_of_a_line() {
    let line = json!({"capability": "files", "reason": "r"});
    let mut seen = std::collections::BTreeSet::from([wishes(json!([])).digest()]);
    for (field, value) in [
        ("reason", json!("r")),
        ("reason", json!("s")),
        ("optional", json!(true)),
        ("capability", json!("notify")),
    ] {
        let mut line = line.clone();
        line[field] = value;
        assert!(seen.insert(wishes(json!([line])).digest()), "{field}");
    }
}

fn read(lines: Value) -> Wishes {
    Wishes::read(Some(&lines), false).unwrap()
}

#[test]
fn different_permissions_have_different_ids_and_digests() {
    let field = json!([{"capability": "network", "hostFromConfiguration": "com", "reason": "r"}]);
    let host = json!([{"capability": "network", "hosts": ["configuration.com"], "reason": "r"}]);
    let (field, host) = (read(field), read(host));
    assert_ne!(field.digest(), host.digest());
    assert_ne!(field.0[0].id(), host.0[0].id());
}

#[test]
fn the_server_that_the_author_entered_is_named() {
    let lines =
        json!([{"capability": "network", "hostFromConfiguration": "server", "reason": "r"}]);
    let of = |schema: Value| read(lines.clone()).with_schema(Some(&schema), |_, _| false);
    let plain = of(json!({"properties": {"server": {"type": "string"}}}));
    let entered = of(json!({"properties": {"server": {"default": "https://evil.example/x"}}}));
    assert!(!plain.0[0].sentence().contains("unless"));
    assert_eq!(
        entered.to_json(None)[0]["sentence"],
        "Exchanges data with the server in the field 'server' of its configuration, \
         which is evil.example:443 unless you enter another"
    );
    assert_ne!(plain.digest(), entered.digest());
}

#[test]
fn a_field_that_the_schema_or_its_name_makes_secret_is_known_as_one() {
    let of = |name: &str, schema: Value| {
        let line = json!([{"capability": "network", "hostFromConfiguration": name, "reason": "r"}]);
        read(line)
            .with_schema(Some(&schema), crate::configuration::is_secret)
            .0[0]
            .field
            .is_secret
    };
    let hidden = json!({"$defs": {"s": {"format": "password"}}, "properties": {"hook": {"$ref": "#/$defs/s"}}});
    assert!(of("hook", hidden.clone()) && of("api_token", json!({})));
    assert!(!of("server", hidden));
}
