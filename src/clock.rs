//! Time as the database and the API write it: UTC, milliseconds, `2026-11-24T07:00:00.000Z`.

use jiff::Timestamp;

pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The one written form of a time.
pub fn iso(time: Timestamp) -> String {
    format!("{time:.3}")
}

pub fn now_iso() -> String {
    iso(now())
}

/// A time `seconds` from now, in the written form; the written form sorts as time does.
pub fn iso_in(seconds: i64) -> String {
    iso(now()
        .checked_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds() {
        let time: Timestamp = "2026-11-24T07:00:00.5Z".parse().unwrap();
        assert_eq!(iso(time), "2026-11-24T07:00:00.500Z");
    }
}
