//! Accepting, and how many connections one address may have. Every error of `accept` is either the
//! dead client's own or a shortage that passes; none of them ends a listener.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use ipnet::IpNet;
use mio::net::{TcpListener, TcpStream};

use crate::client_key::ClientKey;

/// Failed accepts in a row that are taken for dead clients before we call it a shortage.
const DEAD_CLIENTS: usize = 32;

#[derive(Debug)]
pub struct Listener {
    pub socket: TcpListener,
    pub name: &'static str,
    /// The backlog may hold connections.
    pub may_accept: bool,
    /// A shortage was met; try again then.
    pub resume_at: Option<Instant>,
}

/// What one look at the backlog gave.
#[derive(Debug)]
pub enum Accepted {
    Client(TcpStream, SocketAddr),
    Nothing,
    /// No descriptor or memory for the next one, which stays in the backlog.
    Shortage,
}

/// How many connections each client has.
#[derive(Debug)]
pub struct Addresses {
    counts: HashMap<ClientKey, usize>,
    exempt: Vec<IpNet>,
    most: usize,
}

/// An address has as many connections as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressFull;

impl Listener {
    pub fn accept(&self) -> Accepted {
        for _ in 0..DEAD_CLIENTS {
            match self.socket.accept() {
                Ok((socket, peer)) => return Accepted::Client(socket, peer),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Accepted::Nothing,
                    ErrorKind::Interrupted
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::ConnectionReset => {}
                    _ => return Accepted::Shortage,
                },
            }
        }
        Accepted::Shortage
    }
}

impl Addresses {
    pub fn new(exempt: Vec<IpNet>, most: usize) -> Self {
        Self {
            counts: HashMap::new(),
            exempt,
            most,
        }
    }

    /// Counts a new connection; `None` for loopback and trusted proxies, which are not counted.
    pub fn admit(&mut self, address: IpAddr) -> Result<Option<ClientKey>, AddressFull> {
        let address = address.to_canonical();
        if address.is_loopback() || self.exempt.iter().any(|net| net.contains(&address)) {
            return Ok(None);
        }
        let key = ClientKey::of(address);
        let count = self.counts.entry(key).or_default();
        if *count >= self.most {
            return Err(AddressFull);
        }
        *count += 1;
        Ok(Some(key))
    }

    pub fn release(&mut self, key: ClientKey) {
        if let Some(count) = self.counts.get_mut(&key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.counts.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_counted_whatever_its_spelling() {
        let mut addresses = Addresses::new(Vec::new(), 2);
        let first = addresses.admit(ip("203.0.113.7")).unwrap();
        addresses.admit(ip("::ffff:203.0.113.7")).unwrap();
        assert_eq!(addresses.admit(ip("203.0.113.7")), Err(AddressFull));
        assert!(addresses.admit(ip("203.0.113.8")).is_ok());
        addresses.release(first.unwrap());
        assert!(addresses.admit(ip("203.0.113.7")).is_ok());
    }

    #[test]
    fn a_walk_through_one_ipv6_site_counts_as_one_address() {
        let mut addresses = Addresses::new(Vec::new(), 2);
        assert!(addresses.admit(ip("2001:db8:0:1::1")).is_ok());
        assert!(addresses.admit(ip("2001:db8:0:1:ffff::2")).is_ok());
        assert_eq!(addresses.admit(ip("2001:db8:0:1::3")), Err(AddressFull));
        assert!(addresses.admit(ip("2001:db8:0:2::3")).is_ok());
    }

    #[test]
    fn loopback_and_trusted_proxies_are_not_counted() {
        let mut addresses = Addresses::new(vec!["10.0.0.0/8".parse().unwrap()], 0);
        for text in ["127.0.0.1", "::1", "::ffff:127.0.0.9", "10.1.2.3"] {
            assert_eq!(addresses.admit(ip(text)), Ok(None), "{text}");
        }
        assert_eq!(addresses.admit(ip("11.0.0.1")), Err(AddressFull));
    }

    #[test]
    fn released_addresses_leave_no_trace() {
        let mut addresses = Addresses::new(Vec::new(), 9);
        let key = addresses.admit(ip("203.0.113.7")).unwrap().unwrap();
        addresses.release(key);
        addresses.release(key);
        assert!(addresses.counts.is_empty());
    }
}
