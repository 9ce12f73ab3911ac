//! Runs that wait in memory for the next write: a ring per installation, and no more in all than a write
//! can take. At thirty thousand calls a second a write is as long as it is at three hundred.

use std::collections::{HashMap, VecDeque};

use super::record::{Record, Run};
use super::{MOST_NOTABLE, MOST_RUNS, Place};
use crate::clock;

/// Ordinary runs that may wait in all.
const MOST_WAITING: usize = 4096;
/// Beyond that, notable ones wait up to here.
const MOST_WAITING_NOTABLE: usize = 2 * MOST_WAITING;

#[derive(Default)]
pub struct Pending {
    rings: Batch,
    last_id: i64,
    lost: u64,
}

/// Runs by installation, each list from the oldest to the newest.
#[derive(Default)]
pub struct Batch {
    rings: HashMap<Place, Ring>,
    len: usize,
}

#[derive(Default)]
struct Ring {
    /// Notable ones that have left the list of the last runs.
    notable: VecDeque<Record>,
    recent: VecDeque<Record>,
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        self.rings.is_empty()
    }

    pub fn lost(&self) -> u64 {
        self.lost
    }

    pub fn add(&mut self, place: &Place, run: Run) {
        // Two runs of one microsecond, or a clock that was set back, must not meet in one id.
        self.last_id = clock::now().as_microsecond().max(self.last_id + 1);
        self.insert(
            place,
            Record {
                id: self.last_id,
                run,
            },
        );
    }

    fn insert(&mut self, place: &Place, record: Record) {
        let most = if record.run.is_notable() {
            MOST_WAITING_NOTABLE
        } else {
            MOST_WAITING
        };
        let batch = &mut self.rings;
        if batch.len >= most {
            // An installation's own oldest makes room; whoever comes new has to wait for the next write.
            let made_room = batch.rings.get_mut(place).is_some_and(Ring::drop_oldest);
            if !made_room {
                self.lost += 1;
                return;
            }
            batch.len -= 1;
        }
        if !batch.rings.contains_key(place) {
            batch.rings.insert(place.clone(), Ring::default());
        }
        if let Some(ring) = batch.rings.get_mut(place) {
            batch.len += 1;
            batch.len -= ring.push(record);
        }
    }

    /// All that waits; nothing waits afterwards.
    pub fn take(&mut self) -> Batch {
        std::mem::take(&mut self.rings)
    }

    /// What was taken and could not be written waits again, before what has come meanwhile.
    pub fn put_back(&mut self, batch: Batch) {
        let newer = std::mem::replace(&mut self.rings, batch);
        for (place, ring) in newer.rings {
            for record in ring.into_records() {
                self.insert(&place, record);
            }
        }
    }

    pub fn forget(&mut self, place: &Place) {
        if let Some(ring) = self.rings.rings.remove(place) {
            self.rings.len -= ring.len();
        }
    }

    /// What waits of one installation, as JSON texts, the newest first.
    pub fn of(&self, place: &Place, only_notable: bool) -> Vec<String> {
        let Some(ring) = self.rings.rings.get(place) else {
            return Vec::new();
        };
        ring.records()
            .rev()
            .filter(|record| !only_notable || record.run.is_notable())
            .map(|record| record.to_json().to_string())
            .collect()
    }
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Place, impl Iterator<Item = &Record>)> {
        self.rings
            .iter()
            .map(|(place, ring)| (place, ring.records()))
    }
}

impl Ring {
    fn len(&self) -> usize {
        self.notable.len() + self.recent.len()
    }

    /// Adds a record, and says how many had to go for it.
    fn push(&mut self, record: Record) -> usize {
        self.recent.push_back(record);
        if self.recent.len() <= MOST_RUNS {
            return 0;
        }
        match self.recent.pop_front() {
            Some(oldest) if oldest.run.is_notable() => self.notable.push_back(oldest),
            _ => return 1,
        }
        if self.notable.len() <= MOST_NOTABLE {
            return 0;
        }
        self.notable.pop_front();
        1
    }

    /// False where there is none.
    fn drop_oldest(&mut self) -> bool {
        let ordinary = self
            .recent
            .iter()
            .position(|record| !record.run.is_notable());
        match ordinary {
            Some(at) => self.recent.remove(at).is_some(),
            None => self
                .notable
                .pop_front()
                .or_else(|| self.recent.pop_front())
                .is_some(),
        }
    }

    fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.notable.iter().chain(&self.recent)
    }

    fn into_records(self) -> impl Iterator<Item = Record> {
        self.notable.into_iter().chain(self.recent)
    }
}
