//! Every way to write an inner address, asked for at once, behind redirects, and behind names that
//! change their answer: no connection arrives.

use super::*;

/// One host a line, each a spelling of an address that is not public.
const HOSTS: &str = include_str!("../../../tests/fixtures/inner_hosts.txt");

fn hosts() -> Vec<&'static str> {
    let hosts: Vec<_> = HOSTS.lines().collect();
    assert!(hosts.len() >= 60, "{}", hosts.len());
    hosts
}

/// Listens on one port of both loopback addresses, and answers whoever gets through.
struct Canaries {
    port: u16,
    listening: Vec<Server>,
}

impl Canaries {
    fn start() -> Self {
        let v4 = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        let port = v4.address.port();
        let v6 = Server::on(&format!("[::1]:{port}"), |_, _| {});
        Self {
            port,
            listening: std::iter::once(v4).chain(v6).collect(),
        }
    }

    fn connections(&self) -> usize {
        self.listening.iter().map(Server::connections).sum()
    }
}

#[test]
fn no_spelling_of_a_loopback_address_connects() {
    let canaries = Canaries::start();
    let port = canaries.port;
    let outbound = Outbound::new(OutboundPolicy::default());
    for host in hosts() {
        for scheme in ["http", "https"] {
            let text = format!("{scheme}://{host}:{port}/");
            let Ok(url) = Url::parse(&text) else { continue };
            let mut request = get("http://x/");
            request.url = url.clone();
            let error = outbound.request(&request, ANY).expect_err(&text);
            let said = error.to_string();
            if host.starts_with("localhost") && matches!(error, OutboundError::NotFound { .. }) {
                continue; // not every system's resolver knows the rooted form
            }
            assert!(
                matches!(error, OutboundError::Refused { .. }),
                "{text}: {said}"
            );
            assert!(said.contains("outbound.allow"), "{text}: {said}");
            assert!(outbound.check(&url, true, ANY).is_err(), "{text}");
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
        assert!(outbound.request(&request, ANY).is_err(), "{text}");
    }
    assert_eq!(canaries.connections(), 0);
}

#[test]
fn no_redirect_leads_to_any_spelling_of_an_inner_address() {
    let canaries = Canaries::start();
    // `/<hops>/<host>`: counts down by redirects to itself, then points at the host.
    let port = canaries.port;
    let public = Server::start(move |stream, head| {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let (hops, encoded) = path[1..].split_once('/').unwrap();
        let hops: usize = hops.parse().unwrap();
        let place = if hops > 0 {
            format!("/{}/{encoded}", hops - 1)
        } else {
            let host = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy();
            format!("http://{host}:{port}/")
        };
        let _ = stream.write_all(b"HTTP/1.1 307 x\r\ncontent-length: 0\r\nlocation: ");
        let _ = stream.write_all(place.as_bytes());
        let _ = stream.write_all(b"\r\n\r\n");
    });
    let outbound = allowing(&[&public]);
    let mut refused = 0;
    for host in hosts() {
        let encoded =
            percent_encoding::utf8_percent_encode(host, percent_encoding::NON_ALPHANUMERIC);
        for hops in [0, 3] {
            let url = public.url(&format!("/{hops}/{encoded}"));
            let error = outbound.request(&get(&url), ANY).expect_err(host);
            assert!(
                matches!(
                    error,
                    OutboundError::Refused { .. }
                        | OutboundError::BadRedirect { .. }
                        | OutboundError::NotFound { .. }
                ),
                "{host}: {error}"
            );
            refused += usize::from(matches!(error, OutboundError::Refused { .. }));
        }
    }
    assert!(refused >= 120, "{refused}");
    assert_eq!(canaries.connections(), 0);
}

#[test]
fn no_name_that_changes_its_answer_leads_to_an_inner_address() {
    let canaries = Canaries::start();
    let port = canaries.port;
    // Under the first addresses of the name; the name moves away while it redirects to itself.
    let location = format!("http://rebind.example:{port}/");
    let public = Server::on(&format!("127.0.0.77:{port}"), move |stream, _| {
        let _ = write!(
            stream,
            "HTTP/1.1 302 x\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        );
    });
    let Some(public) = public else {
        println!("skipped: 127.0.0.77 is not an address of this machine");
        return;
    };
    for inner in [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "169.254.169.254",
        "fd00::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "::ffff:127.0.0.1",
        "10.0.0.1",
    ] {
        for redirects in 0..4_usize {
            let before = public.connections();
            let mut answers = vec!["127.0.0.77"; redirects];
            answers.push(inner);
            let names = Names {
                answers: HashMap::from([("rebind.example", answers)]),
                asked: AtomicUsize::new(0),
            };
            let policy = OutboundPolicy {
                allow: vec![AllowEntry::parse("127.0.0.77").unwrap()],
                ..OutboundPolicy::default()
            };
            let outbound = Outbound::with_lookup(policy, Arc::new(names));
            let url = format!("http://rebind.example:{port}/");
            let error = outbound.request(&get(&url), ANY).unwrap_err();
            assert!(
                matches!(error, OutboundError::Refused { .. }),
                "{inner} after {redirects}: {error}"
            );
            assert_eq!(public.connections() - before, redirects, "{inner}");
        }
    }
    assert_eq!(canaries.connections(), 0);
}
