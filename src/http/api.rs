//! Handlers: parse what came, call one service function, reply. One file per resource.

pub mod docs;
pub mod governance;
pub mod health;
pub mod installations;
pub mod marketplace;
pub mod metrics;
mod plugin_reply;
pub mod plugin_routes;
pub mod runs;
pub mod setup;
pub mod ui;
pub mod users;
