//! Replies: the seed's envelope, and the one table from an error to a status.
//!
//! Below 500: `{"message": <reason phrase>, "data": X}`. From 500: `{"message": <reason phrase>, "error": <text>}`.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::json;

use crate::error::Error;

pub const JSON: &str = "application/json; charset=utf-8";

/// When to look whether an Admin has let a paused plugin go on.
const PAUSED_RETRY_SECONDS: &str = "60";

pub struct Reply {
    pub status: u16,
    pub content_type: Cow<'static, str>,
    pub headers: Vec<(&'static str, String)>,
    pub body: Cow<'static, [u8]>,
    /// `body` compressed already, for a client that accepts gzip.
    pub gzip: Option<Cow<'static, [u8]>>,
}

impl Reply {
    pub fn new(
        status: u16,
        content_type: impl Into<Cow<'static, str>>,
        body: impl Into<Cow<'static, [u8]>>,
    ) -> Self {
        Self {
            status,
            content_type: content_type.into(),
            headers: Vec::new(),
            body: body.into(),
            gzip: None,
        }
    }

    pub fn ok(data: impl Serialize) -> Self {
        Self::envelope(200, data)
    }

    pub fn created(data: impl Serialize) -> Self {
        Self::envelope(201, data)
    }

    pub fn no_content() -> Self {
        Self::new(204, "", Vec::new())
    }

    /// The envelope of any status.
    pub fn envelope(status: u16, data: impl Serialize) -> Self {
        let message = reason(status);
        let body = if status < 500 {
            serde_json::to_vec(&Envelope { message, data })
        } else {
            serde_json::to_vec(&Failure {
                message,
                error: data,
            })
        };
        match body {
            Ok(body) => Self::new(status, JSON, body),
            Err(error) => Self::failure(500, &format!("the reply could not be written: {error}")),
        }
    }

    /// The envelope around data that is JSON text already.
    pub fn envelope_of_json(status: u16, data: &[u8]) -> Self {
        let message = reason(status);
        let field = if status < 500 { "data" } else { "error" };
        // Reason phrases are plain words: nothing in them needs an escape.
        let start = format!("{{\"message\":\"{message}\",\"{field}\":");
        let body = [start.as_bytes(), data, b"}"].concat();
        Self::new(status, JSON, body)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn failure(status: u16, text: &str) -> Self {
        let body = json!({ "message": reason(status), "error": text });
        Self::new(status, JSON, body.to_string().into_bytes())
    }
}

#[derive(Serialize)]
struct Envelope<T> {
    message: &'static str,
    data: T,
}

#[derive(Serialize)]
struct Failure<T> {
    message: &'static str,
    error: T,
}

/// Whether this caller may read what a plugin raised or what went wrong inside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    Admin,
    Others,
}

/// The one boundary where a domain error becomes an HTTP answer.
pub fn of_error(error: &Error, detail: Detail) -> Reply {
    match error {
        Error::Invalid { message, .. } => Reply::envelope(400, message),
        Error::Unauthenticated(message) => {
            Reply::envelope(401, message).with("WWW-Authenticate", "Bearer")
        }
        Error::Forbidden(message) => Reply::envelope(403, message),
        Error::NotFound(message) => Reply::envelope(404, message),
        Error::Conflict(message) => Reply::envelope(409, message),
        Error::TooLarge(message) => Reply::envelope(413, message),
        Error::Refused { message, errors } if errors.is_empty() => Reply::envelope(422, message),
        Error::Refused { message, errors } => {
            Reply::envelope(422, json!({ "message": message, "errors": errors }))
        }
        // The seed's limiter answers outside of the envelope.
        Error::RateLimited {
            message,
            retry_after,
        } => {
            let body = json!({ "error": message }).to_string().into_bytes();
            Reply::new(429, JSON, body)
                .with("Retry-After", retry_after.as_secs().max(1).to_string())
        }
        Error::Plugin { message, .. } if detail == Detail::Admin => Reply::failure(500, message),
        Error::Plugin { .. } => Reply::failure(500, "Plugin error"),
        Error::Internal(_) => {
            Reply::failure(500, "Something went wrong on the server; its log says more")
        }
        Error::Upstream(message) => Reply::failure(502, message),
        Error::Busy {
            message,
            retry_after,
        } => Reply::failure(503, message)
            .with("Retry-After", retry_after.as_secs().max(1).to_string()),
        Error::Paused(message) => {
            Reply::failure(503, message).with("Retry-After", PAUSED_RETRY_SECONDS)
        }
        Error::TimedOut(message) => Reply::failure(504, message),
        Error::Full(message) => Reply::failure(507, message),
    }
}

/// The same table, for whoever keeps account of what a caller was answered.
pub fn status_of(error: &Error) -> u16 {
    of_error(error, Detail::Others).status
}

/// The reason phrases of RFC 9110 and RFC 6585.
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        418 => "I'm a teapot",
        422 => "Unprocessable Entity",
        423 => "Locked",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        status => match status / 100 {
            2 => "Success",
            3 => "Redirection",
            4 => "Client Error",
            _ => "Server Error",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_error_has_its_status() {
        let text = || "x".to_owned();
        let wait = Duration::from_secs(5);
        let table = [
            (Error::invalid("f", "x"), 400),
            (Error::Unauthenticated(text()), 401),
            (Error::Forbidden(text()), 403),
            (Error::NotFound(text()), 404),
            (Error::Conflict(text()), 409),
            (Error::TooLarge(text()), 413),
            (Error::refused("x"), 422),
            (
                Error::RateLimited {
                    message: text(),
                    retry_after: wait,
                },
                429,
            ),
            (
                Error::Plugin {
                    plugin: text(),
                    message: text(),
                },
                500,
            ),
            (Error::Internal(text()), 500),
            (Error::Upstream(text()), 502),
            (
                Error::Busy {
                    message: text(),
                    retry_after: wait,
                },
                503,
            ),
            (Error::Paused(text()), 503),
            (Error::TimedOut(text()), 504),
            (Error::Full(text()), 507),
        ];
        for (error, status) in table {
            let reply = of_error(&error, Detail::Others);
            assert_eq!(reply.status, status, "{error:?}");
            let says_when = reply.headers.iter().any(|(name, _)| *name == "Retry-After");
            assert_eq!(says_when, matches!(status, 429 | 503), "{error:?}");
        }
    }

    #[test]
    fn data_that_is_json_already_gets_the_same_envelope() {
        for status in 200..=599 {
            let data = json!({"a": ["ü", null]});
            assert_eq!(
                Reply::envelope_of_json(status, data.to_string().as_bytes()).body,
                Reply::envelope(status, &data).body,
                "{status}"
            );
        }
    }

    #[test]
    fn internals_never_reach_a_client() {
        let secret = Error::Internal("SELECT * FROM users in souk.db".into());
        let reply = of_error(&secret, Detail::Admin);
        assert!(!String::from_utf8_lossy(&reply.body).contains("SELECT"));
        let raised = Error::Plugin {
            plugin: "p".into(),
            message: "line 3: boom".into(),
        };
        assert!(!String::from_utf8_lossy(&of_error(&raised, Detail::Others).body).contains("boom"));
        assert!(String::from_utf8_lossy(&of_error(&raised, Detail::Admin).body).contains("boom"));
    }
}
