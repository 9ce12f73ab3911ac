//! Runs the rounds: each row at each number of connections, one after the other, then again.

use std::path::Path;

use crate::aims::Aim;
use crate::disk;
use crate::interrupt::Interrupt;
use crate::peers::Peers;
use crate::process;
use crate::rows::Row;
use crate::sample::{Sample, median};
use crate::wrk;

pub const CONNECTIONS: [usize; 2] = [16, 64];

/// Before its first measurement each row is loaded for so long: caches fill, pools open.
const WARM_UP_SECONDS: u64 = 2;
/// The sign-in that rows are measured with lasts an hour.
const LONGEST_SECONDS: u64 = 55 * 60;
/// What a round of the peers takes beside its measurements: they start, and warm up each route.
const PEERS_SECONDS: u64 = 60;

pub struct Rounds<'a> {
    pub rows: &'a [Row],
    pub peers: Option<&'a Peers>,
    pub seconds: u64,
    pub count: usize,
    /// On the disk that Souk's data is on.
    pub folder: &'a Path,
    pub interrupt: &'a Interrupt,
}

/// All that was measured.
pub struct Measured<'a> {
    pub rows: Vec<MeasuredRow<'a>>,
    pub disk_commits_per_second: f64,
    /// What others on the machine did, by the system's own figure.
    pub load_before: String,
}

pub struct MeasuredRow<'a> {
    pub name: String,
    pub aim: Option<&'a Aim>,
    pub is_souk: bool,
    /// The samples at each of `CONNECTIONS`.
    pub samples: [Vec<Sample>; CONNECTIONS.len()],
}

impl MeasuredRow<'_> {
    pub fn medians(&self) -> [Sample; CONNECTIONS.len()] {
        self.samples.each_ref().map(|all| Sample::median(all))
    }
}

impl<'a> Rounds<'a> {
    pub fn run(&self) -> Result<Measured<'a>, String> {
        self.refuse_if_too_long()?;
        let load_before = process::load_of_the_machine()?;
        let mut measured: Vec<MeasuredRow<'a>> = self.rows.iter().map(MeasuredRow::of).collect();
        let mut of_peers: Vec<MeasuredRow<'a>> = Vec::new();
        let mut commits = Vec::new();
        for row in self.rows {
            let [connections, ..] = CONNECTIONS;
            let (base, request) = (&row.base, &row.request);
            wrk::load(base, request, connections, WARM_UP_SECONDS, self.interrupt)?;
        }
        for round in 1..=self.count {
            commits.push(disk::full_commits_per_second(self.folder)?);
            for (row, into) in self.rows.iter().zip(&mut measured) {
                for (samples, connections) in into.samples.iter_mut().zip(CONNECTIONS) {
                    let sample = self.measure(row, connections)?;
                    eprintln!(
                        "round {round} of {}: {} at {connections}: {:.0} requests per second",
                        self.count, row.name, sample.requests_per_second
                    );
                    samples.push(sample);
                }
            }
            if let Some(peers) = self.peers {
                eprintln!("round {round} of {}: peers", self.count);
                for (name, at, sample) in peers.round(self.seconds, self.interrupt)? {
                    add(&mut of_peers, name, at, sample);
                }
            }
        }
        measured.append(&mut of_peers);
        Ok(Measured {
            rows: measured,
            disk_commits_per_second: median(commits),
            load_before,
        })
    }

    fn refuse_if_too_long(&self) -> Result<(), String> {
        let (rows, peers) = match self.peers {
            Some(peers) => (self.rows.len() + peers.rows(), PEERS_SECONDS),
            None => (self.rows.len(), 0),
        };
        let of_round = (rows * CONNECTIONS.len()) as u64 * self.seconds + peers;
        let all = of_round * self.count as u64 + self.rows.len() as u64 * WARM_UP_SECONDS;
        if all > LONGEST_SECONDS {
            return Err(format!(
                "{} minutes are too long for one sign-in: lower --seconds or --rounds",
                all / 60
            ));
        }
        eprintln!("{rows} rows, about {} minutes", all.div_ceil(60));
        Ok(())
    }

    fn measure(&self, row: &Row, connections: usize) -> Result<Sample, String> {
        let before = process::cpu_time(row.pid)?;
        let seen = wrk::load(
            &row.base,
            &row.request,
            connections,
            self.seconds,
            self.interrupt,
        )?;
        let used = process::cpu_time(row.pid)?.saturating_sub(before);
        let requests = seen.requests.max(1) as f64;
        Ok(Sample {
            requests_per_second: requests * 1e6 / seen.microseconds.max(1) as f64,
            p50_ms: seen.p50 as f64 / 1e3,
            p99_ms: seen.p99 as f64 / 1e3,
            cpu_us: used.as_secs_f64() * 1e6 / requests,
            resident_mb: process::resident_kb(row.pid)? as f64 / 1024.0,
            refused: seen.refused,
            broken: seen.broken,
        })
    }
}

impl<'a> MeasuredRow<'a> {
    fn of(row: &'a Row) -> Self {
        Self {
            name: row.name.clone(),
            aim: row.aim.as_ref(),
            is_souk: row.is_souk,
            samples: Default::default(),
        }
    }
}

fn add(rows: &mut Vec<MeasuredRow<'_>>, name: String, at: usize, sample: Sample) {
    if !rows.iter().any(|row| row.name == name) {
        rows.push(MeasuredRow {
            name: name.clone(),
            aim: None,
            is_souk: false,
            samples: Default::default(),
        });
    }
    let samples = rows
        .iter_mut()
        .find(|row| row.name == name)
        .and_then(|row| row.samples.get_mut(at));
    if let Some(samples) = samples {
        samples.push(sample);
    }
}
