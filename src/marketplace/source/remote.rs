//! A marketplace behind a URL: single files below the folder of its registry.
//!
//! The address is the operator's own, so it may be on a private network. The paths come from the
//! registry and were made safe there; they are encoded into the URL segment by segment.

use std::sync::Arc;
use std::time::Duration;

use backon::{BlockingRetryable as _, ExponentialBuilder};
use url::Url;

use super::{Files, too_large};
use crate::error::{Error, Result};
use crate::marketplace::manifest::{FILE_NAME, REGISTRY_BYTES};
use crate::marketplace::registry::remote::FETCH_TIME;
use crate::outbound::{Outbound, OutboundError, OutboundRequest, OutboundResponse};
use crate::package::path::PackagePath;

/// How often a file is asked for again after a failure that may pass, with longer and longer pauses.
const RETRIES: usize = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

pub struct Remote {
    registry: Url,
    base: Url,
    outbound: Arc<Outbound>,
    retries: usize,
}

/// Why there is no reply that can be used.
enum Failure {
    /// Nobody answered, or not to the end.
    Silent(OutboundError),
    Status(u16),
}

impl Remote {
    pub fn new(registry: &Url, outbound: Arc<Outbound>) -> Self {
        let mut base = registry.clone();
        base.set_query(None);
        if let Ok(mut segments) = base.path_segments_mut() {
            segments.pop();
        }
        Self {
            registry: registry.clone(),
            base,
            outbound,
            retries: 0,
        }
    }

    pub fn with_retries(mut self) -> Self {
        self.retries = RETRIES;
        self
    }

    fn address(&self, path: &PackagePath) -> Url {
        let mut url = self.base.clone();
        // An http address always has segments; the base was one.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.segments());
        }
        url
    }

    /// `None` where the source says that there is no such file.
    fn fetch(&self, url: &Url, limit: u64, patience: Duration) -> Result<Option<Vec<u8>>, Failure> {
        let once = || {
            let response =
                get(&self.outbound, url, Vec::new(), limit, patience).map_err(Failure::Silent)?;
            match response.status {
                200 => Ok(Some(response.body)),
                404 | 410 => Ok(None),
                status => Err(Failure::Status(status)),
            }
        };
        once.retry(
            ExponentialBuilder::default()
                .with_min_delay(FIRST_PAUSE)
                .with_max_delay(LONGEST_PAUSE)
                .with_max_times(self.retries),
        )
        .when(Failure::may_pass)
        .call()
    }

    fn explain(name: &dyn std::fmt::Display, patience: Duration, failure: Failure) -> Error {
        match failure {
            Failure::Silent(OutboundError::TimedOut { .. }) => Error::TimedOut(format!(
                "The marketplace did not deliver '{name}' in {} s",
                patience.as_secs()
            )),
            Failure::Silent(error) => {
                Error::Upstream(format!("The marketplace cannot deliver '{name}': {error}"))
            }
            Failure::Status(status) => {
                Error::Upstream(format!("The marketplace answered {status} for '{name}'"))
            }
        }
    }
}

impl Failure {
    fn may_pass(&self) -> bool {
        match self {
            Self::Silent(error) => matches!(
                error,
                OutboundError::Connect { .. } | OutboundError::TimedOut { .. }
            ),
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500 | 502..=504),
        }
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
        self.fetch(&self.address(path), limit, patience)
            .map_err(|failure| match failure {
                Failure::Silent(OutboundError::TooLarge { .. }) => too_large(path, limit),
                failure => Self::explain(path, patience, failure),
            })
    }

    /// At its own address, which may have another name and a query.
    fn registry(&self) -> Result<Vec<u8>> {
        self.fetch(&self.registry, REGISTRY_BYTES as u64, FETCH_TIME)
            .map_err(|failure| Self::explain(&FILE_NAME, FETCH_TIME, failure))?
            .ok_or_else(|| Error::Upstream(format!("The marketplace has no {FILE_NAME}")))
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
