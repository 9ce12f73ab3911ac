//! `offline = true`: one switch for all that leaves.

use super::*;

#[test]
fn nothing_leaves_while_offline_and_no_name_is_asked_for() {
    let server = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let names = Arc::new(Names {
        answers: HashMap::from([("known.example", vec!["127.0.0.1"])]),
        asked: AtomicUsize::new(0),
    });
    let policy = OutboundPolicy {
        offline: true,
        allow: vec![server.entry()],
        ..OutboundPolicy::default()
    };
    let outbound = Outbound::with_lookup(policy, Arc::clone(&names) as Arc<dyn Lookup>);
    for url in [
        server.url("/"),
        format!("http://known.example:{}/", server.address.port()),
    ] {
        let request = get(&url);
        let errors = [
            outbound.request(&request, ANY).unwrap_err(),
            outbound.fetch_trusted(&request).unwrap_err(),
            outbound.check(&request.url, true, ANY).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, OutboundError::Offline), "{error}");
            assert!(error.to_string().contains("offline = true"), "{error}");
        }
    }
    assert_eq!(
        (server.connections(), names.asked.load(Ordering::SeqCst)),
        (0, 0)
    );
    assert_eq!(outbound.denied()[0], ("offline", 4));
}

#[test]
fn every_hop_is_asked_of_whoever_granted_the_request() {
    let far = Server::fixed("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let target = far.url("/far");
    let near = Server::start(move |stream, _| {
        let _ = write!(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n"
        );
    });
    let outbound = allowing(&[&near, &far]);
    let asked = Mutex::new(Vec::new());
    let port = near.address.port();
    let granted = |url: &Url| {
        asked.lock().unwrap().push(url.to_string());
        if url.port() == Some(port) {
            Ok(())
        } else {
            Err(format!(
                "port {} was not granted",
                url.port().unwrap_or_default()
            ))
        }
    };
    let error = outbound
        .request(&get(&near.url("/")), &granted)
        .unwrap_err();
    assert!(matches!(error, OutboundError::NotGranted { .. }), "{error}");
    assert_eq!(*asked.lock().unwrap(), [near.url("/"), far.url("/far")]);
    assert_eq!((near.connections(), far.connections()), (1, 0));
    let refusal = outbound.check(&Url::parse(&far.url("/")).unwrap(), true, &granted);
    assert!(matches!(refusal, Err(OutboundError::NotGranted { .. })));
    // Looked at beforehand is not refused: only the request counts.
    assert_eq!(outbound.denied()[1], ("not_granted", 1));
}
