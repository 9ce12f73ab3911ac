//! What runs of hooks and routes came to, kept per installation for its Admins.
//!
//! A run costs its request one short lock: its record waits in memory ([`pending`]) until a thread of this
//! room writes it to a file of its own ([`file`]). These rows are evidence and no acknowledged state, so a
//! crash may cost the last second of them, and a file that is damaged is begun anew: no call waits for it
//! or fails by it. Refuses to know scripts' code, HTTP, and who may read.

mod explain;
mod file;
mod pending;
mod record;
mod streak;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::error::{Error, Result};
use crate::recent::Recent;
use crate::tenant::TenantId;
use file::RunsFile;
use pending::Pending;
pub use record::{Kind, Run};
use streak::Streaks;
pub use streak::Verdict;

/// Runs kept per installation, whatever came of them.
pub const MOST_RUNS: usize = 200;
/// Of those before them, the notable ones: failed, refused, ended by a limit, or slow.
pub const MOST_NOTABLE: usize = 100;

/// From the first run that waits to the write of all.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after writes that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(64);
/// A write that runs when the program stops gets this long.
const END: Duration = Duration::from_secs(2);
/// Removed installations that are remembered, as runs of them may still end.
const MOST_GONE: usize = 1024;

/// Whose run it was: an installation of a tenant. No tenant uses an id twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub tenant: TenantId,
    pub installation: i64,
}

/// One page of an installation's runs.
#[derive(Debug, Default, PartialEq)]
pub struct Page {
    /// JSON texts, the newest first.
    pub items: Vec<String>,
    pub total: usize,
}

/// What is asked for: which runs, and which part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub only_notable: bool,
    pub skip: usize,
    pub most: usize,
}

pub struct Runs {
    shared: Arc<Shared>,
    /// Closed when the thread has ended.
    ended: Mutex<Option<Receiver<()>>>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    woken: Condvar,
    /// Taken before `waiting`, and never while a call waits for it.
    file: Mutex<RunsFile>,
    streaks: Mutex<Streaks>,
    written: AtomicU64,
    failed_writes: AtomicU64,
}

struct Waiting {
    pending: Pending,
    gone: Recent<Place, ()>,
    is_stopping: bool,
}

/// Counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub written: u64,
    /// Records that there was no room for.
    pub lost: u64,
    pub failed_writes: u64,
}

impl Runs {
    /// The file is opened, or made, when there is something to write or to read.
    pub fn open(path: PathBuf) -> Result<Self> {
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Waiting {
                pending: Pending::default(),
                gone: Recent::new(MOST_GONE),
                is_stopping: false,
            }),
            woken: Condvar::new(),
            file: Mutex::new(RunsFile::new(path)),
            streaks: Mutex::default(),
            written: AtomicU64::new(0),
            failed_writes: AtomicU64::new(0),
        });
        let (ending, ended) = channel();
        let writer = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("runs".to_owned())
            .spawn(move || {
                let _closed_at_the_end: Sender<()> = ending;
                writer.write_until_stopped();
            })
            .map_err(|error| Error::internal("cannot start the thread that writes runs", error))?;
        Ok(Self {
            shared,
            ended: Mutex::new(Some(ended)),
        })
    }

    /// Keeps a run of an installation.
    pub fn keep(&self, place: &Place, run: Run) {
        let mut waiting = self.shared.waiting.lock();
        if waiting.gone.find(place).is_some() {
            return;
        }
        let was_empty = waiting.pending.is_empty();
        waiting.pending.add(place, run);
        drop(waiting);
        if was_empty {
            self.shared.woken.notify_one();
        }
    }

    /// What a route's run means for its plugin: the moment it has failed too often in a row is told once.
    pub fn judge(&self, place: &Place, run: &Run) -> Verdict {
        self.shared.streaks.lock().judge(place, run)
    }

    /// Counts from nothing again.
    pub fn forgive(&self, place: &Place) {
        self.shared.streaks.lock().forgive(place);
    }

    /// Those that a file cannot be asked for are left out: what waits in memory is always told.
    pub fn page(&self, place: &Place, wanted: Wanted) -> Page {
        self.shared.write();
        let mut file = self.shared.file.lock();
        let waiting = self
            .shared
            .waiting
            .lock()
            .pending
            .of(place, wanted.only_notable);
        let in_memory = waiting.len();
        let items = waiting.into_iter().skip(wanted.skip).take(wanted.most);
        let mut items: Vec<String> = items.collect();
        let rest = Wanted {
            skip: wanted.skip.saturating_sub(in_memory),
            most: wanted.most - items.len(),
            ..wanted
        };
        let in_file = file.page(place, rest).unwrap_or_else(|error| {
            tracing::warn!(%error, "the runs on disk cannot be read");
            Page::default()
        });
        items.extend(in_file.items);
        Page {
            items,
            total: in_memory + in_file.total,
        }
    }

    /// Forgets an installation that is removed, and runs of it that end later.
    pub fn forget(&self, place: &Place) {
        self.forgive(place);
        let mut file = self.shared.file.lock();
        let mut waiting = self.shared.waiting.lock();
        waiting.pending.forget(place);
        waiting.gone.keep(place.clone(), ());
        drop(waiting);
        if let Err(error) = file.forget(place) {
            tracing::warn!(tenant = %place.tenant, %error, "the runs of a removed plugin stay on disk");
        }
    }

    pub fn figures(&self) -> Figures {
        Figures {
            written: self.shared.written.load(Ordering::Relaxed),
            lost: self.shared.waiting.lock().pending.lost(),
            failed_writes: self.shared.failed_writes.load(Ordering::Relaxed),
        }
    }

    /// Writes what waits and ends the thread. Runs that end later are written by nobody.
    pub fn stop(&self) {
        self.shared.waiting.lock().is_stopping = true;
        self.shared.woken.notify_one();
        if let Some(ended) = self.ended.lock().take()
            && ended.recv_timeout(END) == Err(RecvTimeoutError::Timeout)
        {
            tracing::warn!("the write of the last runs was cut off");
        }
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn write_until_stopped(&self) {
        let mut pause = PAUSE;
        loop {
            let mut waiting = self.waiting.lock();
            while waiting.pending.is_empty() && !waiting.is_stopping {
                self.woken.wait(&mut waiting);
            }
            if !waiting.is_stopping {
                // More arrive meanwhile, and go together.
                let _told =
                    self.woken
                        .wait_while_for(&mut waiting, |waiting| !waiting.is_stopping, pause);
            }
            let is_stopping = waiting.is_stopping;
            drop(waiting);
            pause = if self.write() {
                PAUSE
            } else {
                (pause * 2).min(LONGEST_PAUSE)
            };
            if is_stopping {
                return;
            }
        }
    }

    /// Writes all that waits. What cannot be written goes on waiting, as far as there is room.
    fn write(&self) -> bool {
        let mut file = self.file.lock();
        let batch = self.waiting.lock().pending.take();
        if batch.is_empty() {
            return true;
        }
        match file.write(&batch) {
            Ok(()) => {
                self.written
                    .fetch_add(batch.len() as u64, Ordering::Relaxed);
                true
            }
            Err(error) => {
                self.failed_writes.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, runs = batch.len(), "runs cannot be written; the newest are kept in memory");
                self.waiting.lock().pending.put_back(batch);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
