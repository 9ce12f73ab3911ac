//! What the edge says when it does not forward a request: a status and a sentence, and the bytes
//! of that answer. Every refusal closes the connection, so no second answer can follow it.

use std::io;
use std::time::SystemTime;

/// A refusal; the sentence is for the person or program at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub sentence: &'static str,
}

impl Refusal {
    pub const fn new(status: u16, sentence: &'static str) -> Self {
        Self { status, sentence }
    }

    /// The request is malformed.
    pub const fn bad(sentence: &'static str) -> Self {
        Self::new(400, sentence)
    }

    /// A body or a reply could not be kept in a temporary file.
    pub fn unbuffered(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::new(
                507,
                "The disk is full: there is no room to buffer this request or its reply.",
            ),
            _ => Self::new(
                503,
                "The server could not buffer this request or its reply; try again.",
            ),
        }
    }

    /// Writes the whole answer; a reply to HEAD has no body.
    pub fn write(&self, out: &mut Vec<u8>, to_head: bool) {
        let phrase = crate::http::reply::reason(self.status);
        let key = if self.status < 500 { "data" } else { "error" };
        let body = serde_json::json!({ "message": phrase, key: self.sentence }).to_string();
        let date = httpdate::fmt_http_date(SystemTime::now());
        let retry = if self.status == 503 {
            "Retry-After: 1\r\n"
        } else {
            ""
        };
        out.extend_from_slice(
            format!(
                "HTTP/1.1 {} {phrase}\r\nDate: {date}\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\nCache-Control: no-store\r\n\
                 X-Content-Type-Options: nosniff\r\n{retry}Connection: close\r\n\r\n",
                self.status,
                body.len()
            )
            .as_bytes(),
        );
        if !to_head {
            out.extend_from_slice(body.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::edge::counters::REFUSAL_STATUSES;

    #[test]
    fn every_status_of_ours_has_a_reason_phrase_and_an_envelope() {
        for status in REFUSAL_STATUSES {
            let mut out = Vec::new();
            Refusal::new(status, "Because.").write(&mut out, false);
            let text = String::from_utf8(out).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(!head.contains(" Error\r\n"), "{status}");
            assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            let key = if status < 500 { "data" } else { "error" };
            assert_eq!(body[key], "Because.");
            assert_eq!(body["message"], crate::http::reply::reason(status));
        }
    }

    #[test]
    fn a_refused_head_request_gets_no_body() {
        let mut out = Vec::new();
        Refusal::new(400, "Because.").write(&mut out, true);
        assert!(out.ends_with(b"\r\n\r\n"));
    }
}
