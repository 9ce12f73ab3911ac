//! From a request to its reply: the route, who may call it, its handler, and what an error becomes.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::auth;
use super::exchange::Exchange;
use super::page;
use super::reply::{self, Detail, Reply};
use super::request::Request;
use super::routes::{self, Found, Pace, Params, Route};
use super::slow_lane::Owner;
use crate::app::App;
use crate::error::Error;
use crate::plugin_key::PluginKey;
use crate::session::Caller;
use crate::user::Role;

/// The listener whose requests go to the demo's sample MLflow server.
pub const SAMPLE_MLFLOW: &str = "mlflow";

/// The line of the route table that answered, for the metrics, and the answer.
pub type Answered = (&'static str, Reply);

/// What the head of a request leads to; its body has not been read.
pub enum Judged {
    Admitted(Admitted),
    /// Answered without its body.
    Refused(Answered),
}

/// A request that was let in.
pub enum Admitted {
    Route {
        route: &'static Route,
        params: Params,
        caller: Option<Caller>,
    },
    SampleMlflow,
    Page,
}

impl Admitted {
    pub fn is_slow(&self) -> bool {
        matches!(self, Self::Route { route, .. } if route.pace == Pace::Slow)
    }

    /// Whose request it is: of the tenant, where somebody signed in, and of the plugin that its path names.
    pub fn owner(&self) -> Owner {
        let Self::Route {
            route,
            params,
            caller,
        } = self
        else {
            return Owner::default();
        };
        // Below `marketplace` a key names what is offered; none of its code runs.
        let runs_it = route.path.starts_with("/api/plugins/:key");
        let key = params.iter().find(|(name, _)| runs_it && *name == "key");
        Owner {
            tenant: caller.as_ref().map(|caller| caller.tenant.clone()),
            plugin: key.and_then(|(_, key)| PluginKey::parse(key).ok()),
        }
    }

    /// For the metrics.
    pub fn route(&self) -> &'static str {
        match self {
            Self::Route { route, .. } => route.path,
            Self::SampleMlflow => "sample mlflow",
            Self::Page => "page",
        }
    }
}

/// Finds the route and settles who calls.
pub fn judge(app: &App, request: &Request) -> Judged {
    if request.listener() == Some(SAMPLE_MLFLOW) {
        return Judged::Admitted(Admitted::SampleMlflow);
    }
    match routes::find(&request.method, &request.path) {
        Found::Route(route, params) => match auth::admit(&app.sessions, request, route.who) {
            Ok(caller) => Judged::Admitted(Admitted::Route {
                route,
                params,
                caller,
            }),
            Err(error) => Judged::Refused((route.path, refuse(request, &error, Detail::Others))),
        },
        Found::WrongMethod(allowed) => {
            let text = format!("{} takes {}", request.path, allowed.join(", "));
            let reply = Reply::envelope(405, text).with("Allow", allowed.join(", "));
            Judged::Refused(("wrong method", reply))
        }
        Found::Nothing if request.path == "/api" || request.path.starts_with("/api/") => {
            let text = format!(
                "There is no {} {}; GET /api lists what there is",
                request.method, request.path
            );
            Judged::Refused(("unknown", Reply::envelope(404, text)))
        }
        Found::Nothing => Judged::Admitted(Admitted::Page),
    }
}

/// Answers a request that was let in. A handler that panics costs its caller a 500 and nobody else anything.
pub fn run(app: &App, request: &Request, admitted: &Admitted) -> Answered {
    guarded(admitted.route(), request, || match admitted {
        Admitted::Route {
            route,
            params,
            caller,
        } => handle(app, request, route, params, caller.as_ref()),
        Admitted::SampleMlflow => sample_mlflow(app, request),
        Admitted::Page => page::serve(request),
    })
}

fn guarded(route: &'static str, request: &Request, handle: impl FnOnce() -> Reply) -> Answered {
    let reply = catch_unwind(AssertUnwindSafe(handle)).unwrap_or_else(|panic| {
        let what = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        tracing::error!(path = %request.path, panic = %what, "a handler panicked");
        let error = Error::Internal("a handler panicked".to_owned());
        reply::of_error(&error, Detail::Others)
    });
    (route, reply)
}

fn handle(
    app: &App,
    request: &Request,
    route: &Route,
    params: &Params,
    caller: Option<&Caller>,
) -> Reply {
    let detail = match caller {
        Some(caller) if caller.role == Role::Admin => Detail::Admin,
        _ => Detail::Others,
    };
    let exchange = Exchange {
        app,
        request,
        params,
        caller,
        headers: RefCell::default(),
    };
    let mut reply =
        (route.handler)(&exchange).unwrap_or_else(|error| refuse(request, &error, detail));
    reply.headers.append(&mut exchange.headers.borrow_mut());
    reply
}

/// The one place where an error is logged.
fn refuse(request: &Request, error: &Error, detail: Detail) -> Reply {
    match error {
        Error::Internal(_) | Error::Full(_) => {
            tracing::error!(path = %request.path, %error, "a request failed");
        }
        Error::Plugin { plugin, message } => {
            tracing::error!(%plugin, error = %message, "[PluginService] a plugin failed");
        }
        _ => {
            tracing::debug!(path = %request.path, %error, "a request was refused");
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
        let (_, reply) = guarded("/", &request, || panic!("on purpose"));
        assert_eq!(reply.status, 500);
        assert!(!String::from_utf8_lossy(&reply.body).contains("on purpose"));
        let (route, reply) = guarded("/healthz", &request, || Reply::ok("alive"));
        assert_eq!((route, reply.status), ("/healthz", 200));
    }
}
