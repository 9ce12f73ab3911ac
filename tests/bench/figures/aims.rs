//! What a row should reach beside another one.

/// The most that p99 may be of p50, at the most connections.
pub const P99_OF_P50: f64 = 5.0;

pub struct Aim {
    /// The row it is compared with.
    pub with: String,
    pub factor: f64,
}

impl Aim {
    pub fn at_least(factor: f64, with: &str) -> Self {
        Self {
            with: with.to_owned(),
            factor,
        }
    }
}
