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
        insecure_tls: Vec::new(),
    })
}

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
fn no_spelling_of_a_loopback_address_connects() {
    let v4 = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let port = v4.address.port();
    let v6 = Server::on(&format!("[::1]:{port}"), |_, _| {});
    let hosts = [
        "127.0.0.1",
        "127.0.0.2",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "127.0.0.1.",
        "127.000.000.001",
        "2130706433",
        "0x7f000001",
        "0X7F000001",
        "0x7f.0.0.1",
        "0x7f.1",
        "0x7f.0x0.0x0.0x1",
        "0177.0.0.1",
        "0177.1",
        "017700000001",
        "0177.0.0.0x1",
        "00000177.0.0.1",
        "127.0x1",
        "127.0.0x01",
        "0",
        "0.0.0.0",
        "0x0",
        "00",
        "0.0",
        "0.0.0",
        "000.000.000.000",
        "0.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "LocalHost",
        "%6c%6f%63alhost",
        "127%2e0%2e0%2e1",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "127．0．0．1",
        "①②⑦.⓪.⓪.①",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000::0001]",
        "[::]",
        "[0::0]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
        "[::127.0.0.1]",
        "[::7f00:1]",
        "[::ffff:0.0.0.0]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2002:7f00:0001::1]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
    ];
    assert!(hosts.len() >= 60);
    let outbound = Outbound::new(OutboundPolicy::default());
    for host in hosts {
        for scheme in ["http", "https"] {
            let text = format!("{scheme}://{host}:{port}/");
            let Ok(url) = Url::parse(&text) else { continue };
            let mut request = get("http://x/");
            request.url = url.clone();
            let error = outbound.request(&request).expect_err(&text);
            let said = error.to_string();
            if host == "localhost." && matches!(error, OutboundError::NotFound { .. }) {
                continue; // not every system's resolver knows the rooted form
            }
            assert!(
                matches!(error, OutboundError::Refused { .. }),
                "{text}: {said}"
            );
            assert!(said.contains("outbound.allow"), "{text}: {said}");
            assert!(outbound.check(&url, true).is_err(), "{text}");
        }
    }
    for text in [
        format!("http://user@127.0.0.1:{port}/"),
        format!("http://8.8.8.8:80@127.0.0.1:{port}/"),
        format!("http://8.8.8.8\\@127.0.0.1:{port}/"),
        format!("ftp://127.0.0.1:{port}/"),
        format!("http:127.0.0.1:{port}"),
        format!("http:///127.0.0.1:{port}/"),
    ] {
        let Ok(url) = Url::parse(&text) else { continue };
        if url.host_str() == Some("8.8.8.8") {
            continue;
        }
        let mut request = get("http://x/");
        request.url = url;
        assert!(outbound.request(&request).is_err(), "{text}");
    }
    assert_eq!(v4.connections(), 0);
    assert_eq!(v6.map_or(0, |server| server.connections()), 0);
}

#[test]
fn an_allowed_address_answers_and_the_headers_arrive() {
    let server =
        Server::fixed("HTTP/1.1 201 Made\r\nX-Kind: a\r\nX-Kind: b\r\ncontent-length: 2\r\n\r\nok");
    let mut request = get(&server.url("/x?y=1"));
    request.method = "POST".to_owned();
    request.headers = vec![("X-Mine".to_owned(), "ü".to_owned())];
    request.body = b"{}".to_vec();
    let reply = allowing(&[&server]).request(&request).unwrap();
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
        .request(&get(&public.url("/")))
        .unwrap_err();
    assert!(matches!(error, OutboundError::Refused { .. }), "{error}");
    assert_eq!(canary.connections(), 0);

    let reply = allowing(&[&public, &canary])
        .request(&get(&public.url("/")))
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
    allowing(&[&first, &second]).request(&request).unwrap();
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
        .request(&get(&server.url("/")))
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
        insecure_tls: Vec::new(),
    };
    let outbound = Outbound::with_lookup(policy, Arc::clone(&names) as Arc<dyn Lookup>);
    let url = format!("http://rebind.example:{}/", canary.address.port());
    outbound.check(&Url::parse(&url).unwrap(), true).unwrap();
    let error = outbound.request(&get(&url)).unwrap_err();
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
        insecure_tls: Vec::new(),
    };
    let outbound = Outbound::with_lookup(policy, Arc::clone(&names) as Arc<dyn Lookup>);
    let reply = outbound
        .request(&get(&format!(
            "http://pinned.example:{}/",
            server.address.port()
        )))
        .unwrap();
    assert_eq!((reply.status, names.asked.load(Ordering::SeqCst)), (200, 1));
    assert!(
        server.heads.lock().unwrap()[0]
            .to_ascii_lowercase()
            .contains("host: pinned.example")
    );
}

#[test]
fn a_reply_longer_than_asked_for_is_refused() {
    let announced = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n");
    let endless = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let bomb = Server::start(|stream, _| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![0_u8; 50_000_000]).unwrap();
        let packed = packer.finish().unwrap();
        assert!(packed.len() < 100_000);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            packed.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&packed);
    });
    for server in [&announced, &endless, &bomb] {
        let error = allowing(&[server])
            .request(&get(&server.url("/")))
            .unwrap_err();
        assert!(
            matches!(
                error,
                OutboundError::TooLarge {
                    limit: 1_000_000,
                    ..
                }
            ),
            "{error}"
        );
    }
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
    let error = allowing(&[&server]).request(&request).unwrap_err();
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
    let error = allowing(&[&server]).request(&request).unwrap_err();
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
        insecure_tls: Vec::new(),
    });
    let say = |url: String| {
        let mut request = get(&url);
        request.headers = vec![("Authorization".to_owned(), "Bearer hush".to_owned())];
        let said = outbound.request(&request).unwrap_err().to_string();
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
fn an_unverified_certificate_needs_the_operator() {
    let outbound = Outbound::new(OutboundPolicy::default());
    let mut request = get("https://self-signed.example/");
    request.verify_tls = false;
    let error = outbound.request(&request).unwrap_err();
    assert!(
        matches!(error, OutboundError::InsecureTls { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("outbound.insecure_tls"));
    assert!(outbound.check(&request.url, false).is_err());
}

#[test]
fn a_self_signed_certificate_is_refused_unless_its_host_is_listed() {
    let server = tls::serve_once_per_connection();
    let mut request = get(&format!("https://localhost:{}/", server.port()));
    let policy = OutboundPolicy {
        allow: vec![AllowEntry::parse(&server.to_string()).unwrap()],
        insecure_tls: vec!["localhost".to_owned()],
    };
    let outbound = Outbound::new(policy);
    let error = outbound.request(&request).unwrap_err();
    assert!(matches!(error, OutboundError::Tls { .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("the TLS certificate of localhost is not trusted"),
        "{error}"
    );
    request.verify_tls = false;
    assert_eq!(outbound.request(&request).unwrap().body, b"ok");
    // What was accepted unverified must not be trusted by a request that verifies.
    request.verify_tls = true;
    assert!(outbound.request(&request).is_err());
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

mod tls {
    use super::*;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

    /// A TLS server with a certificate of its own making; it answers "ok".
    pub fn serve_once_per_connection() -> SocketAddr {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let config = Arc::clone(&config);
                thread::spawn(move || {
                    let connection = rustls::ServerConnection::new(config).unwrap();
                    let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
                    let mut head = Vec::new();
                    let mut byte = [0_u8; 1];
                    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                        head.push(byte[0]);
                    }
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
                    let _ = stream.flush();
                    thread::park_timeout(Duration::from_secs(2));
                });
            }
        });
        address
    }
}
