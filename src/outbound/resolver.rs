//! Names to addresses, once per hop, with a limit on time and on threads.
//!
//! The client asks this resolver and connects to what it answers. An address that the policy
//! refuses never reaches the client, and there is no second look-up that could answer otherwise.

use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::unversioned::transport::time::Duration as Remaining;

use super::allow::Judge;
use super::error::OutboundError;

/// The client keeps no more than this.
pub(super) const MAX_ADDRESSES: usize = 16;
/// The system's look-up cannot be cancelled: a thread stays until it ends. This many may be waiting.
const MAX_WAITING: usize = 64;
/// Used when the client sets no limit of its own.
pub(super) const LONGEST_LOOKUP: Duration = Duration::from_secs(10);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum LookupError {
    NotFound(String),
    TimedOut,
    Busy,
}

pub(super) trait Lookup: Debug + Send + Sync + 'static {
    fn lookup(
        &self,
        host: &str,
        port: u16,
        timeout: Duration,
    ) -> Result<Vec<SocketAddr>, LookupError>;
}

/// The machine's own resolver: `/etc/hosts`, name servers, whatever it is set up with.
#[derive(Debug, Default)]
pub(super) struct SystemLookup {
    waiting: Arc<AtomicUsize>,
}

impl Lookup for SystemLookup {
    fn lookup(
        &self,
        host: &str,
        port: u16,
        timeout: Duration,
    ) -> Result<Vec<SocketAddr>, LookupError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let slot = Slot::take(&self.waiting).ok_or(LookupError::Busy)?;
        let (sender, receiver) = mpsc::sync_channel(1);
        let name = host.to_owned();
        let work = move || {
            let answer = (name.as_str(), port).to_socket_addrs().map(Vec::from_iter);
            drop(slot);
            // Nobody listens any more when the time ran out: that is what the time-out is for.
            let _ = sender.send(answer);
        };
        std::thread::Builder::new()
            .name("name-lookup".to_owned())
            .spawn(work)
            .map_err(|_| LookupError::Busy)?;
        match receiver.recv_timeout(timeout) {
            Ok(Ok(addresses)) if addresses.is_empty() => {
                Err(LookupError::NotFound("it has no address".to_owned()))
            }
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => Err(LookupError::NotFound(reason(&error))),
            Err(RecvTimeoutError::Timeout) => Err(LookupError::TimedOut),
            Err(RecvTimeoutError::Disconnected) => {
                Err(LookupError::NotFound("the look-up failed".to_owned()))
            }
        }
    }
}

/// The system words this as "failed to lookup address information: Name or service not known".
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.rsplit(": ").next().unwrap_or(&text).to_owned()
}

struct Slot(Arc<AtomicUsize>);

impl Slot {
    fn take(waiting: &Arc<AtomicUsize>) -> Option<Self> {
        waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| {
                (n < MAX_WAITING).then_some(n + 1)
            })
            .ok()
            .map(|_| Self(Arc::clone(waiting)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What the client resolves with. Without a judge every address passes.
#[derive(Debug)]
pub(super) struct JudgingResolver {
    pub judge: Option<Arc<Judge>>,
    pub lookup: Arc<dyn Lookup>,
    /// A name that is not found here is no error: the proxy may know it.
    pub leaves_to_proxy: bool,
}

impl JudgingResolver {
    fn addresses(&self, uri: &Uri, timeout: Duration) -> Result<Vec<SocketAddr>, OutboundError> {
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = match (uri.port_u16(), uri.scheme_str()) {
            (Some(port), _) => port,
            (None, Some("https")) => 443,
            (None, _) => 80,
        };
        let found = self
            .lookup
            .lookup(host, port, timeout)
            .map_err(|error| match error {
                LookupError::NotFound(reason) => OutboundError::NotFound {
                    host: host.to_owned(),
                    reason,
                },
                LookupError::TimedOut => OutboundError::NotFound {
                    host: host.to_owned(),
                    reason: "no name server answered in time".to_owned(),
                },
                LookupError::Busy => OutboundError::NotFound {
                    host: host.to_owned(),
                    reason: "too many look-ups are waiting; try again".to_owned(),
                },
            })?;
        match &self.judge {
            Some(judge) => judge.permitted(host, port, &found),
            None => Ok(found),
        }
    }
}

impl Resolver for JudgingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let timeout = match timeout.after {
            Remaining::Exact(left) => left.min(LONGEST_LOOKUP),
            Remaining::NotHappening => LONGEST_LOOKUP,
        };
        let addresses = match self.addresses(uri, timeout) {
            Err(OutboundError::NotFound { .. }) if self.leaves_to_proxy => Vec::new(),
            found => found.map_err(|error| ureq::Error::Other(Box::new(error)))?,
        };
        let mut resolved = self.empty();
        for address in addresses.into_iter().take(MAX_ADDRESSES) {
            resolved.push(address);
        }
        Ok(resolved)
    }
}
