//! Work that nobody waits for: once after the start, then once a day.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::app::App;
use crate::error::{Error, Result};

/// The start has better things to do.
const FIRST: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(24 * 3600);

/// Dropping it ends the thread; a round that runs is finished first.
pub struct Housekeeping {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeping {
    pub fn start(app: &Arc<App>) -> Result<Self> {
        let app = Arc::clone(app);
        let (stop, stopped) = channel::<()>();
        let thread = std::thread::Builder::new()
            .name("housekeeping".to_owned())
            .spawn(move || {
                let mut wait = FIRST;
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(wait) {
                    wait = EVERY;
                    if let Err(error) = app.lifecycle.collect_packages() {
                        tracing::warn!(%error, "packages were not tidied");
                    }
                }
            })
            .map_err(|error| Error::internal("cannot start the housekeeping thread", error))?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
