//! From a request to its reply: the route, who may call it, its handler, and what an error becomes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::auth;
use super::edge::LISTENER_HEADER;
use super::exchange::Exchange;
use super::page;
use super::reply::{self, Detail, Reply};
use super::request::Request;
use super::routes::{self, Found};
use super::server::SAMPLE_MLFLOW;
use crate::app::App;
use crate::error::Error;
use crate::user::Role;

/// The line of the route table that answered, for the metrics, and the answer.
pub type Answered = (&'static str, Reply);

/// Runs a handler; one that panics costs its caller a 500 and nobody else anything.
pub fn guarded(request: &Request, handle: impl FnOnce() -> Answered) -> Answered {
    catch_unwind(AssertUnwindSafe(handle)).unwrap_or_else(|panic| {
        let what = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        tracing::error!(request = %request.id, path = %request.path, panic = %what, "a handler panicked");
        let error = Error::Internal("a handler panicked".to_owned());
        ("", reply::of_error(&error, Detail::Others))
    })
}

pub fn dispatch(app: &App, request: &Request) -> Answered {
    if request.header(LISTENER_HEADER) == Some(SAMPLE_MLFLOW) {
        return ("sample mlflow", sample_mlflow(app, request));
    }
    match routes::find(&request.method, &request.path) {
        Found::Route(route, params) => {
            let mut detail = Detail::Others;
            let outcome = auth::admit(&app.sessions, request, route.who).and_then(|caller| {
                if caller
                    .as_ref()
                    .is_some_and(|caller| caller.role == Role::Admin)
                {
                    detail = Detail::Admin;
                }
                (route.handler)(&Exchange {
                    app,
                    request,
                    params,
                    caller,
                })
            });
            (
                route.path,
                outcome.unwrap_or_else(|error| refused(request, &error, detail)),
            )
        }
        Found::WrongMethod(allowed) => {
            let text = format!("{} takes {}", request.path, allowed.join(", "));
            (
                "",
                Reply::envelope(405, text).with("Allow", allowed.join(", ")),
            )
        }
        Found::Nothing if request.path == "/api" || request.path.starts_with("/api/") => {
            let text = format!(
                "There is no {} {}; GET /api lists what there is",
                request.method, request.path
            );
            ("", Reply::envelope(404, text))
        }
        Found::Nothing => ("page", page::serve(request)),
    }
}

/// The one place where an error is logged.
fn refused(request: &Request, error: &Error, detail: Detail) -> Reply {
    match error {
        Error::Internal(_) | Error::Full(_) => {
            tracing::error!(request = %request.id, path = %request.path, %error, "a request failed");
        }
        Error::Plugin { plugin, message } => {
            tracing::error!(request = %request.id, %plugin, error = %message, "[PluginService] a plugin failed");
        }
        _ => {
            tracing::debug!(request = %request.id, path = %request.path, %error, "a request was refused");
        }
    }
    reply::of_error(error, detail)
}

fn sample_mlflow(app: &App, request: &Request) -> Reply {
    match &app.sample_mlflow {
        Some(sample) => {
            let answer = sample.handle(
                &request.method,
                &request.path,
                &request.query,
                request.header("authorization"),
                &request.body,
            );
            let mut reply = Reply::new(answer.status, answer.content_type, answer.body);
            reply.headers.extend(answer.headers);
            reply
        }
        None => Reply::envelope(404, "There is no sample server here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_handler_is_a_500() {
        let request = Request::new("GET", "/", Vec::new(), &[]);
        let (_, reply) = guarded(&request, || panic!("on purpose"));
        assert_eq!(reply.status, 500);
        assert!(!String::from_utf8_lossy(&reply.body).contains("on purpose"));
        let (route, reply) = guarded(&request, || ("/healthz", Reply::ok("alive")));
        assert_eq!((route, reply.status), ("/healthz", 200));
    }
}
