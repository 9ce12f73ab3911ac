//! The loop: readiness, deadlines, accepting and stopping. It owns all sockets and decides who has
//! a turn; what a turn does is the connections' own affair.

mod accept;
mod dispatch;
mod stop;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpListener;
use mio::{Events, Poll, Token, Waker};
use slab::Slab;

use super::connection::{Connection, Next};
use super::counters::Counters;
use super::limits::SCAN_INTERVAL;
use super::listener::{Addresses, Listener};
use super::refusal::Refusal;
use super::turn::Turn;
use super::{EdgeConfig, Upstream};
use crate::descriptors::descriptor_limit;
use dispatch::Upstreams;

/// Tokens: the waker, then listeners, upstream connections, clients.
const WAKER: Token = Token(0);
const FIRST_LISTENER: usize = 1;
const FIRST_UPSTREAM: usize = 1 << 8;
const FIRST_CLIENT: usize = 1 << 16;
/// Readiness events taken per wake-up.
const EVENTS: usize = 1024;
/// Longest sleep of the loop when no deadline is near.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct EventLoop {
    poll: Poll,
    turn: Turn,
    listeners: Vec<Listener>,
    addresses: Addresses,
    clients: Slab<Connection>,
    /// Clients with a complete request, in order. An entry may outlive its client.
    queue: VecDeque<usize>,
    upstreams: Upstreams,
    /// Sockets whose turn ended before they were done.
    again: Vec<Token>,
    /// No deadline lies before this.
    next_scan: Instant,
    stops: Receiver<Duration>,
    stop_at: Option<Instant>,
}

impl EventLoop {
    pub fn new(
        config: EdgeConfig,
        stops: Receiver<Duration>,
        ready: Sender<()>,
    ) -> io::Result<(Self, Waker)> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let limits = config.limits.within_descriptors(descriptor_limit());
        let mut listeners = Vec::new();
        for listener in config.listeners {
            listener.socket.set_nonblocking(true)?;
            listeners.push(Listener {
                socket: TcpListener::from_std(listener.socket),
                name: listener.name,
                may_accept: false,
                resume_at: None,
            });
        }
        let secret = match &config.upstream {
            Upstream::Loopback { secret, .. } => Some(secret.clone()),
            #[cfg(unix)]
            Upstream::Unix(_) => None,
        };
        let addresses = Addresses::new(config.trusted_proxies, limits.connections_per_address);
        let event_loop = Self {
            poll,
            turn: Turn::new(limits, config.spill, secret),
            listeners,
            addresses,
            clients: Slab::new(),
            queue: VecDeque::new(),
            upstreams: Upstreams::new(config.upstream, config.hung_up, ready),
            again: Vec::new(),
            next_scan: Instant::now(),
            stops,
            stop_at: None,
        };
        Ok((event_loop, waker))
    }

    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.turn.counters)
    }

    /// Runs until it is told to stop.
    pub fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        while !self.is_over() {
            let sleep = self.sleep();
            if let Err(error) = self.poll.poll(&mut events, Some(sleep))
                && error.kind() != io::ErrorKind::Interrupted
            {
                // Nothing of ours can cause it; a pause keeps a sick kernel from spinning us.
                tracing::error!(%error, "the edge cannot wait for its sockets");
                std::thread::sleep(SCAN_INTERVAL);
            }
            self.turn.now = Instant::now();
            for event in &events {
                self.handle(event);
            }
            for token in std::mem::take(&mut self.again) {
                self.drive(token);
            }
            self.accept_all();
            self.scan();
            self.open_upstreams();
            self.dispatch();
            self.turn.counters.set_open(self.clients.len());
        }
    }

    fn sleep(&self) -> Duration {
        if !self.again.is_empty() || self.listeners.iter().any(|one| one.may_accept) {
            return Duration::ZERO;
        }
        let wake_at = self
            .listeners
            .iter()
            .filter_map(|listener| listener.resume_at)
            .chain(self.upstreams.reopen_at())
            .chain(self.stop_at)
            .chain([self.next_scan])
            .min()
            .unwrap_or(self.turn.now);
        wake_at.saturating_duration_since(Instant::now())
    }

    fn handle(&mut self, event: &Event) {
        let Token(token) = event.token();
        if token >= FIRST_CLIENT {
            let Some(client) = self.clients.get_mut(token - FIRST_CLIENT) else {
                return;
            };
            client.note(event.is_readable(), event.is_read_closed());
            if client.has_hung_up()
                && let Some(upstream) = client.upstream()
            {
                self.upstreams.client_hung_up(upstream, client.number);
            }
            if event.is_error() || (event.is_read_closed() && event.is_write_closed()) {
                self.close(token - FIRST_CLIENT);
            } else {
                self.drive_client(token - FIRST_CLIENT);
            }
        } else if token >= FIRST_UPSTREAM {
            self.upstreams.note(
                token - FIRST_UPSTREAM,
                event.is_readable(),
                event.is_read_closed(),
            );
            self.drive_upstream(token - FIRST_UPSTREAM);
        } else if token >= FIRST_LISTENER
            && let Some(listener) = self.listeners.get_mut(token - FIRST_LISTENER)
        {
            listener.may_accept = true;
        }
    }

    fn drive(&mut self, Token(token): Token) {
        if token >= FIRST_CLIENT {
            self.drive_client(token - FIRST_CLIENT);
        } else if token >= FIRST_UPSTREAM {
            self.drive_upstream(token - FIRST_UPSTREAM);
        }
    }

    fn drive_client(&mut self, index: usize) {
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        let mut next = client.advance(&mut self.turn);
        if next == Next::Queue && self.upstreams.are_gone() {
            client.refuse(
                Refusal::new(
                    503,
                    "The application cannot be reached at the moment; try again.",
                ),
                &self.turn,
            );
            next = client.advance(&mut self.turn);
        }
        self.next_scan = self.next_scan.min(client.deadline());
        match next {
            Next::Wait => {}
            Next::Again => self.again.push(Token(FIRST_CLIENT + index)),
            Next::Queue => self.queue.push_back(index),
            Next::Close => self.close(index),
        }
    }

    fn close(&mut self, index: usize) {
        let Some(mut client) = self.clients.try_remove(index) else {
            return;
        };
        if let Some(upstream) = client.upstream() {
            self.upstreams.client_hung_up(upstream, client.number);
            self.upstreams.forget_client(upstream);
        }
        if let Some(address) = client.address {
            self.addresses.release(address);
        }
        // Closing the socket ends the registration as well; nothing depends on this one.
        let _ = self.poll.registry().deregister(&mut client.socket);
    }

    /// Acts on deadlines that have passed. Looking at a thousand of them costs microseconds, and
    /// requests that end in time never touch a timer.
    fn scan(&mut self) {
        let now = self.turn.now;
        if now < self.next_scan {
            return;
        }
        let late: Vec<usize> = self
            .clients
            .iter()
            .filter(|(_, client)| client.deadline() <= now)
            .map(|(index, _)| index)
            .collect();
        for index in late {
            let next = self
                .clients
                .get_mut(index)
                .map(|client| client.expire(&self.turn));
            match next {
                Some(Next::Close) => self.close(index),
                Some(_) => self.drive_client(index),
                None => {}
            }
        }
        self.scan_upstreams();
        let clients = self.clients.iter().map(|(_, client)| client.deadline());
        self.next_scan = clients
            .chain(self.upstreams.deadlines())
            .min()
            .unwrap_or(now + LONGEST_SLEEP)
            .clamp(now + SCAN_INTERVAL, now + LONGEST_SLEEP);
    }
}
