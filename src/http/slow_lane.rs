//! Who may do slow work now: all workers but one, and a bounded line for the rest.
//!
//! Slow is what runs plugin code, may wait for what that holds, or may ask the marketplace's source. The kept worker serves everything else.
//! A tenant may hold a quarter of the workers and no more, and so may a plugin; who is beyond that waits in
//! the line for a bounded time. Whose client hung up leaves the line: nobody waits for that work, and it would
//! keep others out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::edge::hung_up::HungUp;
use crate::plugin_key::PluginKey;
use crate::tenant::TenantId;

/// Requests that wait for their turn. Each holds a connection between edge and tiny_http; its body is
/// not read before its turn, so it holds no memory.
pub const LONGEST_LINE: usize = 96;

/// How long a request waits for its turn; then its client is told to come again.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Whose request it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Nobody's for a stranger's.
    pub tenant: Option<TenantId>,
    /// Which plugin's code it runs, where its address names one.
    pub plugin: Option<PluginKey>,
}

/// How many may work and wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub places: usize,
    /// The most that one tenant, and one plugin, may have of the places.
    pub share: usize,
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
        let share = (workers / 4).clamp(1, places);
        Self {
            places,
            share,
            line,
        }
    }

    /// The most that one tenant may have of the line: a quarter, and at least one, is left for the others.
    /// Waiting costs no worker, so this is more than its share of those.
    fn share_of_line(self) -> usize {
        self.line.saturating_sub((self.line / 4).max(1)).max(1)
    }
}

pub struct SlowLane<J> {
    size: Size,
    hung_up: Arc<HungUp>,
    state: Mutex<State<J>>,
    /// Wakes whoever waits for requests that have waited too long.
    line_began: Condvar,
}

struct State<J> {
    /// One for each place that is taken.
    running: Vec<Owner>,
    /// The one that came first stands first.
    waiting: VecDeque<Waiting<J>>,
    /// Whether nobody looks at the line's time, as it was empty.
    is_unwatched: bool,
    is_closed: bool,
}

struct Waiting<J> {
    owner: Owner,
    /// The number of its client's connection.
    connection: u64,
    since: Instant,
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
                running: Vec::new(),
                waiting: VecDeque::new(),
                is_unwatched: false,
                is_closed: false,
            }),
            line_began: Condvar::new(),
        }
    }

    /// Ask for the `abandoned` before: they make room in the line.
    pub fn admit(&self, owner: Owner, connection: u64, job: J) -> Admission<'_, J> {
        let mut state = self.state.lock();
        if self.may_run(&state, &owner) {
            return Admission::Now(job, self.take_place(&mut state, owner));
        }
        let of_tenant = state
            .waiting
            .iter()
            .filter(|waiting| waiting.owner.tenant == owner.tenant)
            .count();
        if state.waiting.len() >= self.size.line || of_tenant >= self.size.share_of_line() {
            return Admission::Full(job);
        }
        state.waiting.push_back(Waiting {
            owner,
            connection,
            since: Instant::now(),
            job,
        });
        if std::mem::take(&mut state.is_unwatched) {
            self.line_began.notify_one();
        }
        Admission::Waits
    }

    /// The request that has waited longest among those that may run now, with its place.
    pub fn next_waiting(&self) -> Option<(J, Place<'_, J>)> {
        let mut state = self.state.lock();
        if state.running.len() >= self.size.places {
            return None;
        }
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

    /// Waits until requests have stood in the line for too long, and takes them out of it; `None` once it is
    /// closed.
    pub fn late(&self) -> Option<Vec<J>> {
        let mut state = self.state.lock();
        loop {
            if state.is_closed {
                return None;
            }
            // A timer that runs out finds another at the front as a rule, and is set anew for that: under a
            // steady load nobody is woken more often than once in so long.
            match state
                .waiting
                .front()
                .map(|first| first.since + LONGEST_WAIT)
            {
                None => {
                    state.is_unwatched = true;
                    self.line_began.wait(&mut state);
                }
                Some(end) if Instant::now() < end => {
                    let _either = self.line_began.wait_until(&mut state, end);
                }
                Some(_) => break,
            }
        }
        let now = Instant::now();
        let in_time = state
            .waiting
            .iter()
            .position(|waiting| waiting.since + LONGEST_WAIT > now)
            .unwrap_or(state.waiting.len());
        Some(
            state
                .waiting
                .drain(..in_time)
                .map(|waiting| waiting.job)
                .collect(),
        )
    }

    /// Ends the wait of whoever looks for late requests.
    pub fn close(&self) {
        self.state.lock().is_closed = true;
        self.line_began.notify_all();
    }

    pub fn running(&self) -> usize {
        self.state.lock().running.len()
    }

    pub fn waiting(&self) -> usize {
        self.state.lock().waiting.len()
    }

    /// A plugin that one tenant keeps busy is there for the others too: who has none of its places may go beyond
    /// its share, up to twice of it.
    fn may_run(&self, state: &State<J>, owner: &Owner) -> bool {
        let Size { places, share, .. } = self.size;
        let count = |test: &dyn Fn(&Owner) -> bool| {
            state.running.iter().filter(|running| test(running)).count()
        };
        if state.running.len() >= places
            || count(&|running| running.tenant == owner.tenant) >= share
        {
            return false;
        }
        if owner.plugin.is_none() {
            return true;
        }
        let of_plugin = count(&|running| running.plugin == owner.plugin);
        of_plugin < share || (of_plugin < 2 * share && !state.running.contains(owner))
    }

    fn take_place(&self, state: &mut State<J>, owner: Owner) -> Place<'_, J> {
        state.running.push(owner.clone());
        Place { lane: self, owner }
    }
}

impl<J> Drop for Place<'_, J> {
    fn drop(&mut self) {
        let mut state = self.lane.state.lock();
        if let Some(at) = state
            .running
            .iter()
            .position(|running| *running == self.owner)
        {
            state.running.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: i64) -> Owner {
        Owner {
            tenant: Some(TenantId::of_organization(number)),
            plugin: None,
        }
    }

    fn call(number: i64, plugin: &str) -> Owner {
        Owner {
            plugin: Some(PluginKey::parse(plugin).unwrap()),
            ..tenant(number)
        }
    }

    fn lane(places: usize, share: usize, line: usize) -> SlowLane<i64> {
        let size = Size {
            places,
            share,
            line,
        };
        SlowLane::new(size, Arc::default())
    }

    /// How many of so many requests get a place at once.
    fn begin<'l>(lane: &'l SlowLane<i64>, owner: &Owner, many: i64) -> Vec<Place<'l, i64>> {
        (0..many)
            .filter_map(|job| match lane.admit(owner.clone(), 0, job) {
                Admission::Now(_, place) => Some(place),
                _ => None,
            })
            .collect()
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
        let lane = lane(2, 1, 2);
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
    fn a_tenant_holds_a_quarter_of_the_workers_and_leaves_room_in_the_line() {
        let lane = lane(7, 2, 8);
        let mut places = begin(&lane, &tenant(1), 20);
        assert_eq!((places.len(), lane.waiting()), (2, 6));
        let Admission::Now(_, other) = lane.admit(tenant(2), 0, 99) else {
            panic!("no place for another")
        };
        assert!(lane.next_waiting().is_none());
        drop(other);
        // Free places that the first tenant may not have stay for the others.
        assert!(lane.next_waiting().is_none());
        places.pop();
        assert!(lane.next_waiting().is_some());
    }

    #[test]
    fn a_plugin_holds_a_quarter_and_who_has_none_of_its_places_may_go_beyond() {
        let lane = lane(15, 4, 90);
        // Two tenants fill its share; neither gets more of it.
        let first = begin(&lane, &call(1, "slow"), 3);
        let second = begin(&lane, &call(2, "slow"), 3);
        assert_eq!((first.len(), second.len()), (3, 1));
        // One who has none of it gets a place, and only one.
        let third = begin(&lane, &call(3, "slow"), 9);
        assert_eq!(third.len(), 1);
        // Twice its share is the end, whoever asks.
        let others: Vec<_> = (4..20)
            .flat_map(|tenant| begin(&lane, &call(tenant, "slow"), 1))
            .collect();
        assert_eq!(others.len(), 3);
        // Another plugin, and what names none, is not concerned.
        assert_eq!(begin(&lane, &call(1, "other"), 9).len(), 1);
        assert_eq!(begin(&lane, &tenant(30), 9).len(), 4);
    }

    #[test]
    fn whose_client_hung_up_leaves_the_line_and_makes_room() {
        let hung_up = Arc::new(HungUp::default());
        let size = Size {
            places: 1,
            share: 1,
            line: 2,
        };
        let lane = SlowLane::new(size, Arc::clone(&hung_up));
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
    fn who_waits_too_long_is_taken_out_of_the_line() {
        let lane = lane(1, 1, 9);
        let _place = begin(&lane, &tenant(1), 1);
        std::thread::scope(|scope| {
            // It looks before there is a line, so the first that waits has to wake it.
            let late = scope.spawn(|| lane.late());
            let begun = Instant::now();
            for job in [7, 8] {
                assert!(matches!(lane.admit(tenant(2), 0, job), Admission::Waits));
            }
            assert_eq!(late.join().unwrap().unwrap().first(), Some(&7));
            assert!(begun.elapsed() >= LONGEST_WAIT);
            let closed = scope.spawn(|| while lane.late().is_some() {});
            lane.close();
            closed.join().unwrap();
        });
    }

    #[test]
    fn the_share_of_the_line_is_less_than_all_wherever_there_is_more_than_one() {
        let share = |line| {
            let size = Size {
                places: 1,
                share: 1,
                line,
            };
            size.share_of_line()
        };
        assert_eq!(share(1), 1);
        for line in 2..300 {
            assert!(
                (1..line).contains(&share(line)),
                "{} of {line}",
                share(line)
            );
        }
    }

    #[test]
    fn a_share_is_a_quarter_of_the_workers() {
        for (workers, share) in [(2, 1), (4, 1), (8, 2), (12, 3), (16, 4), (256, 64)] {
            assert_eq!(Size::fitting(workers, 1000).share, share, "{workers}");
        }
    }
}
