//! Each host function × both languages × (right, wrong type, too many, too big, not granted).
//!
//! The suite walks the table: all but the right case are made from a function's parameters, and
//! a function without a right case here fails the first test.

use super::fixture::{Language, call, compile, run_as};
use super::host::{HOST_FNS, HostFn, Kind};
use super::{Capability, Grant, ScriptError};
use crate::value::{Map, Value};

/// A call that must succeed, in words that both languages share, and what it returns as JSON;
/// `None` where the result changes from call to call.
struct Right {
    function: &'static str,
    arguments: &'static str,
    expected: Option<&'static str>,
}

const fn right(
    function: &'static str,
    arguments: &'static str,
    expected: Option<&'static str>,
) -> Right {
    Right {
        function,
        arguments,
        expected,
    }
}

/// `«a: 1»` is a map in either language; strings and numbers are written alike.
const RIGHT: &[Right] = &[
    right("config.get", "\"url\"", Some("\"https://example.org\"")),
    right("config.get", "", Some("{\"url\":\"https://example.org\"}")),
    right("config.get", "\"none\"", Some("null")),
    right("settings.get", "\"TEST_SETTING\"", Some("\"kept\"")),
    right("json.encode", "«a: 1»", Some("\"{\\\"a\\\":1}\"")),
    right("json.decode", "\"[1, null, {}]\"", Some("[1,null,{}]")),
    right("base64.encode", "\"hi?\"", Some("\"aGk/\"")),
    right("base64.encodeUrl", "\"hi?\"", Some("\"aGk_\"")),
    right("base64.decode", "\"aGk_\"", Some("\"hi?\"")),
    right("base64.decode", "\"aA==\"", Some("\"h\"")),
    right("base64.decodeBytes", "\"/w\"", None),
    right("url.encode", "\"a b/ü\"", Some("\"a%20b%2F%C3%BC\"")),
    right("url.decode", "\"a%20b%2F%C3%BC\"", Some("\"a b/ü\"")),
    right(
        "url.parse",
        "\"http://h/p?a=1&a=2#f\"",
        Some(
            "{\"scheme\":\"http\",\"host\":\"h\",\"port\":80,\"path\":\"/p\",\"query\":{\"a\":[\"1\",\"2\"]},\"fragment\":\"f\"}",
        ),
    ),
    right(
        "url.build",
        "\"http://h/p?a=1\", «b: \"x y\"»",
        Some("\"http://h/p?a=1&b=x+y\""),
    ),
    right(
        "url.join",
        "\"http://h/a/b\", \"../c\"",
        Some("\"http://h/c\""),
    ),
    right("time.now", "", None),
    right("time.unix", "", None),
    right("time.millis", "", None),
    right(
        "time.format",
        "1700000000123",
        Some("\"2023-11-14T22:13:20.123Z\""),
    ),
    right(
        "time.parse",
        "\"2023-11-14T23:13:20.123+01:00\"",
        Some("1700000000123"),
    ),
    right("time.parse", "\"1970-01-02\"", Some("86400000")),
    right("log.info", "\"hello\"", Some("null")),
    right("log.warn", "\"hello\", «a: 1»", Some("null")),
    right("log.error", "\"hello\"", Some("null")),
    right(
        "crypto.sha256",
        "\"abc\"",
        Some("\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""),
    ),
    right(
        "crypto.hmac",
        "\"key\", \"The quick brown fox jumps over the lazy dog\"",
        Some("\"f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8\""),
    ),
    right("random.bytes", "4", None),
    right("random.hex", "4", None),
    right("random.uuid", "", None),
    right("random.int", "3, 3", Some("3")),
    right("secret.get", "\"password\"", Some("\"hush\"")),
    right("secret.get", "\"/password\"", Some("\"hush\"")),
    right("secret.get", "\"none\"", Some("null")),
    right("http.check", "«url: \"http://127.0.0.1/\"»", None),
];

/// Functions that need a database or a server have their right cases in tests of their own: those of
/// `core` in `tests/souk/core_data.rs`.
fn is_elsewhere(function: &HostFn) -> bool {
    ["db", "core"].contains(&function.module)
        || ["http.request", "secret.set"].contains(&function.full_name().as_str())
}

fn attempt(language: Language, expression: &str, grant: Grant) -> Result<Value, ScriptError> {
    let body = match language {
        Language::Lua => format!("return {expression}"),
        Language::Rhai => expression.to_owned(),
    };
    let program = compile(language, &language.plugin(&body))
        .unwrap_or_else(|error| panic!("{body}: {error}"));
    let mut call = call();
    call.grant = grant;
    run_as(&program, Map::new(), call)
}

fn refusal(language: Language, expression: &str, grant: Grant) -> String {
    match attempt(language, expression, grant) {
        Err(ScriptError::Raised { message, .. }) => message,
        other => panic!("{language:?} {expression}: {other:?}"),
    }
}

fn write(language: Language, text: &str) -> String {
    match language {
        Language::Lua => text
            .replace('«', "{ ")
            .replace('»', " }")
            .replace(": ", " = "),
        Language::Rhai => text.replace('«', "#{ ").replace('»', " }"),
    }
}

/// A literal of a kind, for arguments that are not the subject of a case.
fn literal(language: Language, kind: Kind) -> String {
    let text = match kind {
        Kind::Text | Kind::Data | Kind::Any => "\"aA\"",
        Kind::Int => "1",
        Kind::Map | Kind::ListOrMap => "«url: \"http://h/\"»",
        Kind::Function => {
            return match language {
                Language::Lua => "function() end".to_owned(),
                Language::Rhai => "|tx| 1".to_owned(),
            };
        }
    };
    write(language, text)
}

fn arguments(language: Language, function: &HostFn) -> Vec<String> {
    function
        .params
        .iter()
        .map(|param| literal(language, param.kind))
        .collect()
}

fn expression(function: &HostFn, arguments: &[String]) -> String {
    format!("ctx.{}({})", function.full_name(), arguments.join(", "))
}

#[test]
fn every_function_has_a_right_case() {
    for function in HOST_FNS {
        let name = function.full_name();
        let here = RIGHT.iter().any(|case| case.function == name);
        assert!(here || is_elsewhere(function), "{name} has no right case");
        assert!(function.doc.starts_with(&name), "{name} is not described");
    }
    for case in RIGHT {
        assert!(
            HOST_FNS
                .iter()
                .any(|function| function.full_name() == case.function),
            "{} is not in the table",
            case.function
        );
    }
}

#[test]
fn right_calls_answer_alike_in_both_languages() {
    for case in RIGHT {
        for language in Language::BOTH {
            let arguments = write(language, case.arguments);
            let expression = format!("ctx.{}({arguments})", case.function);
            let value = attempt(language, &expression, Grant::everything())
                .unwrap_or_else(|error| panic!("{language:?} {expression}: {error}"));
            if let Some(expected) = case.expected {
                let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
                assert_eq!(
                    value.to_json().unwrap(),
                    expected,
                    "{language:?} {expression}"
                );
            }
        }
    }
}

#[test]
fn a_wrong_type_is_told_with_function_and_parameter() {
    for function in HOST_FNS {
        for (index, param) in function.params.iter().enumerate() {
            if param.kind == Kind::Any {
                continue;
            }
            for language in Language::BOTH {
                let mut arguments = arguments(language, function);
                arguments[index] = "true".to_owned();
                let expression = expression(function, &arguments);
                let why = refusal(language, &expression, Grant::everything());
                for part in [
                    function.full_name().as_str(),
                    param.name,
                    "must be",
                    "got true or false",
                ] {
                    assert!(why.contains(part), "{language:?} {expression}: {why}");
                }
            }
        }
    }
}

#[test]
fn a_required_argument_that_is_missing_is_told() {
    for function in HOST_FNS {
        let Some(last) = function
            .params
            .iter()
            .rposition(|param| !param.optional && param.kind != Kind::Any)
        else {
            continue;
        };
        for language in Language::BOTH {
            let mut arguments = arguments(language, function);
            arguments.truncate(last);
            let expression = expression(function, &arguments);
            let why = refusal(language, &expression, Grant::everything());
            assert!(
                why.contains("got nothing"),
                "{language:?} {expression}: {why}"
            );
        }
    }
}

#[test]
fn one_argument_too_many_is_told_with_the_signature() {
    for function in HOST_FNS {
        for language in Language::BOTH {
            let mut arguments = arguments(language, function);
            arguments.push("1".to_owned());
            let expression = expression(function, &arguments);
            let why = refusal(language, &expression, Grant::everything());
            assert!(
                why.contains(&function.signature()),
                "{language:?} {expression}: {why}"
            );
        }
    }
}

#[test]
fn arguments_that_are_too_big_are_refused() {
    for function in HOST_FNS {
        for (index, param) in function.params.iter().enumerate() {
            if matches!(param.kind, Kind::Function | Kind::Int) {
                continue;
            }
            for language in Language::BOTH {
                // Deeper than any function allows, whatever kind it expects.
                let deep = match language {
                    Language::Lua => {
                        "(function() local t = {} for i = 1, 70 do t = { t = t } end return t end)()"
                    }
                    Language::Rhai => {
                        "(|| { let t = #{}; for i in 0..70 { t = #{ t: t }; } t }).call()"
                    }
                };
                let mut arguments = arguments(language, function);
                arguments[index] = deep.to_owned();
                let expression = expression(function, &arguments);
                let why = refusal(language, &expression, Grant::everything());
                assert!(
                    why.contains("nested deeper"),
                    "{language:?} {expression}: {why}"
                );
            }
        }
    }
}

#[test]
fn a_function_without_its_capability_says_which_and_who_grants_it() {
    for function in HOST_FNS {
        for language in Language::BOTH {
            let expression = expression(function, &arguments(language, function));
            let grant = Grant::everything().without(function.needs);
            let why = refusal(language, &expression, grant);
            for part in ["was not granted", function.needs.name()] {
                assert!(why.contains(part), "{language:?} {expression}: {why}");
            }
            let tells_the_way = why.contains("its author must") && why.contains("Admin");
            assert_eq!(tells_the_way, !function.needs.is_implied(), "{why}");
        }
    }
}

#[test]
fn without_any_grant_every_function_is_denied() {
    for function in HOST_FNS {
        for language in Language::BOTH {
            let expression = expression(function, &arguments(language, function));
            let why = refusal(language, &expression, Grant::nothing());
            let needs = format!("was not granted '{}'", function.needs);
            assert!(why.contains(&needs), "{language:?} {expression}: {why}");
        }
    }
}

#[test]
fn what_no_manifest_asks_for_is_denied_and_the_rest_is_not() {
    for function in HOST_FNS {
        for language in Language::BOTH {
            let expression = expression(function, &arguments(language, function));
            let denied = match attempt(language, &expression, Grant::implied()) {
                Err(error) => error.to_string().contains("was not granted"),
                Ok(_) => false,
            };
            let is_declared = Capability::DECLARED.contains(&function.needs);
            assert_eq!(denied, is_declared, "{language:?} {expression}");
        }
    }
}

#[test]
fn a_setting_of_another_name_than_the_granted_ones_is_denied() {
    for language in Language::BOTH {
        let expression = "ctx.settings.get(\"OTHER\")";
        let why = refusal(language, expression, Grant::everything());
        assert!(why.contains("was not granted the setting 'OTHER'"), "{why}");
    }
}

#[test]
fn host_modules_hang_on_ctx_and_are_no_globals() {
    for function in HOST_FNS {
        let module = function.module;
        let global = attempt(
            Language::Rhai,
            &format!("is_def_var(\"{module}\")"),
            Grant::everything(),
        );
        assert_eq!(global.unwrap(), Value::Bool(false), "{module}");
        let global = attempt(
            Language::Lua,
            &format!("type({module})"),
            Grant::everything(),
        );
        assert_eq!(global.unwrap(), "nil".into(), "{module}");
    }
}
