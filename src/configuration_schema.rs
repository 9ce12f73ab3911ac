//! A plugin's `configurationSchema`: which fields a configuration has, which are secret,
//! and what to tell a person whose input does not fit.
//!
//! The schema comes from a stranger. Before it is compiled it is walked with a budget, so that
//! no reference leaves the document, runs in a circle or grows without end; patterns run on
//! a matcher of linear time. Refuses to know how a configuration is stored or masked.

use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Map, Value};
use url::Url;

use crate::error::{Error, FieldError, Result};

mod message;
mod survey;

use survey::Survey;

/// The most errors that one configuration is answered with.
const ERRORS: usize = 50;
const SCHEMA_BYTES: usize = 64 * 1024;
/// What one compiled pattern may take.
const PATTERN_BYTES: usize = 256 * 1024;

#[derive(Clone, Debug)]
pub struct ConfigurationSchema {
    schema: Arc<Value>,
    validator: Arc<Validator>,
    secrets: Vec<String>,
    urls: Vec<String>,
}

impl ConfigurationSchema {
    /// The schema of a manifest; `None` where it has none. The error says why a schema cannot be used.
    pub fn of(manifest: &Map<String, Value>) -> Result<Option<Self>> {
        match manifest.get("configurationSchema") {
            None | Some(Value::Null) => Ok(None),
            Some(schema) => Self::compile(schema).map(Some).map_err(|reason| {
                Error::refused(format!("its configurationSchema cannot be used: {reason}"))
            }),
        }
    }

    fn compile(schema: &Value) -> Result<Self, String> {
        if !schema.is_object() {
            return Err("it is not an object".to_owned());
        }
        if schema.to_string().len() > SCHEMA_BYTES {
            return Err(format!("it has more than {SCHEMA_BYTES} bytes"));
        }
        let Survey { secrets, urls } = survey::survey(schema)?;
        let mut schema = schema.clone();
        if let Some(root) = schema.as_object_mut() {
            // Read as 2020-12 whatever it says: the drafts agree on what a form needs.
            root.remove("$schema");
        }
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .offline()
            .should_validate_formats(true)
            .with_format("uri", is_url)
            .with_format("url", is_url)
            .with_pattern_options(
                PatternOptions::regex()
                    .size_limit(PATTERN_BYTES)
                    .dfa_size_limit(PATTERN_BYTES),
            )
            .build(&schema)
            .map_err(|error| format!("at '{}': {error}", error.instance_path()))?;
        Ok(Self {
            schema: Arc::new(schema),
            validator: Arc::new(validator),
            secrets,
            urls,
        })
    }

    /// What is wrong with a configuration, field by field, in words for people. Empty when it fits.
    /// No message repeats a value: it may be a secret.
    pub fn validate(&self, configuration: &Value) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for error in self.validator.iter_errors(configuration) {
            message::describe(&self.schema, &error, &mut errors);
            if errors.len() >= ERRORS {
                errors.truncate(ERRORS);
                break;
            }
        }
        errors
    }

    /// JSON pointers (`/password`, `/auth/token`) of the fields of `format: "password"`.
    pub fn secret_fields(&self) -> &[String] {
        &self.secrets
    }

    /// JSON pointers of the fields of `format: "uri"`.
    pub fn url_fields(&self) -> &[String] {
        &self.urls
    }

    /// The configuration with each missing field that has a `default` filled in.
    pub fn with_defaults(&self, mut configuration: Value) -> Value {
        fill(&self.schema, &mut configuration);
        configuration
    }
}

/// Whether a schema that may never be compiled makes the field a secret; one that cannot be read does.
pub fn makes_secret(schema: &Value, pointer: &str) -> bool {
    survey::survey(schema).map_or(true, |survey| {
        survey.secrets.iter().any(|known| known == pointer)
    })
}

/// A person who writes `localhost:5000` means a URL and forgot the scheme; that must be told.
fn is_url(text: &str) -> bool {
    !text.contains(char::is_whitespace)
        && text.contains("://")
        && Url::parse(text).is_ok_and(|url| url.has_host())
}

fn fill(schema: &Value, configuration: &mut Value) {
    let (Some(properties), Some(fields)) = (
        schema.get("properties").and_then(Value::as_object),
        configuration.as_object_mut(),
    ) else {
        return;
    };
    for (name, property) in properties {
        match (fields.get_mut(name), property.get("default")) {
            (Some(value), _) => fill(property, value),
            (None, Some(default)) => {
                fields.insert(name.clone(), default.clone());
            }
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema(schema: Value) -> ConfigurationSchema {
        ConfigurationSchema::compile(&schema).unwrap()
    }

    fn refusal(schema: Value) -> String {
        ConfigurationSchema::compile(&schema).unwrap_err()
    }

    fn mlflow() -> ConfigurationSchema {
        schema(json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "tracking_server_url": {"type": "string", "format": "uri", "minLength": 1},
                "auth_method": {"enum": ["none", "basic", "token"], "default": "none"},
                "password": {"type": "string", "format": "password"},
                "timeout": {"type": "integer", "minimum": 1, "maximum": 300, "default": 30},
                "name": {"type": "string", "minLength": 1, "maxLength": 10, "pattern": "^[a-z]*$"},
                "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
                "proxy": {"type": "object", "properties": {
                    "token": {"type": "string", "format": "password"}, "port": {"type": "integer", "default": 80}}}
            },
            "required": ["tracking_server_url"],
            "additionalProperties": false
        }))
    }

    fn told(schema: &ConfigurationSchema, configuration: &Value) -> Vec<(String, String)> {
        schema
            .validate(configuration)
            .into_iter()
            .map(|error| (error.field, error.message))
            .collect()
    }

    fn one(field: &str, message: &str) -> Vec<(String, String)> {
        vec![(field.to_owned(), message.to_owned())]
    }

    #[test]
    fn messages_are_for_people_and_name_the_field() {
        let schema = mlflow();
        let with = |field: &str, value: Value| {
            let mut configuration = json!({"tracking_server_url": "https://mlflow.example.com"});
            configuration[field] = value;
            told(&schema, &configuration)
        };
        assert_eq!(with("timeout", json!(30)), []);
        assert_eq!(
            with("timeout", json!(0)),
            one("timeout", "must be between 1 and 300")
        );
        assert_eq!(
            with("timeout", json!("x")),
            one("timeout", "must be a whole number")
        );
        assert_eq!(
            with("auth_method", json!("x")),
            one("auth_method", "must be one of none, basic, token")
        );
        assert_eq!(with("name", json!("")), one("name", "must not be empty"));
        assert_eq!(
            with("name", json!("abcdefghijk")),
            one("name", "must have at most 10 characters")
        );
        assert_eq!(
            with("name", json!("A")),
            one("name", "must match the pattern ^[a-z]*$")
        );
        assert_eq!(with("tags", json!(["a", 1])), one("tags.1", "must be text"));
        assert_eq!(
            with("tags", json!(["a", "a"])),
            one("tags", "must not hold the same value twice")
        );
        assert_eq!(
            with("proxy", json!({"port": true})),
            one("proxy.port", "must be a whole number")
        );
        assert_eq!(
            with("pasword", json!("x")),
            one("pasword", "is not a field of this plugin")
        );
        for bad in ["localhost:5000", "x", "", "http://", " http://x"] {
            let errors = with("tracking_server_url", json!(bad));
            assert!(
                errors.contains(&("tracking_server_url".to_owned(), "must be a URL".to_owned())),
                "{errors:?}"
            );
        }
        assert_eq!(
            told(&schema, &json!({})),
            one("tracking_server_url", "is required")
        );
        assert_eq!(
            told(&schema, &json!([])),
            one("configuration", "must be an object")
        );
    }

    #[test]
    fn a_choice_of_titled_constants_names_them_all() {
        let schema = schema(json!({"properties": {"auth": {"oneOf": [
            {"const": "none", "title": "None"}, {"const": "basic", "title": "Password"}]}}}));
        assert_eq!(
            told(&schema, &json!({"auth": "x"})),
            one("auth", "must be one of none, basic")
        );
        assert_eq!(
            told(&schema, &json!({"auth": 7})),
            one("auth", "must be one of none, basic")
        );
        assert_eq!(told(&schema, &json!({"auth": "basic"})), []);
    }

    #[test]
    fn what_a_choice_makes_necessary_is_named() {
        let schema = schema(json!({"allOf": [{
            "if": {"properties": {"auth": {"const": "basic"}}, "required": ["auth"]},
            "then": {"required": ["username", "password"]}
        }]}));
        let missing = [
            one("username", "is required"),
            one("password", "is required"),
        ]
        .concat();
        assert_eq!(told(&schema, &json!({"auth": "basic"})), missing);
        assert_eq!(told(&schema, &json!({"auth": "none"})), []);
    }

    #[test]
    fn of_several_forms_the_one_that_was_meant_is_explained() {
        let schema = schema(json!({"oneOf": [
            {"properties": {"auth": {"const": "basic"}, "user": {"type": "string"}}, "required": ["auth", "user"]},
            {"properties": {"auth": {"const": "token"}, "token": {"format": "password"}}, "required": ["auth", "token"]}
        ]}));
        assert_eq!(
            told(&schema, &json!({"auth": "token"})),
            one("token", "is required")
        );
        assert_eq!(
            told(&schema, &json!({"auth": "basic"})),
            one("user", "is required")
        );
        assert_eq!(schema.secret_fields(), ["/token"]);
    }

    #[test]
    fn no_message_repeats_what_was_entered() {
        let schema = schema(json!({"properties": {"password": {
            "type": "string", "format": "password", "minLength": 40, "pattern": "^z", "enum": ["q"], "const": "q"}}}));
        for error in schema.validate(&json!({"password": "hunter2"})) {
            assert!(!error.message.contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn secrets_and_urls_are_found_wherever_a_schema_puts_them() {
        assert_eq!(mlflow().secret_fields(), ["/password", "/proxy/token"]);
        assert_eq!(mlflow().url_fields(), ["/tracking_server_url"]);
        let spread = schema(json!({
            "$defs": {"secret": {"type": "string", "format": "password"}},
            "properties": {"a/b": {"$ref": "#/$defs/secret"}},
            "allOf": [{"if": {}, "then": {"properties": {"deep": {"properties": {"x": {"$ref": "#/$defs/secret"}}}}}}]
        }));
        assert_eq!(spread.secret_fields(), ["/a~1b", "/deep/x"]);
    }

    #[test]
    fn a_sealed_value_has_no_place_in_a_schema() {
        for forged in [
            json!({"properties": {"note": {"default": {"$sealed": "Z2FyYmFnZQ=="}}}}),
            json!({"properties": {"a": {"default": [{"b": {"$sealed": "x"}}]}}}),
            json!({"properties": {"a": {"properties": {"$sealed": {"default": "x"}}}}}),
        ] {
            assert!(refusal(forged).contains("$sealed"));
        }
    }

    #[test]
    fn a_secret_that_no_pointer_names_is_refused() {
        for hidden in [
            json!({"properties": {"list": {"type": "array", "items": {"format": "password"}}}}),
            json!({"additionalProperties": {"format": "password"}}),
            json!({"patternProperties": {"^x": {"properties": {"y": {"format": "password"}}}}}),
        ] {
            assert!(refusal(hidden).contains("secret"));
        }
    }

    #[test]
    fn defaults_fill_what_is_missing_and_nothing_else() {
        let filled = mlflow().with_defaults(json!({"auth_method": "basic", "proxy": {}}));
        assert_eq!(
            filled,
            json!({"auth_method": "basic", "proxy": {"port": 80}, "timeout": 30})
        );
    }

    #[test]
    fn references_stay_inside_the_document_and_end() {
        let doubling: Map<String, Value> = (0..40)
            .map(|n| {
                let next = format!("#/$defs/d{}", n + 1);
                (
                    format!("d{n}"),
                    json!({"allOf": [{"$ref": next}, {"$ref": next}]}),
                )
            })
            .chain([("d40".to_owned(), json!({}))])
            .collect();
        for hostile in [
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"$ref": "file:///etc/passwd"}),
            json!({"$ref": "other.json"}),
            json!({"$ref": "#"}),
            json!({"$ref": "#/$defs/missing"}),
            json!({"$dynamicRef": "#x"}),
            json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
            json!({"$defs": {"a": {"$id": "https://example.com/x", "$ref": "#/$defs/a"}}}),
            json!({"$defs": doubling, "$ref": "#/$defs/d0"}),
        ] {
            assert!(ConfigurationSchema::compile(&hostile).is_err(), "{hostile}");
        }
    }

    #[test]
    fn a_broken_schema_says_where() {
        for broken in [
            json!({"type": "strin"}),
            json!({"properties": []}),
            json!({"properties": {"x": {"pattern": "("}}}),
        ] {
            assert!(!refusal(broken).is_empty());
        }
        assert!(
            refusal(json!({"properties": {"x": {"type": "strin"}}})).contains("/properties/x/type")
        );
        let manifest = json!({"configurationSchema": "x"});
        let error = ConfigurationSchema::of(manifest.as_object().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "its configurationSchema cannot be used: it is not an object"
        );
        assert!(ConfigurationSchema::of(&Map::new()).unwrap().is_none());
    }

    #[test]
    fn patterns_that_explode_elsewhere_end_here() {
        let schema = schema(json!({"properties": {"x": {"pattern": "^(a+)+$"}}}));
        let text = "a".repeat(100_000) + "!";
        assert_eq!(schema.validate(&json!({ "x": text })).len(), 1);
        assert!(
            ConfigurationSchema::compile(
                &json!({"properties": {"x": {"pattern": "(a{1000}){1000}"}}})
            )
            .is_err()
        );
    }
}
