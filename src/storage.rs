//! Databases.
pub mod plugin_db;
