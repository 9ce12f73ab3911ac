//! A marketplace server on loopback that can misbehave.

use std::collections::HashMap;
use std::io::{Read, repeat};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use tiny_http::{Header, Response, Server, StatusCode};

use crate::marketplace::source::Source;

#[derive(Clone)]
pub enum Answer {
    File(Vec<u8>),
    /// With an entity tag, and 304 when the client has it.
    Tagged(Vec<u8>, &'static str),
    Status(u16),
    /// So many times 503, and then the file.
    Stumbling(usize, Vec<u8>),
    Endless,
    /// Nothing until the server is released.
    Silent,
}

/// A marketplace server whose answers a test sets, and which counts what it is asked.
pub struct Upstream {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<HashMap<String, Answer>>,
    asked: Mutex<Vec<String>>,
    released: Mutex<bool>,
    release: Condvar,
}

impl Upstream {
    pub fn start() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let shared = Arc::new(Shared::default());
        let thread = thread::spawn({
            let (server, shared) = (Arc::clone(&server), Arc::clone(&shared));
            move || {
                for request in server.incoming_requests() {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || shared.answer(request));
                }
            }
        });
        let address = server.server_addr().to_ip().unwrap();
        Self {
            address,
            shared,
            server,
            thread: Some(thread),
        }
    }

    pub fn set(&self, path: &str, answer: Answer) {
        self.shared
            .answers
            .lock()
            .unwrap()
            .insert(path.to_owned(), answer);
    }

    pub fn file(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.set(path, Answer::File(bytes.into()));
    }

    pub fn asked(&self, path: &str) -> usize {
        self.shared
            .asked
            .lock()
            .unwrap()
            .iter()
            .filter(|asked| *asked == path)
            .count()
    }

    pub fn source(&self) -> Source {
        Source::parse(&format!("http://{}/m/", self.address)).unwrap()
    }

    pub fn stop(&mut self) {
        *self.shared.released.lock().unwrap() = true;
        self.shared.release.notify_all();
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn next(&self, path: &str) -> Option<Answer> {
        let mut answers = self.answers.lock().unwrap();
        let answer = answers.get(path).cloned()?;
        if let Answer::Stumbling(times, bytes) = &answer {
            let next = match times.checked_sub(1) {
                None => return Some(Answer::File(bytes.clone())),
                Some(left) => Answer::Stumbling(left, bytes.clone()),
            };
            answers.insert(path.to_owned(), next);
        }
        Some(answer)
    }

    fn answer(&self, request: tiny_http::Request) {
        let path = request.url().to_owned();
        self.asked.lock().unwrap().push(path.clone());
        let sent = request
            .headers()
            .iter()
            .find(|header| header.field.equiv("If-None-Match"));
        let sent = sent.map(|header| header.value.to_string());
        let answer = self.next(&path);
        // A client that hangs up is part of some tests.
        let _ = match answer.unwrap_or(Answer::Status(404)) {
            Answer::File(bytes) => request.respond(Response::from_data(bytes)),
            Answer::Tagged(_, tag) if sent.as_deref() == Some(tag) => {
                request.respond(Response::empty(304))
            }
            Answer::Tagged(bytes, tag) => {
                let tag = Header::from_bytes("ETag", tag).unwrap();
                request.respond(Response::from_data(bytes).with_header(tag))
            }
            Answer::Status(status) => request.respond(Response::empty(status)),
            Answer::Stumbling(..) => request.respond(Response::empty(503)),
            Answer::Endless => {
                let body: Box<dyn Read> = Box::new(repeat(b' '));
                request.respond(Response::new(StatusCode(200), Vec::new(), body, None, None))
            }
            Answer::Silent => {
                let released = self.released.lock().unwrap();
                drop(
                    self.release
                        .wait_while(released, |released| !*released)
                        .unwrap(),
                );
                request.respond(Response::empty(503))
            }
        };
    }
}
