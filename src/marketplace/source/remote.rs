//! A marketplace behind a URL: single files below the folder of its registry.
//!
//! The address is the operator's own, so it may be on a private network. The paths come from the
//! registry and were made safe there; they are encoded into the URL segment by segment.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::{Files, too_large};
use crate::error::{Error, Result};
use crate::outbound::{Outbound, OutboundError, OutboundRequest, OutboundResponse};
use crate::package::path::PackagePath;

pub struct Remote {
    base: Url,
    outbound: Arc<Outbound>,
}

impl Remote {
    pub fn new(registry: &Url, outbound: Arc<Outbound>) -> Self {
        let mut base = registry.clone();
        base.set_query(None);
        if let Ok(mut segments) = base.path_segments_mut() {
            segments.pop();
        }
        Self { base, outbound }
    }

    fn address(&self, path: &PackagePath) -> Url {
        let mut url = self.base.clone();
        // An http address always has segments; the base was one.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.segments());
        }
        url
    }
}

/// A GET of an address that the operator configured.
pub fn get(
    outbound: &Outbound,
    url: &Url,
    headers: Vec<(String, String)>,
    limit: u64,
    timeout: Duration,
) -> Result<OutboundResponse, OutboundError> {
    outbound.fetch_trusted(&OutboundRequest {
        method: "GET".to_owned(),
        url: url.clone(),
        headers,
        body: Vec::new(),
        timeout,
        verify_tls: true,
        max_body: usize::try_from(limit).unwrap_or(usize::MAX),
    })
}

impl Files for Remote {
    fn read(&self, path: &PackagePath, limit: u64, patience: Duration) -> Result<Option<Vec<u8>>> {
        let response = match get(
            &self.outbound,
            &self.address(path),
            Vec::new(),
            limit,
            patience,
        ) {
            Ok(response) => response,
            Err(OutboundError::TooLarge { .. }) => return Err(too_large(path, limit)),
            Err(OutboundError::TimedOut { .. }) => {
                return Err(Error::TimedOut(format!(
                    "The marketplace did not deliver '{path}' in {} s",
                    patience.as_secs()
                )));
            }
            Err(error) => {
                return Err(Error::Upstream(format!(
                    "The marketplace cannot deliver '{path}': {error}"
                )));
            }
        };
        match response.status {
            200 => Ok(Some(response.body)),
            404 | 410 => Ok(None),
            status => Err(Error::Upstream(format!(
                "The marketplace answered {status} for '{path}'"
            ))),
        }
    }

    fn list(&self, _folder: &PackagePath) -> Result<Option<Vec<PackagePath>>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::OutboundPolicy;

    #[test]
    fn a_path_becomes_segments_below_the_registrys_folder_whatever_it_holds() {
        let address = |registry: &str, path: &str| {
            let outbound = Arc::new(Outbound::new(OutboundPolicy::default()));
            let remote = Remote::new(&Url::parse(registry).unwrap(), outbound);
            remote
                .address(&PackagePath::parse(path).unwrap())
                .to_string()
        };
        assert_eq!(
            address("https://e.com/plugins.json", "plugins/a/main.lua"),
            "https://e.com/plugins/a/main.lua"
        );
        assert_eq!(
            address("https://e.com/x/y/plugins.json?k=1", "a b/c#d?e%2e%2e"),
            "https://e.com/x/y/a%20b/c%23d%3Fe%252e%252e"
        );
    }
}
