//! The strict reading of a request head. Pure: bytes in, a checked head or a refusal out.
//! Stricter than HTTP asks for wherever two readers could disagree about where a request ends.

use super::fields::{
    SECRET_HEADER, is_hop_by_hop, is_ours, list, one_value, push_header, starts_with, values,
};
use super::framing::Framing;
use super::limits::{CONNECTION_NAMES, HEADERS};
use super::origin::Origin;
use super::refusal::Refusal;
use super::scan::RequestLine;

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

impl<'a> Head<'a> {
    /// Checks a whole head: all bytes up to and with its empty line.
    pub fn read(
        bytes: &'a [u8],
        room: &'a mut [httparse::Header<'a>; HEADERS],
    ) -> Result<Self, Refusal> {
        let bytes = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
        let end = memchr::memmem::find(bytes, b"\r\n")
            .ok_or(Refusal::bad("The request head has no request line."))?;
        let (line, rest) = bytes.split_at(end);
        let line = RequestLine::read(line)?;
        let rest = rest.strip_prefix(b"\r\n").unwrap_or(rest);
        let headers = match httparse::parse_headers(rest, room) {
            Ok(httparse::Status::Complete((_, headers))) => headers,
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Refusal::new(431, "The request has more than 100 headers."));
            }
            Ok(httparse::Status::Partial) | Err(_) => {
                return Err(Refusal::bad(
                    "A header line is not a name, a colon and a value.",
                ));
            }
        };
        let host = one_value(headers, "host")
            .map_err(|_| Refusal::bad("The request has more than one Host header."))?;
        match host {
            None if !line.old_version => {
                return Err(Refusal::bad("The request has no Host header."));
            }
            Some(host) if !host.iter().copied().all(is_host) => {
                return Err(Refusal::bad(
                    "The Host header is not a host name with an optional port.",
                ));
            }
            _ => {}
        }
        let framing = Framing::of(headers, line.old_version)?;
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
    pub fn forward(&self, origin: &Origin<'_>, secret: Option<&str>, out: &mut Vec<u8>) {
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
        origin.write(out);
        if let Some(secret) = secret {
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
            return Err(Refusal::bad(
                "The Connection header lists more than 16 names.",
            ));
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
        .ok_or(Refusal::bad(
            "The request target does not begin with a slash.",
        ))?;
    let (authority, path) = match authority_on.find('/') {
        Some(at) => authority_on.split_at(at),
        None => (authority_on, "/"),
    };
    if host.is_some_and(|host| host.eq_ignore_ascii_case(authority.as_bytes())) {
        Ok(path)
    } else {
        Err(Refusal::bad(
            "The request target names another host than the Host header.",
        ))
    }
}

fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:[]%".contains(&byte)
}

#[cfg(all(test, unix))]
mod tests;
