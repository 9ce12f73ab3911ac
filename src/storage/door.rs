//! The door between a plugin's SQL and a tenant's file. A statement passes four walls, each of which
//! stops what the others cannot see:
//!
//! 1. [`statement`] reads the tokens: one statement, of an allowed kind; names are brought to this
//!    tenant's schema. It sees what SQLite does not report: a clause that would end the host's transaction.
//!    A text in PostgreSQL's spelling is first said in SQLite's by `postgres`, and judged as what came out.
//! 2. [`catalogue`] says who owns which table and index. The creator owns a name.
//! 3. [`rule`] is SQLite's authorizer: allow-lists of actions, tables and functions.
//! 4. [`program`] reads the compiled program: the authorizer is not told of the tables that a FULL,
//!    NATURAL or USING join reads, but their root pages stand in the opcodes.
//!
//! The fifth is outside: whoever runs the statement checks that the transaction is still there.
//! Nothing here opens, commits or waits.

pub mod catalogue;
pub mod functions;
pub mod known;
mod names;
mod postgres;
pub mod program;
mod refusal;
mod rule;
pub mod statement;
mod tokens;

pub use names::{HOST_TABLES, pointer};
pub use program::Verdicts;
pub use refusal::Refusal;
pub use rule::{Reach, Rule};
