//! Where a request came from, in one header of the edge's own: all that the application may believe
//! about its client. One header and not three, because tiny_http reads heads byte by byte.

use std::net::SocketAddr;

use super::fields::push_header;

/// `connection listener ip:port`. A client's own copy never travels on.
pub const ORIGIN_HEADER: &str = "x-edge-origin";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The number of the client's connection, of which no two are alike in the life of an edge.
    pub connection: u64,
    /// The name of the listener that accepted it.
    pub listener: &'a str,
    /// The client, or the proxy in front of it.
    pub peer: SocketAddr,
}

impl<'a> Origin<'a> {
    pub fn write(&self, out: &mut Vec<u8>) {
        push_header(out, ORIGIN_HEADER, self.to_string().as_bytes());
    }

    /// Reads the header's value; `None` for what no edge has written.
    pub fn read(value: &'a str) -> Option<Self> {
        let mut parts = value.split(' ');
        let (connection, listener, peer, None) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next())
        else {
            return None;
        };
        Some(Self {
            connection: connection.parse().ok()?,
            listener,
            peer: peer.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Origin<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {} {}", self.connection, self.listener, self.peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_as_it_was_written() {
        for peer in ["127.0.0.1:5000", "[2001:db8::1]:1"] {
            let origin = Origin {
                connection: u64::MAX,
                listener: "app",
                peer: peer.parse().unwrap(),
            };
            assert_eq!(Origin::read(&origin.to_string()), Some(origin));
        }
        for text in [
            "",
            "1 app",
            "1 app 127.0.0.1",
            "x app 127.0.0.1:1",
            "1 app 127.0.0.1:1 x",
        ] {
            assert_eq!(Origin::read(text), None, "{text}");
        }
    }
}
