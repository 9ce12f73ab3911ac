//! Opening the connection: straight to a judged address, or through the proxy to it.
//!
//! Addresses that are not public were opened by the operator one by one, or are the marketplace's own:
//! they lie on this side of a proxy and are connected to directly.

use std::sync::Arc;

use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::time::Duration as Remaining;
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, Either, TcpConnector, Transport, TransportAdapter,
};

use super::address;
use super::error::OutboundError;
use super::proxy::{Proxy, Target};
use super::resolver::{LONGEST_LOOKUP, Lookup, MAX_ADDRESSES};

#[derive(Debug)]
pub(super) struct Way {
    pub proxy: Option<Proxy>,
    pub lookup: Arc<dyn Lookup>,
    pub tcp: TcpConnector,
}

impl Connector<()> for Way {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        if let Some(proxy) = &self.proxy
            && let Some(target) = behind(details)
        {
            return self.through(proxy, &target, details).map(Some);
        }
        self.open(details).map(Some)
    }
}

/// What the proxy is asked for; `None` where the way is a direct one.
fn behind<'a>(details: &'a ConnectionDetails<'_>) -> Option<Target<'a>> {
    if details.addrs.is_empty() {
        let port = if details.needs_tls() { 443 } else { 80 };
        let port = details.uri.port_u16().unwrap_or(port);
        return Some(Target::Named(details.uri.host()?, port));
    }
    details
        .addrs
        .iter()
        .find(|address| address::class(address.ip()).is_none())
        .map(|address| Target::Judged(*address))
}

impl Way {
    fn open(&self, details: &ConnectionDetails<'_>) -> Result<Box<dyn Transport>, ureq::Error> {
        let opened = Connector::<()>::connect(&self.tcp, details, None)?;
        match opened {
            Some(Either::B(transport)) => Ok(Box::new(transport)),
            _ => Err(ureq::Error::ConnectionFailed),
        }
    }

    fn through(
        &self,
        proxy: &Proxy,
        target: &Target<'_>,
        details: &ConnectionDetails<'_>,
    ) -> Result<Box<dyn Transport>, ureq::Error> {
        let failed = |reason: String| ureq::Error::Other(Box::new(OutboundError::Proxy { reason }));
        let patience = match details.timeout.after {
            Remaining::Exact(left) => left,
            Remaining::NotHappening => LONGEST_LOOKUP,
        };
        let addresses = self
            .lookup
            .lookup(&proxy.host, proxy.port, patience.min(LONGEST_LOOKUP))
            .map_err(|_| failed(format!("has a name, {}, that is not found", proxy.host)))?;
        let mut resolved: ResolvedSocketAddrs = details.resolver.empty();
        for address in addresses.into_iter().take(MAX_ADDRESSES) {
            resolved.push(address);
        }
        let to_proxy = ConnectionDetails {
            uri: &proxy.uri,
            addrs: resolved,
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        let transport = self
            .open(&to_proxy)
            .map_err(|error| failed(format!("cannot be reached: {error}")))?;
        let mut adapter = TransportAdapter::new(transport, Arc::clone(&details.current_time));
        adapter.set_timeout(details.timeout);
        proxy.ask(&mut adapter, target).map_err(failed)?;
        Ok(adapter.into_inner())
    }
}
