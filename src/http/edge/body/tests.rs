use super::*;

fn decode(framing: Framing, bytes: &[u8], step: usize) -> Result<(Vec<u8>, usize), u16> {
    let mut decoder = Decoder::new(framing, 100).map_err(|refusal| refusal.status)?;
    let mut payload = Vec::new();
    let mut used = 0;
    for piece in bytes.chunks(step) {
        used += decoder
            .feed(piece, |data| {
                payload.extend_from_slice(data);
                Ok(())
            })
            .map_err(|refusal| refusal.status)?;
    }
    if decoder.is_done() {
        Ok((payload, used))
    } else {
        Err(0)
    }
}

#[test]
fn the_payload_is_the_same_however_the_bytes_are_split() {
    let chunks = b"5;x=y\r\nhello\r\n00003\r\n, w\r\n4\r\norld\r\n0\r\nA: b\r\n\r\n";
    for step in 1..=chunks.len() {
        let (payload, used) = decode(Framing::Chunked, chunks, step).unwrap();
        assert_eq!(payload, b"hello, world");
        assert_eq!(used, chunks.len());
        let (payload, _) = decode(Framing::Length(12), b"hello, world", step).unwrap();
        assert_eq!(payload, b"hello, world");
    }
}

#[test]
fn bytes_after_the_body_are_left_alone() {
    let (payload, used) = decode(Framing::Length(5), b"helloGET", 8).unwrap();
    assert_eq!((payload.as_slice(), used), (&b"hello"[..], 5));
    let (payload, used) = decode(Framing::Chunked, b"1\r\nx\r\n0\r\n\r\nGET", 64).unwrap();
    assert_eq!((payload.as_slice(), used), (&b"x"[..], 11));
}

#[test]
fn chunks_may_fill_the_limit_together_and_not_pass_it() {
    let full = format!("32\r\n{0}\r\n32\r\n{0}\r\n0\r\n\r\n", "x".repeat(50));
    let (payload, _) = decode(Framing::Chunked, full.as_bytes(), 7).unwrap();
    assert_eq!(payload.len(), 100);
    let more = format!("32\r\n{0}\r\n33\r\n{0}x\r\n0\r\n\r\n", "x".repeat(50));
    assert_eq!(decode(Framing::Chunked, more.as_bytes(), 7), Err(413));
    assert_eq!(decode(Framing::Length(101), b"", 1), Err(413));
}

#[test]
fn an_error_of_the_sink_ends_the_body() {
    let mut decoder = Decoder::new(Framing::Length(5), 100).unwrap();
    let full = Refusal::new(507, "");
    assert_eq!(decoder.feed(b"hello", |_| Err(full)), Err(full));
}
