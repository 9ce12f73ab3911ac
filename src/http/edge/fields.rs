//! Header lines: finding them, writing them, and which of them stay behind at a hop.

use httparse::Header;

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

/// Compares the start of a name, whatever its case.
pub fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// All values of a header, by its lower-case name.
pub fn values<'a>(headers: &'a [Header<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value)
}

/// A header stands more often than it may.
#[derive(Debug)]
pub struct Repeated;

/// The value of a header that may stand once.
pub fn one_value<'a>(
    headers: &'a [Header<'a>],
    name: &'a str,
) -> Result<Option<&'a [u8]>, Repeated> {
    let mut found = values(headers, name);
    match (found.next(), found.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(Repeated),
    }
}

/// The elements of a comma-separated value.
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// A character of a method or of a header's name.
pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
