//! Sockets, routes, sign-in and replies. Knows no SQL.

pub mod edge;
