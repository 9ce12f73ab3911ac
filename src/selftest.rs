//! The selftest: a corpus of hostile scripts, statements, addresses and return values, run on the operator's own machine.
//!
//! Seeds are data (`corpus`); wrappers multiply them to cases; a private instance of this very program runs them as routes
//! of plugins; the judge holds what was seen to what each seed allows. It knows the product from outside alone: what it
//! learns comes by HTTP, from the process table, and from canaries.

mod canaries;
mod case;
mod compile_bombs;
mod corpus;
pub mod instance;
mod judge;
mod memory;
mod plugins;
mod report;
mod run;
mod seed;
mod wrap;

pub use report::{Line, Report};
pub use run::run;

/// Every seed as it is, and every seed in a wrapper.
pub const USUAL_CASES: usize = 650;
