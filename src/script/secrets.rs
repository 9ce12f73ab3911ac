//! What scripts keep by `secret`: sealed in a real file, with the transaction it was set in, and out of the log.

use super::fixture::{Language, call, compile, run_as};
use super::reach::{database, eval};
use super::{Outcome, ScriptError};
use crate::redaction::MASK;
use crate::storage::tests::Fixture;
use crate::value::{Map, Value};

/// The same in both languages, inside the function of a route.
const BOTH: [(Language, [&str; 4]); 2] = [
    (
        Language::Lua,
        [
            "ctx.secret.set('token', 'hush-hush') return ctx.secret.get('token')",
            "return ctx.secret.get('token')",
            "ctx.secret.set('token') return ctx.secret.get('token')",
            "ctx.db.transaction(function(tx) ctx.secret.set('undone', 'x') error('no') end)",
        ],
    ),
    (
        Language::Rhai,
        [
            "ctx.secret.set(\"token\", \"hush-hush\"); ctx.secret.get(\"token\")",
            "ctx.secret.get(\"token\")",
            "ctx.secret.set(\"token\"); ctx.secret.get(\"token\")",
            "let secret = ctx.secret; ctx.db.transaction(|tx| { secret.set(\"undone\", \"x\"); throw \"no\" })",
        ],
    ),
];

fn stored(storage: &Fixture) -> Vec<(String, String)> {
    database(storage)
        .core_read(|conn| {
            let mut select =
                conn.prepare("SELECT name, sealed FROM plugin_secrets ORDER BY name")?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .unwrap()
}

#[test]
fn a_secret_is_kept_sealed_until_it_is_forgotten() {
    for (language, [set, get, forget, undone]) in BOTH {
        let storage = Fixture::new();
        assert_eq!(eval(language, get, &storage).unwrap(), Value::Null);
        assert_eq!(eval(language, set, &storage).unwrap(), "hush-hush".into());
        assert_eq!(eval(language, get, &storage).unwrap(), "hush-hush".into());
        let rows = stored(&storage);
        assert_eq!(rows.len(), 1);
        assert!(!rows[0].1.contains("hush"), "{rows:?}");
        assert_eq!(eval(language, forget, &storage).unwrap(), Value::Null);
        assert!(eval(language, undone, &storage).is_err());
        assert_eq!(stored(&storage), []);
    }
}

#[test]
fn what_cannot_be_kept_is_refused_with_the_reason() {
    let storage = Fixture::new();
    let long = "x".repeat(crate::plugin_secret::LONGEST_VALUE + 1);
    for (arguments, why) in [
        ("'password', 'mine'", "a field of the configuration"),
        ("'/password', 'mine'", "a field of the configuration"),
        ("'a/b', 'x'", "letters, digits"),
        ("'', 'x'", "letters, digits"),
        (&format!("'a', '{long}'"), "8192 bytes"),
        ("'a', 7", "must be text"),
    ] {
        let body = format!("ctx.secret.set({arguments})");
        match eval(Language::Lua, &body, &storage) {
            Err(ScriptError::Raised { message, .. }) => {
                assert!(message.contains(why), "{arguments:.40}: {message}");
                assert!(!message.contains(&long));
            }
            other => panic!("{arguments:.40}: {other:?}"),
        }
    }
    let many = "for i = 1, 101 do ctx.secret.set('n' .. i, 'x') end";
    let told = eval(Language::Lua, many, &storage).unwrap_err().to_string();
    assert!(told.contains("100 names"), "{told}");
    // Its own clean-up is all a plugin needs to go on.
    let again = "ctx.secret.set('n1') ctx.secret.set('new', 'x') return ctx.secret.get('new')";
    assert_eq!(eval(Language::Lua, again, &storage).unwrap(), "x".into());
}

#[test]
fn what_is_set_or_read_is_taken_out_of_the_texts_of_the_call() {
    let storage = Fixture::new();
    let outcome = |body: &str| -> Outcome {
        let program = compile(Language::Lua, &Language::Lua.plugin(body)).unwrap();
        let route = program.routes().find("GET", "/").unwrap();
        let call = super::Call {
            db: Some(database(&storage)),
            ..call()
        };
        program.run_route(&route, Map::new(), call)
    };
    let set = outcome("ctx.secret.set('token', 'canary-7') return 1");
    assert_eq!(set.call.redaction.clean("a canary-7"), format!("a {MASK}"));
    let unread = outcome("return 1");
    assert_eq!(unread.call.redaction.clean("a canary-7"), "a canary-7");
    let read = outcome("return ctx.secret.get('token')");
    assert_eq!(read.call.redaction.clean("a canary-7"), format!("a {MASK}"));
}

#[test]
fn without_a_database_the_configuration_is_still_read() {
    let get = "return { ctx.secret.get('password'), ctx.secret.get('token') or 'none' }";
    let program = compile(Language::Lua, &Language::Lua.plugin(get)).unwrap();
    let found = run_as(&program, Map::new(), call()).unwrap();
    assert_eq!(found, Value::List(vec!["hush".into(), "none".into()]));
    let set = "ctx.secret.set('token', 'x')";
    let program = compile(Language::Lua, &Language::Lua.plugin(set)).unwrap();
    let told = run_as(&program, Map::new(), call())
        .unwrap_err()
        .to_string();
    assert!(told.contains("nothing can be stored"), "{told}");
}
