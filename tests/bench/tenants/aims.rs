//! What the figures are held against.

use std::fmt;

use crate::measured::Measured;

const MAKING_MS: f64 = 2.0;
const READY_MS: f64 = 300.0;
const REST_MB: f64 = 40.0;
/// A hot tenant's request among many tenants, against the same among few.
const HOT_RATIO: f64 = 1.10;
/// What a request pays more when its tenant is not attached.
const COLD_MS: f64 = 2.0;

pub struct Line {
    pub is_met: bool,
    text: String,
}

pub fn all(measured: &[Measured]) -> Vec<Line> {
    let mut lines = Vec::new();
    let Some(few) = measured.first() else {
        return lines;
    };
    for row in measured {
        let tenants = row.tenants;
        let mut hold = |what: &str, value: f64, most: f64| {
            lines.push(Line {
                is_met: value <= most,
                text: format!("{tenants} tenants: {what} {value:.2}, at most {most}"),
            });
        };
        // A handful pays for the start of the program that makes them.
        if tenants >= 1_000 {
            hold("ms to make each", row.making, MAKING_MS);
        }
        hold(
            "ms from start to ready",
            row.ready_after.as_secs_f64() * 1e3,
            READY_MS,
        );
        hold("MB at rest", row.resident_kb as f64 / 1024.0, REST_MB);
        if tenants > few.tenants {
            hold(
                "times the CPU of a request among few",
                row.hot_against(few, |(_, cpu)| *cpu),
                HOT_RATIO,
            );
            hold(
                "times the p50 of a request among few",
                row.hot_against(few, |(p50, _)| *p50),
                HOT_RATIO,
            );
            hold(
                "ms more for a tenant that is not attached",
                row.cold.saturating_sub(row.hot_p50()).as_secs_f64() * 1e3,
                COLD_MS,
            );
        }
    }
    lines
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_met { "met   " } else { "MISSED" };
        write!(f, "{verdict}  {}", self.text)
    }
}
