//! What a run found, for people and for machines.

use serde::Serialize;

use super::judge::Observation;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub case: String,
    /// The walls that may stop it.
    pub wall: String,
    pub outcome: &'static str,
    /// The limit or the error.
    pub detail: String,
    pub milliseconds: u64,
    pub peak_bytes: Option<u64>,
    /// Empty where all is well.
    pub breaches: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub cases: Vec<Line>,
    pub seeds: usize,
    /// What was found beside the cases: of the whole process, after all of them.
    pub breaches: Vec<String>,
    pub seconds: f64,
    /// Resident memory of the instances, before the first case and after the last.
    pub memory: Vec<(u64, u64)>,
}

/// A text of a table is cut here.
const LONGEST_DETAIL: usize = 160;

impl Line {
    pub fn new(case: String, wall: String, seen: &Observation, breaches: Vec<String>) -> Self {
        Self {
            case,
            wall,
            outcome: seen.ended.name(),
            detail: seen.ended.detail().chars().take(LONGEST_DETAIL).collect(),
            milliseconds: u64::try_from(seen.took.as_millis()).unwrap_or(u64::MAX),
            peak_bytes: seen.peak,
            breaches,
        }
    }
}

impl Report {
    /// All breaches, each with the case it belongs to.
    pub fn all_breaches(&self) -> Vec<String> {
        let of_cases = self.cases.iter().flat_map(|line| {
            line.breaches
                .iter()
                .map(move |breach| format!("{}: {breach}", line.case))
        });
        of_cases.chain(self.breaches.iter().cloned()).collect()
    }

    pub fn summary(&self) -> String {
        let count = |outcome: &str| {
            self.cases
                .iter()
                .filter(|line| line.outcome == outcome)
                .count()
        };
        let memory: Vec<String> = self
            .memory
            .iter()
            .map(|(before, after)| format!("{} → {} MB", before >> 20, after >> 20))
            .collect();
        format!(
            "{} cases of {} seeds in {:.0} s: {} stopped, {} refused, {} harmless; memory {}; {} breaches",
            self.cases.len(),
            self.seeds,
            self.seconds,
            count("stopped"),
            count("refused"),
            count("harmless"),
            memory.join(", "),
            self.all_breaches().len(),
        )
    }
}
