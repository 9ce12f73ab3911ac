//! The appliance from outside: HTTP against the built program, files shaped like the URL tree.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod support;

mod api_users;
mod architecture;
mod bulkhead;
mod canaries;
mod command_line;
mod core_data;
mod crash;
mod demo;
mod edge;
mod health;
mod installations;
mod key_rotation;
mod large_marketplace;
mod limits;
mod manuals;
mod marketplace;
mod matrix;
mod memory;
mod mirror;
mod mlflow;
mod mlflow_real;
mod mlflow_recorded;
mod model_inventory;
mod notes;
mod offline;
mod pages;
mod permissions;
mod plugin_routes;
mod quick_routes;
mod rebinding;
mod references;
mod reply_tricks;
mod runs;
mod sandbox;
mod shell;
mod source_code;
mod statistics;
mod tenants;
mod tenants_at_rest;
mod tenants_background;
mod withheld;
