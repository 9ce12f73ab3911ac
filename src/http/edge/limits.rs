//! Every limit of the edge, with its default, and how many sockets the process can afford.
//! Nothing here knows a connection or a request.

use std::time::Duration;

const KB: usize = 1024;
const MB: u64 = 1024 * 1024;

/// Longest request head, from the method to the empty line.
pub const HEAD_BYTES: usize = 16 * KB;
/// Most header lines in one head.
pub const HEADERS: usize = 100;
/// Longest request target.
pub const TARGET_BYTES: usize = 8 * KB;
/// Longest method name.
pub const METHOD_BYTES: usize = 24;
/// Most header names that one `Connection` header may list.
pub const CONNECTION_NAMES: usize = 16;
/// Chunk extensions and trailers of one body, together.
pub const CHUNK_EXTRA_BYTES: usize = 4 * KB;
/// Longest reply head that we take from upstream.
pub const REPLY_HEAD_BYTES: usize = 64 * KB;
/// Most header lines in a reply.
pub const REPLY_HEADERS: usize = 128;

/// How much one read or one refill of a write moves.
pub const READ_BYTES: usize = 64 * KB;
/// How much of a reply is looked at before any of it is taken out of its socket. Larger ones are copied
/// that much twice, and cost so much more elsewhere that the look gains nothing.
pub const LOOK_BYTES: usize = 8 * KB;
/// How much a connection without a body in progress may read ahead.
pub const HEAD_READ_BYTES: usize = 8 * KB;
/// How many reads or writes one connection gets before the others have their turn.
pub const TURNS: usize = 8;
/// How many connections one listener accepts before the others have their turn.
pub const ACCEPT_TURNS: usize = 64;
/// A buffer that grew beyond this is given back when its request is over.
pub const KEPT_BUFFER_BYTES: usize = 16 * KB;

/// Pause of a listener that met a descriptor or memory shortage.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Deadlines are looked at no more often than this.
pub const SCAN_INTERVAL: Duration = Duration::from_millis(20);
/// Connections beyond the cap that may wait for their 503 to arrive.
pub const REFUSALS_IN_FLIGHT: usize = 16;
/// Fewest connections that the edge insists on, however few descriptors there are.
const FEWEST_CONNECTIONS: usize = 8;
/// Descriptors for everything that is not an edge connection: databases, logs, spilled bodies.
const RESERVED_DESCRIPTORS: usize = 48;
/// An upstream connection costs one descriptor here and two inside tiny_http.
const DESCRIPTORS_PER_UPSTREAM: usize = 3;

/// The limits that an operator or a test may set.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most client connections at once, before the descriptor limit is looked at.
    pub connections: usize,
    /// Most connections from one address; an IPv6 address counts by its /64.
    pub connections_per_address: usize,
    /// Persistent connections to tiny_http, and so the most requests in flight.
    pub upstreams: usize,
    /// From the first byte of a head (or the accept) to its empty line.
    pub head_time: Duration,
    /// A body must bring `body_pace_bytes` in each window of this length.
    pub body_pace_time: Duration,
    pub body_pace_bytes: u64,
    /// Longest time without progress while a reply is written.
    pub write_stall: Duration,
    /// How long a connection may wait between two requests.
    pub idle: Duration,
    /// How long a complete request may wait for an upstream connection.
    pub queue_time: Duration,
    /// How long upstream may take for its reply. The server's own clocks end earlier.
    pub reply_time: Duration,
    /// How long a probe may take before its upstream connection is opened anew.
    pub probe_time: Duration,
    /// After a closing answer: how long and how much we still read, so that the answer arrives.
    pub drain_time: Duration,
    pub drain_bytes: u64,
    /// Largest body when `Content-Type` is JSON or missing.
    pub json_body: u64,
    /// Largest body of any other type.
    pub other_body: u64,
    /// A request body beyond this goes to a temporary file.
    pub body_memory: usize,
    /// A reply beyond this goes to a temporary file.
    pub reply_memory: usize,
    /// Largest reply that we take from upstream.
    pub reply_body: u64,
    /// What all temporary files together may hold.
    pub spill_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: 128,
            upstreams: 32,
            head_time: Duration::from_secs(10),
            body_pace_time: Duration::from_secs(10),
            body_pace_bytes: 10 * 1024,
            write_stall: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            queue_time: Duration::from_secs(30),
            reply_time: Duration::from_secs(300),
            probe_time: Duration::from_secs(5),
            drain_time: Duration::from_secs(2),
            drain_bytes: 16 * MB,
            json_body: 10 * MB,
            other_body: 30 * MB,
            body_memory: 64 * KB,
            reply_memory: 1024 * KB,
            reply_body: 1024 * MB,
            spill_bytes: 2048 * MB,
        }
    }
}

/// How many of the upstream connections that are wanted the descriptor limit affords.
pub fn affordable_upstreams(wanted: usize, descriptors: usize) -> usize {
    wanted.min(descriptors / 16).max(1)
}

impl Limits {
    /// The same limits, lowered to what the process's descriptor limit affords.
    pub(super) fn within_descriptors(mut self, descriptors: usize) -> Self {
        self.upstreams = affordable_upstreams(self.upstreams, descriptors);
        let reserve = self.upstreams * DESCRIPTORS_PER_UPSTREAM
            + RESERVED_DESCRIPTORS.max(descriptors / 4)
            + REFUSALS_IN_FLIGHT;
        self.connections = self
            .connections
            .min(descriptors.saturating_sub(reserve))
            .max(FEWEST_CONNECTIONS);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_the_rest_of_the_process() {
        for (descriptors, connections, upstreams) in [
            (usize::MAX, 1024, 32),
            (20_000, 1024, 32),
            (1024, 656, 32),
            (128, 40, 8),
            (64, FEWEST_CONNECTIONS, 4),
            (0, FEWEST_CONNECTIONS, 1),
        ] {
            let limits = Limits::default().within_descriptors(descriptors);
            assert_eq!(
                (limits.connections, limits.upstreams),
                (connections, upstreams),
                "{descriptors} descriptors"
            );
        }
    }
}
