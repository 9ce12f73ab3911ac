//! Who may do slow work now: all workers but one, and a bounded line for the rest.
//!
//! Slow is what runs plugin code or may ask the marketplace's source. The kept worker serves everything else.
//! No tenant may take every place nor the whole line: the plugins of one cannot stop those of another.
//! Whose client hung up leaves the line: nobody waits for that work, and it would keep others out.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use super::edge::hung_up::HungUp;
use crate::tenant::TenantId;

/// Requests that wait for their turn. Each holds a connection between edge and tiny_http; its body is
/// not read before its turn, so it holds no memory.
pub const LONGEST_LINE: usize = 96;

/// Whose request it is; nobody's for a stranger's.
pub type Owner = Option<TenantId>;

/// How many may work and wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub places: usize,
    pub line: usize,
}

impl Size {
    /// What `workers` and the connections that carry requests to them allow: whatever is slow, one worker
    /// and one connection are left.
    pub fn fitting(workers: usize, connections: usize) -> Self {
        let line = connections
            .saturating_sub(workers * 2)
            .clamp(1, LONGEST_LINE);
        let places = workers
            .saturating_sub(1)
            .min(connections.saturating_sub(line + 1))
            .max(1);
        Self { places, line }
    }

    /// The most that one tenant may have of `whole`: a quarter, and at least one, is left for the others.
    fn share(whole: usize) -> usize {
        whole.saturating_sub((whole / 4).max(1)).max(1)
    }
}

pub struct SlowLane<J> {
    size: Size,
    hung_up: Arc<HungUp>,
    state: Mutex<State<J>>,
}

struct State<J> {
    running: HashMap<Owner, usize>,
    waiting: VecDeque<Waiting<J>>,
}

struct Waiting<J> {
    owner: Owner,
    /// The number of its client's connection.
    connection: u64,
    job: J,
}

pub enum Admission<'l, J> {
    /// It has a place for as long as that is held.
    Now(J, Place<'l, J>),
    Waits,
    Full(J),
}

/// A slow request at work; dropping it frees the place.
pub struct Place<'l, J> {
    lane: &'l SlowLane<J>,
    owner: Owner,
}

impl<J> SlowLane<J> {
    pub fn new(size: Size, hung_up: Arc<HungUp>) -> Self {
        Self {
            size,
            hung_up,
            state: Mutex::new(State {
                running: HashMap::new(),
                waiting: VecDeque::new(),
            }),
        }
    }

    /// Ask for the `abandoned` before: they make room in the line.
    pub fn admit(&self, owner: Owner, connection: u64, job: J) -> Admission<'_, J> {
        let mut state = self.state.lock();
        if self.may_run(&state, &owner) {
            return Admission::Now(job, self.take_place(&mut state, owner));
        }
        let of_owner = state
            .waiting
            .iter()
            .filter(|waiting| waiting.owner == owner)
            .count();
        if state.waiting.len() >= self.size.line || of_owner >= Size::share(self.size.line) {
            return Admission::Full(job);
        }
        state.waiting.push_back(Waiting {
            owner,
            connection,
            job,
        });
        Admission::Waits
    }

    /// The request that has waited longest among those that may run now, with its place.
    pub fn next_waiting(&self) -> Option<(J, Place<'_, J>)> {
        let mut state = self.state.lock();
        let at = state
            .waiting
            .iter()
            .position(|waiting| self.may_run(&state, &waiting.owner))?;
        let Waiting { owner, job, .. } = state.waiting.remove(at)?;
        Some((job, self.take_place(&mut state, owner)))
    }

    /// Takes those out of the line whose clients hung up.
    pub fn abandoned(&self) -> Vec<J> {
        if self.hung_up.is_empty() {
            return Vec::new();
        }
        let mut state = self.state.lock();
        let (gone, kept) = std::mem::take(&mut state.waiting)
            .into_iter()
            .partition(|waiting| self.hung_up.contains(waiting.connection));
        state.waiting = kept;
        let gone: VecDeque<Waiting<J>> = gone;
        gone.into_iter().map(|waiting| waiting.job).collect()
    }

    pub fn running(&self) -> usize {
        self.state.lock().running.values().sum()
    }

    pub fn waiting(&self) -> usize {
        self.state.lock().waiting.len()
    }

    fn may_run(&self, state: &State<J>, owner: &Owner) -> bool {
        let own = state.running.get(owner).copied().unwrap_or(0);
        state.running.values().sum::<usize>() < self.size.places
            && own < Size::share(self.size.places)
    }

    fn take_place(&self, state: &mut State<J>, owner: Owner) -> Place<'_, J> {
        *state.running.entry(owner.clone()).or_default() += 1;
        Place { lane: self, owner }
    }
}

impl<J> Drop for Place<'_, J> {
    fn drop(&mut self) {
        let mut state = self.lane.state.lock();
        if let Some(running) = state.running.get_mut(&self.owner) {
            *running -= 1;
            if *running == 0 {
                state.running.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: i64) -> Owner {
        Some(TenantId::of_organization(number))
    }

    #[test]
    fn one_worker_is_always_kept_and_the_line_is_bounded() {
        for (workers, connections) in [
            (8, 112),
            (8, 64),
            (8, 8),
            (2, 32),
            (2, 4),
            (256, 376),
            (8, 4),
        ] {
            let size = Size::fitting(workers, connections);
            assert!(
                size.places < workers && size.places + size.line < connections,
                "{workers} {connections}: {size:?}"
            );
        }
        let lane = SlowLane::new(Size { places: 2, line: 2 }, Arc::default());
        let places: Vec<_> = (1..=2)
            .map(|job| match lane.admit(tenant(job), 0, job) {
                Admission::Now(_, place) => place,
                _ => panic!("no place for {job}"),
            })
            .collect();
        assert!(matches!(lane.admit(tenant(3), 0, 3), Admission::Waits));
        assert!(matches!(lane.admit(tenant(4), 0, 4), Admission::Waits));
        assert!(matches!(lane.admit(tenant(5), 0, 5), Admission::Full(5)));
        assert!(lane.next_waiting().is_none());
        drop(places);
        let (job, _place) = lane.next_waiting().unwrap();
        assert_eq!((job, lane.running(), lane.waiting()), (3, 1, 1));
    }

    #[test]
    fn one_tenant_leaves_places_for_the_others() {
        let lane = SlowLane::new(Size { places: 7, line: 8 }, Arc::default());
        let mut places = Vec::new();
        for job in 0..20 {
            if let Admission::Now(_, place) = lane.admit(tenant(1), 0, job) {
                places.push(place);
            }
        }
        assert_eq!((places.len(), lane.waiting()), (6, 6));
        let Admission::Now(_, other) = lane.admit(tenant(2), 0, 99) else {
            panic!("no place for another")
        };
        assert!(lane.next_waiting().is_none());
        drop(other);
        // A free place that the first tenant may not have stays for the others.
        assert!(lane.next_waiting().is_none());
        places.pop();
        assert!(lane.next_waiting().is_some());
    }

    #[test]
    fn whose_client_hung_up_leaves_the_line_and_makes_room() {
        let hung_up = Arc::new(HungUp::default());
        let lane = SlowLane::new(Size { places: 1, line: 2 }, Arc::clone(&hung_up));
        let Admission::Now(_, place) = lane.admit(tenant(1), 1, 1) else {
            panic!("no place")
        };
        assert!(matches!(lane.admit(tenant(2), 2, 2), Admission::Waits));
        assert!(matches!(lane.admit(tenant(3), 3, 3), Admission::Waits));
        assert!(matches!(lane.admit(tenant(4), 4, 4), Admission::Full(4)));
        let _at_work = hung_up.mark(1);
        let _in_line = hung_up.mark(2);
        assert_eq!(lane.abandoned(), [2]);
        assert!(matches!(lane.admit(tenant(4), 4, 4), Admission::Waits));
        drop(place);
        assert_eq!(lane.next_waiting().unwrap().0, 3);
    }

    #[test]
    fn the_share_of_a_tenant_is_less_than_all_wherever_there_is_more_than_one() {
        assert_eq!(Size::share(1), 1);
        for whole in 2..300 {
            let share = Size::share(whole);
            assert!((1..whole).contains(&share), "{share} of {whole}");
        }
    }
}
