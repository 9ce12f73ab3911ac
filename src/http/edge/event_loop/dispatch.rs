//! The loop's upstream side: opening connections one at a time, giving requests to idle ones,
//! bringing replies back, and replacing connections that died.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use mio::Token;
use slab::Slab;

use super::super::Upstream;
use super::super::hung_up::HungUp;
use super::super::refusal::Refusal;
use super::super::upstream::{Next, UpstreamConnection};
use super::{EventLoop, FIRST_UPSTREAM};

/// Pause after the first failed opening, doubled up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Upstreams {
    target: Upstream,
    all: Slab<UpstreamConnection>,
    /// Proven and free; the last one in is the next one out, as it is warm.
    idle: Vec<usize>,
    /// The one connection that is being opened.
    opening: Option<usize>,
    failures: u32,
    reopen_at: Option<Instant>,
    hung_up: Arc<HungUp>,
    /// Told once, when all are proven for the first time.
    ready: Option<Sender<()>>,
}

impl Upstreams {
    pub fn new(target: Upstream, hung_up: Arc<HungUp>, ready: Sender<()>) -> Self {
        Self {
            target,
            all: Slab::new(),
            idle: Vec::new(),
            opening: None,
            failures: 0,
            reopen_at: None,
            hung_up,
            ready: Some(ready),
        }
    }

    /// When the next opening is due after a failed one.
    pub fn reopen_at(&self) -> Option<Instant> {
        self.reopen_at
    }

    pub fn deadlines(&self) -> impl Iterator<Item = Instant> + '_ {
        self.all.iter().filter_map(|(_, one)| one.deadline())
    }

    /// None is proven and the last opening failed: waiting would not help a request.
    pub fn are_gone(&self) -> bool {
        self.failures > 0 && !self.all.iter().any(|(_, one)| one.is_proven())
    }

    pub fn note(&mut self, index: usize, readable: bool, read_closed: bool) {
        if let Some(one) = self.all.get_mut(index) {
            one.note(readable, read_closed);
        }
    }

    /// Lets the application know that it need not begin this request.
    pub fn client_hung_up(&mut self, index: usize, connection: u64) {
        if let Some(one) = self.all.get_mut(index)
            && one.hung_up.is_none()
        {
            one.hung_up = Some(self.hung_up.mark(connection));
        }
    }

    /// The client has gone; the reply will be read and dropped.
    pub fn forget_client(&mut self, index: usize) {
        if let Some(one) = self.all.get_mut(index) {
            one.client = None;
        }
    }

    fn opening_failed(&mut self, now: Instant) {
        let pause = SHORTEST_PAUSE.saturating_mul(1 << self.failures.min(8));
        self.failures = self.failures.saturating_add(1);
        self.reopen_at = Some(now + pause.min(LONGEST_PAUSE));
    }
}

impl EventLoop {
    /// Opens the next connection if one is missing, none is being opened and no pause is on.
    pub(super) fn open_upstreams(&mut self) {
        let upstreams = &mut self.upstreams;
        let now = self.turn.now;
        if upstreams.opening.is_some()
            || upstreams.all.len() >= self.turn.limits.upstreams
            || upstreams.reopen_at.is_some_and(|at| at > now)
        {
            return;
        }
        upstreams.reopen_at = None;
        let entry = upstreams.all.vacant_entry();
        let index = entry.key();
        let token = || Token(FIRST_UPSTREAM + index);
        match UpstreamConnection::open(&upstreams.target, self.poll.registry(), token, &self.turn) {
            Ok(one) => {
                entry.insert(one);
                upstreams.opening = Some(index);
                self.drive_upstream(index);
            }
            Err(error) => {
                if upstreams.failures == 0 {
                    tracing::warn!(%error, "the edge cannot reach the application; it keeps trying");
                }
                upstreams.opening_failed(now);
            }
        }
    }

    /// Gives waiting requests to idle connections.
    pub(super) fn dispatch(&mut self) {
        while !self.upstreams.idle.is_empty() {
            let Some(client) = self.queue.pop_front() else {
                return;
            };
            let Some(connection) = self.clients.get_mut(client).filter(|one| one.is_queued())
            else {
                continue;
            };
            let Some(index) = self.upstreams.idle.pop() else {
                return;
            };
            let Some(upstream) = self.upstreams.all.get_mut(index) else {
                continue;
            };
            let (head, body, to_head) = connection.hand_over(index, &self.turn);
            let sent = upstream.send(client, head, body, to_head, &self.turn);
            self.turn.counters.add_forwarded();
            if connection.has_hung_up() {
                self.upstreams.client_hung_up(index, connection.number);
            }
            match sent {
                Ok(()) => self.drive_upstream(index),
                Err(error) => self.lose(index, Refusal::unbuffered(&error)),
            }
        }
    }

    pub(super) fn drive_upstream(&mut self, index: usize) {
        let Some(upstream) = self.upstreams.all.get_mut(index) else {
            return;
        };
        let mut next = upstream.advance(&mut self.turn);
        let token = Token(FIRST_UPSTREAM + index);
        if let Err(error) = upstream.watch(self.poll.registry(), token) {
            next = Next::Dead(Refusal::unbuffered(&error));
        }
        if let Some(deadline) = upstream.deadline() {
            self.next_scan = self.next_scan.min(deadline);
        }
        match next {
            Next::Wait => {}
            Next::Again => self.again.push(token),
            Next::Proven => self.proven(index),
            Next::Replied => self.replied(index),
            Next::Free => self.upstreams.idle.push(index),
            Next::Dead(refusal) => self.lose(index, refusal),
        }
    }

    /// Ends requests that upstream has held for too long, and probes that were never answered.
    pub(super) fn scan_upstreams(&mut self) {
        let now = self.turn.now;
        let late: Vec<(usize, Refusal)> = self
            .upstreams
            .all
            .iter()
            .filter(|(_, one)| one.deadline().is_some_and(|deadline| deadline <= now))
            .map(|(index, one)| (index, one.expired()))
            .collect();
        for (index, refusal) in late {
            self.lose(index, refusal);
        }
    }

    fn proven(&mut self, index: usize) {
        let upstreams = &mut self.upstreams;
        upstreams.opening = None;
        upstreams.failures = 0;
        upstreams.idle.push(index);
        if upstreams.all.len() == self.turn.limits.upstreams
            && let Some(ready) = upstreams.ready.take()
        {
            self.listen();
            // The starter may have given up; then its handle stops the loop.
            let _ = ready.send(());
        }
        self.open_upstreams();
    }

    fn replied(&mut self, index: usize) {
        let Some(upstream) = self.upstreams.all.get_mut(index) else {
            return;
        };
        let client = upstream.client.take();
        if let Some(connection) = client.and_then(|client| self.clients.get_mut(client)) {
            connection.answer(&mut upstream.reply, &self.turn);
        }
        if upstream.is_closing() {
            self.lose(index, Refusal::new(502, ""));
        } else if upstream.is_idle() {
            self.upstreams.idle.push(index);
        }
        if let Some(client) = client {
            self.drive_client(client);
        }
    }

    /// Drops a connection, answers its client, and lets a new one be opened in its place.
    fn lose(&mut self, index: usize, refusal: Refusal) {
        let Some(mut upstream) = self.upstreams.all.try_remove(index) else {
            return;
        };
        upstream.leave(self.poll.registry());
        self.upstreams.idle.retain(|idle| *idle != index);
        if self.upstreams.opening == Some(index) {
            self.upstreams.opening = None;
            self.upstreams.opening_failed(self.turn.now);
        } else {
            self.turn.counters.add_upstream_lost();
        }
        if let Some(client) = upstream.client
            && let Some(connection) = self.clients.get_mut(client)
        {
            connection.refuse(refusal, &self.turn);
            self.drive_client(client);
        }
    }
}
