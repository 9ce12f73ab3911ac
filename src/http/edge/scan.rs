//! The reading of a request head while it arrives: where it ends, and what no later byte can make
//! good. Pure. Refusing early spares a wrong client its ten seconds, and us the memory.

use super::fields::is_token;
use super::limits::{HEAD_BYTES, METHOD_BYTES, TARGET_BYTES};
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

/// A checked request line.
pub struct RequestLine<'a> {
    pub method: &'a str,
    pub target: &'a str,
    /// HTTP/1.0.
    pub old_version: bool,
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
                    return Err(Refusal::bad(
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
                    return Err(Refusal::bad(
                        "The request head has a carriage return inside a line.",
                    ));
                }
                b'\r' => {}
                b'\t' | b' ' if self.request_line_seen && at == self.line_start => {
                    return Err(Refusal::bad("A header value is folded over several lines."));
                }
                0..=8 | 10..=31 | 127 => {
                    return Err(Refusal::bad("The request head has a control character."));
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
    pub fn read(line: &'a [u8]) -> Result<Self, Refusal> {
        let line = std::str::from_utf8(line)
            .map_err(|_| Refusal::bad("The request line is not plain ASCII."))?;
        let mut parts = line.split(' ');
        let (Some(method), Some(target), version, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::bad(
                "The request line is not a method, a target and a version with one space between.",
            ));
        };
        if method.is_empty() || method.len() > METHOD_BYTES || !method.bytes().all(is_token) {
            return Err(Refusal::bad("The request method is not a valid name."));
        }
        if target.len() > TARGET_BYTES {
            return Err(TARGET_TOO_LONG);
        }
        if target.is_empty()
            || !target
                .bytes()
                .all(|byte| matches!(byte, b'!'..=b'~') && byte != b'#')
        {
            return Err(Refusal::bad(
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
            Some(_) => return Err(Refusal::bad("The request line has no valid HTTP version.")),
            None => return Err(Refusal::bad("The request line has no HTTP version.")),
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

fn is_other_version(version: &str) -> bool {
    version.strip_prefix("HTTP/").is_some_and(|number| {
        !number.is_empty()
            && number.len() <= 3
            && number
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}
