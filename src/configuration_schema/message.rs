//! What a validator found, in words for the person who fills in the form.
//!
//! A message names the rule, never the value: the value may be a secret.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use crate::error::FieldError;

/// The field to name when the configuration as a whole is wrong.
const WHOLE: &str = "configuration";

pub fn describe(schema: &Value, error: &ValidationError<'_>, found: &mut Vec<FieldError>) {
    let place = field_name(error.instance_path().as_str());
    let inside = |name: &str| match place.as_str() {
        WHOLE => name.to_owned(),
        place => format!("{place}.{name}"),
    };
    match error.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            if let Some(choices) = choices(error, context) {
                return push(found, place, format!("must be one of {choices}"));
            }
            match context.iter().min_by_key(|branch| unlikeliness(branch)) {
                Some(meant) if !meant.is_empty() => {
                    for error in meant {
                        describe(schema, error, found);
                    }
                }
                _ => push(
                    found,
                    place,
                    "does not have one of the allowed forms".to_owned(),
                ),
            }
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                push(
                    found,
                    inside(name),
                    "is not a field of this plugin".to_owned(),
                );
            }
        }
        Kind::Required { property } => {
            push(
                found,
                inside(property.as_str().unwrap_or(WHOLE)),
                "is required".to_owned(),
            );
        }
        kind => {
            let path = error.schema_path().as_str();
            let rules = path
                .rsplit_once('/')
                .and_then(|(parent, _)| schema.pointer(parent));
            push(found, place, sentence(kind, rules.unwrap_or(&Value::Null)));
        }
    }
}

/// A list of titled constants, as forms write a choice: `oneOf: [{"const": "a", "title": "A"}, …]`.
fn choices(
    error: &ValidationError<'_>,
    branches: &[Vec<ValidationError<'static>>],
) -> Option<String> {
    let constants = branches.iter().map(|branch| match branch.as_slice() {
        [only] if only.instance_path() == error.instance_path() => match only.kind() {
            Kind::Constant { expected_value } => Some(plain(expected_value)),
            _ => None,
        },
        _ => None,
    });
    Some(constants.collect::<Option<Vec<_>>>()?.join(", "))
}

/// Of several forms the one was meant whose constants fit; then the one with the fewest errors.
fn unlikeliness(errors: &[ValidationError<'_>]) -> (usize, usize) {
    let of_other_form = |error: &&ValidationError<'_>| {
        matches!(
            error.kind(),
            Kind::Constant { .. } | Kind::Enum { .. } | Kind::Type { .. }
        )
    };
    (errors.iter().filter(of_other_form).count(), errors.len())
}

/// `rules` is the schema object that the broken keyword stands in.
fn sentence(kind: &Kind, rules: &Value) -> String {
    match kind {
        Kind::Type { .. } => format!("must be {}", types(rules.get("type"))),
        Kind::Minimum { limit } | Kind::Maximum { limit } => {
            match (rules.get("minimum"), rules.get("maximum")) {
                (Some(low), Some(high)) => format!("must be between {low} and {high}"),
                (Some(_), None) => format!("must be at least {limit}"),
                _ => format!("must be at most {limit}"),
            }
        }
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MinLength { limit: 1 } => "must not be empty".to_owned(),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinItems { limit } => format!("must have at least {limit} entries"),
        Kind::MaxItems { limit } => format!("must have at most {limit} entries"),
        Kind::MinProperties { limit } => format!("must have at least {limit} fields"),
        Kind::MaxProperties { limit } => format!("must have at most {limit} fields"),
        Kind::UniqueItems => "must not hold the same value twice".to_owned(),
        Kind::Enum { options } => format!("must be one of {}", list(options)),
        Kind::Constant { expected_value } => format!("must be {}", plain(expected_value)),
        Kind::Pattern { pattern } => format!("must match the pattern {pattern}"),
        Kind::Format { format } => format_sentence(format),
        Kind::FalseSchema => "is not allowed".to_owned(),
        Kind::OneOfMultipleValid { .. } => {
            "fits more than one of the forms, of which only one is allowed".to_owned()
        }
        _ => format!("breaks the rule '{}'", kind.keyword()),
    }
}

fn format_sentence(format: &str) -> String {
    match format {
        "uri" | "url" => "must be a URL".to_owned(),
        "email" => "must be an e-mail address".to_owned(),
        "date" => "must be a date, such as 2026-01-31".to_owned(),
        "date-time" => "must be a date and time, such as 2026-01-31T12:00:00Z".to_owned(),
        "hostname" => "must be a host name".to_owned(),
        other => format!("must be a valid {other}"),
    }
}

fn types(wanted: Option<&Value>) -> String {
    let name = |wanted: &Value| match wanted.as_str() {
        Some("string") => "text",
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("boolean") => "true or false",
        Some("array") => "a list",
        Some("null") => "empty",
        _ => "an object",
    };
    match wanted {
        Some(Value::Array(several)) => several.iter().map(name).collect::<Vec<_>>().join(" or "),
        Some(one) => name(one).to_owned(),
        None => "of another type".to_owned(),
    }
}

fn list(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    options.iter().map(plain).collect::<Vec<_>>().join(", ")
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// `/auth/token` → `auth.token`.
fn field_name(pointer: &str) -> String {
    match pointer.strip_prefix('/') {
        None => WHOLE.to_owned(),
        Some(rest) => rest.replace('/', ".").replace("~1", "/").replace("~0", "~"),
    }
}

fn push(found: &mut Vec<FieldError>, field: String, message: String) {
    let error = FieldError { field, message };
    if !found.contains(&error) {
        found.push(error);
    }
}
