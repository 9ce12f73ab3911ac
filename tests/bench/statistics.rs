//! Figures of many figures. A bench has no tests of its own: these are tested with the program.

use std::time::Duration;

/// The middle value; of an even number the lower of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or_default()
}

/// The time within which that share of sorted times lies.
pub fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let at = (sorted.len() as f64 * share) as usize;
    sorted
        .get(at.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

/// By how much the straight line that fits the points best (least squares) rises from the first to the last.
pub fn rise(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let (mut product, mut square) = (0.0, 0.0);
    for (x, y) in points {
        product += (x - mean_x) * (y - mean_y);
        square += (x - mean_x) * (x - mean_x);
    }
    match (points.first(), points.last()) {
        (Some(first), Some(last)) if square > 0.0 => product / square * (last.0 - first.0),
        _ => 0.0,
    }
}

pub fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, most), value| (least.min(value), most.max(value)),
    )
}
