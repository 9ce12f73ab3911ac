//! The registry as it stands now: read from its source, kept, and marked with how fresh it is.
//!
//! The executable's own registry never changes, one of this machine is read again when it changed
//! (see `local`), a remote one is renewed as `remote` says. Refuses to know about packages and pictures.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::manifest::Registry;
use super::source::{Files, Local, Source, builtin};
use crate::error::{Error, Result};
use crate::outbound::Outbound;
use crate::storage::Storage;
use local::LocalRegistry;
use remote::RemoteRegistry;

mod last_good;
mod local;
pub mod remote;

/// A registry, and what is known of its freshness. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub registry: Arc<Registry>,
    pub state: State,
    /// When this registry came from its source; `None` for the builtin one.
    pub fetched_at: Option<Timestamp>,
    /// A remote copy that is past its time to live.
    pub expired: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Connected,
    /// The source cannot be reached now; this is the last good copy.
    Stale {
        fetched_at: Timestamp,
        reason: String,
    },
}

pub(super) enum Keeper {
    Builtin(Mutex<Option<Snapshot>>),
    Local(LocalRegistry),
    Remote(Arc<RemoteRegistry>),
}

impl Keeper {
    pub fn new(
        source: &Source,
        local: Option<Arc<dyn Local>>,
        storage: Arc<Storage>,
        outbound: Arc<Outbound>,
    ) -> Self {
        match (source, local) {
            (Source::Remote(url), _) => Self::Remote(Arc::new(RemoteRegistry::new(
                source, url, storage, outbound,
            ))),
            (_, Some(local)) => Self::Local(LocalRegistry::new(local)),
            (_, None) => Self::Builtin(Mutex::new(None)),
        }
    }

    pub fn current(&self) -> Result<Snapshot> {
        match self {
            Self::Builtin(read) => {
                let mut read = read.lock();
                if let Some(snapshot) = &*read {
                    return Ok(snapshot.clone());
                }
                let snapshot = Snapshot {
                    registry: read_registry(&builtin::Builtin)?,
                    state: State::Connected,
                    fetched_at: None,
                    expired: false,
                };
                Ok(read.insert(snapshot).clone())
            }
            Self::Local(local) => local.current(),
            Self::Remote(remote) => remote.current(),
        }
    }

    /// Asks the source now, whatever the time to live says.
    pub fn refresh(&self) -> Result<Snapshot> {
        match self {
            Self::Remote(remote) => remote.refresh(),
            Self::Builtin(_) | Self::Local(_) => self.current(),
        }
    }

    /// Whether a file that is asked of the source now has a chance to arrive.
    pub fn is_reachable(&self) -> bool {
        match self {
            Self::Remote(remote) => remote.is_reachable(),
            Self::Builtin(_) | Self::Local(_) => true,
        }
    }
}

impl Snapshot {
    pub(super) fn stale(mut self, reason: String) -> Self {
        self.state = State::Stale {
            fetched_at: self.fetched_at.unwrap_or_default(),
            reason,
        };
        self
    }
}

pub(super) fn read_registry(files: &dyn Files) -> Result<Arc<Registry>> {
    let registry = Registry::parse(&files.registry()?)?;
    report(&registry);
    Ok(Arc::new(registry))
}

/// The operator reads in the log what an author got wrong.
fn report(registry: &Registry) {
    for problem in &registry.problems {
        tracing::warn!("[Marketplace] {problem}");
    }
    for listing in &registry.listings {
        for warning in &listing.warnings {
            tracing::debug!("[Marketplace] plugin '{}': {warning}", listing.key);
        }
    }
}

fn never_read(reason: &str, retry_after: Duration) -> Error {
    Error::Busy {
        message: format!("The marketplace cannot be reached and no copy of it is kept: {reason}"),
        retry_after,
    }
}
