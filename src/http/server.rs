//! tiny_http behind the edge: workers that take complete requests, find their route and answer.
//!
//! Plugin code may take long, so at most all workers but one run it; further plugin requests wait
//! in a bounded line and the kept worker goes on serving the rest.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq as _;

use super::auth;
use super::desk::{Admission, Desk};
use super::edge::SECRET_HEADER;
use super::exchange::Exchange;
use super::finish;
use super::page;
use super::reply::{self, Detail, Reply};
use super::request::{LISTENER_HEADER, Request};
use super::routes::{self, Found, Runs};
use crate::app::App;
use crate::error::{Error, Result};
use crate::script;
use crate::user::Role;

/// The listener whose requests go to the demo's sample MLflow server.
pub const SAMPLE_MLFLOW: &str = "mlflow";

pub struct Workers {
    server: Arc<tiny_http::Server>,
    threads: Vec<JoinHandle<()>>,
}

/// A request with the tiny_http half that takes its answer.
pub struct Job {
    request: Request,
    reply_to: tiny_http::Request,
    started: Instant,
}

impl Workers {
    /// Starts the workers on a server that only the edge can reach: by its place, or by a secret in each request.
    pub fn start(
        app: &Arc<App>,
        server: tiny_http::Server,
        desk: &Arc<Desk<Job>>,
        secret: Option<String>,
    ) -> Result<Self> {
        let count = app.config.workers;
        let (server, secret) = (Arc::new(server), Arc::new(secret));
        let mut threads = Vec::with_capacity(count);
        for number in 0..count {
            let worker = Worker {
                app: Arc::clone(app),
                server: Arc::clone(&server),
                desk: Arc::clone(desk),
                secret: Arc::clone(&secret),
            };
            let thread = std::thread::Builder::new()
                .name(format!("worker-{number}"))
                // Mostly virtual: deep script recursion must meet a limit before it meets the end of a stack.
                .stack_size(script::STACK_BYTES)
                .spawn(move || worker.run())
                .map_err(|error| Error::internal("cannot start a worker thread", error))?;
            threads.push(thread);
        }
        Ok(Self { server, threads })
    }

    /// Ends the workers; each finishes the request it has.
    pub fn stop(self) {
        for _ in &self.threads {
            self.server.unblock();
        }
        for thread in self.threads {
            let _panicked = thread.join();
        }
    }
}

struct Worker {
    app: Arc<App>,
    server: Arc<tiny_http::Server>,
    desk: Arc<Desk<Job>>,
    secret: Arc<Option<String>>,
}

impl Worker {
    fn run(&self) {
        loop {
            // The worker that ends a plugin request is awake: it takes the next one that waits.
            while let Some(job) = self.desk.next_waiting() {
                self.run_plugin(job);
            }
            match self.server.recv() {
                Ok(incoming) => self.take(incoming),
                Err(_unblocked) => return,
            }
        }
    }

    fn take(&self, mut incoming: tiny_http::Request) {
        let started = Instant::now();
        let request = read(&self.app, &mut incoming);
        if !self.is_from_the_edge(&request) {
            return respond(
                incoming,
                &Reply::envelope(403, "This socket is the edge's own"),
            );
        }
        if request.path == super::edge::PROBE_PATH {
            return respond(incoming, &Reply::no_content());
        }
        let job = Job {
            request,
            reply_to: incoming,
            started,
        };
        if !runs_plugin(&job.request) {
            return serve(&self.app, job);
        }
        match self.desk.admit(job) {
            Admission::Now(job) => self.run_plugin(job),
            Admission::Waits => {}
            Admission::Full(job) => {
                let busy = Error::Busy {
                    message: "Too many plugin requests are waiting; try again".to_owned(),
                    retry_after: Duration::from_secs(1),
                };
                answer(&self.app, job, "", reply::of_error(&busy, Detail::Others));
            }
        }
    }

    fn run_plugin(&self, job: Job) {
        let _place = self.desk.place();
        serve(&self.app, job);
    }

    fn is_from_the_edge(&self, request: &Request) -> bool {
        match self.secret.as_ref() {
            None => true,
            Some(secret) => request
                .header(SECRET_HEADER)
                .is_some_and(|given| bool::from(given.as_bytes().ct_eq(secret.as_bytes()))),
        }
    }
}

fn runs_plugin(request: &Request) -> bool {
    request.header(LISTENER_HEADER) != Some(SAMPLE_MLFLOW)
        && matches!(routes::find(&request.method, &request.path), Found::Route(route, _) if route.runs == Runs::Plugin)
}

fn read(app: &App, incoming: &mut tiny_http::Request) -> Request {
    let headers = incoming
        .headers()
        .iter()
        .map(|header| {
            (
                header.field.as_str().as_str().to_ascii_lowercase(),
                header.value.as_str().to_owned(),
            )
        })
        .collect();
    let mut request = Request::new(
        &incoming.method().to_string(),
        incoming.url(),
        headers,
        &app.config.trusted_proxies,
    );
    // The edge has bounded and completed the body, so this neither waits nor grows.
    if let Err(error) = std::io::Read::read_to_end(incoming.as_reader(), &mut request.body) {
        tracing::warn!(%error, "a body ended early between edge and worker");
    }
    request
}

fn serve(app: &App, job: Job) {
    let handled = catch_unwind(AssertUnwindSafe(|| dispatch(app, &job.request)));
    let (route, reply) = handled.unwrap_or_else(|panic| {
        let what = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        tracing::error!(request = %job.request.id, path = %job.request.path, panic = %what, "a handler panicked");
        ("", reply::of_error(&Error::Internal("a handler panicked".to_owned()), Detail::Others))
    });
    answer(app, job, route, reply);
}

fn answer(app: &App, job: Job, route: &'static str, reply: Reply) {
    let Job {
        request,
        reply_to,
        started,
    } = job;
    let reply = finish::finish(reply, &request);
    let took = started.elapsed();
    app.metrics
        .request(route, method_label(&request.method), reply.status, took);
    let ms = took.as_secs_f64() * 1000.0;
    tracing::debug!(request = %request.id, client = %request.client, method = %request.method, path = %request.path, status = reply.status, ms, "served");
    respond(reply_to, &reply);
}

/// Methods are a client's free text; a label must not be.
fn method_label(method: &str) -> &'static str {
    match method {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

fn dispatch(app: &App, request: &Request) -> (&'static str, Reply) {
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

fn respond(reply_to: tiny_http::Request, reply: &Reply) {
    let mut headers = Vec::with_capacity(reply.headers.len() + 1);
    let content_type =
        (!reply.content_type.is_empty()).then_some(("Content-Type", reply.content_type.as_ref()));
    let named = reply
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    for (name, value) in content_type.into_iter().chain(named) {
        match tiny_http::Header::from_bytes(name, value) {
            Ok(header) => headers.push(header),
            Err(()) => tracing::error!(name, "a reply header could not be written"),
        }
    }
    let body = reply.body.as_ref();
    let response = tiny_http::Response::new(
        tiny_http::StatusCode(reply.status),
        headers,
        body,
        Some(body.len()),
        None,
    )
    // A known length keeps the persistent connection to the edge simple.
    .with_chunked_threshold(usize::MAX);
    // tiny_http may panic on a peer that is gone; that must not cost a worker.
    match catch_unwind(AssertUnwindSafe(|| reply_to.respond(response))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the edge did not take a reply"),
        Err(_) => tracing::warn!("a reply could not be handed to the edge"),
    }
}
