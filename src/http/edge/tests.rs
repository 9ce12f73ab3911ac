//! The edge over real sockets, in front of a real tiny_http.

mod abuse;
mod exchange;
pub mod framing_cases;
mod harness;
mod loopback;
mod upstream_loss;
