//! Sockets, routes, sign-in and replies. Knows no SQL.

pub mod edge;
pub mod listening;
pub mod running;

pub mod dispatch;
pub mod exchange;
pub mod routes;
pub mod server;

pub mod api;
pub mod auth;
pub mod reply;
pub mod request;

mod assets;

mod finish;
mod json;
mod page;
mod paging;
mod respond;
mod slow_lane;
