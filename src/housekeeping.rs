//! Work that nobody waits for: soon after the start, then once a day.
//!
//! Each tenant's file is opened (which migrates an old one) and held against its catalogue, then
//! packages that nobody uses are removed. A round asks between tenants whether it should stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::app::App;
use crate::error::{Error, Result};
use crate::metrics::TenantCheck;
use crate::organization;
use crate::tenant::TenantId;

/// The first requests after a start go first.
const FIRST_CHECK: Duration = Duration::from_secs(5);
/// Collecting holds up installs for a moment, so it waits until the start is long over.
const FIRST_COLLECTION: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(24 * 3600);

/// A step that runs gets this long at the end. One that goes on is left behind: both kinds of work
/// may be cut off anywhere.
const END: Duration = Duration::from_secs(2);

/// Dropping it ends the thread.
pub struct Housekeeping {
    stopping: Arc<AtomicBool>,
    stop: Option<Sender<()>>,
    /// Closed when the thread ends.
    ended: Receiver<()>,
}

impl Housekeeping {
    pub fn start(app: &Arc<App>) -> Result<Self> {
        let app = Arc::clone(app);
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = channel();
        let (ending, ended) = channel();
        let asked_to_stop = Arc::clone(&stopping);
        std::thread::Builder::new()
            .name("housekeeping".to_owned())
            .spawn(move || {
                let _closed_at_the_end: Sender<()> = ending;
                go_round(&app, &stopped, &asked_to_stop);
            })
            .map_err(|error| Error::internal("cannot start the housekeeping thread", error))?;
        Ok(Self {
            stopping,
            stop: Some(stop),
            ended,
        })
    }

    /// Asks the thread to end and does not wait for it.
    pub fn ask_to_stop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        drop(self.stop.take());
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.ask_to_stop();
        if self.ended.recv_timeout(END) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("housekeeping was cut off");
        }
    }
}

fn go_round(app: &App, stopped: &Receiver<()>, stopping: &AtomicBool) {
    let told_to_stop = |wait| stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
    let (mut before_check, mut before_collection) = (FIRST_CHECK, FIRST_COLLECTION);
    loop {
        if told_to_stop(before_check) {
            return;
        }
        if let Err(error) = check_tenants(app, stopping) {
            tracing::error!(%error, "tenants were not checked");
        }
        if told_to_stop(before_collection) {
            return;
        }
        if let Err(error) = app.lifecycle.collect_packages() {
            tracing::warn!(%error, "packages were not tidied");
        }
        (before_check, before_collection) = (EVERY, Duration::ZERO);
    }
}

/// One tenant that cannot be read is logged and does not keep the others from being checked.
fn check_tenants(app: &App, stopping: &AtomicBool) -> Result<()> {
    let mut orphans = 0;
    for one in app.storage.control(organization::list)? {
        if stopping.load(Ordering::Relaxed) {
            return Ok(());
        }
        orphans += check(app, &one.tenant_id);
    }
    app.metrics.orphans_found(orphans);
    Ok(())
}

/// The number of orphans. None is ever there unless there is a bug; none is removed, as it may hold data.
fn check(app: &App, tenant: &TenantId) -> usize {
    let found = match app.storage.check_tenant(tenant) {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%tenant, %error, "a tenant could not be checked");
            app.metrics.tenant_checked(TenantCheck::Failed);
            return 0;
        }
    };
    for name in &found.orphans {
        tracing::error!(%tenant, name, "a table or index of a tenant belongs to no plugin");
    }
    for name in &found.missing {
        tracing::error!(%tenant, name, "a table or index that a plugin owns is not there");
    }
    let whole = found.orphans.is_empty() && found.missing.is_empty();
    app.metrics.tenant_checked(if whole {
        TenantCheck::Whole
    } else {
        TenantCheck::Faulty
    });
    found.orphans.len()
}
