//! Who may run plugin code now: all workers but one, and a bounded line for the rest.

use std::collections::VecDeque;

use parking_lot::Mutex;

/// Requests that wait for a plugin worker. Each holds a connection between edge and tiny_http, so the
/// line must stay shorter than those.
pub const LONGEST_LINE: usize = 16;

pub struct Desk<J> {
    places: usize,
    state: Mutex<State<J>>,
}

struct State<J> {
    running: usize,
    waiting: VecDeque<J>,
}

pub enum Admission<J> {
    /// A place is taken for it; hold [`Desk::place`] while it runs.
    Now(J),
    Waits,
    Full(J),
}

/// A running plugin request; dropping it frees the place.
pub struct Place<'d, J>(&'d Desk<J>);

impl<J> Desk<J> {
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
        let desk = Desk::new(3);
        assert!(matches!(desk.admit(1), Admission::Now(1)));
        assert!(matches!(desk.admit(2), Admission::Now(2)));
        for job in 0..LONGEST_LINE {
            assert!(matches!(desk.admit(10 + job), Admission::Waits));
        }
        assert!(matches!(desk.admit(99), Admission::Full(99)));
        assert!(desk.next_waiting().is_none());
        drop(desk.place());
        assert_eq!(desk.next_waiting(), Some(10));
        assert_eq!((desk.running(), desk.waiting()), (2, LONGEST_LINE - 1));
    }
}
