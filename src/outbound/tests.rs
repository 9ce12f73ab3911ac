//! The room as a whole, against small servers on loopback. `allow` opens them where a test needs an answer;
//! where it does not, a canary counts connections and must count none.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

use super::resolver::LookupError;
use super::*;

mod bombs;
mod certificates;
mod offline;
mod proxied;
mod spellings;

/// Answers every connection with what `answer` writes; counts connections and keeps request heads.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) -> Self {
        Self::on("127.0.0.1:0", answer).unwrap()
    }

    fn on(
        address: &str,
        answer: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static,
    ) -> Option<Self> {
        let listener = TcpListener::bind(address).ok()?;
        let server = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            heads: Arc::default(),
        };
        let (connections, heads) = (Arc::clone(&server.connections), Arc::clone(&server.heads));
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                let (heads, answer) = (Arc::clone(&heads), Arc::clone(&answer));
                thread::spawn(move || {
                    let head = read_head(&mut stream);
                    heads.lock().unwrap().push(head.clone());
                    answer(&mut stream, &head);
                });
            }
        });
        Some(server)
    }

    fn fixed(reply: &'static str) -> Self {
        Self::start(move |stream, _| {
            let _ = stream.write_all(reply.as_bytes());
        })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn entry(&self) -> AllowEntry {
        AllowEntry::parse(&self.address.to_string()).unwrap()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A plain HTTP server answers such a first byte at once: it cannot be a method.
const TLS_HANDSHAKE: u8 = 0x16;

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0_u8; 1];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
        if head[0] == TLS_HANDSHAKE {
            break;
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn get(url: &str) -> OutboundRequest {
    OutboundRequest {
        method: "GET".to_owned(),
        url: Url::parse(url).unwrap(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout: Duration::from_secs(10),
        verify_tls: true,
        max_body: 1_000_000,
    }
}

fn allowing(servers: &[&Server]) -> Outbound {
    Outbound::new(OutboundPolicy {
        allow: servers.iter().map(|server| server.entry()).collect(),
        ..OutboundPolicy::default()
    })
}

/// A grant of everything.
const ANY: Granted<'static> = &|_| Ok(());

/// A name server of our own: each look-up of a name takes the next of its answers, the last one stays.
#[derive(Debug, Default)]
struct Names {
    answers: HashMap<&'static str, Vec<&'static str>>,
    asked: AtomicUsize,
}

impl Lookup for Names {
    fn lookup(&self, host: &str, port: u16, _: Duration) -> Result<Vec<SocketAddr>, LookupError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answers = self
            .answers
            .get(host)
            .ok_or(LookupError::NotFound("unknown".to_owned()))?;
        let address = answers[asked.min(answers.len() - 1)].parse().unwrap();
        Ok(vec![SocketAddr::new(address, port)])
    }
}

#[test]
fn an_allowed_address_answers_and_the_headers_arrive() {
    let server =
        Server::fixed("HTTP/1.1 201 Made\r\nX-Kind: a\r\nX-Kind: b\r\ncontent-length: 2\r\n\r\nok");
    let mut request = get(&server.url("/x?y=1"));
    request.method = "POST".to_owned();
    request.headers = vec![("X-Mine".to_owned(), "ü".to_owned())];
    request.body = b"{}".to_vec();
    let reply = allowing(&[&server]).request(&request, ANY).unwrap();
    assert_eq!(
        (reply.status, reply.body.as_slice(), reply.header("x-kind")),
        (201, b"ok".as_slice(), Some("a"))
    );
    let head = server.heads.lock().unwrap()[0].to_ascii_lowercase();
    assert!(head.starts_with("post /x?y=1 http/1.1\r\n"), "{head}");
    assert!(
        head.contains("content-length: 2\r\n") && head.contains("user-agent: souk/"),
        "{head}"
    );
}

#[test]
fn a_redirect_to_loopback_is_judged_like_a_first_request() {
    let canary = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let target = canary.url("/inner");
    let public = Server::start(move |stream, _| {
        let _ = write!(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n"
        );
    });
    let error = allowing(&[&public])
        .request(&get(&public.url("/")), ANY)
        .unwrap_err();
    assert!(matches!(error, OutboundError::Refused { .. }), "{error}");
    assert_eq!(canary.connections(), 0);

    let reply = allowing(&[&public, &canary])
        .request(&get(&public.url("/")), ANY)
        .unwrap();
    assert_eq!((reply.status, canary.connections()), (200, 1));
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_port() {
    let second = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let target = second.url("/");
    let first = Server::start(move |stream, _| {
        let _ = write!(
            stream,
            "HTTP/1.1 307 x\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n"
        );
    });
    let mut request = get(&first.url("/"));
    request.headers = vec![
        ("Authorization".to_owned(), "Bearer t".to_owned()),
        ("X-Token".to_owned(), "t".to_owned()),
    ];
    allowing(&[&first, &second]).request(&request, ANY).unwrap();
    assert!(first.heads.lock().unwrap()[0].contains("Bearer t"));
    let head = second.heads.lock().unwrap()[0].to_ascii_lowercase();
    assert!(
        !head.contains("authorization") && !head.contains("x-token"),
        "{head}"
    );
}

#[test]
fn redirects_end_after_five() {
    let server = Server::fixed(
        "HTTP/1.1 302 x\r\nlocation: /again\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    );
    let error = allowing(&[&server])
        .request(&get(&server.url("/")), ANY)
        .unwrap_err();
    assert!(
        matches!(error, OutboundError::Redirects { limit: 5, .. }),
        "{error}"
    );
    assert_eq!(server.connections(), 6);
}

#[test]
fn a_name_that_changes_its_answer_is_judged_at_each_look_up() {
    let canary = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let names = Arc::new(Names {
        answers: HashMap::from([("rebind.example", vec!["192.0.2.1", "127.0.0.1"])]),
        asked: AtomicUsize::new(0),
    });
    let policy = OutboundPolicy {
        allow: vec![AllowEntry::parse("192.0.2.1").unwrap()],
        ..OutboundPolicy::default()
    };
    let outbound = Outbound::with_lookup(policy, Arc::clone(&names) as Arc<dyn Lookup>);
    let url = format!("http://rebind.example:{}/", canary.address.port());
    outbound
        .check(&Url::parse(&url).unwrap(), true, ANY)
        .unwrap();
    let error = outbound.request(&get(&url), ANY).unwrap_err();
    assert!(matches!(error, OutboundError::Refused { .. }), "{error}");
    assert_eq!(
        (canary.connections(), names.asked.load(Ordering::SeqCst)),
        (0, 2)
    );
}

#[test]
fn the_connection_goes_to_the_address_that_was_judged() {
    let server = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let names = Arc::new(Names {
        // Only the first answer leads to the server; a second look-up would miss it.
        answers: HashMap::from([("pinned.example", vec!["127.0.0.1", "127.0.0.99"])]),
        asked: AtomicUsize::new(0),
    });
    let policy = OutboundPolicy {
        allow: vec![server.entry()],
        ..OutboundPolicy::default()
    };
    let outbound = Outbound::with_lookup(policy, Arc::clone(&names) as Arc<dyn Lookup>);
    let reply = outbound
        .request(
            &get(&format!("http://pinned.example:{}/", server.address.port())),
            ANY,
        )
        .unwrap();
    assert_eq!((reply.status, names.asked.load(Ordering::SeqCst)), (200, 1));
    assert!(
        server.heads.lock().unwrap()[0]
            .to_ascii_lowercase()
            .contains("host: pinned.example")
    );
}

#[test]
fn a_reply_that_drips_ends_at_the_time_out() {
    let server = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            thread::park_timeout(Duration::from_millis(20));
        }
    });
    let mut request = get(&server.url("/"));
    request.timeout = Duration::from_millis(400);
    let started = Instant::now();
    let error = allowing(&[&server]).request(&request, ANY).unwrap_err();
    assert!(matches!(error, OutboundError::TimedOut { .. }), "{error}");
    assert!(
        error.to_string().contains("timed out after 0.4 s"),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_server_that_never_answers_ends_at_the_time_out() {
    let server = Server::start(|stream, _| {
        let _ = stream.read(&mut [0_u8; 1]);
    });
    let mut request = get(&server.url("/"));
    request.timeout = Duration::from_millis(300);
    let error = allowing(&[&server]).request(&request, ANY).unwrap_err();
    assert!(matches!(error, OutboundError::TimedOut { .. }), "{error}");
}

#[test]
fn errors_read_as_a_person_would_want_them_and_hold_no_secret() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let plain = Server::fixed("HTTP/1.1 400 no\r\ncontent-length: 0\r\n\r\n");
    let noise = Server::fixed("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    let cut = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
    let outbound = Outbound::new(OutboundPolicy {
        allow: vec![AllowEntry::parse("127.0.0.1").unwrap()],
        ..OutboundPolicy::default()
    });
    let say = |url: String| {
        let mut request = get(&url);
        request.headers = vec![("Authorization".to_owned(), "Bearer hush".to_owned())];
        let said = outbound.request(&request, ANY).unwrap_err().to_string();
        assert!(!said.contains("hush"), "{said}");
        said
    };
    assert_eq!(
        say(format!("http://{closed}/hush?token=hush")),
        format!("could not connect to {closed}: connection refused")
    );
    assert!(
        say(format!("https://{}/?a=hush", plain.address)).contains("is it http rather than https?")
    );
    assert!(say(noise.url("/?a=hush")).contains("did not answer with valid HTTP"));
    assert!(say(cut.url("/?a=hush")).contains("closed the connection"));
    assert!(
        say("http://no-such-host.invalid/?a=hush".to_owned())
            .starts_with("could not find the host no-such-host.invalid")
    );
}

#[test]
fn a_trusted_fetch_may_reach_loopback_and_sees_a_304() {
    let server = Server::start(|stream, head| {
        let same = head.to_ascii_lowercase().contains("if-none-match: \"v1\"");
        let reply: &[u8] = if same {
            b"HTTP/1.1 304 Not Modified\r\netag: \"v1\"\r\n\r\n"
        } else {
            b"HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: 2\r\n\r\n{}"
        };
        let _ = stream.write_all(reply);
    });
    let outbound = Outbound::new(OutboundPolicy::default());
    let mut request = get(&server.url("/plugins.json"));
    let first = outbound.fetch_trusted(&request).unwrap();
    assert_eq!((first.status, first.header("etag")), (200, Some("\"v1\"")));
    request.headers = vec![("If-None-Match".to_owned(), "\"v1\"".to_owned())];
    assert_eq!(outbound.fetch_trusted(&request).unwrap().status, 304);
}

#[test]
fn a_trusted_host_cannot_redirect_to_an_inner_address() {
    let inner = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret");
    });
    let target = inner.url("/");
    let outer = Server::start(move |stream, _| {
        let reply =
            format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
        let _ = stream.write_all(reply.as_bytes());
    });
    let outbound = Outbound::new(OutboundPolicy::default());
    let refused = outbound
        .fetch_trusted(&get(&outer.url("/plugins.json")))
        .unwrap_err();
    assert!(refused.to_string().contains("outbound.allow"), "{refused}");
}

#[test]
fn the_proxy_variables_of_the_environment_are_not_read() {
    // Setting a variable here would race with other tests; the configuration itself is the proof.
    let outbound = Outbound::new(OutboundPolicy::default());
    for agent in [
        outbound.clients.guarded(false),
        outbound.clients.guarded(true),
        outbound.clients.trusted(),
    ] {
        assert!(agent.config().proxy().is_none());
        assert_eq!(agent.config().max_redirects(), 0);
    }
}
