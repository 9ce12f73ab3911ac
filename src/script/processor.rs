//! How long the processor has worked for this thread.

use std::time::Duration;

#[cfg(unix)]
pub fn time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Not told here.
#[cfg(not(unix))]
pub fn time() -> Duration {
    Duration::ZERO
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn work_costs_processor_time_and_sleep_does_not() {
        let begun = time();
        std::thread::sleep(Duration::from_millis(60));
        let slept = time().saturating_sub(begun);
        while time().saturating_sub(begun) < Duration::from_millis(20) {
            std::hint::spin_loop();
        }
        assert!(slept < Duration::from_millis(20), "{slept:?}");
    }
}
