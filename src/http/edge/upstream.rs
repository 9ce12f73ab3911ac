//! One persistent connection to tiny_http: proven by a probe, then one request at a time.
//! Knows no client; the loop carries requests to it and replies away.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Instant;

use mio::{Interest, Registry, Token};

use super::fields::{SECRET_HEADER, push_header};
use super::limits::TURNS;
use super::refusal::Refusal;
use super::reply::Reply;
use super::spool::{Flush, Outgoing, Spool, is_not_yet};
use super::turn::Turn;
use super::{PROBE_PATH, Upstream};

#[derive(Debug)]
pub struct UpstreamConnection {
    socket: Socket,
    phase: Phase,
    /// The client that waits for the reply; `None` when it has gone away.
    pub client: Option<usize>,
    pub reply: Reply,
    out: Outgoing,
    deadline: Option<Instant>,
    may_read: bool,
    /// The other end has closed, so a short read is no proof of an empty socket.
    peer_done: bool,
    watches_writes: bool,
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

#[derive(Debug)]
enum Socket {
    #[cfg(unix)]
    Unix(mio::net::UnixStream),
    Tcp(mio::net::TcpStream),
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
            reply: Reply::default(),
            out,
            deadline: Some(turn.now + turn.limits.probe_time),
            may_read: true,
            peer_done: false,
            watches_writes: true,
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
        push_header(head, "Content-Length", body.len().to_string().as_bytes());
        head.extend_from_slice(b"\r\n");
        self.out.clear();
        std::mem::swap(self.out.buffer(), head);
        self.out.append(body)?;
        self.reply.expect(to_head);
        self.client = Some(client);
        self.phase = Phase::Busy;
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
        for _ in 0..TURNS {
            if !self.may_read {
                return Next::Wait;
            }
            let mut scratch = std::mem::take(&mut turn.scratch);
            let read = self.socket.read(&mut scratch);
            let next = match read {
                Ok(0) => Some(Next::Dead(LOST)),
                Ok(count) => {
                    self.may_read = count == scratch.len() || self.peer_done || !cfg!(unix);
                    self.absorb(scratch.get(..count).unwrap_or_default(), turn)
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => None,
                Err(error) if is_not_yet(&error) => {
                    self.may_read = false;
                    None
                }
                Err(_) => Some(Next::Dead(LOST)),
            };
            turn.scratch = scratch;
            if let Some(next) = next {
                return next;
            }
        }
        Next::Again
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

impl Socket {
    fn connect(upstream: &Upstream) -> io::Result<Self> {
        match upstream {
            #[cfg(unix)]
            Upstream::Unix(path) => mio::net::UnixStream::connect(path).map(Self::Unix),
            Upstream::Loopback { address, .. } => {
                let socket = mio::net::TcpStream::connect(*address)?;
                socket.set_nodelay(true)?;
                Ok(Self::Tcp(socket))
            }
        }
    }

    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => registry.register(socket, token, both),
            Self::Tcp(socket) => registry.register(socket, token, both),
        }
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => registry.reregister(socket, token, interest),
            Self::Tcp(socket) => registry.reregister(socket, token, interest),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => registry.deregister(socket),
            Self::Tcp(socket) => registry.deregister(socket),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => socket.read(buffer),
            Self::Tcp(socket) => socket.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => socket.write(bytes),
            Self::Tcp(socket) => socket.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
