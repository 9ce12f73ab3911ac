//! The loop's doorstep: taking connections from the listeners, within the caps, and making room.

use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Token};

use super::super::connection::Connection;
use super::super::limits::{ACCEPT_PAUSE, ACCEPT_TURNS, REFUSALS_IN_FLIGHT};
use super::super::listener::Accepted;
use super::super::refusal::Refusal;
use super::super::spool::Outgoing;
use super::{EventLoop, FIRST_CLIENT, FIRST_LISTENER};

const FULL: Refusal = Refusal::new(
    503,
    "The server has as many connections as it can take; try again.",
);
const ADDRESS_FULL: Refusal = Refusal::new(
    503,
    "Your address has too many connections to this server; close some.",
);

impl EventLoop {
    /// Begins to accept, once the application can be reached.
    pub(super) fn listen(&mut self) {
        for (at, listener) in self.listeners.iter_mut().enumerate() {
            let token = Token(FIRST_LISTENER + at);
            let socket = &mut listener.socket;
            if let Err(error) = self
                .poll
                .registry()
                .register(socket, token, Interest::READABLE)
            {
                tracing::error!(%error, name = listener.name, "the edge cannot watch a listener");
            }
            listener.may_accept = true;
        }
    }

    pub(super) fn accept_all(&mut self) {
        for at in 0..self.listeners.len() {
            for _ in 0..ACCEPT_TURNS {
                let Some(listener) = self.listeners.get_mut(at) else {
                    return;
                };
                if listener.resume_at.is_some_and(|at| at <= self.turn.now) {
                    listener.resume_at = None;
                    listener.may_accept = true;
                }
                if !listener.may_accept {
                    break;
                }
                match listener.accept() {
                    Accepted::Client(socket, peer) => {
                        let name = listener.name;
                        self.admit(socket, peer, name);
                    }
                    Accepted::Nothing => listener.may_accept = false,
                    Accepted::Shortage => {
                        listener.may_accept = false;
                        listener.resume_at = Some(self.turn.now + ACCEPT_PAUSE);
                        self.turn.counters.add_accept_error();
                        self.shed();
                    }
                }
            }
        }
    }

    fn admit(&mut self, socket: TcpStream, peer: SocketAddr, listener: &'static str) {
        self.turn.counters.add_accepted();
        let full = self.clients.len() >= self.turn.limits.connections && !self.shed();
        let admitted = if full {
            Err(FULL)
        } else {
            self.addresses.admit(peer.ip()).map_err(|_| ADDRESS_FULL)
        };
        let most = self.turn.limits.connections + REFUSALS_IN_FLIGHT;
        if let (Err(refusal), true) = (admitted, self.clients.len() >= most) {
            self.refuse_in_passing(refusal, socket);
            return;
        }
        // Without it a reply that takes two writes would wait for the client's delayed ACK.
        if socket.set_nodelay(true).is_err() {
            if let Ok(Some(address)) = admitted {
                self.addresses.release(address);
            }
            return;
        }
        let address = admitted.unwrap_or_default();
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let entry = self.clients.vacant_entry();
        let index = entry.key();
        let client = entry.insert(Connection::new(
            socket,
            peer,
            listener,
            address,
            &mut self.turn,
        ));
        if let Err(refusal) = admitted {
            client.refuse(refusal, &self.turn);
        }
        let token = Token(FIRST_CLIENT + index);
        let both = Interest::READABLE | Interest::WRITABLE;
        let registered = self
            .poll
            .registry()
            .register(&mut client.socket, token, both);
        match registered {
            Ok(()) => self.drive_client(index),
            Err(_) => self.close(index),
        }
    }

    /// Writes a refusal without waiting whether it arrives: too many wait already.
    fn refuse_in_passing(&self, refusal: Refusal, mut socket: TcpStream) {
        self.turn.counters.add_refused(refusal.status);
        let mut out = Outgoing::default();
        refusal.write(out.start(), false);
        let _ = out.flush(&mut socket);
        let _ = socket.shutdown(std::net::Shutdown::Write);
    }

    /// Closes the connection that is idle for longest; false if none is idle.
    fn shed(&mut self) -> bool {
        let oldest = self
            .clients
            .iter()
            .filter(|(_, client)| client.is_idle())
            .min_by_key(|(_, client)| client.deadline())
            .map(|(index, _)| index);
        oldest.inspect(|index| self.close(*index)).is_some()
    }
}
