//! A registry behind a URL, renewed with conditional requests.
//!
//! One request at a time asks the source, on a thread of its own; everyone else is answered from
//! the copy at hand, or waits for that one request no longer than a bound. A failure is remembered
//! for a while, so that a source that is down costs one attempt a minute and not one per page.
//! The last good copy is kept in the control database and shown as stale when it cannot be renewed.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use parking_lot::{Condvar, Mutex};
use url::Url;

use super::last_good::{self, LastGood};
use super::{Snapshot, State, never_read, report};
use crate::clock;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::marketplace::manifest::{REGISTRY_BYTES, Registry};
use crate::marketplace::source::{Source, remote};
use crate::outbound::{Outbound, OutboundError, OutboundResponse};
use crate::storage::Storage;

/// How long a copy is taken for current without asking.
pub const TIME_TO_LIVE: SignedDuration = SignedDuration::from_hours(5 * 24);
/// The whole of one attempt to fetch the registry.
pub const FETCH_TIME: Duration = Duration::from_secs(15);
/// After a failed attempt the source is left alone for this long.
pub const BACK_OFF: Duration = Duration::from_mins(1);
/// How long a reader waits for news when there is a copy to show instead.
const WAIT_WITH_COPY: Duration = Duration::from_secs(2);
/// How long one waits who has nothing to show; the attempt goes on behind it.
const WAIT_WITHOUT_COPY: Duration = Duration::from_secs(5);
/// How long one waits who asked for the renewal. An attempt may be a moment late in giving up.
const WAIT_FOR_REFRESH: Duration = Duration::from_secs(17);
/// A validator longer than this is not one that a server should get back.
const LONGEST_VALIDATOR: usize = 1024;

pub struct RemoteRegistry {
    url: Url,
    /// The source's name in the cache table.
    name: String,
    storage: Arc<Storage>,
    outbound: Arc<Outbound>,
    held: Mutex<Held>,
    /// Held by the one who reads the kept copy.
    loading: Mutex<()>,
    attempt_ended: Condvar,
}

#[derive(Default)]
struct Held {
    loaded: bool,
    copy: Option<Copy>,
    failure: Option<Failure>,
    asking: bool,
}

#[derive(Clone)]
struct Copy {
    registry: Arc<Registry>,
    etag: Option<String>,
    last_modified: Option<String>,
    fetched_at: Timestamp,
    checked_at: Timestamp,
}

struct Failure {
    at: Instant,
    reason: String,
}

enum Answer {
    Unchanged,
    New(Copy),
}

impl RemoteRegistry {
    pub fn new(source: &Source, url: &Url, storage: Arc<Storage>, outbound: Arc<Outbound>) -> Self {
        let digest = Digest::of(url.as_str().as_bytes());
        Self {
            url: url.clone(),
            // The digest tells apart two addresses that differ in a query, which is not written down.
            name: url
                .query()
                .map_or_else(|| source.to_string(), |_| format!("{source} {digest}")),
            storage,
            outbound,
            held: Mutex::default(),
            loading: Mutex::new(()),
            attempt_ended: Condvar::new(),
        }
    }

    pub fn current(self: &Arc<Self>) -> Result<Snapshot> {
        self.load();
        let mut held = self.held.lock();
        if !self.is_closed(&mut held) && held.must_ask() {
            let ours = self.ask(&mut held);
            let patience = match (&held.copy, ours) {
                (None, _) => WAIT_WITHOUT_COPY,
                (Some(_), true) => WAIT_WITH_COPY,
                // One reader waiting for news is enough.
                (Some(_), false) => Duration::ZERO,
            };
            self.attempt_ended
                .wait_while_for(&mut held, |held| held.asking, patience);
        }
        held.snapshot()
    }

    /// Asks now, and waits for the answer.
    pub fn refresh(self: &Arc<Self>) -> Result<Snapshot> {
        self.load();
        let mut held = self.held.lock();
        if !self.is_closed(&mut held) {
            self.ask(&mut held);
            self.attempt_ended
                .wait_while_for(&mut held, |held| held.asking, WAIT_FOR_REFRESH);
        }
        held.snapshot()
    }

    /// Whether the operator has closed the way out: then no attempt is made, and that is the reason to show.
    fn is_closed(&self, held: &mut Held) -> bool {
        let closed = self.outbound.is_offline();
        if closed {
            held.fail(OutboundError::Offline.to_string());
        }
        closed
    }

    pub fn is_reachable(&self) -> bool {
        !self.outbound.is_offline() && self.held.lock().failure.is_none()
    }

    /// Once per process. A copy that cannot be read is as good as none: the source is asked.
    fn load(&self) {
        if self.held.lock().is_loaded() {
            return;
        }
        let _loading = self.loading.lock();
        if self.held.lock().is_loaded() {
            return;
        }
        let loaded = last_good::load(&self.storage, &self.name).and_then(|row| {
            row.map(|row| Ok((Registry::parse(&row.body)?, row)))
                .transpose()
        });
        let mut held = self.held.lock();
        // A busy database may answer the next time.
        held.loaded = !matches!(loaded, Err(Error::Busy { .. }));
        match loaded {
            // An attempt that ended meanwhile brought a newer one.
            Ok(row) if held.copy.is_none() => {
                held.copy = row.map(|(registry, row)| Copy {
                    registry: Arc::new(registry),
                    etag: row.etag,
                    last_modified: row.last_modified,
                    fetched_at: row.fetched_at,
                    checked_at: row.checked_at,
                });
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(
                "[Marketplace] the kept copy of {} cannot be used: {error}",
                self.name
            ),
        }
    }

    /// Starts an attempt unless one is under way; says whether it did.
    fn ask(self: &Arc<Self>, held: &mut Held) -> bool {
        if held.asking {
            return false;
        }
        held.asking = true;
        let (registry, known) = (Arc::clone(self), held.copy.clone());
        // The attempt is made inside the thread: its end takes the lock that is held here.
        let begun = thread::Builder::new()
            .name("marketplace".to_owned())
            .spawn(move || Attempt { registry, known }.run());
        if let Err(error) = begun {
            held.asking = false;
            held.fail(format!("no thread could be started: {error}"));
        }
        true
    }
}

impl Held {
    fn is_loaded(&self) -> bool {
        self.loaded || self.copy.is_some()
    }

    fn must_ask(&self) -> bool {
        match (&self.failure, &self.copy) {
            (Some(failure), _) => failure.at.elapsed() >= BACK_OFF,
            (None, Some(copy)) => copy.is_expired(),
            (None, None) => true,
        }
    }

    fn fail(&mut self, reason: String) {
        self.failure = Some(Failure {
            at: Instant::now(),
            reason,
        });
    }

    fn snapshot(&self) -> Result<Snapshot> {
        let reason = self.failure.as_ref().map(|failure| failure.reason.clone());
        let Some(copy) = &self.copy else {
            return Err(match reason {
                Some(reason) => never_read(&reason, BACK_OFF),
                None => never_read("it has not answered yet", WAIT_WITHOUT_COPY),
            });
        };
        let expired = copy.is_expired();
        let snapshot = Snapshot {
            registry: Arc::clone(&copy.registry),
            state: State::Connected,
            fetched_at: Some(copy.fetched_at),
            expired,
        };
        let slow =
            expired.then(|| "it is past its time and the source has not answered yet".to_owned());
        Ok(match reason.or(slow) {
            Some(reason) => snapshot.stale(reason),
            None => snapshot,
        })
    }
}

impl Copy {
    /// A copy from the future, after the clock was set back, is not trusted to be fresh.
    fn is_expired(&self) -> bool {
        let age = clock::now().duration_since(self.checked_at);
        age > TIME_TO_LIVE || age < -SignedDuration::from_mins(1)
    }
}

/// One attempt. However it ends, by a panic too, those who wait are woken.
struct Attempt {
    registry: Arc<RemoteRegistry>,
    known: Option<Copy>,
}

impl Attempt {
    fn run(self) {
        let answer = self.fetch();
        let mut held = self.registry.held.lock();
        match (answer, &mut held.copy) {
            (Ok(Answer::New(copy)), _) => {
                held.copy = Some(copy);
                held.failure = None;
            }
            (Ok(Answer::Unchanged), Some(copy)) => {
                copy.checked_at = clock::now();
                held.failure = None;
            }
            (Ok(Answer::Unchanged), None) => {
                held.fail("it answered 304 to a plain request".to_owned());
            }
            (Err(reason), _) => {
                tracing::warn!(
                    "[Marketplace] {} cannot be renewed: {reason}",
                    self.registry.name
                );
                held.fail(reason);
            }
        }
    }

    fn fetch(&self) -> Result<Answer, String> {
        let known = self.known.as_ref();
        let validators = [
            ("if-none-match", known.and_then(|copy| copy.etag.clone())),
            (
                "if-modified-since",
                known.and_then(|copy| copy.last_modified.clone()),
            ),
        ];
        let headers = validators
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        let registry = &self.registry;
        let response = remote::get(
            &registry.outbound,
            &registry.url,
            headers,
            REGISTRY_BYTES as u64,
            FETCH_TIME,
        )
        .map_err(|error| error.to_string())?;
        match response.status {
            304 if known.is_some() => {
                self.note(last_good::confirm(
                    &registry.storage,
                    &registry.name,
                    clock::now(),
                ));
                Ok(Answer::Unchanged)
            }
            200 => self.take(response).map(Answer::New),
            status => Err(format!("it answered {status}")),
        }
    }

    fn take(&self, response: OutboundResponse) -> Result<Copy, String> {
        let registry = Registry::parse(&response.body).map_err(|error| error.to_string())?;
        report(&registry);
        let validator = |name: &str| {
            response
                .header(name)
                .filter(|value| value.len() <= LONGEST_VALIDATOR)
                .map(str::to_owned)
        };
        let now = clock::now();
        let row = LastGood {
            etag: validator("etag"),
            last_modified: validator("last-modified"),
            body: response.body,
            fetched_at: now,
            checked_at: now,
        };
        self.note(last_good::save(
            &self.registry.storage,
            &self.registry.name,
            &row,
        ));
        Ok(Copy {
            registry: Arc::new(registry),
            etag: row.etag,
            last_modified: row.last_modified,
            fetched_at: now,
            checked_at: now,
        })
    }

    /// A full disk must not hide a marketplace that has just answered.
    fn note(&self, kept: Result<()>) {
        if let Err(error) = kept {
            tracing::warn!(
                "[Marketplace] the copy of {} is not kept: {error}",
                self.registry.name
            );
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut held = self.registry.held.lock();
        held.asking = false;
        if thread::panicking() {
            held.fail("an internal error; see the log".to_owned());
        }
        self.registry.attempt_ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(ago: SignedDuration) -> Held {
        let checked_at = clock::now() - ago;
        let registry = Arc::new(Registry::parse(br#"{"plugins": []}"#).unwrap());
        let copy = Copy {
            registry,
            etag: None,
            last_modified: None,
            fetched_at: checked_at,
            checked_at,
        };
        Held {
            copy: Some(copy),
            ..Held::default()
        }
    }

    #[test]
    fn a_copy_is_asked_for_after_five_days_and_when_the_clock_was_set_back() {
        for (ago, asks) in [
            (SignedDuration::ZERO, false),
            (SignedDuration::from_hours(119), false),
            (SignedDuration::from_hours(121), true),
            (SignedDuration::from_hours(-1), true),
        ] {
            assert_eq!(checked(ago).must_ask(), asks, "{ago}");
        }
    }

    #[test]
    fn a_failure_is_forgiven_after_the_back_off_even_if_the_copy_is_young() {
        let mut held = checked(SignedDuration::ZERO);
        held.fail("down".to_owned());
        assert!(!held.must_ask());
        assert!(matches!(
            held.snapshot().unwrap().state,
            State::Stale { .. }
        ));
        if let Some(failure) = &mut held.failure {
            failure.at = Instant::now().checked_sub(BACK_OFF).unwrap();
        }
        assert!(held.must_ask());
    }
}
