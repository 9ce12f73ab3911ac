//! The registry as it stands now: read from its source, kept, and marked with how fresh it is.
//!
//! The executable's own registry never changes, a folder's is read again when the file changed,
//! a remote one is renewed as `remote` says. Refuses to know about packages and pictures.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::manifest::{FILE_NAME, REGISTRY_BYTES, Registry};
use super::source::folder::{Folder, Stamp};
use super::source::{Files, Source, builtin};
use crate::clock;
use crate::error::{Error, Result};
use crate::outbound::Outbound;
use crate::package::path::PackagePath;
use crate::storage::Storage;
use remote::RemoteRegistry;

mod last_good;
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
    Folder(FolderRegistry),
    Remote(Arc<RemoteRegistry>),
}

impl Keeper {
    pub fn new(source: &Source, storage: Arc<Storage>, outbound: Arc<Outbound>) -> Self {
        match source {
            Source::Builtin => Self::Builtin(Mutex::new(None)),
            Source::Folder(root) => Self::Folder(FolderRegistry::new(root)),
            Source::Remote(url) => Self::Remote(Arc::new(RemoteRegistry::new(
                source, url, storage, outbound,
            ))),
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
            Self::Folder(folder) => folder.current(),
            Self::Remote(remote) => remote.current(),
        }
    }

    /// Asks the source now, whatever the time to live says.
    pub fn refresh(&self) -> Result<Snapshot> {
        match self {
            Self::Remote(remote) => remote.refresh(),
            Self::Builtin(_) | Self::Folder(_) => self.current(),
        }
    }

    /// Whether a file that is asked of the source now has a chance to arrive.
    pub fn is_reachable(&self) -> bool {
        match self {
            Self::Remote(remote) => remote.is_reachable(),
            Self::Builtin(_) | Self::Folder(_) => true,
        }
    }
}

pub(super) struct FolderRegistry {
    folder: Folder,
    read: Mutex<Option<(Stamp, Snapshot)>>,
    /// Held by the one who looks at the folder.
    looking: Mutex<()>,
}

impl FolderRegistry {
    fn new(root: &Path) -> Self {
        Self {
            folder: Folder::new(root),
            read: Mutex::new(None),
            looking: Mutex::new(()),
        }
    }

    /// The disk may be slow and a registry long, so nobody waits for a look who has a copy.
    fn current(&self) -> Result<Snapshot> {
        let copy = self.read.lock().clone();
        let _looking = match (self.looking.try_lock(), copy) {
            (Some(turn), _) => turn,
            (None, Some((_, snapshot))) => return Ok(snapshot),
            (None, None) => self.looking.lock(),
        };
        let known = self.read.lock().clone();
        match (self.look(known.as_ref().map(|(stamp, _)| *stamp)), known) {
            (Ok(Some((stamp, registry))), _) => {
                let snapshot = Snapshot {
                    registry,
                    state: State::Connected,
                    fetched_at: Some(clock::now()),
                    expired: false,
                };
                *self.read.lock() = Some((stamp, snapshot.clone()));
                Ok(snapshot)
            }
            (Ok(None), Some((_, snapshot))) => Ok(snapshot),
            (Err(error), Some((_, snapshot))) => Ok(snapshot.stale(error.to_string())),
            (Err(error), None) => Err(never_read(&error.to_string(), remote::BACK_OFF)),
            (Ok(None), None) => Err(never_read("nothing was read", remote::BACK_OFF)),
        }
    }

    /// `None` when the file is the one that was seen before.
    fn look(&self, seen: Option<Stamp>) -> Result<Option<(Stamp, Arc<Registry>)>> {
        // The stamp is taken before the file is read: a change in between is seen at the next look.
        let stamp = self.folder.stamp(&file_name()?)?;
        if seen == Some(stamp) {
            return Ok(None);
        }
        Ok(Some((stamp, read_registry(&self.folder)?)))
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

fn file_name() -> Result<PackagePath> {
    PackagePath::parse(FILE_NAME).map_err(Error::Internal)
}

fn read_registry(files: &dyn Files) -> Result<Arc<Registry>> {
    let patience = remote::FETCH_TIME;
    let bytes = files.read(&file_name()?, REGISTRY_BYTES as u64, patience)?;
    let bytes = bytes.ok_or_else(|| Error::Upstream(format!("There is no {FILE_NAME}")))?;
    let registry = Registry::parse(&bytes)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn write(folder: &tempfile::TempDir, text: &str) {
        fs::write(folder.path().join(FILE_NAME), text).unwrap();
    }

    fn keeper(folder: &tempfile::TempDir) -> FolderRegistry {
        FolderRegistry::new(folder.path())
    }

    #[test]
    fn a_folder_is_read_again_when_its_file_changed_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder, r#"{"version": "1", "plugins": []}"#);
        let keeper = keeper(&folder);
        let first = keeper.current().unwrap();
        assert!(Arc::ptr_eq(
            &first.registry,
            &keeper.current().unwrap().registry
        ));
        write(&folder, r#"{"version": "2.0", "plugins": []}"#);
        assert_eq!(keeper.current().unwrap().registry.version, "2.0");
    }

    #[test]
    fn a_folder_that_went_away_or_broke_leaves_the_last_good_registry_marked_stale() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder, r#"{"version": "1", "plugins": []}"#);
        let keeper = keeper(&folder);
        let good = keeper.current().unwrap();
        write(&folder, "{ half a file");
        let stale = keeper.current().unwrap();
        assert!(Arc::ptr_eq(&good.registry, &stale.registry));
        assert!(
            matches!(stale.state, State::Stale { fetched_at, .. } if Some(fetched_at) == good.fetched_at)
        );
        fs::remove_file(folder.path().join(FILE_NAME)).unwrap();
        assert!(matches!(
            keeper.current().unwrap().state,
            State::Stale { .. }
        ));
        write(&folder, r#"{"version": "2", "plugins": []}"#);
        let again = keeper.current().unwrap();
        assert_eq!(
            (again.state, again.registry.version.as_str()),
            (State::Connected, "2")
        );
    }

    #[test]
    fn while_one_looks_at_the_folder_the_others_are_answered_from_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder, r#"{"version": "1", "plugins": []}"#);
        let keeper = keeper(&folder);
        keeper.current().unwrap();
        write(&folder, r#"{"version": "2.0", "plugins": []}"#);
        let looking = keeper.looking.lock();
        assert_eq!(keeper.current().unwrap().registry.version, "1");
        drop(looking);
        assert_eq!(keeper.current().unwrap().registry.version, "2.0");
    }

    #[test]
    fn a_folder_that_never_was_is_an_error_that_passes() {
        let keeper = FolderRegistry::new(Path::new("/no/such/folder"));
        assert!(matches!(keeper.current(), Err(Error::Busy { .. })));
    }
}
