//! The one way out to a network.
