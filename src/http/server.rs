//! tiny_http behind the edge: workers that take complete requests, find their route and answer.
//!
//! Who calls, and whether they may, is settled before a body is read: a stranger's body costs no
//! memory here, and a request that waits in the slow lane holds none either.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq as _;

use super::dispatch::{self, Admitted, Answered, Judged};
use super::edge::SECRET_HEADER;
use super::finish;
use super::reply::{self, Detail, Reply};
use super::request::Request;
use super::respond::respond;
use super::slow_lane::{self, Admission, Place, SlowLane};
use crate::app::App;
use crate::error::{Error, Result};
use crate::script;

/// Bodies of quick routes are small forms; the edge's own limits hold for the others.
const QUICK_BODY: u64 = 64 * 1024;

/// How often a stopping server looks whether its workers are done.
const STOP_POLL: Duration = Duration::from_millis(10);

/// A keeper only waits for its worker.
const KEEPER_STACK: usize = 128 << 10;
/// How long to wait where the system has no thread to give.
const THREAD_RETRY: Duration = Duration::from_millis(100);

pub struct Workers {
    server: Arc<tiny_http::Server>,
    lane: Arc<SlowLane<Job>>,
    threads: Vec<JoinHandle<()>>,
}

/// A request that was let in, with the tiny_http half that still holds its body and takes its answer.
pub struct Job {
    request: Request,
    admitted: Admitted,
    incoming: tiny_http::Request,
    started: Instant,
}

impl Workers {
    /// Starts the workers on a server that only the edge can reach: by its place, or by a secret in each request.
    pub fn start(
        app: &Arc<App>,
        server: tiny_http::Server,
        lane: &Arc<SlowLane<Job>>,
        secret: Option<String>,
    ) -> Result<Self> {
        let count = app.config.workers;
        let (server, secret) = (Arc::new(server), Arc::new(secret));
        let mut threads = Vec::with_capacity(count + 1);
        let worker = |number: usize| Worker {
            number,
            app: Arc::clone(app),
            server: Arc::clone(&server),
            lane: Arc::clone(lane),
            secret: Arc::clone(&secret),
        };
        let watcher = worker(count);
        let thread = std::thread::Builder::new()
            .name("line".to_owned())
            .spawn(move || watcher.watch_the_line())
            .map_err(|error| Error::internal("cannot start the line's thread", error))?;
        threads.push(thread);
        for number in 0..count {
            let worker = worker(number);
            let thread = std::thread::Builder::new()
                .name(format!("keeper-{number}"))
                .stack_size(KEEPER_STACK)
                .spawn(move || worker.keep_running())
                .map_err(|error| Error::internal("cannot start a worker thread", error))?;
            threads.push(thread);
        }
        Ok(Self {
            server,
            lane: Arc::clone(lane),
            threads,
        })
    }

    /// Ends the workers; each finishes the request it has, within the given time.
    pub fn stop(self, within: Duration) {
        self.lane.close();
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
    number: usize,
    app: Arc<App>,
    server: Arc<tiny_http::Server>,
    lane: Arc<SlowLane<Job>>,
    secret: Arc<Option<String>>,
}

/// Why a worker's thread ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaves {
    /// Nothing is to be served any more.
    Stopped,
    /// A script has used its stack, which goes back to the system with the thread alone.
    Spent,
}

impl Worker {
    /// Serves on one thread after another, until the server stops.
    fn keep_running(&self) {
        loop {
            let left = std::thread::scope(|scope| {
                std::thread::Builder::new()
                    .name(format!("worker-{}", self.number))
                    // Mostly virtual: deep script recursion must meet a limit before it meets the end of a stack.
                    .stack_size(script::STACK_BYTES)
                    .spawn_scoped(scope, || self.run())
                    .map(|thread| thread.join().unwrap_or(Leaves::Spent))
            });
            match left {
                Ok(Leaves::Stopped) => return,
                Ok(Leaves::Spent) => {}
                Err(error) => {
                    tracing::error!(%error, "no thread for a worker; trying again");
                    std::thread::sleep(THREAD_RETRY);
                }
            }
        }
    }

    fn run(&self) -> Leaves {
        while !script::stack_is_spent() {
            self.give_up_abandoned();
            // The worker that ends a slow request is awake: it takes the next one that waits.
            if let Some((job, place)) = self.lane.next_waiting() {
                self.guarded(|| self.run_slow(job, place));
                continue;
            }
            match self.server.recv() {
                Ok(incoming) => self.guarded(|| self.take(incoming)),
                Err(_unblocked) => return Leaves::Stopped,
            }
        }
        Leaves::Spent
    }

    /// Answers those who have waited too long for a worker, who may all be at slow work.
    fn watch_the_line(&self) {
        while let Some(late) = self.lane.late() {
            for job in late {
                self.guarded(|| {
                    self.busy(
                        job,
                        "All workers that this organization or plugin may have are at work; try again",
                    );
                });
            }
        }
    }

    /// A worker outlives whatever a request does to it. Handlers have a guard of their own, which answers.
    fn guarded(&self, work: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            tracing::error!(
                "a worker panicked outside of a handler; its request got no answer of ours"
            );
        }
    }

    fn take(&self, incoming: tiny_http::Request) {
        let started = Instant::now();
        let request = head_of(&self.app, &incoming);
        if !self.is_from_the_edge(&request) {
            return respond(
                incoming,
                &Reply::envelope(403, "This socket is the edge's own"),
            );
        }
        if request.path == super::edge::PROBE_PATH {
            return respond(incoming, &Reply::no_content());
        }
        let span = tracing::info_span!("request", id = %request.id);
        let _entered = span.enter();
        let admitted = match dispatch::judge(&self.app, &request) {
            Judged::Admitted(admitted) => admitted,
            Judged::Refused(answered) => return self.answer(&request, incoming, started, answered),
        };
        let job = Job {
            request,
            admitted,
            incoming,
            started,
        };
        if !job.admitted.is_slow() {
            return self.serve(job);
        }
        self.give_up_abandoned();
        let connection = job.request.connection();
        match self.lane.admit(job.admitted.owner(), connection, job) {
            Admission::Now(job, place) => self.run_slow(job, place),
            Admission::Waits => {}
            Admission::Full(job) => {
                self.busy(job, "Too many requests are waiting for plugins; try again");
            }
        }
    }

    /// Frees what requests hold whose clients hung up while they waited. One that only ended its side is told so.
    fn give_up_abandoned(&self) {
        for job in self.lane.abandoned() {
            self.guarded(|| {
                self.busy(
                    job,
                    "The connection was closed while the request waited for a plugin",
                );
            });
        }
    }

    fn busy(&self, job: Job, message: &str) {
        let busy = Error::Busy {
            message: message.to_owned(),
            retry_after: slow_lane::LONGEST_WAIT,
        };
        let answered = (job.admitted.route(), reply::of_error(&busy, Detail::Others));
        self.answer(&job.request, job.incoming, job.started, answered);
    }

    fn run_slow(&self, job: Job, _place: Place<'_, Job>) {
        let span = tracing::info_span!("request", id = %job.request.id);
        let _entered = span.enter();
        self.serve(job);
    }

    fn serve(&self, mut job: Job) {
        let limit = if job.admitted.is_slow() {
            u64::MAX
        } else {
            QUICK_BODY
        };
        let answered = match read_body(&mut job.incoming, limit) {
            Ok(body) => {
                job.request.body = body;
                dispatch::run(&self.app, &job.request, &job.admitted)
            }
            Err(error) => (
                job.admitted.route(),
                reply::of_error(&error, Detail::Others),
            ),
        };
        self.answer(&job.request, job.incoming, job.started, answered);
    }

    fn answer(
        &self,
        request: &Request,
        incoming: tiny_http::Request,
        started: Instant,
        (route, reply): Answered,
    ) {
        let reply = finish::finish(reply, request);
        let took = started.elapsed();
        self.app
            .metrics
            .request(route, method_label(&request.method), reply.status, took);
        let ms = took.as_secs_f64() * 1000.0;
        tracing::debug!(client = %request.client, method = %request.method, path = %request.path, status = reply.status, ms, "served");
        respond(incoming, &reply);
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

fn head_of(app: &App, incoming: &tiny_http::Request) -> Request {
    let headers = incoming
        .headers()
        .iter()
        .map(|header| {
            let name = header.field.as_str().as_str().to_ascii_lowercase();
            (name, header.value.as_str().to_owned())
        })
        .collect();
    let method = incoming.method().to_string();
    Request::new(
        &method,
        incoming.url(),
        headers,
        &app.config.trusted_proxies,
    )
}

/// The edge has bounded and completed the body, so reading it does not wait.
fn read_body(incoming: &mut tiny_http::Request, limit: u64) -> Result<Vec<u8>> {
    let announced = incoming.body_length().unwrap_or(0);
    if announced as u64 > limit {
        return Err(Error::TooLarge(format!(
            "The body may have at most {limit} bytes here"
        )));
    }
    let mut body = Vec::with_capacity(announced);
    incoming.as_reader().read_to_end(&mut body)?;
    if body.len() == announced {
        Ok(body)
    } else {
        Err(Error::invalid(
            "body",
            "The body ended early; send the request again",
        ))
    }
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
