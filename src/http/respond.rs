//! A reply on its way to the edge: head and body leave in one piece where they are small.
//!
//! tiny_http would write the head, and then the body in pieces of 8 KB; each wakes the edge. Its request
//! lends us the writer instead. Nothing here knows what a reply means.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::reply::{self, Reply};

/// A body beyond this is written by itself rather than copied behind its head.
const ONE_PIECE_BYTES: usize = 16 * 1024;
/// What a head needs, mostly.
const HEAD_BYTES: usize = 1024;

pub fn respond(mut request: tiny_http::Request, reply: &Reply) {
    // An unread body would be read by tiny_http into memory, all at once.
    let _ended_early = io::copy(request.as_reader(), &mut io::sink());
    let to_head = *request.method() == tiny_http::Method::Head;
    // tiny_http may panic on a peer that is gone; that must not cost a worker.
    match catch_unwind(AssertUnwindSafe(|| {
        write(&mut request.into_writer(), reply, to_head)
    })) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the edge did not take a reply"),
        Err(_) => tracing::warn!("a reply could not be handed to the edge"),
    }
}

fn write(out: &mut dyn Write, reply: &Reply, to_head: bool) -> io::Result<()> {
    // The edge ends a reply to HEAD with its head, and so these.
    let has_body = !to_head && !matches!(reply.status, 204 | 304);
    let body = if has_body { reply.body.as_ref() } else { &[] };
    let mut piece = head(reply);
    if body.len() <= ONE_PIECE_BYTES {
        piece.extend_from_slice(body);
        out.write_all(&piece)?;
    } else {
        out.write_all(&piece)?;
        out.write_all(body)?;
    }
    out.flush()
}

fn head(reply: &Reply) -> Vec<u8> {
    let body_here = reply.body.len().min(ONE_PIECE_BYTES);
    let mut head = Vec::with_capacity(HEAD_BYTES + body_here);
    let phrase = reply::reason(reply.status);
    head.extend_from_slice(format!("HTTP/1.1 {} {phrase}\r\n", reply.status).as_bytes());
    if !reply.content_type.is_empty() {
        push(&mut head, "Content-Type", &reply.content_type);
    }
    for (name, value) in &reply.headers {
        push(&mut head, name, value);
    }
    // Also where there is no body: to HEAD it is the length of what GET would bring.
    push(&mut head, "Content-Length", &reply.body.len().to_string());
    head.extend_from_slice(b"\r\n");
    head
}

/// A header whose value could end its line would be the start of another.
fn push(head: &mut Vec<u8>, name: &str, value: &str) {
    if !value
        .bytes()
        .all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
    {
        tracing::error!(name, "a reply header has a character that cannot be sent");
        return;
    }
    for part in [name, ": ", value, "\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the writes that a socket would see.
    #[derive(Default)]
    struct Pieces(Vec<Vec<u8>>);

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn pieces(reply: &Reply, to_head: bool) -> Vec<String> {
        let mut out = Pieces::default();
        write(&mut out, reply, to_head).unwrap();
        let text = |piece| String::from_utf8(piece).unwrap();
        out.0.into_iter().map(text).collect()
    }

    #[test]
    fn a_small_reply_is_one_piece_and_a_large_one_two() {
        let small = Reply::new(200, "text/plain", b"ok".as_slice()).with("ETag", "\"x\"");
        let all = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: \"x\"\r\nContent-Length: 2\r\n\r\nok";
        assert_eq!(pieces(&small, false), [all]);
        let large = Reply::new(200, "text/plain", vec![b'a'; 100_000]);
        let seen = pieces(&large, false);
        assert_eq!((seen.len(), seen[1].len()), (2, 100_000));
    }

    #[test]
    fn a_reply_to_head_announces_what_it_does_not_send() {
        let reply = Reply::new(200, "text/plain", b"hello".as_slice());
        let seen = pieces(&reply, true).concat();
        assert!(seen.ends_with("Content-Length: 5\r\n\r\n"), "{seen}");
        assert!(
            pieces(&Reply::no_content(), false)
                .concat()
                .ends_with("\r\n\r\n")
        );
    }

    #[test]
    fn a_value_that_would_begin_a_line_of_its_own_stays_behind() {
        for bad in ["a\r\nSet-Cookie: b", "a\nb", "a\0b", "\u{e9}"] {
            let reply = Reply::no_content().with("X-Odd", bad).with("X-Kept", "k");
            let seen = pieces(&reply, false).concat();
            assert!(
                !seen.contains("Odd") && seen.contains("X-Kept: k\r\n"),
                "{seen}"
            );
        }
    }
}
