//! Small files of a remote marketplace (icons, documents), kept in memory for a while.
//!
//! A page asks for thirty icons at once. Each is fetched by one request only, a few at a time;
//! what is missing or failed is remembered too, so that a slow source is not asked at each view.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use parking_lot::{Condvar, Mutex};

use crate::error::Result;

const KEPT_BYTES: usize = 16 * 1024 * 1024;
const KEPT_FILES: usize = 4_000;
const FOUND_FOR: Duration = Duration::from_hours(24);
const MISSING_FOR: Duration = Duration::from_mins(10);
const FAILED_FOR: Duration = Duration::from_mins(1);
const FETCHES_AT_ONCE: usize = 4;
/// After this long in the queue a reader goes without the file.
const QUEUE_TIME: Duration = Duration::from_secs(3);

#[derive(Default)]
pub struct FileCache {
    inner: Mutex<Inner>,
    fetch_ended: Condvar,
}

#[derive(Default)]
struct Inner {
    entries: IndexMap<String, Entry>,
    bytes: usize,
    fetching: HashSet<String>,
}

struct Entry {
    file: Option<Arc<[u8]>>,
    until: Instant,
}

impl FileCache {
    /// The file under `name`, fetched if need be. `None` when it does not exist, could not be
    /// fetched, or is still on its way after a while.
    pub fn get(
        &self,
        name: &str,
        fetch: impl FnOnce() -> Result<Option<Vec<u8>>>,
    ) -> Option<Arc<[u8]>> {
        let mut inner = self.inner.lock();
        let give_up = Instant::now() + QUEUE_TIME;
        loop {
            if let Some(entry) = inner
                .entries
                .get(name)
                .filter(|entry| Instant::now() < entry.until)
            {
                return entry.file.clone();
            }
            if inner.fetching.len() < FETCHES_AT_ONCE && !inner.fetching.contains(name) {
                break;
            }
            if self.fetch_ended.wait_until(&mut inner, give_up).timed_out() {
                return inner.entries.get(name).and_then(|entry| entry.file.clone());
            }
        }
        inner.fetching.insert(name.to_owned());
        drop(inner);
        // Gives the place back however the fetch ends.
        let _place = Place { cache: self, name };
        let fetched = fetch();
        let mut inner = self.inner.lock();
        match fetched {
            Ok(Some(bytes)) => inner.keep(name, Some(bytes.into()), FOUND_FOR),
            Ok(None) => inner.keep(name, None, MISSING_FOR),
            Err(error) => {
                tracing::debug!("[Marketplace] {error}");
                // An older copy is better than none.
                let old = inner.entries.get(name).and_then(|entry| entry.file.clone());
                inner.keep(name, old, FAILED_FOR)
            }
        }
    }

    /// What is kept under `name`, however old; nothing is fetched.
    pub fn kept(&self, name: &str) -> Option<Arc<[u8]>> {
        self.inner.lock().entries.get(name)?.file.clone()
    }
}

impl Inner {
    fn keep(
        &mut self,
        name: &str,
        file: Option<Arc<[u8]>>,
        duration: Duration,
    ) -> Option<Arc<[u8]>> {
        let entry = Entry {
            file: file.clone(),
            until: Instant::now() + duration,
        };
        self.bytes += entry.size();
        if let Some(old) = self.entries.shift_remove(name) {
            self.bytes -= old.size();
        }
        self.entries.insert(name.to_owned(), entry);
        while self.bytes > KEPT_BYTES || self.entries.len() > KEPT_FILES {
            let Some((_, oldest)) = self.entries.shift_remove_index(0) else {
                break;
            };
            self.bytes -= oldest.size();
        }
        file
    }
}

impl Entry {
    fn size(&self) -> usize {
        self.file.as_ref().map_or(0, |file| file.len())
    }
}

struct Place<'a> {
    cache: &'a FileCache,
    name: &'a str,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.cache.inner.lock().fetching.remove(self.name);
        self.cache.fetch_ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn many_readers_of_one_file_are_one_fetch() {
        let (cache, fetches, start) = (FileCache::default(), AtomicUsize::new(0), Barrier::new(20));
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    start.wait();
                    let file = cache.get("icon", || {
                        fetches.fetch_add(1, Ordering::SeqCst);
                        Ok(Some(vec![1]))
                    });
                    assert_eq!(file.as_deref(), Some(&[1][..]));
                });
            }
        });
        assert_eq!(fetches.into_inner(), 1);
    }

    #[test]
    fn what_is_missing_or_failed_is_not_asked_again_at_once() {
        let cache = FileCache::default();
        assert_eq!(cache.get("a", || Ok(None)), None);
        assert_eq!(cache.get("a", || panic!("asked again")), None);
        assert_eq!(
            cache.get("b", || Err(Error::Upstream("down".to_owned()))),
            None
        );
        assert_eq!(cache.get("b", || panic!("asked again")), None);
    }

    #[test]
    fn the_oldest_files_give_way() {
        let cache = FileCache::default();
        for number in 0..20 {
            cache.get(&number.to_string(), || Ok(Some(vec![0; 1024 * 1024])));
        }
        assert!(cache.kept("0").is_none() && cache.kept("19").is_some());
        assert!(cache.inner.lock().bytes <= KEPT_BYTES);
    }

    #[test]
    fn a_fetch_that_panics_gives_its_place_back() {
        let cache = FileCache::default();
        for _ in 0..=FETCHES_AT_ONCE {
            let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                cache.get("x", || panic!("on purpose"))
            }));
            assert!(panicked.is_err());
        }
        assert!(cache.get("x", || Ok(Some(vec![1]))).is_some());
    }
}
