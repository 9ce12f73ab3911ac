//! A connection's first half: from the first byte of a head to a request that is complete.

use super::super::body::Decoder;
use super::super::head::Head;
use super::super::limits::HEADERS;
use super::super::origin::Origin;
use super::super::refusal::Refusal;
use super::super::reply::Ending;
use super::super::turn::Turn;
use super::{Connection, Next, Phase, Step};

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

impl Connection {
    pub(super) fn take_head(&mut self, turn: &Turn) -> Step {
        if self.input.is_empty() {
            return Step::Read;
        }
        match self.scan.end(&self.input) {
            Ok(None) => Step::Read,
            Ok(Some(end)) => match self.begin_request(end, turn) {
                Ok(()) => Step::On,
                Err(refusal) => self.stop_with(refusal, turn),
            },
            Err(refusal) => self.stop_with(refusal, turn),
        }
    }

    fn begin_request(&mut self, end: usize, turn: &Turn) -> Result<(), Refusal> {
        let mut room = [httparse::EMPTY_HEADER; HEADERS];
        let head = Head::read(self.input.get(..end).unwrap_or_default(), &mut room)?;
        let limit = if head.json {
            turn.limits.json_body
        } else {
            turn.limits.other_body
        };
        let decoder = Decoder::new(head.framing, limit)?;
        self.to_head = head.method == "HEAD";
        self.ending = Ending {
            keep_alive: head.keep_alive,
            old_version: head.old_version,
        };
        self.request.clear();
        let origin = Origin {
            connection: self.number,
            listener: self.listener,
            peer: self.peer,
        };
        head.forward(&origin, turn.secret.as_deref(), &mut self.request);
        let wants_continue = head.expects_continue && !decoder.is_done() && self.input.len() == end;
        self.input.drain(..end.min(self.input.len()));
        if wants_continue {
            self.ready_buffer();
            self.out.buffer().extend_from_slice(CONTINUE);
            // A failure to write shows itself again with the next read or write.
            let _ = self.out.flush(&mut self.socket);
        }
        self.phase = Phase::Body {
            decoder,
            in_window: 0,
        };
        self.deadline = turn.now + turn.limits.body_pace_time;
        Ok(())
    }

    /// Decodes what has been read ahead, and ends the body when it is complete.
    pub(super) fn take_body(&mut self, turn: &Turn) -> Step {
        let mut input = std::mem::take(&mut self.input);
        match self.feed(&input, turn) {
            Ok(used) => {
                input.drain(..used.min(input.len()));
                self.input = input;
            }
            Err(refusal) => return self.stop_with(refusal, turn),
        }
        if matches!(&self.phase, Phase::Body { decoder, .. } if decoder.is_done()) {
            self.phase = Phase::Queued;
            self.deadline = turn.now + turn.limits.queue_time;
            return Step::Stop(Next::Queue);
        }
        Step::Read
    }

    pub(super) fn feed(&mut self, bytes: &[u8], turn: &Turn) -> Result<usize, Refusal> {
        let Phase::Body { decoder, in_window } = &mut self.phase else {
            return Ok(0);
        };
        let body = &mut self.body;
        let before = body.len();
        let used = decoder.feed(bytes, |data| {
            body.push(data, turn.limits.body_memory, &turn.spill)
                .map_err(|error| Refusal::unbuffered(&error))
        })?;
        *in_window += body.len() - before;
        if *in_window >= turn.limits.body_pace_bytes {
            *in_window = 0;
            self.deadline = turn.now + turn.limits.body_pace_time;
        }
        Ok(used)
    }
}
