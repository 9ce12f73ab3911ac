//! The one table, as Markdown that is also readable as it is, or as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::aims::P99_OF_P50;
use crate::rounds::{CONNECTIONS, Measured, MeasuredRow};
use crate::sample::Sample;

const HEAD: [&str; 15] = [
    "row",
    "req/s 16",
    "req/s 64",
    "p50 ms 16",
    "p99 ms 16",
    "p50 ms 64",
    "p99 ms 64",
    "cpu us 16",
    "cpu us 64",
    "MB",
    "failed",
    "p99/p50 64",
    "x 16",
    "x 64",
    "aim",
];

pub fn text(measured: &Measured<'_>, seconds: u64, rounds: usize) -> String {
    let mut lines: Vec<Vec<String>> = vec![HEAD.iter().map(|name| (*name).to_owned()).collect()];
    for row in &measured.rows {
        lines.push(cells(measured, row));
        if row.name.ends_with("lua insert") {
            lines.push(disk_cells(measured));
        }
    }
    let mut text = String::new();
    let _infallible = writeln!(
        text,
        "{} cores, load {} before the run, {seconds} s at 16 and 64 connections, median of {rounds}; cpu us: user \
         and system time of the server per request; MB: resident, at most; failed: answers of 400 and above, or none\n",
        cores(),
        measured.load_before,
    );
    text.push_str(&aligned(&lines));
    text
}

pub fn json(measured: &Measured<'_>, seconds: u64, rounds: usize) -> Value {
    let rows: Vec<Value> = measured
        .rows
        .iter()
        .map(|row| {
            let at: Vec<Value> = CONNECTIONS
                .iter()
                .zip(row.medians())
                .zip(&row.samples)
                .map(|((connections, median), samples)| {
                    json!({ "connections": connections, "median": median, "samples": samples })
                })
                .collect();
            let aim = row.aim.map(|aim| {
                json!({ "with": aim.with, "factor": aim.factor, "reached": ratios(measured, row) })
            });
            json!({ "name": row.name, "at": at, "aim": aim })
        })
        .collect();
    json!({
        "cores": cores(),
        "loadBefore": measured.load_before,
        "seconds": seconds,
        "rounds": rounds,
        "diskFullCommitsPerSecond": measured.disk_commits_per_second,
        "rows": rows,
    })
}

fn cells(measured: &Measured<'_>, row: &MeasuredRow<'_>) -> Vec<String> {
    let [few, many] = row.medians();
    let failed = few.failed() + many.failed();
    // A rate with failures in it is none to compare.
    let mark = if failed > 0 { "!" } else { "" };
    let mut cells = vec![
        row.name.clone(),
        format!("{mark}{:.0}", few.requests_per_second),
        format!("{mark}{:.0}", many.requests_per_second),
        format!("{:.2}", few.p50_ms),
        format!("{:.2}", few.p99_ms),
        format!("{:.2}", many.p50_ms),
        format!("{:.2}", many.p99_ms),
        format!("{:.0}", few.cpu_us),
        format!("{:.0}", many.cpu_us),
        format!("{:.0}", few.resident_mb.max(many.resident_mb)),
        failed.to_string(),
        spread(row, &many),
    ];
    match (row.aim, ratios(measured, row)) {
        (Some(aim), Some([few, many])) => {
            let verdict = if few.min(many) >= aim.factor {
                "met"
            } else {
                "missed"
            };
            cells.push(format!("{few:.2}"));
            cells.push(format!("{many:.2}"));
            cells.push(format!("{verdict}: {:.2} x {}", aim.factor, aim.with));
        }
        _ => cells.extend([String::new(), String::new(), String::new()]),
    }
    cells
}

fn disk_cells(measured: &Measured<'_>) -> Vec<String> {
    let mut cells = vec![String::new(); HEAD.len()];
    for (cell, text) in cells.iter_mut().zip([
        "(disk: FULL commits/s, one writer)".to_owned(),
        format!("{:.0}", measured.disk_commits_per_second),
    ]) {
        *cell = text;
    }
    cells
}

/// How far the slowest answers are from the usual ones.
fn spread(row: &MeasuredRow<'_>, many: &Sample) -> String {
    let spread = many.p99_ms / many.p50_ms;
    if row.is_souk && spread > P99_OF_P50 {
        format!("{spread:.1} missed")
    } else {
        format!("{spread:.1}")
    }
}

/// The row's rates as multiples of those of the row it is compared with, if that was measured.
fn ratios(measured: &Measured<'_>, row: &MeasuredRow<'_>) -> Option<[f64; CONNECTIONS.len()]> {
    let with = &row.aim?.with;
    let other = measured.rows.iter().find(|other| other.name == *with)?;
    let [few, many] = row.medians();
    let [other_few, other_many] = other.medians();
    Some([
        few.requests_per_second / other_few.requests_per_second,
        many.requests_per_second / other_many.requests_per_second,
    ])
}

fn aligned(lines: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|at| {
            let widest = lines
                .iter()
                .filter_map(|line| line.get(at))
                .map(String::len);
            widest.max().unwrap_or_default()
        })
        .collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let cells: Vec<String> = line
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (cell, width))| {
                // Names and verdicts to the left, figures to the right.
                if at == 0 || at + 1 == HEAD.len() {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            })
            .collect();
        let _infallible = writeln!(text, "| {} |", cells.join(" | "));
        if number == 0 {
            let rule: Vec<String> = widths
                .iter()
                .enumerate()
                .map(|(at, width)| {
                    if at == 0 || at + 1 == HEAD.len() {
                        "-".repeat(*width)
                    } else {
                        format!("{}:", "-".repeat(width - 1))
                    }
                })
                .collect();
            let _infallible = writeln!(text, "| {} |", rule.join(" | "));
        }
    }
    text
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}
