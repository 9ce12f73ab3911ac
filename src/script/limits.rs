//! How much a script may use, and the two clocks that say when a call is over.
//!
//! Nothing here knows a language: an engine asks `Clock::ended` as often as it can,
//! and reports the limit that it met by the words of this file.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The stack that a thread needs to run scripts. Rhai drops nested closures by recursion, and ten
/// thousand of them overflow a usual stack and end the process; pages that are not touched cost nothing.
pub const STACK_BYTES: usize = 256 << 20;

/// The longest wall time that a route may ask for with `timeoutMs`.
pub const LONGEST_TIMEOUT_MS: u64 = 120_000;

const MB: usize = 1 << 20;

#[derive(Clone, Debug)]
pub struct Limits {
    /// Time spent in the script itself; host calls do not count.
    pub script_time: Duration,
    /// Time to load a plugin when it is compiled.
    pub load_time: Duration,
    pub source_bytes: usize,
    /// All script files of a plugin together.
    pub all_source_bytes: usize,
    pub source_files: usize,
    /// All bytecode of a plugin together, which stays in memory as long as the plugin is loaded.
    pub lua_bytecode: usize,
    pub lua_memory: usize,
    pub rhai_operations: u64,
    /// The longest text, and all the text of one list or map together.
    pub rhai_text: usize,
    pub rhai_list: usize,
    pub rhai_map: usize,
    /// What one call may hold in all.
    pub rhai_memory: usize,
    pub rhai_variables: usize,
    pub rhai_call_levels: usize,
    /// What a hook or a route may return.
    pub result: Size,
}

/// How big a value may be when it crosses between a script and the host.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub nodes: usize,
    pub depth: usize,
    /// All texts and keys together.
    pub text: usize,
    /// All byte buffers together: a reply may carry a file.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            script_time: Duration::from_secs(5),
            load_time: Duration::from_secs(2),
            source_bytes: 256 << 10,
            all_source_bytes: 2 * MB,
            source_files: 200,
            lua_bytecode: 4 * MB,
            lua_memory: 32 * MB,
            rhai_operations: 20_000_000,
            rhai_text: MB,
            rhai_list: 100_000,
            rhai_map: 100_000,
            rhai_memory: 64 * MB,
            rhai_variables: 200,
            rhai_call_levels: 48,
            result: Size {
                nodes: 100_000,
                depth: 64,
                text: 4 * MB,
                bytes: 30 * MB,
            },
        }
    }
}

/// The clocks of one call.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    script: Duration,
    wall: Duration,
    host_nanos: AtomicU64,
}

impl Clock {
    pub fn start(script: Duration, wall: Duration) -> Self {
        Self {
            started: Instant::now(),
            script,
            wall,
            host_nanos: AtomicU64::new(0),
        }
    }

    /// The limit that has run out, in words; `None` while there is time left.
    pub fn ended(&self) -> Option<String> {
        let passed = self.started.elapsed();
        if passed >= self.wall {
            return Some(format!("wall time {}", seconds(self.wall)));
        }
        let in_host = Duration::from_nanos(self.host_nanos.load(Ordering::Relaxed));
        (passed.saturating_sub(in_host) >= self.script)
            .then(|| format!("script time {}", seconds(self.script)))
    }

    /// Runs host work, which counts on the wall clock alone.
    pub fn host<T>(&self, work: impl FnOnce() -> T) -> T {
        self.timed_host(work).0
    }

    /// The same, and how long it took.
    pub fn timed_host<T>(&self, work: impl FnOnce() -> T) -> (T, Duration) {
        let before = Instant::now();
        let result = work();
        let took = before.elapsed();
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.host_nanos.fetch_add(nanos, Ordering::Relaxed);
        (result, took)
    }

    /// What has passed on the clocks: the wall's, and the script's own.
    pub fn passed(&self) -> (Duration, Duration) {
        let wall = self.started.elapsed();
        let in_host = Duration::from_nanos(self.host_nanos.load(Ordering::Relaxed));
        (wall, wall.saturating_sub(in_host))
    }

    /// The limits of the same two.
    pub fn limits(&self) -> (Duration, Duration) {
        (self.wall, self.script)
    }

    pub fn deadline(&self) -> Instant {
        self.started + self.wall
    }

    /// What is left on the wall clock; zero when it has ended.
    pub fn remaining(&self) -> Duration {
        self.wall.saturating_sub(self.started.elapsed())
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// `16 MB`, `256 KB`, `100 bytes`: sizes as messages write them.
pub fn readable(bytes: usize) -> String {
    if bytes >= MB && bytes.is_multiple_of(MB) {
        format!("{} MB", bytes / MB)
    } else if bytes >= 1 << 10 {
        format!("{} KB", bytes >> 10)
    } else {
        format!("{bytes} bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_time_does_not_count_as_script_time() {
        let clock = Clock::start(Duration::from_millis(20), Duration::from_secs(60));
        clock.host(|| std::thread::sleep(Duration::from_millis(40)));
        assert_eq!(clock.ended(), None);
    }

    #[test]
    fn the_clock_that_ended_is_named() {
        let wall = Clock::start(Duration::from_secs(5), Duration::ZERO);
        assert_eq!(wall.ended().as_deref(), Some("wall time 0 s"));
        let script = Clock::start(Duration::ZERO, Duration::from_secs(30));
        assert_eq!(script.ended().as_deref(), Some("script time 0 s"));
    }
}
