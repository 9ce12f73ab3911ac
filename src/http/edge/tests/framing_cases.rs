//! One table of requests, each with the status it must get: 200 is "forwarded". Long, because each
//! line is a way in which two readers of HTTP have been made to disagree.

pub struct Case {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub status: u16,
}

/// A GET with these header lines after Host.
const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\n";
const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |status: u16, name: &'static str, bytes: Vec<u8>| {
        cases.push(Case {
            name,
            bytes,
            status,
        });
    };
    for (status, name, text) in LITERAL {
        add(*status, name, text.as_bytes().to_vec());
    }
    for (status, name, start, rest) in JOINED {
        add(*status, name, [start.as_bytes(), rest.as_bytes()].concat());
    }
    for (status, name, bytes) in BYTES {
        add(*status, name, bytes.to_vec());
    }
    let get_with =
        |middle: String| format!("GET {middle} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
    let headers = |count: usize| {
        let lines: String = (0..count).map(|at| format!("x{at}: y\r\n")).collect();
        format!("{GET}{lines}\r\n").into_bytes()
    };
    add(
        200,
        "target of 8192 bytes",
        get_with(format!("/{}", "p".repeat(8191))),
    );
    add(
        414,
        "target of 8193 bytes",
        get_with(format!("/{}", "p".repeat(8192))),
    );
    add(
        414,
        "path of a megabyte",
        get_with(format!("/{}", "p".repeat(1_000_000))),
    );
    add(200, "100 headers", headers(99));
    add(431, "101 headers", headers(100));
    add(431, "10,000 headers", headers(9_999));
    add(
        431,
        "header of 64 KB",
        format!("{GET}x: {}\r\n\r\n", "v".repeat(65_536)).into_bytes(),
    );
    add(
        400,
        "method of 25 letters",
        format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(25)).into_bytes(),
    );
    add(
        400,
        "17 names in Connection",
        format!("{GET}Connection: {}c\r\n\r\n", "c,".repeat(16)).into_bytes(),
    );
    add(
        413,
        "length of 100 digits",
        format!("{POST}Content-Length: {}\r\n\r\n", "9".repeat(100)).into_bytes(),
    );
    add(
        400,
        "chunk extension of 5 KB",
        format!("{CHUNKED}5;{}\r\nhello\r\n0\r\n\r\n", "e".repeat(5_000)).into_bytes(),
    );
    add(
        400,
        "extensions of 5 KB in many chunks",
        format!("{CHUNKED}{}0\r\n\r\n", "1;eeeeeeee\r\nx\r\n".repeat(700)).into_bytes(),
    );
    add(
        400,
        "trailers of 5 KB",
        format!("{CHUNKED}0\r\n{}\r\n", "t: 12345678\r\n".repeat(700)).into_bytes(),
    );
    cases
}

/// Whole requests.
const LITERAL: &[(u16, &str, &str)] = &[
    (200, "plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        200,
        "one empty line before",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (200, "1.0 without Host", "GET / HTTP/1.0\r\n\r\n"),
    (200, "1.0 with Host", "GET / HTTP/1.0\r\nHost: a\r\n\r\n"),
    (200, "unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        200,
        "options of the server",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        200,
        "absolute target",
        "GET http://a:8/x?y HTTP/1.1\r\nHost: a:8\r\n\r\n",
    ),
    (
        200,
        "absolute target without path",
        "GET http://a HTTP/1.1\r\nHost: A\r\n\r\n",
    ),
    (200, "empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    (200, "IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
    (
        400,
        "absolute target, other host",
        "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "absolute target with user",
        "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "other scheme",
        "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "target without slash",
        "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (400, "star for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    (400, "fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        400,
        "non-ASCII target",
        "GET /é HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "two empty lines before",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "two spaces after the method",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "two spaces after the target",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "space before the method",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "space after the version",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "space in the target",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "tabs in the request line",
        "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (400, "no method", " / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        400,
        "bracket in the method",
        "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (400, "HTTP/0.9", "GET /\r\n"),
    (
        400,
        "lower-case version",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "version with a letter",
        "GET / HTTP/1.1x\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "version without number",
        "GET / HTTP/\r\nHost: a\r\n\r\n",
    ),
    (505, "version 0.9", "GET / HTTP/0.9\r\n\r\n"),
    (505, "version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    (505, "version 2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    (505, "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    (501, "CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        400,
        "bare LF after the request line",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
    ),
    (
        400,
        "bare LF after a header",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
    ),
    (
        400,
        "bare LF as the empty line",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
    ),
    (400, "only line feeds", "GET / HTTP/1.1\nHost: a\n\n"),
    (
        400,
        "bare CR in the request line",
        "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "bare CR in a value",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    ),
    (
        400,
        "two CRs before LF",
        "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "NUL in the target",
        "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (400, "no Host", "GET / HTTP/1.1\r\n\r\n"),
    (
        400,
        "two Hosts",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "two Hosts in 1.0",
        "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n",
    ),
    (
        400,
        "Host with a path",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    ),
    (
        400,
        "Host with a user",
        "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
    ),
    (
        400,
        "Host with a comma",
        "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
    ),
    (
        400,
        "Host with a space",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    ),
    (
        400,
        "space before the first header",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    ),
    (
        400,
        "chunked in 1.0",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
];

/// A usual start, and what makes the case.
const JOINED: &[(u16, &str, &str, &str)] = &[
    (200, "empty value", GET, "X:\r\n\r\n"),
    (200, "tab in a value", GET, "X: a\tb\r\n\r\n"),
    (
        200,
        "upgrade asked for",
        GET,
        "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ),
    (400, "NUL in a value", GET, "X: a\0b\r\n\r\n"),
    (400, "NUL in a name", GET, "X\0: a\r\n\r\n"),
    (
        400,
        "control character in a value",
        GET,
        "X: a\x01b\r\n\r\n",
    ),
    (400, "DEL in a value", GET, "X: a\x7fb\r\n\r\n"),
    (400, "folded by a space", GET, "X: a\r\n b\r\n\r\n"),
    (400, "folded by a tab", GET, "X: a\r\n\tb\r\n\r\n"),
    (400, "space before the colon", GET, "X : a\r\n\r\n"),
    (400, "no colon", GET, "X\r\n\r\n"),
    (400, "no name", GET, ": a\r\n\r\n"),
    (400, "space in a name", GET, "X Y: a\r\n\r\n"),
    (400, "bracket in a name", GET, "X(Y): a\r\n\r\n"),
    (400, "non-ASCII name", GET, "Xé: a\r\n\r\n"),
    (
        417,
        "other expectation",
        POST,
        "Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello",
    ),
    (200, "length", POST, "Content-Length: 5\r\n\r\nhello"),
    (200, "length 0", POST, "Content-Length: 0\r\n\r\n"),
    (200, "no length", POST, "\r\n"),
    (
        200,
        "length with leading zeros",
        POST,
        "Content-Length: 005\r\n\r\nhello",
    ),
    (
        200,
        "length with spaces around",
        POST,
        "Content-Length:  5 \r\n\r\nhello",
    ),
    (
        200,
        "body at once after Expect",
        POST,
        "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    ),
    (
        400,
        "two equal lengths",
        POST,
        "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    ),
    (
        400,
        "two lengths",
        POST,
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    ),
    (
        400,
        "list of lengths",
        POST,
        "Content-Length: 34, 34\r\n\r\n",
    ),
    (400, "length +3", POST, "Content-Length: +3\r\n\r\nabc"),
    (400, "length -1", POST, "Content-Length: -1\r\n\r\n"),
    (400, "length 0x5", POST, "Content-Length: 0x5\r\n\r\nhello"),
    (400, "length 1e3", POST, "Content-Length: 1e3\r\n\r\n"),
    (400, "length 5.0", POST, "Content-Length: 5.0\r\n\r\nhello"),
    (400, "length 5 5", POST, "Content-Length: 5 5\r\n\r\nhello"),
    (400, "length 5;", POST, "Content-Length: 5;\r\n\r\nhello"),
    (400, "empty length", POST, "Content-Length:\r\n\r\n"),
    (
        400,
        "length in other digits",
        POST,
        "Content-Length: ٣\r\n\r\nabc",
    ),
    (
        413,
        "length 1e9",
        POST,
        "Content-Length: 1000000000\r\n\r\n",
    ),
    (
        413,
        "length 1e11",
        POST,
        "Content-Length: 100000000000\r\n\r\n",
    ),
    (
        413,
        "length 1e14",
        POST,
        "Content-Length: 100000000000000\r\n\r\n",
    ),
    (
        413,
        "length 2^62",
        POST,
        "Content-Length: 4611686018427387904\r\n\r\n",
    ),
    (
        413,
        "length 2^63",
        POST,
        "Content-Length: 9223372036854775808\r\n\r\n",
    ),
    (
        413,
        "length 2^64-1",
        POST,
        "Content-Length: 18446744073709551615\r\n\r\n",
    ),
    (
        413,
        "length 2^64",
        POST,
        "Content-Length: 18446744073709551616\r\n\r\n",
    ),
    (
        413,
        "json of 10 MB and a byte",
        POST,
        "Content-Type: application/json; charset=utf-8\r\nContent-Length: 10485761\r\n\r\n",
    ),
    (
        413,
        "file of 30 MB and a byte",
        POST,
        "Content-Type: text/csv\r\nContent-Length: 31457281\r\n\r\n",
    ),
    (
        400,
        "length and chunks",
        POST,
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        400,
        "chunks and length",
        POST,
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    (
        400,
        "length and unknown coding",
        POST,
        "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nhello",
    ),
    (
        400,
        "two codings in two headers",
        POST,
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    ),
    (
        400,
        "chunked twice",
        POST,
        "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        400,
        "chunked not last",
        POST,
        "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    ),
    (
        400,
        "chunked with a parameter",
        POST,
        "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    ),
    (
        400,
        "chunked after a vertical tab",
        POST,
        "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    ),
    (
        400,
        "chunked with a comma",
        POST,
        "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    ),
    (
        400,
        "quoted chunked",
        POST,
        "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
    ),
    (
        400,
        "empty coding",
        POST,
        "Transfer-Encoding:\r\n\r\n0\r\n\r\n",
    ),
    (
        400,
        "coding with a space before the colon",
        POST,
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        501,
        "coding xchunked",
        POST,
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ),
    (
        501,
        "coding identity",
        POST,
        "Transfer-Encoding: identity\r\n\r\n",
    ),
    (501, "coding gzip", POST, "Transfer-Encoding: gzip\r\n\r\n"),
    (
        501,
        "gzip and chunked",
        POST,
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        200,
        "chunks",
        CHUNKED,
        "5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n",
    ),
    (200, "no chunk but the last", CHUNKED, "0\r\n\r\n"),
    (
        200,
        "chunk sizes in both cases",
        CHUNKED,
        "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
    ),
    (
        200,
        "chunk size with zeros",
        CHUNKED,
        "0005\r\nhello\r\n000\r\n\r\n",
    ),
    (
        200,
        "chunk extension",
        CHUNKED,
        "5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n",
    ),
    (200, "trailers", CHUNKED, "0\r\nX: y\r\nZ:\r\n\r\n"),
    (
        200,
        "coding in capitals",
        POST,
        "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n",
    ),
    (400, "empty chunk size", CHUNKED, "\r\nhello\r\n0\r\n\r\n"),
    (400, "chunk size g", CHUNKED, "g\r\nhello\r\n0\r\n\r\n"),
    (400, "chunk size -1", CHUNKED, "-1\r\nhello\r\n0\r\n\r\n"),
    (400, "chunk size +5", CHUNKED, "+5\r\nhello\r\n0\r\n\r\n"),
    (400, "chunk size 0x5", CHUNKED, "0x5\r\nhello\r\n0\r\n\r\n"),
    (
        400,
        "space before a chunk size",
        CHUNKED,
        " 5\r\nhello\r\n0\r\n\r\n",
    ),
    (
        400,
        "space after a chunk size",
        CHUNKED,
        "5 \r\nhello\r\n0\r\n\r\n",
    ),
    (
        400,
        "chunk size of 17 digits",
        CHUNKED,
        "00000000000000005\r\nhello\r\n0\r\n\r\n",
    ),
    (
        400,
        "bare LF after a chunk size",
        CHUNKED,
        "5\nhello\r\n0\r\n\r\n",
    ),
    (
        400,
        "chunk longer than its size",
        CHUNKED,
        "5\r\nhelloo\r\n0\r\n\r\n",
    ),
    (
        400,
        "chunk shorter than its size",
        CHUNKED,
        "7\r\nhello\r\n0\r\n\r\n",
    ),
    (
        400,
        "bare LF after a chunk",
        CHUNKED,
        "5\r\nhello\n0\r\n\r\n",
    ),
    (
        400,
        "bare CR in an extension",
        CHUNKED,
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
    ),
    (
        400,
        "bare LF in an extension",
        CHUNKED,
        "5;a\nhello\r\n0\r\n\r\n",
    ),
    (
        400,
        "NUL in an extension",
        CHUNKED,
        "5;\0\r\nhello\r\n0\r\n\r\n",
    ),
    (400, "trailer without colon", CHUNKED, "0\r\nX\r\n\r\n"),
    (400, "folded trailer", CHUNKED, "0\r\nX: y\r\n z\r\n\r\n"),
    (400, "NUL in a trailer", CHUNKED, "0\r\nX: \0\r\n\r\n"),
    (400, "bare LF at the end", CHUNKED, "0\r\n\n"),
    (413, "chunk of 1e9", CHUNKED, "3b9aca00\r\n"),
    (413, "chunk of 1e14", CHUNKED, "5af3107a4000\r\n"),
    (413, "chunk of 2^62", CHUNKED, "4000000000000000\r\n"),
    (413, "chunk of 2^64-1", CHUNKED, "ffffffffffffffff\r\n"),
    (413, "chunk of 2^64", CHUNKED, "10000000000000000\r\n"),
];

/// Cases that are not text.
const BYTES: &[(u16, &str, &[u8])] = &[
    (
        200,
        "non-ASCII value",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \xff\xe9\r\n\r\n",
    ),
    (
        400,
        "non-ASCII Host",
        b"GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n",
    ),
    (
        400,
        "non-UTF-8 target",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        400,
        "TLS hello",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    ),
    (400, "SSH hello", b"SSH-2.0-x\r\n"),
    (400, "SMTP hello", b"EHLO example\r\n"),
    (400, "nothing but NULs", &[0; 64]),
];
