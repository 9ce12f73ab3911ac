//! What the system tells of a running process and of itself. Knows no server and no route.

use std::fs;
use std::time::Duration;

/// Processor time, user and system, that the process and its threads have used.
pub fn cpu_time(pid: u32) -> Result<Duration, String> {
    let stat = read(pid, "stat")?;
    // The name, in parentheses, may hold anything; fields are counted from behind it.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace().collect())
        .unwrap_or_default();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    let (Some(user), Some(system)) = (ticks(11), ticks(12)) else {
        return Err(format!("/proc/{pid}/stat has another shape: {stat}"));
    };
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_millis((user + system) * 1000 / per_second))
}

/// Resident memory in kB.
pub fn resident_kb(pid: u32) -> Result<u64, String> {
    status_number(pid, "VmRSS:")
}

/// The most that was ever resident, in kB.
pub fn peak_kb(pid: u32) -> Result<u64, String> {
    status_number(pid, "VmHWM:")
}

pub fn threads(pid: u32) -> Result<u64, String> {
    status_number(pid, "Threads:")
}

/// Open file descriptors.
pub fn descriptors(pid: u32) -> Result<u64, String> {
    let path = format!("/proc/{pid}/fd");
    fs::read_dir(&path)
        .map(|open| open.count() as u64)
        .map_err(|error| format!("{path}: {error}; did the server end?"))
}

/// The load average of the last minute.
pub fn load_of_the_machine() -> Result<String, String> {
    let text = fs::read_to_string("/proc/loadavg").map_err(|error| error.to_string())?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}

fn status_number(pid: u32, name: &str) -> Result<u64, String> {
    let status = read(pid, "status")?;
    status
        .lines()
        .find_map(|line| {
            line.strip_prefix(name)?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .ok_or_else(|| format!("/proc/{pid}/status has no {name}"))
}

fn read(pid: u32, file: &str) -> Result<String, String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).map_err(|error| format!("{path}: {error}; did the server end?"))
}
