//! How many files and sockets this process may have open. Who gets how many is decided elsewhere.

/// The soft limit, or a cautious guess where there is none to ask.
#[cfg(unix)]
pub fn descriptor_limit() -> usize {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile)
        .current
        .map_or(usize::MAX, |soft| {
            usize::try_from(soft).unwrap_or(usize::MAX)
        })
}

#[cfg(not(unix))]
pub fn descriptor_limit() -> usize {
    8192
}
