//! tiny_http behind the edge: workers that take complete requests, find their route and answer.
//!
//! Plugin code may take long, so at most all workers but one run it; further plugin requests wait
//! in a bounded line and the kept worker goes on serving the rest.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq as _;

use super::desk::{Admission, Desk};
use super::dispatch;
use super::edge::{LISTENER_HEADER, SECRET_HEADER};
use super::finish;
use super::reply::{self, Detail, Reply};
use super::request::Request;
use super::routes::{self, Found, Runs};
use crate::app::App;
use crate::error::{Error, Result};
use crate::script;

/// The listener whose requests go to the demo's sample MLflow server.
pub const SAMPLE_MLFLOW: &str = "mlflow";

/// How often a stopping server looks whether its workers are done.
const STOP_POLL: Duration = Duration::from_millis(10);

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

    /// Ends the workers; each finishes the request it has, within the given time.
    pub fn stop(self, within: Duration) {
        for _ in &self.threads {
            self.server.unblock();
        }
        let end = Instant::now() + within;
        while self.threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < end {
            std::thread::sleep(STOP_POLL);
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
    let (route, reply) = dispatch::guarded(&job.request, || dispatch::dispatch(app, &job.request));
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
