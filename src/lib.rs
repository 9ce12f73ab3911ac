//! Souk: a plugin marketplace appliance in one executable.
//!
//! The rooms, in reading order. Arrows point down: `http` calls the services, services call
//! `storage`, `package` and `script`; nothing below calls up.
//!
//! - [`cli`], [`config`], [`app`]: how the program starts and what it holds while it runs.
//! - [`http`]: sockets, routes, sign-in, replies. Knows no SQL.
//! - [`lifecycle`], [`marketplace`], [`organization`], [`user`]: the services.
//! - [`script`]: compiled plugins and the host functions they may call.
//! - [`storage`], [`package`], [`outbound`]: files, databases and the one way out to a network.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout
    )
)]

pub mod cli;
pub mod config;

pub mod app;
pub mod demo;
pub mod housekeeping;
pub mod logging;
pub mod metrics;
pub mod offline;
pub mod readiness;
pub mod selftest;
pub mod tenant_health;

pub mod http;

pub mod first_run;
pub mod governance;
pub mod key_rotation;
pub mod lifecycle;
pub mod marketplace;
pub mod organization;
pub mod rate_limit;
pub mod runs;
pub mod session;
pub mod sign_in;
pub mod user;

pub mod configuration;
pub mod configuration_schema;
pub mod installation;
pub mod password;
pub mod permission;
pub mod plugin_secret;
pub mod secret;

pub mod outbound;
pub mod package;
pub mod script;
pub mod storage;

#[cfg(feature = "fuzzing")]
pub mod fuzzing;

pub mod client_key;
pub mod clock;
pub mod data_dir;
pub mod descriptors;
pub mod digest;
pub mod durable;
pub mod error;
pub mod hex;
pub mod keyed_lock;
pub mod plugin_key;
pub mod plugin_settings;
pub mod random;
pub mod recent;
pub mod redaction;
pub mod tenant;
pub mod value;
