//! The HTTP client behind all requests: its limits, its certificates, and one call.
//!
//! Connections are not kept: a server that closes an idle one at the moment it is used again
//! would turn into an error that nobody can explain. TLS sessions are resumed, which is what costs.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{Method, Request, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::{Connector as _, RustlsConnector, TcpConnector};

use super::allow::Judge;
use super::error::{Circumstance, OutboundError};
use super::redirect::{self, Hop};
use super::resolver::{JudgingResolver, Lookup};
use super::way::Way;
use super::{OutboundPolicy, OutboundResponse};

const CONNECT: Duration = Duration::from_secs(10);
const RESOLVE: Duration = Duration::from_secs(5);
const MAX_RESPONSE_HEADERS: usize = 64 * 1024;
const READ_AT_ONCE: usize = 16 * 1024;
const USER_AGENT: &str = concat!("souk/", env!("CARGO_PKG_VERSION"));

#[derive(Debug)]
pub(super) struct Clients {
    verified: Agent,
    unverified: Agent,
    trusted: Agent,
}

impl Clients {
    pub(super) fn new(
        policy: &OutboundPolicy,
        judge: &Arc<Judge>,
        lookup: &Arc<dyn Lookup>,
    ) -> Self {
        let roots = policy.ca_file.roots();
        let agent = |judge: Option<&Arc<Judge>>, verify: bool| {
            let resolver = JudgingResolver {
                leaves_to_proxy: judge.is_none() && policy.proxy.is_some(),
                judge: judge.cloned(),
                lookup: Arc::clone(lookup),
            };
            let way = Way {
                proxy: policy.proxy.clone(),
                lookup: Arc::clone(lookup),
                tcp: TcpConnector::default(),
            };
            let connector = way.chain(RustlsConnector::default());
            Agent::with_parts(config(&roots, verify), connector, resolver)
        };
        Self {
            verified: agent(Some(judge), true),
            unverified: agent(Some(judge), false),
            trusted: agent(None, true),
        }
    }

    pub(super) fn guarded(&self, skip_verification: bool) -> &Agent {
        if skip_verification {
            &self.unverified
        } else {
            &self.verified
        }
    }

    pub(super) fn trusted(&self) -> &Agent {
        &self.trusted
    }
}

fn config(roots: &RootCerts, verify: bool) -> ureq::config::Config {
    let tls = if verify {
        TlsConfig::builder().root_certs(roots.clone())
    } else {
        TlsConfig::builder().disable_verification(true)
    };
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // Neither one of the environment's nor the client's own kind of using one: see `Way`.
        .proxy(None)
        .timeout_resolve(Some(RESOLVE))
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(super::LONGEST_TIMEOUT))
        .max_response_header_size(MAX_RESPONSE_HEADERS)
        .max_idle_connections(0)
        .max_idle_connections_per_host(0)
        .user_agent(USER_AGENT)
        .tls_config(tls.build())
        .build()
}

/// One request without its redirects.
pub(super) struct Call<'a> {
    pub hop: &'a Hop,
    pub left: Duration,
    /// What the caller gave for the whole request, as an error tells it.
    pub whole: Duration,
    pub max_body: usize,
}

impl Call<'_> {
    pub(super) fn run(&self, agent: &Agent) -> Result<OutboundResponse, OutboundError> {
        let target = redirect::target(&self.hop.url)?;
        let authority = target.authority();
        let circumstance = Circumstance {
            host: &target.host,
            authority: &authority,
            timeout: self.whole,
            connect: CONNECT.min(self.whole),
        };
        if self.left.is_zero() {
            return Err(circumstance.explain(ureq::Error::Timeout(ureq::Timeout::Global)));
        }
        let mut response = self
            .send(agent)
            .map_err(|error| circumstance.explain(error))?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), text)
            })
            .collect();
        let mut reply = OutboundResponse {
            status,
            headers,
            body: Vec::new(),
        };
        let has_body = self.hop.method != Method::HEAD && !matches!(status, 204 | 304);
        if has_body && redirect::location(&reply).is_none() {
            reply.body = self.read(&mut response, &circumstance)?;
        }
        Ok(reply)
    }

    fn send(&self, agent: &Agent) -> Result<Response<ureq::Body>, ureq::Error> {
        let mut builder = Request::builder()
            .method(self.hop.method.clone())
            .uri(self.hop.url.as_str());
        if let Some(headers) = builder.headers_mut() {
            *headers = self.hop.headers.clone();
        }
        let expects_body = matches!(self.hop.method, Method::POST | Method::PUT | Method::PATCH);
        if self.hop.body.is_empty() && !expects_body {
            let request = builder.body(())?;
            agent.run(self.timed(agent, request))
        } else {
            let request = builder.body(self.hop.body.as_slice())?;
            agent.run(self.timed(agent, request))
        }
    }

    fn timed<B: ureq::AsSendBody>(&self, agent: &Agent, request: Request<B>) -> Request<B> {
        agent
            .configure_request(request)
            .timeout_global(Some(self.left))
            .build()
    }

    /// The limit counts decoded bytes, so a small compressed reply cannot grow past it.
    fn read(
        &self,
        response: &mut Response<ureq::Body>,
        at: &Circumstance<'_>,
    ) -> Result<Vec<u8>, OutboundError> {
        let too_large = || OutboundError::TooLarge {
            authority: at.authority.to_owned(),
            limit: self.max_body,
        };
        let announced = response.body().content_length();
        if announced.is_some_and(|length| length > self.max_body as u64) {
            return Err(too_large());
        }
        let mut reader = response.body_mut().with_config().limit(u64::MAX).reader();
        let mut body = Vec::new();
        let mut chunk = [0_u8; READ_AT_ONCE];
        loop {
            let count = reader
                .read(&mut chunk)
                .map_err(|error| at.explain(ureq::Error::from(error)))?;
            if count == 0 {
                return Ok(body);
            }
            if body.len() + count > self.max_body {
                return Err(too_large());
            }
            body.extend_from_slice(chunk.get(..count).unwrap_or_default());
        }
    }
}
