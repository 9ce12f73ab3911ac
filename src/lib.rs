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

pub mod error;
pub mod value;

pub mod plugin_key;
pub mod tenant;

pub mod marketplace;

pub mod configuration_schema;
pub mod package;

pub mod outbound;
pub mod script;
pub mod storage;

pub mod demo;

pub mod data_dir;
