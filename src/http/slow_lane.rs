//! Who may do slow work now: all workers but one, and a bounded line for the rest.
//!
//! Slow is what runs plugin code or may ask the marketplace's source. The kept worker serves everything else.

use std::collections::VecDeque;

use parking_lot::Mutex;

/// Requests that wait for their turn. Each holds a connection between edge and tiny_http, so there
/// must be more of those; its body is not read before its turn, so it holds no memory.
pub const LONGEST_LINE: usize = 64;

pub struct SlowLane<J> {
    places: usize,
    state: Mutex<State<J>>,
}

struct State<J> {
    running: usize,
    waiting: VecDeque<J>,
}

pub enum Admission<J> {
    /// A place is taken for it; hold [`SlowLane::place`] while it runs.
    Now(J),
    Waits,
    Full(J),
}

/// A slow request at work; dropping it frees the place.
pub struct Place<'d, J>(&'d SlowLane<J>);

impl<J> SlowLane<J> {
    pub fn new(workers: usize) -> Self {
        Self {
            places: workers.saturating_sub(1).max(1),
            state: Mutex::new(State {
                running: 0,
                waiting: VecDeque::new(),
            }),
        }
    }

    pub fn admit(&self, job: J) -> Admission<J> {
        let mut state = self.state.lock();
        if state.running < self.places {
            state.running += 1;
            return Admission::Now(job);
        }
        if state.waiting.len() < LONGEST_LINE {
            state.waiting.push_back(job);
            return Admission::Waits;
        }
        Admission::Full(job)
    }

    /// The request that has waited longest, with a place taken for it, if one is free.
    pub fn next_waiting(&self) -> Option<J> {
        let mut state = self.state.lock();
        if state.running >= self.places {
            return None;
        }
        let job = state.waiting.pop_front()?;
        state.running += 1;
        Some(job)
    }

    /// Stands for a place that `admit` or `next_waiting` took.
    pub fn place(&self) -> Place<'_, J> {
        Place(self)
    }

    pub fn running(&self) -> usize {
        self.state.lock().running
    }

    pub fn waiting(&self) -> usize {
        self.state.lock().waiting.len()
    }
}

impl<J> Drop for Place<'_, J> {
    fn drop(&mut self) {
        self.0.state.lock().running -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_worker_is_always_kept_and_the_line_is_bounded() {
        let lane = SlowLane::new(3);
        assert!(matches!(lane.admit(1), Admission::Now(1)));
        assert!(matches!(lane.admit(2), Admission::Now(2)));
        for job in 0..LONGEST_LINE {
            assert!(matches!(lane.admit(10 + job), Admission::Waits));
        }
        assert!(matches!(lane.admit(99), Admission::Full(99)));
        assert!(lane.next_waiting().is_none());
        drop(lane.place());
        assert_eq!(lane.next_waiting(), Some(10));
        assert_eq!((lane.running(), lane.waiting()), (2, LONGEST_LINE - 1));
    }
}
