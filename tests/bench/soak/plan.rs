//! When everything is due: requests and cycles are spread evenly over the time, whatever was slow before.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

const PARTS: u32 = 10;
const WARM_UP_PARTS: u32 = 2;
/// Access tokens are valid for an hour, and those of the run are taken at its start.
const LONGEST_MINUTES: f64 = 55.0;

pub struct Plan {
    pub start: Instant,
    pub time: Duration,
    pub rate: u32,
    pub cycles: u32,
    /// Set at the end, or by a signal.
    pub is_over: AtomicBool,
}

impl Plan {
    pub fn starting_now(minutes: f64, rate: u32, cycles: u32) -> Result<Self, String> {
        if !(0.2..=LONGEST_MINUTES).contains(&minutes) || rate == 0 || cycles == 0 {
            return Err(format!(
                "--minutes is from 0.2 to {LONGEST_MINUTES}, --rate and --cycles are above 0"
            ));
        }
        Ok(Self {
            start: Instant::now(),
            time: Duration::from_secs_f64(minutes * 60.0),
            rate,
            cycles,
            is_over: AtomicBool::new(false),
        })
    }

    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub fn warm_up(&self) -> Duration {
        self.time * WARM_UP_PARTS / PARTS
    }

    pub fn first_judged_part(&self) -> u32 {
        WARM_UP_PARTS
    }

    pub fn last_part(&self) -> u32 {
        PARTS - 1
    }

    /// The part of the run that a moment lies in.
    pub fn part_of(&self, moment: Duration) -> u32 {
        let part = (moment.as_secs_f64() / self.time.as_secs_f64() * f64::from(PARTS)) as u32;
        part.min(self.last_part())
    }

    pub fn request_due(&self, number: u64) -> Duration {
        Duration::from_secs_f64(number as f64 / f64::from(self.rate))
    }

    pub fn cycle_due(&self, number: u32) -> Duration {
        self.time * number / self.cycles
    }

    /// Sleeps until then, in steps so that an end is noticed. False when the run is over.
    pub fn wait_until(&self, moment: Duration) -> bool {
        const STEP: Duration = Duration::from_millis(100);
        loop {
            if self.is_over.load(std::sync::atomic::Ordering::Relaxed) || moment >= self.time {
                return false;
            }
            let left = moment.saturating_sub(self.elapsed());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(STEP));
        }
    }
}
