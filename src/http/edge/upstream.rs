//! One persistent connection to tiny_http: proven by a probe, then one request at a time.
//! Knows no client; the loop carries requests to it and replies away.
//!
//! A reply is looked at first and taken out of the socket only when the next request has been
//! written. Taking it out tells the kernel that there is room again, and that wakes the thread of
//! tiny_http that sleeps on the same socket until a request comes: for nothing, and at the price of
//! two switches between threads, a third of what a small request costs. After a write that thread is
//! awake anyway.

mod socket;

use std::io::{self, ErrorKind, Read};
use std::time::Instant;

use mio::{Interest, Registry, Token};

use super::fields::{SECRET_HEADER, push_header};
use super::hung_up::Mark;
use super::limits::{LOOK_BYTES, READ_BYTES, TURNS};
use super::refusal::Refusal;
use super::reply::Reply;
use super::spool::{Flush, Outgoing, Spool, is_not_yet};
use super::turn::Turn;
use super::{PROBE_PATH, Upstream};
use socket::Socket;

#[derive(Debug)]
pub struct UpstreamConnection {
    socket: Socket,
    phase: Phase,
    /// The client that waits for the reply; `None` when it has gone away.
    pub client: Option<usize>,
    /// Set while the application has a request whose client hung up.
    pub hung_up: Option<Mark>,
    pub reply: Reply,
    out: Outgoing,
    deadline: Option<Instant>,
    may_read: bool,
    /// The other end has closed, so a short read is no proof of an empty socket.
    peer_done: bool,
    watches_writes: bool,
    /// Nothing of the reply has been read yet.
    at_reply_start: bool,
    /// Bytes of the last reply that were looked at and are still in the socket.
    looked_at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Probing,
    Idle,
    Busy,
    /// The reply came before the request was read to its end; the rest still goes out.
    Replied,
}

/// What the loop must do for an upstream connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Wait,
    Again,
    /// The probe was answered: it takes requests now.
    Proven,
    /// The reply is complete; ask `is_idle` whether it takes the next request already.
    Replied,
    /// A request that outlived its reply has gone out: it takes the next one.
    Free,
    /// It is of no use any more; the waiting client gets this.
    Dead(Refusal),
}

const LOST: Refusal = Refusal::new(
    502,
    "The application closed the connection before it had answered.",
);
const LATE: Refusal = Refusal::new(504, "The application did not answer in time.");

impl UpstreamConnection {
    /// Begins to connect, with the probe as its first request.
    pub fn open(
        upstream: &Upstream,
        registry: &Registry,
        token: impl FnOnce() -> Token,
        turn: &Turn,
    ) -> io::Result<Self> {
        let mut socket = Socket::connect(upstream)?;
        socket.register(registry, token())?;
        let mut out = Outgoing::default();
        let probe = out.start();
        probe.extend_from_slice(format!("GET {PROBE_PATH} HTTP/1.1\r\n").as_bytes());
        push_header(probe, "Host", b"edge");
        if let Some(secret) = &turn.secret {
            push_header(probe, SECRET_HEADER, secret.as_bytes());
        }
        probe.extend_from_slice(b"\r\n");
        Ok(Self {
            socket,
            phase: Phase::Probing,
            client: None,
            hung_up: None,
            reply: Reply::default(),
            out,
            deadline: Some(turn.now + turn.limits.probe_time),
            may_read: true,
            peer_done: false,
            watches_writes: true,
            at_reply_start: false,
            looked_at: 0,
        })
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    pub fn is_proven(&self) -> bool {
        self.phase != Phase::Probing
    }

    /// It will take no further request: the reply said so, or the other end has closed.
    pub fn is_closing(&self) -> bool {
        self.peer_done || self.reply.is_closing()
    }

    /// Notes what the poll said about the socket.
    pub fn note(&mut self, readable: bool, read_closed: bool) {
        self.may_read |= readable || read_closed;
        self.peer_done |= read_closed;
    }

    /// What its deadline means for the waiting client.
    pub fn expired(&self) -> Refusal {
        LATE
    }

    /// Takes a request; `advance` sends it.
    pub fn send(
        &mut self,
        client: usize,
        head: &mut Vec<u8>,
        body: &mut Spool,
        to_head: bool,
        turn: &Turn,
    ) -> io::Result<()> {
        if body.len() > 0 {
            push_header(head, "Content-Length", body.len().to_string().as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        self.out.clear();
        std::mem::swap(self.out.buffer(), head);
        self.out.append(body)?;
        self.reply.expect(to_head);
        self.client = Some(client);
        self.phase = Phase::Busy;
        self.at_reply_start = true;
        self.deadline = Some(turn.now + turn.limits.reply_time);
        Ok(())
    }

    /// Writes and reads as far as the socket allows.
    pub fn advance(&mut self, turn: &mut Turn) -> Next {
        if !self.out.is_empty() {
            match self.out.flush(&mut self.socket) {
                Ok((Flush::Done, _)) if self.phase == Phase::Replied => {
                    self.rest();
                    return Next::Free;
                }
                Ok((Flush::Again, _)) => return Next::Again,
                Ok(_) => {}
                Err(_) => return Next::Dead(LOST),
            }
        }
        if self.is_idle() {
            return self.rested(turn);
        }
        if self.take_out(turn).is_err() {
            return Next::Dead(LOST);
        }
        for _ in 0..TURNS {
            if !self.may_read {
                return Next::Wait;
            }
            let mut scratch = std::mem::take(&mut turn.scratch);
            let next = self.receive(&mut scratch, turn);
            turn.scratch = scratch;
            if let Some(next) = next {
                return next;
            }
        }
        Next::Again
    }

    /// Reads once; `Some` ends the turn.
    fn receive(&mut self, scratch: &mut [u8], turn: &Turn) -> Option<Next> {
        let looks = std::mem::take(&mut self.at_reply_start) && cfg!(unix);
        let size = scratch
            .len()
            .min(if looks { LOOK_BYTES } else { READ_BYTES });
        let room = scratch.get_mut(..size).unwrap_or_default();
        let read = if looks {
            self.socket.look(room)
        } else {
            self.socket.read(room)
        };
        match read {
            Ok(0) => Some(Next::Dead(LOST)),
            Ok(count) => {
                self.may_read = count == size || self.peer_done || !cfg!(unix);
                let next = self.absorb(scratch.get(..count).unwrap_or_default(), turn);
                if looks {
                    self.looked_at = count;
                    // More is to come, or no request will: only a whole reply may stay.
                    if !self.is_idle() && self.take_out_into(scratch).is_err() {
                        return Some(Next::Dead(LOST));
                    }
                }
                next
            }
            Err(error) if error.kind() == ErrorKind::Interrupted || is_not_yet(&error) => {
                self.at_reply_start = looks;
                self.may_read &= !is_not_yet(&error);
                None
            }
            Err(_) => Some(Next::Dead(LOST)),
        }
    }

    /// Takes out what was only looked at, now that a request has gone the other way.
    fn take_out(&mut self, turn: &mut Turn) -> io::Result<()> {
        if self.looked_at == 0 {
            return Ok(());
        }
        let mut scratch = std::mem::take(&mut turn.scratch);
        let taken = self.take_out_into(&mut scratch);
        turn.scratch = scratch;
        taken
    }

    fn take_out_into(&mut self, scratch: &mut [u8]) -> io::Result<()> {
        while self.looked_at > 0 {
            let room = self.looked_at.min(scratch.len());
            match self
                .socket
                .read(scratch.get_mut(..room).unwrap_or_default())?
            {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => self.looked_at -= count,
            }
        }
        Ok(())
    }

    /// Between two requests the socket may hold the last reply and nothing else.
    fn rested(&mut self, turn: &mut Turn) -> Next {
        if !self.may_read {
            return Next::Wait;
        }
        self.may_read = false;
        match self.socket.look(&mut turn.scratch) {
            Ok(count) if count > 0 && count == self.looked_at && !self.peer_done => Next::Wait,
            Err(error) if is_not_yet(&error) && self.looked_at == 0 => Next::Wait,
            _ => Next::Dead(LOST),
        }
    }

    /// Asks the poll for writability only while something waits to be written: tiny_http frees
    /// room with each read, and each time would wake the loop for nothing.
    pub fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let wants = !self.out.is_empty();
        if wants == self.watches_writes {
            return Ok(());
        }
        self.watches_writes = wants;
        let interest = if wants {
            Interest::READABLE | Interest::WRITABLE
        } else {
            Interest::READABLE
        };
        self.socket.reregister(registry, token, interest)
    }

    pub fn leave(&mut self, registry: &Registry) {
        // Closing the socket ends the registration as well; nothing depends on this one.
        let _ = self.socket.deregister(registry);
    }

    fn absorb(&mut self, bytes: &[u8], turn: &Turn) -> Option<Next> {
        match self.phase {
            Phase::Probing => match self.reply.absorb(bytes, turn) {
                Ok(true) if self.reply.status() == 204 => {
                    self.rest();
                    Some(Next::Proven)
                }
                Ok(false) => None,
                Ok(true) | Err(_) => Some(Next::Dead(LOST)),
            },
            Phase::Busy => match self.reply.absorb(bytes, turn) {
                Ok(true) => {
                    self.hung_up = None;
                    if self.out.is_empty() {
                        self.rest();
                    } else {
                        self.phase = Phase::Replied;
                    }
                    Some(Next::Replied)
                }
                Ok(false) => None,
                Err(refusal) => Some(Next::Dead(refusal)),
            },
            Phase::Idle | Phase::Replied => Some(Next::Dead(LOST)),
        }
    }

    fn rest(&mut self) {
        self.phase = Phase::Idle;
        self.deadline = None;
    }
}
