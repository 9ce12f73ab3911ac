//! The one way out to a network, for plugins and for the marketplace source.
//!
//! It deals with where a request may go, how long it may take and how much it may bring back.
//! Every name is resolved by us, every address is judged, and the connection is made to a judged
//! address and to no other, so that a name which changes its answer gains nothing. Of plugins it
//! knows whose request it is, and no more: which hosts were granted it asks whoever calls, once per hop.

pub mod address;
pub mod allow;
mod asker;
mod client;
mod denials;
pub mod error;
mod lookups;
mod proxy;
mod redirect;
mod resolver;
#[cfg(test)]
mod tests;
mod trust;
mod way;

use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

pub use allow::AllowEntry;
pub use asker::{Asker, asked_by};
pub use denials::DENIALS;
pub use error::OutboundError;
#[cfg(test)]
pub(crate) use lookups::tests::Ledger;
pub use proxy::Proxy;
pub use trust::CaFile;

use allow::Judge;
use client::Clients;
use denials::Denials;
use lookups::Lookups;
use redirect::Hop;
use resolver::Lookup;

/// The longest time that one request may be given, redirects and body included.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(300);
/// How many redirects are followed; the next one is an error.
pub const MAX_REDIRECTS: usize = 5;
/// Header lines that a caller may set.
const MAX_REQUEST_HEADERS: usize = 64;
const LONGEST_URL: usize = 8 * 1024;
/// How long `check` waits for a name server.
const CHECK_LOOKUP: Duration = Duration::from_secs(5);

/// What the operator decides of the way out: public addresses with verified certificates, and what else.
#[derive(Clone, Debug, Default)]
pub struct OutboundPolicy {
    /// `offline`: nothing is asked of any network, a name server included.
    pub offline: bool,
    /// `outbound.allow`
    pub allow: Vec<AllowEntry>,
    /// `outbound.insecure_tls`: hosts whose certificate a plugin may choose not to verify.
    pub insecure_tls: Vec<String>,
    /// `outbound.proxy`: the way to public addresses.
    pub proxy: Option<Proxy>,
    /// `outbound.ca_file`
    pub ca_file: CaFile,
}

/// Asked of each hop before its name is looked up: whether the caller may go there at all.
/// The text of a refusal says what is missing.
pub type Granted<'a> = &'a dyn Fn(&Url) -> Result<(), String>;

#[derive(Clone, Debug)]
pub struct OutboundRequest {
    pub method: String,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// For the whole request: look-ups, redirects and the body of the reply.
    pub timeout: Duration,
    pub verify_tls: bool,
    /// The most bytes of a decoded reply.
    pub max_body: usize,
}

#[derive(Clone, Debug)]
pub struct OutboundResponse {
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl OutboundResponse {
    /// The first header of that lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// One per process; shared by all threads.
#[derive(Debug)]
pub struct Outbound {
    offline: bool,
    judge: Arc<Judge>,
    lookup: Arc<dyn Lookup>,
    clients: Clients,
    denials: Denials,
}

impl Outbound {
    pub fn new(policy: OutboundPolicy) -> Self {
        Self::with_lookup(policy, Arc::new(Lookups::default()))
    }

    /// With no names but those of the ledger, which is told who asks.
    #[cfg(test)]
    pub(crate) fn with_ledger(ledger: &Arc<Ledger>) -> Self {
        Self::with_lookup(
            OutboundPolicy::default(),
            Arc::clone(ledger) as Arc<dyn Lookup>,
        )
    }

    fn with_lookup(policy: OutboundPolicy, lookup: Arc<dyn Lookup>) -> Self {
        let judge = Arc::new(Judge::new(&policy));
        let clients = Clients::new(&policy, &judge, &lookup);
        Self {
            offline: policy.offline,
            judge,
            lookup,
            clients,
            denials: Denials::default(),
        }
    }

    /// Whether the operator has closed the way out.
    pub fn is_offline(&self) -> bool {
        self.offline
    }

    /// How many requests were refused so far, by the words of [`DENIALS`].
    pub fn denied(&self) -> Vec<(&'static str, u64)> {
        self.denials.counts()
    }

    /// A plugin's request: only to hosts that it was granted, and to addresses that the policy allows.
    pub fn request(
        &self,
        request: &OutboundRequest,
        granted: Granted<'_>,
    ) -> Result<OutboundResponse, OutboundError> {
        self.follow(request, |url, is_first| {
            ask(granted, url)?;
            let unverified = if request.verify_tls {
                Ok(false)
            } else {
                self.judge.insecure_tls(url).map(|()| true)
            };
            // Where a redirect leads to was not asked for: there the certificate is verified instead.
            let skip_verification = if is_first {
                unverified?
            } else {
                unverified.unwrap_or(false)
            };
            Ok(self.clients.guarded(skip_verification))
        })
    }

    /// A request to an address that the operator configured, such as the marketplace.
    /// The same limits, but no judgement of its address; a redirect to another host is judged. `If-None-Match` passes, and so does a 304.
    pub fn fetch_trusted(
        &self,
        request: &OutboundRequest,
    ) -> Result<OutboundResponse, OutboundError> {
        // The operator named one host. Where it redirects to is that host's choice, not the operator's.
        self.follow(request, |url, _| {
            Ok(if url.origin() == request.url.origin() {
                self.clients.trusted()
            } else {
                self.clients.guarded(false)
            })
        })
    }

    /// Says before any connection whether a request to `url` would be refused.
    /// A name that does not resolve just now is no refusal: it may tomorrow.
    pub fn check(
        &self,
        url: &Url,
        verify_tls: bool,
        granted: Granted<'_>,
    ) -> Result<(), OutboundError> {
        self.open()?;
        let target = redirect::target(url)?;
        ask(granted, url)?;
        if !verify_tls {
            self.judge.insecure_tls(url)?;
        }
        match self.lookup.lookup(&target.host, target.port, CHECK_LOOKUP) {
            Ok(addresses) => self
                .judge
                .permitted(&target.host, target.port, &addresses)
                .map(|_| ()),
            Err(_) => Ok(()),
        }
    }

    /// The one place that a request to the outside passes.
    fn open(&self) -> Result<(), OutboundError> {
        if self.offline {
            return Err(OutboundError::Offline);
        }
        Ok(())
    }

    fn follow<'a>(
        &self,
        request: &OutboundRequest,
        client_for: impl Fn(&Url, bool) -> Result<&'a ureq::Agent, OutboundError>,
    ) -> Result<OutboundResponse, OutboundError> {
        let result = self.open().and_then(|()| self.walk(request, client_for));
        if let Err(error) = &result {
            self.denials.count(error);
        }
        result
    }

    fn walk<'a>(
        &self,
        request: &OutboundRequest,
        client_for: impl Fn(&Url, bool) -> Result<&'a ureq::Agent, OutboundError>,
    ) -> Result<OutboundResponse, OutboundError> {
        let started = Instant::now();
        let timeout = request.timeout.min(LONGEST_TIMEOUT);
        if request.headers.len() > MAX_REQUEST_HEADERS {
            return Err(OutboundError::BadRequest(format!(
                "a request may have {MAX_REQUEST_HEADERS} headers, this one has {}",
                request.headers.len()
            )));
        }
        let mut hop = Hop::first(request)?;
        for number in 0..=MAX_REDIRECTS {
            if hop.url.as_str().len() > LONGEST_URL {
                return Err(OutboundError::BadUrl {
                    reason: format!("it is longer than {LONGEST_URL} bytes"),
                });
            }
            let left = timeout.saturating_sub(started.elapsed());
            let call = client::Call {
                hop: &hop,
                left,
                whole: timeout,
                max_body: request.max_body,
            };
            // Only what can be requested at all is a question for whoever granted it.
            redirect::target(&hop.url)?;
            let response = call.run(client_for(&hop.url, number == 0)?)?;
            match hop.after(&response)? {
                Some(next) => hop = next,
                None => return Ok(response),
            }
        }
        Err(OutboundError::Redirects {
            host: redirect::target(&request.url)?.authority(),
            limit: MAX_REDIRECTS,
        })
    }
}

fn ask(granted: Granted<'_>, url: &Url) -> Result<(), OutboundError> {
    granted(url).map_err(|reason| OutboundError::NotGranted { reason })
}
