//! What the server sends: MLflow's JSON, its error objects, and the HTML of the web framework under it.

use serde_json::{Value as Json, json};

#[derive(Clone, Debug)]
pub struct SampleReply {
    pub status: u16,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

pub(super) const HOME: &str = "<!doctype html>\n<html lang=en>\n<title>Sample MLflow server</title>\n\
<h1>Sample MLflow server</h1>\n<p>Part of the Souk demo: the data is made up, kept in memory and gone when the demo ends. \
Its API is under <code>/api/2.0/mlflow/</code>.</p>\n";

const NOT_FOUND: &str = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n\
<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>\n";

const NOT_ALLOWED: &str = "<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>\n\
<h1>Method Not Allowed</h1>\n<p>The method is not allowed for the requested URL.</p>\n";

const NOT_AUTHENTICATED: &str = "You are not authenticated. Please see \
https://www.mlflow.org/docs/latest/auth/index.html#authenticating-to-mlflow on how to authenticate.";

impl SampleReply {
    fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type,
            headers: vec![("x-souk-sample", "yes".to_owned())],
            body: body.into(),
        }
    }

    pub(super) fn text(body: &str) -> Self {
        Self::new(200, "text/plain; charset=utf-8", body)
    }

    pub(super) fn html(status: u16, body: &str) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// Replies are indented, errors are not.
    pub(super) fn json(status: u16, json: &Json) -> Self {
        let text = if status == 200 {
            format!("{json:#}")
        } else {
            json.to_string()
        };
        Self::new(status, "application/json", ascii(&text))
    }

    pub(super) fn not_found() -> Self {
        Self::html(404, NOT_FOUND)
    }

    pub(super) fn method_not_allowed(allowed: impl Iterator<Item = &'static str>) -> Self {
        let mut reply = Self::html(405, NOT_ALLOWED);
        let verbs: Vec<_> = allowed
            .flat_map(|verb| {
                if verb == "GET" {
                    vec!["HEAD", "GET"]
                } else {
                    vec![verb]
                }
            })
            .chain(["OPTIONS"])
            .collect();
        reply.headers.push(("allow", verbs.join(", ")));
        reply
    }

    pub(super) fn not_authenticated() -> Self {
        let mut reply = Self::html(401, NOT_AUTHENTICATED);
        reply
            .headers
            .push(("www-authenticate", "Basic realm=\"mlflow\"".to_owned()));
        reply
    }
}

/// MLflow writes all but ASCII as `\uXXXX`; in JSON such characters stand in strings only.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// The errors that MLflow has a code for.
#[derive(Debug)]
pub(super) enum Failure {
    Invalid(String),
    Missing(String),
    Exists(String),
    /// Ours, not MLflow's: the memory of a demo is not for keeps.
    Full,
}

impl Failure {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    pub(super) fn required(field: &str) -> Self {
        Self::Invalid(format!(
            "Missing value for required parameter '{field}'. See the API docs for more information about request parameters."
        ))
    }

    pub(super) fn into_reply(self) -> SampleReply {
        let (status, code, class, message) = match self {
            Self::Invalid(message) => (
                400,
                "INVALID_PARAMETER_VALUE",
                "INVALID_PARAMETER_VALUE",
                message,
            ),
            Self::Missing(message) => (
                404,
                "RESOURCE_DOES_NOT_EXIST",
                "RESOURCE_NOT_FOUND",
                message,
            ),
            Self::Exists(message) => (
                400,
                "RESOURCE_ALREADY_EXISTS",
                "RESOURCE_ALREADY_EXISTS",
                message,
            ),
            Self::Full => (
                429,
                "RESOURCE_EXHAUSTED",
                "RESOURCE_EXHAUSTED",
                "This sample server is full; restart the demo".to_owned(),
            ),
        };
        let body = json!({"error_code": code, "message": message, "sqlstate": "KAM00", "error_class": class});
        SampleReply::json(status, &body)
    }
}
