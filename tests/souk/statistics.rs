//! What the benches compute from their measurements.

use std::time::Duration;

use subject::{median, percentile, rise};

#[allow(dead_code)]
#[path = "../bench/statistics.rs"]
pub mod subject;

#[test]
fn the_median_is_a_value_that_was_measured() {
    assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.0);
    assert_eq!(median(Vec::new()), 0.0);
}

#[test]
fn one_slow_answer_in_a_hundred_is_the_99th_percentile() {
    let mut times = vec![Duration::from_millis(1); 99];
    times.push(Duration::from_secs(1));
    assert_eq!(percentile(&times, 0.5), Duration::from_millis(1));
    assert_eq!(percentile(&times, 0.99), Duration::from_secs(1));
    assert_eq!(percentile(&[], 0.99), Duration::ZERO);
}

#[test]
fn a_rise_is_that_of_the_line_and_not_of_a_single_point() {
    let steady: Vec<(f64, f64)> = (0..100).map(|x| (f64::from(x), 5.0)).collect();
    assert!(rise(&steady).abs() < 1e-9);
    let rising: Vec<(f64, f64)> = (0..=100)
        .map(|x| (f64::from(x), f64::from(x) * 0.02))
        .collect();
    assert!((rise(&rising) - 2.0).abs() < 1e-9);
    let mut with_a_peak = steady;
    if let Some(middle) = with_a_peak.get_mut(50) {
        middle.1 = 50.0;
    }
    assert!(rise(&with_a_peak) < 1.0);
    assert_eq!(rise(&[]), 0.0);
}
