//! One client connection: head, body, wait, reply, and round again or a closing drain.
//! It drives itself as far as its socket allows and tells the loop what it needs next.

mod intake;

use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use super::body::Decoder;
use super::limits::{HEAD_READ_BYTES, KEPT_BUFFER_BYTES, TURNS};
use super::refusal::Refusal;
use super::reply::{Ending, Reply};
use super::scan::Scan;
use super::spool::{Flush, Outgoing, Spool, is_not_yet};
use super::turn::Turn;
use crate::client_key::ClientKey;

/// The deadline of a connection that waits for upstream, whose own clock runs instead.
const FAR: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug)]
pub struct Connection {
    pub socket: TcpStream,
    /// Counted against the cap per address; `None` where that cap does not hold.
    pub address: Option<ClientKey>,
    /// No other connection of this edge has or had it.
    pub number: u64,
    peer: SocketAddr,
    listener: &'static str,
    phase: Phase,
    deadline: Instant,
    /// The socket may have bytes for us; cleared when a read came back short.
    may_read: bool,
    /// The client has ended its side, so a short read is no proof of an empty socket.
    peer_done: bool,
    served: bool,
    input: Vec<u8>,
    scan: Scan,
    request: Vec<u8>,
    body: Spool,
    to_head: bool,
    ending: Ending,
    out: Outgoing,
}

#[derive(Debug)]
enum Phase {
    Head,
    Body { decoder: Decoder, in_window: u64 },
    Queued,
    Waiting { upstream: usize },
    Replying,
    Draining { left: u64 },
}

/// What the loop must do for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing until its socket, its upstream or its deadline says so.
    Wait,
    /// It used up its turn; call again after the others.
    Again,
    /// Its request is complete and wants an upstream connection.
    Queue,
    Close,
}

/// One step of the state machine.
enum Step {
    On,
    Read,
    Stop(Next),
}

impl Connection {
    pub fn new(
        socket: TcpStream,
        peer: SocketAddr,
        listener: &'static str,
        address: Option<ClientKey>,
        turn: &mut Turn,
    ) -> Self {
        Self {
            socket,
            address,
            number: turn.next_connection(),
            peer,
            listener,
            phase: Phase::Head,
            deadline: turn.now + turn.limits.head_time,
            may_read: true,
            peer_done: false,
            served: false,
            input: Vec::new(),
            scan: Scan::default(),
            request: Vec::new(),
            body: Spool::default(),
            to_head: false,
            ending: Ending {
                keep_alive: false,
                old_version: false,
            },
            out: Outgoing::default(),
        }
    }

    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Between two requests: may be closed when others need the room.
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Head) && self.input.is_empty() && self.served
    }

    /// The edge stops: a head must be there by then, and bytes that nobody spoke of are looked for.
    pub fn hurry(&mut self, by: Instant) {
        self.may_read = true;
        if matches!(self.phase, Phase::Head) {
            self.deadline = self.deadline.min(by);
        }
    }

    pub fn is_queued(&self) -> bool {
        matches!(self.phase, Phase::Queued)
    }

    pub fn upstream(&self) -> Option<usize> {
        match self.phase {
            Phase::Waiting { upstream } => Some(upstream),
            _ => None,
        }
    }

    /// The client has ended its side. It may still read, but nobody could tell from here.
    pub fn has_hung_up(&self) -> bool {
        self.peer_done
    }

    /// Notes what the poll said about the socket.
    pub fn note(&mut self, readable: bool, read_closed: bool) {
        self.may_read |= readable || read_closed;
        self.peer_done |= read_closed;
    }

    /// Goes on as far as possible.
    pub fn advance(&mut self, turn: &mut Turn) -> Next {
        if !self.out.is_empty() && !matches!(self.phase, Phase::Replying) {
            // Only an interim answer can be pending here.
            if self.flush(turn).is_err() {
                return Next::Close;
            }
        }
        let mut turns = TURNS;
        loop {
            let step = match self.phase {
                Phase::Head => self.take_head(turn),
                Phase::Body { .. } => self.take_body(turn),
                Phase::Queued | Phase::Waiting { .. } => Step::Stop(Next::Wait),
                Phase::Replying => self.send_reply(turn),
                Phase::Draining { left: 0 } => Step::Stop(Next::Close),
                Phase::Draining { .. } => Step::Read,
            };
            match step {
                Step::On => {}
                Step::Stop(next) => return next,
                Step::Read if !self.may_read => return Next::Wait,
                Step::Read if turns == 0 => return Next::Again,
                Step::Read => {
                    turns -= 1;
                    if let Some(next) = self.read(turn) {
                        return next;
                    }
                }
            }
        }
    }

    /// Hands the request over: its head and body, and whether it was HEAD.
    pub fn hand_over(&mut self, upstream: usize, turn: &Turn) -> (&mut Vec<u8>, &mut Spool, bool) {
        self.phase = Phase::Waiting { upstream };
        self.deadline = turn.now + FAR;
        (&mut self.request, &mut self.body, self.to_head)
    }

    /// Takes the reply to the request that was handed over.
    pub fn answer(&mut self, reply: &mut Reply, turn: &Turn) {
        self.ending.keep_alive &= !turn.stopping;
        self.ready_buffer();
        match reply.write(self.ending, &mut self.out) {
            Ok(()) => self.begin_reply(turn),
            Err(error) => {
                self.out.clear();
                self.refuse(Refusal::unbuffered(&error), turn);
            }
        }
    }

    /// Answers with a refusal and closes once it has arrived.
    pub fn refuse(&mut self, refusal: Refusal, turn: &Turn) {
        turn.counters.add_refused(refusal.status);
        tracing::debug!(
            status = refusal.status,
            peer = %self.peer,
            "the edge refused a request: {}",
            refusal.sentence
        );
        let to_head = self.input.starts_with(b"HEAD ") || self.to_head;
        self.input = Vec::new();
        self.body = Spool::default();
        self.ending.keep_alive = false;
        self.ready_buffer();
        refusal.write(self.out.buffer(), to_head);
        self.begin_reply(turn);
    }

    /// Its deadline has passed. A refusal may follow: call `advance` unless it is `Close`.
    pub fn expire(&mut self, turn: &Turn) -> Next {
        match self.phase {
            Phase::Head if self.input.is_empty() => return Next::Close,
            Phase::Head => self.refuse(
                Refusal::new(408, "The request head did not arrive in time."),
                turn,
            ),
            Phase::Body { .. } => self.refuse(
                Refusal::new(
                    408,
                    "The request body arrives too slowly; it needs 1 KB a second.",
                ),
                turn,
            ),
            Phase::Queued => self.refuse(
                Refusal::new(
                    503,
                    "The server is busy and could not take the request; try again.",
                ),
                turn,
            ),
            Phase::Waiting { .. } => self.deadline = turn.now + FAR,
            Phase::Replying | Phase::Draining { .. } => return Next::Close,
        }
        Next::Again
    }

    /// Reads once; `Some` ends the turn.
    fn read(&mut self, turn: &mut Turn) -> Option<Next> {
        let room = if matches!(self.phase, Phase::Head) {
            HEAD_READ_BYTES.min(turn.scratch.len())
        } else {
            turn.scratch.len()
        };
        let mut scratch = std::mem::take(&mut turn.scratch);
        let read = self
            .socket
            .read(scratch.get_mut(..room).unwrap_or_default());
        let next = match read {
            Ok(0) => Some(Next::Close),
            Ok(count) => {
                // Only where readiness comes by itself again may a short read count as the last.
                self.may_read = count == room || self.peer_done || !cfg!(unix);
                self.absorb(scratch.get(..count).unwrap_or_default(), turn);
                None
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => None,
            Err(error) if is_not_yet(&error) => {
                self.may_read = false;
                Some(Next::Wait)
            }
            Err(_) => Some(Next::Close),
        };
        turn.scratch = scratch;
        next
    }

    fn absorb(&mut self, bytes: &[u8], turn: &Turn) {
        match &mut self.phase {
            Phase::Head => {
                if self.input.is_empty() && self.served {
                    self.deadline = turn.now + turn.limits.head_time;
                }
                self.input.extend_from_slice(bytes);
            }
            Phase::Body { .. } => match self.feed(bytes, turn) {
                Ok(used) => self
                    .input
                    .extend_from_slice(bytes.get(used..).unwrap_or_default()),
                Err(refusal) => self.refuse(refusal, turn),
            },
            Phase::Draining { left } => *left = left.saturating_sub(bytes.len() as u64),
            Phase::Queued | Phase::Waiting { .. } | Phase::Replying => {}
        }
    }

    fn send_reply(&mut self, turn: &Turn) -> Step {
        match self.flush(turn) {
            Ok(Flush::Blocked) => Step::Stop(Next::Wait),
            Ok(Flush::Again) => Step::Stop(Next::Again),
            Ok(Flush::Done) if self.ending.keep_alive && !turn.stopping => {
                self.phase = Phase::Head;
                self.scan = Scan::default();
                self.served = true;
                self.to_head = false;
                give_back(&mut self.input);
                give_back(&mut self.request);
                let wait = if self.input.is_empty() {
                    turn.limits.idle
                } else {
                    turn.limits.head_time
                };
                self.deadline = turn.now + wait;
                Step::On
            }
            Ok(Flush::Done) => {
                if self.socket.shutdown(Shutdown::Write).is_err() {
                    return Step::Stop(Next::Close);
                }
                self.phase = Phase::Draining {
                    left: turn.limits.drain_bytes,
                };
                self.deadline = turn.now + turn.limits.drain_time;
                self.may_read = true;
                Step::On
            }
            Err(_) => Step::Stop(Next::Close),
        }
    }

    fn flush(&mut self, turn: &Turn) -> io::Result<Flush> {
        let (flush, written) = self.out.flush(&mut self.socket)?;
        if written > 0 && matches!(self.phase, Phase::Replying) {
            self.deadline = turn.now + turn.limits.write_stall;
        }
        Ok(flush)
    }

    fn begin_reply(&mut self, turn: &Turn) {
        self.phase = Phase::Replying;
        self.deadline = turn.now + turn.limits.write_stall;
    }

    /// An interim answer that is still under way stays in front of what follows.
    fn ready_buffer(&mut self) {
        if self.out.is_empty() {
            self.out.clear();
        }
    }

    fn stop_with(&mut self, refusal: Refusal, turn: &Turn) -> Step {
        self.refuse(refusal, turn);
        Step::On
    }
}

/// Lets go of a buffer that a large request left behind.
fn give_back(buffer: &mut Vec<u8>) {
    if buffer.capacity() > KEPT_BUFFER_BYTES {
        buffer.shrink_to(KEPT_BUFFER_BYTES);
    }
}
