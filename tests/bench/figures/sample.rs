//! One measurement, and the median of several.

use serde::Serialize;

/// What one load of one row showed.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Sample {
    pub requests_per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Processor time of the server for one request, in microseconds.
    pub cpu_us: f64,
    pub resident_mb: f64,
    /// Answers of 400 and above.
    pub refused: u64,
    /// Connections that failed, and answers that did not come in time.
    pub broken: u64,
}

impl Sample {
    /// The median of each figure; failures are summed.
    pub fn median(samples: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(samples.iter().map(figure).collect());
        Self {
            requests_per_second: of(|sample| sample.requests_per_second),
            p50_ms: of(|sample| sample.p50_ms),
            p99_ms: of(|sample| sample.p99_ms),
            cpu_us: of(|sample| sample.cpu_us),
            resident_mb: of(|sample| sample.resident_mb),
            refused: samples.iter().map(|sample| sample.refused).sum(),
            broken: samples.iter().map(|sample| sample.broken).sum(),
        }
    }

    pub fn failed(&self) -> u64 {
        self.refused + self.broken
    }
}

/// The middle value; of an even number the lower of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or_default()
}
