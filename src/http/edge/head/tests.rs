use super::*;
use crate::http::edge::body::Decoder;
use crate::http::edge::limits::Limits;
use crate::http::edge::scan::Scan;
use crate::http::edge::tests::framing_cases;

/// The status that a request gets when its bytes arrive `step` at a time.
fn judge(bytes: &[u8], step: usize) -> u16 {
    let mut scan = Scan::default();
    let mut arrived = 0;
    let end = loop {
        arrived = (arrived + step).min(bytes.len());
        match scan.end(&bytes[..arrived]) {
            Ok(Some(end)) => break end,
            Ok(None) if arrived == bytes.len() => return 0,
            Ok(None) => {}
            Err(refusal) => return refusal.status,
        }
    };
    let mut room = [httparse::EMPTY_HEADER; HEADERS];
    let head = match Head::read(&bytes[..end], &mut room) {
        Ok(head) => head,
        Err(refusal) => return refusal.status,
    };
    let limits = Limits::default();
    let limit = if head.json {
        limits.json_body
    } else {
        limits.other_body
    };
    let mut decoder = match Decoder::new(head.framing, limit) {
        Ok(decoder) => decoder,
        Err(refusal) => return refusal.status,
    };
    for piece in bytes[end..].chunks(step) {
        match decoder.feed(piece, |_| Ok(())) {
            Ok(used) if used < piece.len() => return 1,
            Ok(_) => {}
            Err(refusal) => return refusal.status,
        }
    }
    if decoder.is_done() { 200 } else { 0 }
}

#[test]
fn every_framing_case_has_its_status_however_its_bytes_are_split() {
    let cases = framing_cases::all();
    assert!(cases.len() >= 60, "{}", cases.len());
    for case in cases {
        for step in [1, 3, case.bytes.len()] {
            let status = judge(&case.bytes, step);
            assert_eq!(
                status, case.status,
                "{} ({step} bytes at a time)",
                case.name
            );
        }
    }
}

#[test]
fn no_prefix_of_a_good_request_is_refused_or_complete() {
    let cases = framing_cases::all();
    for case in cases
        .iter()
        .filter(|case| case.status == 200 && case.bytes.len() < 500)
    {
        for length in 0..case.bytes.len() {
            assert_eq!(
                judge(&case.bytes[..length], 1),
                0,
                "{} at {length}",
                case.name
            );
        }
    }
}

#[test]
fn any_single_byte_changed_is_judged_without_a_panic() {
    for case in framing_cases::all()
        .iter()
        .filter(|case| case.bytes.len() < 200)
    {
        for at in 0..case.bytes.len() {
            for byte in [
                0, b'\t', b'\n', b'\r', b' ', b',', b':', b';', b'0', b'f', 0x7f, 0xff,
            ] {
                let mut bytes = case.bytes.clone();
                bytes[at] = byte;
                judge(&bytes, 4);
            }
        }
    }
}

#[test]
fn any_soup_of_http_fragments_is_judged_without_a_panic() {
    const FRAGMENTS: [&str; 28] = [
        "GET ",
        "/ ",
        "HTTP/1.1",
        "\r\n",
        "\r\n",
        "\r\n\r\n",
        "Host: a\r\n",
        "\r",
        "\n",
        " ",
        "\t",
        ":",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "5",
        "ffffffffffffffff",
        "0\r\n",
        ";a=b",
        "Connection: ",
        ",",
        "Expect: 100-continue\r\n",
        "http://",
        "x",
        "\0",
        "é",
        "HTTP/2.0",
        "HEAD ",
        "18446744073709551615",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        let mut soup = String::new();
        for _ in 0..12 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            soup.push_str(FRAGMENTS[(state % 28) as usize]);
        }
        let whole = judge(soup.as_bytes(), soup.len());
        assert_eq!(whole, judge(soup.as_bytes(), 1), "{soup:?}");
        let good = format!("POST / HTTP/1.1\r\nHost: a\r\n{soup}");
        assert_eq!(
            judge(good.as_bytes(), good.len()),
            judge(good.as_bytes(), 3),
            "{good:?}"
        );
    }
}

#[test]
fn an_absolute_target_is_forwarded_as_its_path() {
    let bytes = b"GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut room = [httparse::EMPTY_HEADER; HEADERS];
    let head = Head::read(bytes, &mut room).unwrap();
    assert_eq!(head.target, "/x?y");
}

#[test]
fn keep_alive_follows_the_version_and_the_connection_header() {
    for (version, connection, keep_alive) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: x, Close\r\n", false),
        ("1.1", "Connection: closed\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let text = format!("GET / HTTP/{version}\r\nHost: a\r\n{connection}\r\n");
        let mut room = [httparse::EMPTY_HEADER; HEADERS];
        let head = Head::read(text.as_bytes(), &mut room).unwrap();
        assert_eq!(head.keep_alive, keep_alive, "{text}");
    }
}
