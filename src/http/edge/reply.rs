//! A reply from upstream, collected whole before its client sees a byte, so that a slow reader
//! never holds an upstream connection. Knows no socket.

use std::time::SystemTime;

use super::body::Decoder;
use super::fields::{is_hop_by_hop, is_ours, push_header};
use super::framing::Framing;
use super::limits::{REPLY_HEAD_BYTES, REPLY_HEADERS};
use super::refusal::Refusal;
use super::spool::{Outgoing, Spool};
use super::turn::Turn;

/// A reply under collection.
#[derive(Debug, Default)]
pub struct Reply {
    raw: Vec<u8>,
    head: Vec<u8>,
    status: u16,
    to_head: bool,
    decoder: Option<Decoder>,
    /// The length that a reply to HEAD announces for the body it does not have.
    announced: Option<u64>,
    body: Spool,
    closing: bool,
}

/// How a reply ends for its client.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    pub keep_alive: bool,
    pub old_version: bool,
}

const BROKEN: Refusal = Refusal::new(502, "The application sent a reply that is not valid HTTP.");

impl Reply {
    /// Makes ready for the reply to the next request.
    pub fn expect(&mut self, to_head: bool) {
        self.raw.clear();
        self.head.clear();
        self.status = 0;
        self.to_head = to_head;
        self.decoder = None;
        self.announced = None;
        self.body = Spool::default();
        self.closing = false;
    }

    /// Takes bytes as they come; true once the reply is complete.
    pub fn absorb(&mut self, bytes: &[u8], turn: &Turn) -> Result<bool, Refusal> {
        if self.decoder.is_some() {
            return self.absorb_body(bytes, turn);
        }
        self.raw.extend_from_slice(bytes);
        loop {
            let Some(end) = memchr::memmem::find(&self.raw, b"\r\n\r\n") else {
                return if self.raw.len() > REPLY_HEAD_BYTES {
                    Err(BROKEN)
                } else {
                    Ok(false)
                };
            };
            let rest = self.raw.split_off(end + 4);
            let head = std::mem::replace(&mut self.raw, rest);
            if self.read_head(&head, turn)? {
                break;
            }
        }
        let rest = std::mem::take(&mut self.raw);
        self.absorb_body(&rest, turn)
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    /// Upstream will take no further request on this connection.
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// Writes the collected reply for its client.
    pub fn write(&mut self, ending: Ending, out: &mut Outgoing) -> std::io::Result<()> {
        let buffer = out.buffer();
        buffer.extend_from_slice(&self.head);
        let length = if self.to_head {
            self.announced
        } else {
            Some(self.body.len())
        };
        if let Some(length) = length.filter(|_| !is_bodyless(self.status)) {
            push_header(buffer, "Content-Length", length.to_string().as_bytes());
        }
        if !ending.keep_alive {
            push_header(buffer, "Connection", b"close");
        } else if ending.old_version {
            push_header(buffer, "Connection", b"keep-alive");
        }
        buffer.extend_from_slice(b"\r\n");
        out.append(&mut self.body)
    }

    fn absorb_body(&mut self, bytes: &[u8], turn: &Turn) -> Result<bool, Refusal> {
        let Some(decoder) = &mut self.decoder else {
            return Err(BROKEN);
        };
        let body = &mut self.body;
        let used = decoder
            .feed(bytes, |data| {
                body.push(data, turn.limits.reply_memory, &turn.spill)
                    .map_err(|error| Refusal::unbuffered(&error))
            })
            .map_err(|refusal| {
                if refusal.status < 500 {
                    BROKEN
                } else {
                    refusal
                }
            })?;
        if used == bytes.len() {
            Ok(decoder.is_done())
        } else {
            Err(BROKEN)
        }
    }

    /// Reads one head; false for an interim one, which is dropped.
    fn read_head(&mut self, bytes: &[u8], turn: &Turn) -> Result<bool, Refusal> {
        let mut room = [httparse::EMPTY_HEADER; REPLY_HEADERS];
        let mut response = httparse::Response::new(&mut room);
        response.parse(bytes).map_err(|_| BROKEN)?;
        self.status = response.code.ok_or(BROKEN)?;
        if self.status == 101 || self.status < 100 {
            return Err(BROKEN);
        }
        if self.status < 200 {
            return Ok(false);
        }
        let reason = response.reason.unwrap_or_default();
        self.head
            .extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", self.status).as_bytes());
        self.closing = response.version == Some(0);
        let (mut length, mut chunked, mut dated) = (None, false, false);
        for header in response.headers.iter() {
            if header.name.eq_ignore_ascii_case("content-length") {
                let text = std::str::from_utf8(header.value).map_err(|_| BROKEN)?;
                length = Some(text.trim().parse::<u64>().map_err(|_| BROKEN)?);
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = true;
            } else if header.name.eq_ignore_ascii_case("connection") {
                self.closing |= header.value.eq_ignore_ascii_case(b"close");
            }
            dated |= header.name.eq_ignore_ascii_case("date");
            let private = is_hop_by_hop(header.name)
                || is_ours(header.name)
                || header.name.eq_ignore_ascii_case("server");
            if !private {
                push_header(&mut self.head, header.name, header.value);
            }
        }
        if !dated {
            let date = httpdate::fmt_http_date(SystemTime::now());
            push_header(&mut self.head, "Date", date.as_bytes());
        }
        let framing = match (length, chunked) {
            _ if self.to_head || is_bodyless(self.status) => Framing::Length(0),
            (_, true) => Framing::Chunked,
            (Some(length), false) => Framing::Length(length),
            (None, false) => return Err(BROKEN),
        };
        self.announced = length.filter(|_| !chunked);
        self.decoder = Some(Decoder::new(framing, turn.limits.reply_body).map_err(|_| BROKEN)?);
        Ok(true)
    }
}

/// Statuses whose replies never have a body, whatever their headers say.
fn is_bodyless(status: u16) -> bool {
    matches!(status, 204 | 304)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::edge::turn::Turn;

    fn collect(bytes: &[u8], to_head: bool) -> Result<String, u16> {
        let turn = Turn::for_tests();
        for step in [1, 7, bytes.len()] {
            let mut reply = Reply::default();
            reply.expect(to_head);
            let mut done = false;
            for piece in bytes.chunks(step) {
                assert!(!done, "the reply ended before its last byte");
                done = reply.absorb(piece, &turn).map_err(|bad| bad.status)?;
            }
            assert!(done, "the reply did not end with its last byte");
            if step == bytes.len() {
                let mut out = Outgoing::default();
                let ending = Ending {
                    keep_alive: true,
                    old_version: false,
                };
                reply.write(ending, &mut out).unwrap();
                return Ok(String::from_utf8(out.buffer().clone()).unwrap());
            }
        }
        Err(0)
    }

    #[test]
    fn chunks_become_a_length_and_the_servers_own_headers_go() {
        let text = collect(
            b"HTTP/1.1 200 OK\r\nServer: t\r\nConnection: x\r\nX-Edge-Peer: y\r\nDate: d\r\nETag: e\r\n\
              Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            false,
        );
        assert_eq!(
            text.unwrap(),
            "HTTP/1.1 200 OK\r\nDate: d\r\nETag: e\r\nContent-Length: 5\r\n\r\nabcde"
        );
    }

    #[test]
    fn replies_without_a_body_end_with_their_head() {
        let head = collect(
            b"HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 9\r\n\r\n",
            true,
        );
        assert!(head.unwrap().ends_with("Content-Length: 9\r\n\r\n"));
        for status in ["204 No Content", "304 Not Modified"] {
            let bytes = format!("HTTP/1.1 {status}\r\nDate: d\r\nContent-Length: 5\r\n\r\n");
            let text = collect(bytes.as_bytes(), false).unwrap();
            assert_eq!(text, format!("HTTP/1.1 {status}\r\nDate: d\r\n\r\n"));
        }
    }

    #[test]
    fn interim_replies_are_dropped_and_a_missing_date_is_added() {
        let text = collect(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            false,
        )
        .unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\nDate: "), "{text}");
    }

    #[test]
    fn a_reply_that_nobody_could_delimit_is_a_bad_gateway() {
        for bytes in [
            &b"HTTP/1.1 200 OK\r\n\r\n"[..],
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"rubbish\r\n\r\n",
        ] {
            let mut reply = Reply::default();
            reply.expect(false);
            let end = reply.absorb(bytes, &Turn::for_tests());
            assert_eq!(end.unwrap_err().status, 502, "{}", bytes.escape_ascii());
        }
    }
}
