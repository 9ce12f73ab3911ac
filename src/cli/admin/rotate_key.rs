//! `souk admin rotate-key`: a new key for stored secrets.
//!
//! It works on a stopped server, like every verb that writes. A server could be told to do it while it
//! runs, but would have to replace its own key file and signing keys under requests; a rotation that is
//! cut off costs nothing, so the work can also be spread over several short stops.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use crate::cli::Output;
use crate::config::SecretKeyPlace;
use crate::error::Result;
use crate::key_rotation;
use crate::offline::Offline;
use crate::organization;
use crate::session::Rotation;

/// How often a person is told how far it is.
const TELL: Duration = Duration::from_secs(1);

pub const EXAMPLES: &str = "Examples:
  souk admin rotate-key
  souk admin rotate-key --keep-sessions";

#[derive(Args)]
pub struct RotateKey {
    /// Keep the keys that sign sessions: nobody has to sign in again, and whoever has read them can still sign
    #[arg(long)]
    keep_sessions: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl RotateKey {
    pub fn run(&self, offline: &Offline, place: &SecretKeyPlace) -> Result<()> {
        let sessions = if self.keep_sessions {
            Rotation::KeepSessions
        } else {
            Rotation::EndSessions
        };
        let all = offline.storage.control(organization::count)?;
        let mut told = Instant::now();
        let rotated = key_rotation::rotate(&offline.storage, place, sessions, &mut |done| {
            if told.elapsed() >= TELL {
                told = Instant::now();
                tell(done, all);
            }
        })?;
        let text = format!(
            "{} configurations of {} tenants and {} signing keys are under a new key; the old one opens nothing any more{}",
            rotated.configurations,
            rotated.tenants,
            rotated.signing_keys,
            if self.keep_sessions {
                ""
            } else {
                ". Everyone signs in again"
            }
        );
        let value = json!({
            "tenants": rotated.tenants,
            "configurations": rotated.configurations,
            "signingKeys": rotated.signing_keys,
            "resumed": rotated.resumed,
        });
        Output { json: self.json }.one(&value, &text)
    }
}

fn tell(done: u64, all: i64) {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        let _closed = writeln!(out, "{done} of {all} tenants");
    }
}
