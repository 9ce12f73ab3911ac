//! Work that nobody waits for: soon after the start, then once a day.
//!
//! All tenants are looked at ([`sweep`]), then packages that nobody uses are removed. Readiness does
//! not wait for any of it, and a round stops between two tenants when the process ends.

mod sweep;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::app::App;
use crate::error::{Error, Result};

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
    stop: Option<Sender<()>>,
    /// Closed when the thread ends.
    ended: Receiver<()>,
}

/// Whether the thread was told to end.
struct Stop(Receiver<()>);

impl Stop {
    /// Waits so long, or until it is told.
    fn told_within(&self, wait: Duration) -> bool {
        self.0.recv_timeout(wait) != Err(RecvTimeoutError::Timeout)
    }
}

impl Housekeeping {
    pub fn start(app: &Arc<App>) -> Result<Self> {
        let app = Arc::clone(app);
        let (stop, told) = channel();
        let (ending, ended) = channel();
        std::thread::Builder::new()
            .name("housekeeping".to_owned())
            .spawn(move || {
                let _closed_at_the_end: Sender<()> = ending;
                go_round(&app, &Stop(told));
            })
            .map_err(|error| Error::internal("cannot start the housekeeping thread", error))?;
        Ok(Self {
            stop: Some(stop),
            ended,
        })
    }

    /// Asks the thread to end and does not wait for it.
    pub fn ask_to_stop(&mut self) {
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

fn go_round(app: &App, stop: &Stop) {
    let (mut before_check, mut before_collection) = (FIRST_CHECK, FIRST_COLLECTION);
    loop {
        if stop.told_within(before_check) {
            return;
        }
        if let Err(error) = sweep::check_tenants(app, stop) {
            tracing::error!(%error, "tenants were not checked");
        }
        if stop.told_within(before_collection) {
            return;
        }
        if let Err(error) = app.lifecycle.collect_packages() {
            tracing::warn!(%error, "packages were not tidied");
        }
        (before_check, before_collection) = (EVERY, Duration::ZERO);
    }
}
