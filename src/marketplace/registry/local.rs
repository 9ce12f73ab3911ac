//! The registry of a source on this machine: read again when the source changed, and only then.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Snapshot, State, never_read, read_registry, remote};
use crate::clock;
use crate::error::Result;
use crate::marketplace::manifest::Registry;
use crate::marketplace::source::Local;
use crate::marketplace::source::stamp::Stamp;

pub struct LocalRegistry {
    source: Arc<dyn Local>,
    read: Mutex<Option<(Stamp, Snapshot)>>,
    /// Held by the one who looks at the source.
    looking: Mutex<()>,
}

impl LocalRegistry {
    pub fn new(source: Arc<dyn Local>) -> Self {
        Self {
            source,
            read: Mutex::new(None),
            looking: Mutex::new(()),
        }
    }

    /// The disk may be slow and a registry long, so nobody waits for a look who has a copy.
    pub fn current(&self) -> Result<Snapshot> {
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
        let stamp = self.source.stamp()?;
        if seen == Some(stamp) {
            return Ok(None);
        }
        Ok(Some((stamp, read_registry(&*self.source)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::marketplace::manifest::FILE_NAME;
    use crate::marketplace::source::folder::Folder;
    use std::fs;
    use std::path::Path;

    fn write(folder: &tempfile::TempDir, text: &str) {
        fs::write(folder.path().join(FILE_NAME), text).unwrap();
    }

    fn keeper(folder: &tempfile::TempDir) -> LocalRegistry {
        LocalRegistry::new(Arc::new(Folder::new(folder.path())))
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
        let keeper = LocalRegistry::new(Arc::new(Folder::new(Path::new("/no/such/folder"))));
        assert!(matches!(keeper.current(), Err(Error::Busy { .. })));
    }
}
