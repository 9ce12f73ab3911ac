//! One configured proxy: what it is asked for, what goes past it, and that no other is used.

use super::*;

/// A proxy that leads every way to `behind`, whatever it is asked for.
fn proxy_to(behind: SocketAddr) -> Server {
    Server::start(move |stream, _| {
        let mut target = TcpStream::connect(behind).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
        let (mut from, mut to) = (stream.try_clone().unwrap(), target.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        let _ = std::io::copy(&mut target, stream);
    })
}

fn through(proxy: &Server, credentials: &str, names: Names) -> Outbound {
    let proxy = format!("http://{credentials}{}", proxy.address);
    let policy = OutboundPolicy {
        proxy: Some(Proxy::parse(&proxy).unwrap()),
        ..OutboundPolicy::default()
    };
    Outbound::with_lookup(policy, Arc::new(names))
}

fn names(answers: &[(&'static str, &'static str)]) -> Names {
    Names {
        answers: answers
            .iter()
            .map(|(name, to)| (*name, vec![*to]))
            .collect(),
        asked: AtomicUsize::new(0),
    }
}

#[test]
fn a_proxy_is_asked_for_the_judged_address_and_carries_the_request() {
    let web = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let proxy = proxy_to(web.address);
    let outbound = through(
        &proxy,
        "ana:h%C3%BCsh@",
        names(&[("pub.example", "93.184.216.34")]),
    );
    let reply = outbound.request(&get("http://pub.example/x"), ANY).unwrap();
    assert_eq!(
        (reply.status, reply.body.as_slice()),
        (200, b"ok".as_slice())
    );
    let asked = proxy.heads.lock().unwrap()[0].clone();
    assert_eq!(
        asked,
        "CONNECT 93.184.216.34:80 HTTP/1.1\r\nHost: 93.184.216.34:80\r\nProxy-Authorization: Basic YW5hOmjDvHNo\r\n\r\n"
    );
    let seen = web.heads.lock().unwrap()[0].to_ascii_lowercase();
    assert!(seen.starts_with("get /x http/1.1\r\n"), "{seen}");
    assert!(seen.contains("host: pub.example\r\n"), "{seen}");
    assert!(!seen.contains("proxy-"), "{seen}");
}

#[test]
fn behind_a_proxy_inner_addresses_are_refused_all_the_same() {
    let web = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let proxy = proxy_to(web.address);
    let outbound = through(
        &proxy,
        "",
        names(&[
            ("inner.example", "10.0.0.1"),
            ("meta.example", "169.254.169.254"),
            ("mapped.example", "::ffff:127.0.0.1"),
        ]),
    );
    for url in [
        "http://inner.example/",
        "https://meta.example/",
        "http://mapped.example/",
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://[64:ff9b::7f00:1]/",
    ] {
        let error = outbound.request(&get(url), ANY).unwrap_err();
        assert!(
            matches!(error, OutboundError::Refused { .. }),
            "{url}: {error}"
        );
    }
    let unknown = outbound
        .request(&get("http://unknown.example/"), ANY)
        .unwrap_err();
    assert!(
        matches!(unknown, OutboundError::NotFound { .. }),
        "{unknown}"
    );
    assert_eq!((proxy.connections(), web.connections()), (0, 0));
}

#[test]
fn what_the_operator_opened_on_this_side_is_reached_without_the_proxy() {
    let inner = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ninner");
    let proxy = proxy_to(inner.address);
    let outbound = Outbound::new(OutboundPolicy {
        allow: vec![inner.entry()],
        proxy: Some(Proxy::parse(&proxy.url("/")).unwrap()),
        ..OutboundPolicy::default()
    });
    assert_eq!(
        outbound.request(&get(&inner.url("/")), ANY).unwrap().body,
        b"inner"
    );
    assert_eq!(
        outbound.fetch_trusted(&get(&inner.url("/"))).unwrap().body,
        b"inner"
    );
    assert_eq!((proxy.connections(), inner.connections()), (0, 2));
}

#[test]
fn the_marketplaces_host_may_be_known_to_the_proxy_alone() {
    let web = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let proxy = proxy_to(web.address);
    let outbound = through(&proxy, "", names(&[]));
    let reply = outbound.fetch_trusted(&get("http://market.example:8080/plugins.json"));
    assert_eq!(reply.unwrap().body, b"{}");
    let asked = proxy.heads.lock().unwrap()[0].clone();
    assert!(
        asked.starts_with("CONNECT market.example:8080 HTTP/1.1\r\n"),
        "{asked}"
    );
}

#[test]
fn a_proxy_that_refuses_is_told_from_a_server_that_does() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let public = [("pub.example", "93.184.216.34")];
    for (reply, said) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "it answered 403"),
        ("HTTP/1.1 407 Who?\r\n\r\n", "wants a user name"),
        ("SSH-2.0-OpenSSH\r\n\r\n", "did not answer with valid HTTP"),
        ("", "closed the connection"),
    ] {
        let proxy = Server::fixed(reply);
        let outbound = through(&proxy, "ana:hush@", names(&public));
        let error = outbound
            .request(&get("http://pub.example/"), ANY)
            .unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("the proxy of outbound.proxy"), "{text}");
        assert!(text.contains(said) && !text.contains("hush"), "{text}");
    }
    let endless = Server::start(|stream, _| while stream.write_all(&[b'x'; 1024]).is_ok() {});
    let outbound = through(&endless, "", names(&public));
    let error = outbound
        .request(&get("http://pub.example/"), ANY)
        .unwrap_err();
    assert!(error.to_string().contains("too long a head"), "{error}");

    let policy = OutboundPolicy {
        proxy: Some(Proxy::parse(&format!("http://{closed}")).unwrap()),
        ..OutboundPolicy::default()
    };
    let outbound = Outbound::with_lookup(policy, Arc::new(names(&public)));
    let error = outbound
        .request(&get("http://pub.example/"), ANY)
        .unwrap_err();
    assert!(error.to_string().contains("cannot be reached"), "{error}");
}

#[test]
fn a_silent_proxy_ends_at_the_time_out() {
    let silent = Server::start(|stream, _| {
        let _ = stream.read(&mut [0_u8; 1]);
    });
    let outbound = through(&silent, "", names(&[("pub.example", "93.184.216.34")]));
    let mut request = get("http://pub.example/");
    request.timeout = Duration::from_millis(300);
    let started = Instant::now();
    assert!(outbound.request(&request, ANY).is_err());
    assert!(started.elapsed() < Duration::from_secs(5));
}
