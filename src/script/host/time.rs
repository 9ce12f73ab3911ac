//! `time`: the host's clock, always in UTC. Neither language has a clock of its own.

use jiff::Timestamp;

use super::{ARGUMENTS, Body, HostFn, Kind, Param, raised};
use crate::clock;
use crate::script::grant::Capability;
use crate::value::Value;

pub const NOW: HostFn = HostFn {
    module: "time",
    name: "now",
    needs: Capability::Time,
    doc: "time.now() → \"2026-11-24T08:00:00.000Z\"",
    params: &[],
    size: ARGUMENTS,
    body: Body::Call(|_, _| Ok(Value::Text(clock::now_iso()))),
};

pub const UNIX: HostFn = HostFn {
    module: "time",
    name: "unix",
    needs: Capability::Time,
    doc: "time.unix() → seconds since 1970",
    params: &[],
    size: ARGUMENTS,
    body: Body::Call(|_, _| Ok(Value::Int(clock::now().as_second()))),
};

pub const MILLIS: HostFn = HostFn {
    module: "time",
    name: "millis",
    needs: Capability::Time,
    doc: "time.millis() → milliseconds since 1970",
    params: &[],
    size: ARGUMENTS,
    body: Body::Call(|_, _| Ok(Value::Int(clock::now().as_millisecond()))),
};

pub const FORMAT: HostFn = HostFn {
    module: "time",
    name: "format",
    needs: Capability::Time,
    doc: "time.format(millis) → text like that of time.now()",
    params: &[Param::required("millis", Kind::Int)],
    size: ARGUMENTS,
    body: Body::Call(|_, args| match Timestamp::from_millisecond(args.int(0)) {
        Ok(time) => Ok(Value::Text(clock::iso(time))),
        Err(_) => raised(format!(
            "{} ms is not a time between the years -9999 and 9999",
            args.int(0)
        )),
    }),
};

pub const PARSE: HostFn = HostFn {
    module: "time",
    name: "parse",
    needs: Capability::Time,
    doc: "time.parse(text) → milliseconds since 1970; text as \"2026-11-24T08:00:00Z\", with its offset, or a date alone (midnight UTC)",
    params: &[Param::required("text", Kind::Text)],
    size: ARGUMENTS,
    body: Body::Call(|_, args| {
        let text = args.text(0);
        let date_alone = || {
            let date: jiff::civil::Date = text.parse().ok()?;
            let midnight = date.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?;
            Some(midnight.timestamp())
        };
        match text.parse().ok().or_else(date_alone) {
            Some(time) => Ok(Value::Int(Timestamp::as_millisecond(time))),
            None => raised(format!(
                "'{}' is not a time; expected 2026-11-24T08:00:00Z or 2026-11-24",
                text.chars().take(40).collect::<String>()
            )),
        }
    }),
};
