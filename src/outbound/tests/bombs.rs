//! Replies that want to be more than they say: bodies, heads, encodings, and replies that never come.

use super::*;

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
            .request(&get(&server.url("/")), ANY)
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

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// Answers with that content encoding and body.
fn encoded(encoding: &'static str, body: Vec<u8>) -> Server {
    Server::start(move |stream, _| {
        let length = body.len();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {length}\r\n\r\n"
        );
        let _ = stream.write_all(&body);
    })
}

#[test]
fn gzip_is_the_one_encoding_that_is_asked_for_and_opened() {
    let zeros = vec![0_u8; 50_000_000];
    let once = gzip(&zeros);
    let twice = gzip(&once);
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    deflate.write_all(&zeros).unwrap();
    let deflate = deflate.finish().unwrap();
    // Opened once, this is a reply of a few hundred bytes; opened again it would be 50 MB.
    for (encoding, sent, arrives) in [
        ("deflate", deflate.clone(), Some(deflate)),
        (
            "br",
            b"\x1b\xff\xff\x7f".to_vec(),
            Some(b"\x1b\xff\xff\x7f".to_vec()),
        ),
        ("gzip", twice.clone(), Some(once.clone())),
        ("gzip, gzip", twice.clone(), None),
        ("gzip", once.clone(), None),
    ] {
        let server = encoded(encoding, sent);
        let reply = allowing(&[&server]).request(&get(&server.url("/")), ANY);
        match (arrives, reply) {
            (Some(bytes), Ok(reply)) => assert!(reply.body == bytes, "{encoding}"),
            (None, Ok(reply)) => assert!(reply.body.len() <= 1_000_000, "{encoding}"),
            (None, Err(OutboundError::TooLarge { .. } | OutboundError::Protocol { .. })) => {}
            (_, Err(error)) => panic!("{encoding}: {error}"),
        }
        let asked = server.heads.lock().unwrap()[0].to_ascii_lowercase();
        assert!(asked.contains("accept-encoding: gzip\r\n"), "{asked}");
    }
}

#[test]
fn a_damaged_or_cut_compressed_reply_is_an_error() {
    let whole = gzip(&[b'x'; 10_000]);
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    for body in [
        damaged,
        whole[..whole.len() - 4].to_vec(),
        b"no gzip".to_vec(),
    ] {
        let server = encoded("gzip", body);
        assert!(
            allowing(&[&server])
                .request(&get(&server.url("/")), ANY)
                .is_err()
        );
    }
}

#[test]
fn heads_without_end_are_refused_and_cost_little() {
    let one_long = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let many = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"x: y\r\n").is_ok() {}
    });
    let long_status = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 ");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let long_location = Server::start(|stream, _| {
        let location = "x".repeat(60_000);
        let _ = write!(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: /{location}\r\ncontent-length: 0\r\n\r\n"
        );
    });
    for server in [&one_long, &many, &long_status, &long_location] {
        let started = Instant::now();
        let error = allowing(&[server])
            .request(&get(&server.url("/")), ANY)
            .unwrap_err();
        assert!(
            matches!(
                error,
                OutboundError::Protocol { .. } | OutboundError::BadUrl { .. }
            ),
            "{error}"
        );
        assert!(started.elapsed() < Duration::from_secs(5), "{error}");
    }
}

#[test]
fn interim_replies_and_chunks_without_end_stop_at_the_time_out_or_before() {
    let interim = Server::start(
        |stream, _| {
            while stream.write_all(b"HTTP/1.1 103 Early\r\n\r\n").is_ok() {}
        },
    );
    let extensions = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;x=");
        while stream.write_all(&[b'y'; 4096]).is_ok() {}
    });
    let trailers = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n");
        while stream.write_all(b"x: y\r\n").is_ok() {}
    });
    let huge_chunk = Server::start(|stream, _| {
        let _ = stream.write_all(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        );
        while stream.write_all(&[b'z'; 4096]).is_ok() {}
    });
    for server in [&interim, &extensions, &trailers, &huge_chunk] {
        let mut request = get(&server.url("/"));
        request.timeout = Duration::from_millis(700);
        let started = Instant::now();
        let ended = allowing(&[server]).request(&request, ANY);
        assert!(started.elapsed() < Duration::from_secs(5), "{ended:?}");
    }
}
