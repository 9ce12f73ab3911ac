//! Whose certificate is believed: a self-signed one, one of an own authority, and neither by accident.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::*;

#[test]
fn an_unverified_certificate_needs_the_operator() {
    let outbound = Outbound::new(OutboundPolicy::default());
    let mut request = get("https://self-signed.example/");
    request.verify_tls = false;
    let error = outbound.request(&request, ANY).unwrap_err();
    assert!(
        matches!(error, OutboundError::InsecureTls { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("outbound.insecure_tls"));
    assert!(outbound.check(&request.url, false, ANY).is_err());
}

#[test]
fn a_self_signed_certificate_is_refused_unless_its_host_is_listed() {
    let server = serve_once_per_connection();
    let mut request = get(&format!("https://localhost:{}/", server.port()));
    let policy = OutboundPolicy {
        allow: vec![AllowEntry::parse(&server.to_string()).unwrap()],
        insecure_tls: vec!["localhost".to_owned()],
        ..OutboundPolicy::default()
    };
    let outbound = Outbound::new(policy);
    let error = outbound.request(&request, ANY).unwrap_err();
    assert!(matches!(error, OutboundError::Tls { .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("the TLS certificate of localhost is not trusted"),
        "{error}"
    );
    request.verify_tls = false;
    assert_eq!(outbound.request(&request, ANY).unwrap().body, b"ok");
    // What was accepted unverified must not be trusted by a request that verifies.
    request.verify_tls = true;
    assert!(outbound.request(&request, ANY).is_err());
}

#[test]
fn a_redirect_never_carries_unverified_tls_to_a_host_that_is_not_listed() {
    let other = self_signed(
        "localhost",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    );
    let target = format!("https://localhost:{}/", other.port());
    let reply = format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
    let listed = self_signed("127.0.0.1", &reply);
    let outbound = Outbound::new(OutboundPolicy {
        allow: vec![AllowEntry::parse("127.0.0.1").unwrap()],
        insecure_tls: vec!["127.0.0.1".to_owned()],
        ..OutboundPolicy::default()
    });
    let mut request = get(&format!("https://{listed}/"));
    request.verify_tls = false;
    let error = outbound.request(&request, ANY).unwrap_err();
    assert!(matches!(error, OutboundError::Tls { .. }), "{error}");
}

#[test]
fn an_authority_of_the_operators_own_is_believed_beside_the_machines() {
    let mut of_authority = CertificateParams::new(Vec::new()).unwrap();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(of_authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let reply = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let server = serve(&certificate, &key, reply.to_owned());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();

    let policy = |ca_file: CaFile| OutboundPolicy {
        allow: vec![AllowEntry::parse("127.0.0.1").unwrap()],
        ca_file,
        ..OutboundPolicy::default()
    };
    let request = get(&format!("https://localhost:{}/", server.port()));
    let unknown = Outbound::new(policy(CaFile::default()));
    let error = unknown.request(&request, ANY).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("an authority that this machine does not know"),
        "{error}"
    );
    let known = Outbound::new(policy(CaFile::read(&file).unwrap()));
    assert_eq!(known.request(&request, ANY).unwrap().body, b"ok");
    // The name still has to be its own.
    let by_address = get(&format!("https://127.0.0.1:{}/", server.port()));
    assert!(known.request(&by_address, ANY).is_err());
}

fn serve_once_per_connection() -> SocketAddr {
    self_signed(
        "localhost",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    )
}

fn self_signed(name: &str, reply: &str) -> SocketAddr {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    serve(&made.cert, &made.signing_key, reply.to_owned())
}

/// A TLS server with that certificate; it answers `reply` to whatever it is asked.
fn serve(certificate: &rcgen::Certificate, key: &KeyPair, reply: String) -> SocketAddr {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
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
            let (config, reply) = (Arc::clone(&config), reply.clone());
            thread::spawn(move || {
                let connection = rustls::ServerConnection::new(config).unwrap();
                let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
                let mut head = Vec::new();
                let mut byte = [0_u8; 1];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.push(byte[0]);
                }
                let _ = stream.write_all(reply.as_bytes());
                let _ = stream.flush();
                thread::park_timeout(Duration::from_secs(2));
            });
        }
    });
    address
}
