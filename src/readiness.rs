//! Whether the appliance can do its work: database, packages, disk, each asked by its owner.
//!
//! Anyone may ask, and asking writes to the disk, so an answer holds for two seconds.
//! Knows no tenant: one that cannot be read does not stop the others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::Result;
use crate::package::store::PackageStore;
use crate::storage::Storage;

/// How long an answer holds.
pub const HOLDS: Duration = Duration::from_secs(2);

pub struct Readiness {
    storage: Arc<Storage>,
    packages: Arc<PackageStore>,
    /// Held while checking: of many who ask at once, one checks.
    last: Mutex<Option<(Instant, Report)>>,
}

/// What was found; `true` is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    pub database: bool,
    pub packages: bool,
    pub disk: bool,
}

impl Readiness {
    pub fn new(storage: Arc<Storage>, packages: Arc<PackageStore>) -> Self {
        Self {
            storage,
            packages,
            last: Mutex::new(None),
        }
    }

    pub fn report(&self) -> Report {
        let mut last = self.last.lock();
        if let Some((at, report)) = *last
            && at.elapsed() < HOLDS
        {
            return report;
        }
        let report = Report {
            database: is_good("database", self.storage.ready()),
            packages: is_good("packages", self.packages.ready()),
            disk: is_good("disk", self.storage.disk()),
        };
        *last = Some((Instant::now(), report));
        report
    }
}

impl Report {
    pub fn is_ready(&self) -> bool {
        self.database && self.packages && self.disk
    }
}

fn is_good(check: &str, outcome: Result<()>) -> bool {
    if let Err(error) = &outcome {
        tracing::error!(check, %error, "not ready");
    }
    outcome.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::DataDir;
    use crate::storage::StorageOptions;

    #[test]
    fn each_check_stands_alone_and_an_answer_holds_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let data = Arc::new(DataDir::open(folder.path()).unwrap());
        let storage = Arc::new(Storage::open(&data, &StorageOptions::default()).unwrap());
        let packages = Arc::new(PackageStore::new(&data));
        let readiness = || Readiness::new(Arc::clone(&storage), Arc::clone(&packages));
        let asked_before = readiness();
        assert!(asked_before.report().is_ready());

        std::fs::remove_dir(data.staging()).unwrap();
        assert!(asked_before.report().is_ready());
        assert_eq!(
            readiness().report(),
            Report {
                database: true,
                packages: false,
                disk: true
            }
        );
    }
}
