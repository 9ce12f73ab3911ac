//! The strict reading of a request head. Pure: bytes in, a checked head or a refusal out.
//! Stricter than HTTP asks for wherever two readers could disagree about where a request ends.

use super::limits::{CONNECTION_NAMES, HEAD_BYTES, HEADERS, METHOD_BYTES, TARGET_BYTES};
use super::refusal::Refusal;

/// What a request line has beside its method and target: two spaces and the version.
const LINE_EXTRA_BYTES: usize = 10;

/// Finds the end of a head while it arrives, and refuses bytes that no later byte can make good.
#[derive(Debug, Default)]
pub struct Scan {
    at: usize,
    line_start: usize,
    previous: u8,
    empty_line_skipped: bool,
    request_line_seen: bool,
}

/// How the body that follows is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Length(u64),
    Chunked,
}

/// A checked head, borrowed from the bytes it was read from.
#[derive(Debug)]
pub struct Head<'a> {
    pub method: &'a str,
    /// Path and query; a leading `http://host` has been taken off.
    pub target: &'a str,
    pub framing: Framing,
    pub keep_alive: bool,
    /// An HTTP/1.0 client must be told that its connection stays open.
    pub old_version: bool,
    pub expects_continue: bool,
    /// `Content-Type` is JSON or missing: the smaller body limit holds.
    pub json: bool,
    /// `Connection` names headers that must not travel on.
    names_headers: bool,
    headers: &'a [httparse::Header<'a>],
}

/// Who asked, for the headers of the edge's own.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    pub peer: std::net::SocketAddr,
    pub listener: &'a str,
    pub secret: Option<&'a str>,
}

struct RequestLine<'a> {
    method: &'a str,
    target: &'a str,
    old_version: bool,
}

const fn bad(sentence: &'static str) -> Refusal {
    Refusal::new(400, sentence)
}

impl Scan {
    /// Looks at the bytes that are new in `input`; the offset after the empty line once it is there.
    pub fn end(&mut self, input: &[u8]) -> Result<Option<usize>, Refusal> {
        for (at, &byte) in input.iter().enumerate().skip(self.at) {
            if at >= HEAD_BYTES {
                return Err(Refusal::new(
                    431,
                    "The request head is larger than 16 KB; send fewer or shorter headers.",
                ));
            }
            self.at = at + 1;
            let previous = std::mem::replace(&mut self.previous, byte);
            match byte {
                b'\n' if previous != b'\r' => {
                    return Err(bad(
                        "A line of the request head ends without a carriage return.",
                    ));
                }
                b'\n' => {
                    let ended = self.line(input, at)?;
                    if ended {
                        return Ok(Some(at + 1));
                    }
                }
                _ if previous == b'\r' => {
                    return Err(bad("The request head has a carriage return inside a line."));
                }
                b'\r' => {}
                b'\t' | b' ' if self.request_line_seen && at == self.line_start => {
                    return Err(bad("A header value is folded over several lines."));
                }
                0..=8 | 10..=31 | 127 => {
                    return Err(bad("The request head has a control character."));
                }
                _ => {}
            }
            let longest_line = METHOD_BYTES + TARGET_BYTES + LINE_EXTRA_BYTES;
            if !self.request_line_seen && self.at - self.line_start > longest_line {
                return Err(TARGET_TOO_LONG);
            }
        }
        Ok(None)
    }

    /// Judges the line whose line feed is at `at`; true for the empty line that ends the head.
    fn line(&mut self, input: &[u8], at: usize) -> Result<bool, Refusal> {
        let line = input
            .get(self.line_start..at.saturating_sub(1))
            .unwrap_or_default();
        self.line_start = at + 1;
        if self.request_line_seen {
            return Ok(line.is_empty());
        }
        if line.is_empty() && !self.empty_line_skipped {
            self.empty_line_skipped = true;
            return Ok(false);
        }
        RequestLine::read(line)?;
        self.request_line_seen = true;
        Ok(false)
    }
}

const TARGET_TOO_LONG: Refusal = Refusal::new(
    414,
    "The request target is longer than 8 KB; shorten the address.",
);

impl<'a> RequestLine<'a> {
    fn read(line: &'a [u8]) -> Result<Self, Refusal> {
        let line =
            std::str::from_utf8(line).map_err(|_| bad("The request line is not plain ASCII."))?;
        let mut parts = line.split(' ');
        let (Some(method), Some(target), version, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad(
                "The request line is not a method, a target and a version with one space between.",
            ));
        };
        if method.is_empty() || method.len() > METHOD_BYTES || !method.bytes().all(is_token) {
            return Err(bad("The request method is not a valid name."));
        }
        if target.len() > TARGET_BYTES {
            return Err(TARGET_TOO_LONG);
        }
        if target.is_empty()
            || !target
                .bytes()
                .all(|byte| matches!(byte, b'!'..=b'~') && byte != b'#')
        {
            return Err(bad(
                "The request target has a character that must be percent-encoded.",
            ));
        }
        let old_version = match version {
            Some("HTTP/1.1") => false,
            Some("HTTP/1.0") => true,
            Some(other) if is_other_version(other) => {
                return Err(Refusal::new(
                    505,
                    "This server speaks HTTP/1.1 and HTTP/1.0 only.",
                ));
            }
            Some(_) => return Err(bad("The request line has no valid HTTP version.")),
            None => return Err(bad("The request line has no HTTP version.")),
        };
        if method == "CONNECT" {
            return Err(Refusal::new(
                501,
                "This server is not a proxy; CONNECT is not available.",
            ));
        }
        Ok(Self {
            method,
            target,
            old_version,
        })
    }
}

impl<'a> Head<'a> {
    /// Checks a whole head: all bytes up to and with its empty line.
    pub fn read(
        bytes: &'a [u8],
        room: &'a mut [httparse::Header<'a>; HEADERS],
    ) -> Result<Self, Refusal> {
        let bytes = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
        let end = memchr::memmem::find(bytes, b"\r\n")
            .ok_or(bad("The request head has no request line."))?;
        let (line, rest) = bytes.split_at(end);
        let line = RequestLine::read(line)?;
        let rest = rest.strip_prefix(b"\r\n").unwrap_or(rest);
        let headers = match httparse::parse_headers(rest, room) {
            Ok(httparse::Status::Complete((_, headers))) => headers,
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Refusal::new(431, "The request has more than 100 headers."));
            }
            Ok(httparse::Status::Partial) | Err(_) => {
                return Err(bad("A header line is not a name, a colon and a value."));
            }
        };
        let host = one_value(headers, "host")
            .map_err(|_| bad("The request has more than one Host header."))?;
        match host {
            None if !line.old_version => return Err(bad("The request has no Host header.")),
            Some(host) if !host.iter().copied().all(is_host) => {
                return Err(bad(
                    "The Host header is not a host name with an optional port.",
                ));
            }
            _ => {}
        }
        let framing = framing(headers, line.old_version)?;
        let connection = Connection::read(headers)?;
        Ok(Self {
            method: line.method,
            target: own_target(line.method, line.target, host)?,
            framing,
            keep_alive: !connection.close && (!line.old_version || connection.keep_alive),
            old_version: line.old_version,
            expects_continue: expects_continue(headers)? && !line.old_version,
            json: is_json(headers),
            names_headers: connection.names_headers,
            headers,
        })
    }

    /// Writes the head for upstream, without `Content-Length` and the empty line: hop-by-hop
    /// headers, non-ASCII values and whatever claims to be from the edge stay behind.
    pub fn forward(&self, origin: &Origin<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(self.method.as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.target.as_bytes());
        out.extend_from_slice(b" HTTP/1.1\r\n");
        for header in self.headers {
            if is_hop_by_hop(header.name) || is_ours(header.name) || !header.value.is_ascii() {
                continue;
            }
            if self.names_headers && self.named_by_connection(header.name) {
                continue;
            }
            push_header(out, header.name, header.value);
        }
        push_header(out, PEER_HEADER, origin.peer.to_string().as_bytes());
        push_header(out, LISTENER_HEADER, origin.listener.as_bytes());
        if let Some(secret) = origin.secret {
            push_header(out, SECRET_HEADER, secret.as_bytes());
        }
    }

    fn named_by_connection(&self, name: &str) -> bool {
        !name.eq_ignore_ascii_case("host")
            && values(self.headers, "connection")
                .flat_map(list)
                .any(|named| named.eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// `ip:port` of the client, or of the proxy in front of it.
pub const PEER_HEADER: &str = "x-edge-peer";
/// The name of the listener that accepted the connection.
pub const LISTENER_HEADER: &str = "x-edge-listener";
/// On the loopback fallback: proves that the request came through the edge.
pub const SECRET_HEADER: &str = "x-edge-secret";

/// Appends one header line.
pub fn push_header(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Headers that speak to the next hop only. `Content-Length` is among them: the edge sets its own.
pub fn is_hop_by_hop(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    ];
    NAMES.iter().any(|hop| name.eq_ignore_ascii_case(hop)) || starts_with(name, "proxy-")
}

/// Names that only the edge itself may set.
pub fn is_ours(name: &str) -> bool {
    starts_with(name, "x-edge-")
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn values<'a>(
    headers: &'a [httparse::Header<'a>],
    name: &'a str,
) -> impl Iterator<Item = &'a [u8]> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value)
}

/// The value of a header that may stand once; `Err` if it stands more often.
fn one_value<'a>(
    headers: &'a [httparse::Header<'a>],
    name: &'a str,
) -> Result<Option<&'a [u8]>, ()> {
    let mut found = values(headers, name);
    match (found.next(), found.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(()),
    }
}

fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn framing(headers: &[httparse::Header<'_>], old_version: bool) -> Result<Framing, Refusal> {
    let length = one_value(headers, "content-length")
        .map_err(|()| bad("The request has more than one Content-Length header."))?;
    let coding = one_value(headers, "transfer-encoding")
        .map_err(|()| bad("The request has more than one Transfer-Encoding header."))?;
    match (length, coding) {
        (Some(_), Some(_)) => Err(bad(
            "The request has both Content-Length and Transfer-Encoding; send one.",
        )),
        (None, None) => Ok(Framing::Length(0)),
        (Some(length), None) => content_length(length).map(Framing::Length),
        (None, Some(_)) if old_version => Err(bad("HTTP/1.0 has no Transfer-Encoding.")),
        (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        (None, Some(coding)) => Err(other_coding(coding)),
    }
}

/// One value of digits only. More digits than 64 bits hold is a large number, not a broken one.
fn content_length(value: &[u8]) -> Result<u64, Refusal> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(bad("Content-Length is not one number of decimal digits."));
    }
    Ok(value.iter().fold(0_u64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(digit.wrapping_sub(b'0')))
    }))
}

/// `gzip` or `gzip, chunked` is a coding that we lack; anything that blurs the end of the body is an error.
fn other_coding(value: &[u8]) -> Refusal {
    let mut codings = 0_usize;
    let mut chunked_at = None;
    for coding in list(value) {
        if coding.is_empty() || !coding.iter().copied().all(is_token) {
            return bad("Transfer-Encoding is not a list of coding names.");
        }
        if coding.eq_ignore_ascii_case(b"chunked") {
            if chunked_at.is_some() {
                return bad("Transfer-Encoding names chunked more than once.");
            }
            chunked_at = Some(codings);
        }
        codings += 1;
    }
    if chunked_at.is_some_and(|at| at + 1 != codings) {
        return bad("Transfer-Encoding names chunked before another coding.");
    }
    Refusal::new(501, "The only transfer coding of this server is chunked.")
}

#[derive(Default)]
struct Connection {
    close: bool,
    keep_alive: bool,
    names_headers: bool,
}

impl Connection {
    fn read(headers: &[httparse::Header<'_>]) -> Result<Self, Refusal> {
        let mut connection = Self::default();
        let mut names = 0_usize;
        for name in values(headers, "connection").flat_map(list) {
            names += 1;
            if name.eq_ignore_ascii_case(b"close") {
                connection.close = true;
            } else if name.eq_ignore_ascii_case(b"keep-alive") {
                connection.keep_alive = true;
            } else {
                connection.names_headers = true;
            }
        }
        if names > CONNECTION_NAMES {
            return Err(bad("The Connection header lists more than 16 names."));
        }
        Ok(connection)
    }
}

fn expects_continue(headers: &[httparse::Header<'_>]) -> Result<bool, Refusal> {
    let mut expects = false;
    for value in values(headers, "expect") {
        if !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(Refusal::new(
                417,
                "The only expectation that this server meets is 100-continue.",
            ));
        }
        expects = true;
    }
    Ok(expects)
}

fn is_json(headers: &[httparse::Header<'_>]) -> bool {
    let mut types = values(headers, "content-type").peekable();
    types.peek().is_none()
        || types.any(|value| {
            let essence = value.split(|byte| *byte == b';').next().unwrap_or(value);
            essence
                .trim_ascii()
                .eq_ignore_ascii_case(b"application/json")
        })
}

/// Path and query of a target. `http://host/path` is accepted where it names the same host.
fn own_target<'a>(method: &str, target: &'a str, host: Option<&[u8]>) -> Result<&'a str, Refusal> {
    if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
        return Ok(target);
    }
    let authority_on = ["http://", "https://"]
        .iter()
        .find(|scheme| starts_with(target, scheme))
        .and_then(|scheme| target.get(scheme.len()..))
        .ok_or(bad("The request target does not begin with a slash."))?;
    let (authority, path) = match authority_on.find('/') {
        Some(at) => authority_on.split_at(at),
        None => (authority_on, "/"),
    };
    if host.is_some_and(|host| host.eq_ignore_ascii_case(authority.as_bytes())) {
        Ok(path)
    } else {
        Err(bad(
            "The request target names another host than the Host header.",
        ))
    }
}

fn is_other_version(version: &str) -> bool {
    version.strip_prefix("HTTP/").is_some_and(|number| {
        !number.is_empty()
            && number.len() <= 3
            && number
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

/// A character of a method or of a header's name.
pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:[]%".contains(&byte)
}

#[cfg(test)]
mod tests;
