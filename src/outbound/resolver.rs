//! Names to addresses, once per hop, with a limit on time.
//!
//! The client asks this resolver and connects to what it answers. An address that the policy
//! refuses never reaches the client, and there is no second look-up that could answer otherwise.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;
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
/// Used when the client sets no limit of its own.
pub(super) const LONGEST_LOOKUP: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LookupError {
    NotFound(String),
    TimedOut,
    /// Whoever asks has as many at work as may be.
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
