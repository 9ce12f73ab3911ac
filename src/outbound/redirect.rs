//! From one address to the next: what a redirect changes about a request, and what it may carry along.

use ureq::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ureq::http::{Method, StatusCode};
use url::{Host, Url};

use super::error::OutboundError;
use super::{OutboundRequest, OutboundResponse};

/// What another host may learn from a request that was meant for the first one.
/// A list of what may pass, because a secret can travel in a header of any name.
const CROSSES_HOSTS: [HeaderName; 5] = [
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::ACCEPT_ENCODING,
    header::CONTENT_TYPE,
    header::USER_AGENT,
];

/// Headers that frame the message or address the connection: ours to set.
const OURS: [&str; 11] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "expect",
    "te",
    "trailer",
    "proxy-authorization",
    "proxy-connection",
];

const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// The host and port of a URL that may be requested at all.
pub(super) struct Target {
    /// Without brackets.
    pub host: String,
    pub port: u16,
}

impl Target {
    pub(super) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Only `http` and `https`, with a host, without a user name or password.
pub(super) fn target(url: &Url) -> Result<Target, OutboundError> {
    let refuse = |reason: &str| OutboundError::BadUrl {
        reason: reason.to_owned(),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("only http and https addresses can be requested"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(
            "it carries a user name or password; send them in a header instead",
        ));
    }
    let host = match url.host() {
        Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        _ => return Err(refuse("it names no host")),
    };
    let port = url
        .port_or_known_default()
        .filter(|port| *port > 0)
        .ok_or_else(|| refuse("it names no port"))?;
    Ok(Target { host, port })
}

/// One request on the way to the final reply.
pub(super) struct Hop {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Hop {
    pub(super) fn first(request: &OutboundRequest) -> Result<Self, OutboundError> {
        let method = request.method.to_ascii_uppercase();
        let method = METHODS
            .into_iter()
            .find(|known| known.as_str() == method)
            .ok_or_else(|| {
                bad("its method is none of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS")
            })?;
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| bad("the name of a header is not valid"))?;
            if OURS.contains(&name.as_str()) {
                return Err(bad(&format!("the header {name} cannot be set")));
            }
            let value = HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| bad(&format!("the value of the header {name} is not valid")))?;
            headers.append(name, value);
        }
        Ok(Self {
            method,
            url: request.url.clone(),
            headers,
            body: request.body.clone(),
        })
    }

    /// The request that `response` asks for next; `None` when it is the final reply.
    pub(super) fn after(&self, response: &OutboundResponse) -> Result<Option<Self>, OutboundError> {
        let Some(location) = location(response) else {
            return Ok(None);
        };
        let host = target(&self.url)?.authority();
        let refuse = |reason: String| OutboundError::BadRedirect {
            host: host.clone(),
            reason,
        };
        let mut url = self
            .url
            .join(location)
            .map_err(|error| refuse(error.to_string()))?;
        url.set_fragment(None);
        target(&url).map_err(|error| refuse(error.to_string()))?;

        let to_get = match response.status {
            303 => self.method != Method::HEAD,
            301 | 302 => self.method == Method::POST,
            _ => false,
        };
        let mut headers = self.headers.clone();
        let (method, body) = if to_get {
            headers.remove(header::CONTENT_TYPE);
            (Method::GET, Vec::new())
        } else {
            (self.method.clone(), self.body.clone())
        };
        if url.origin() != self.url.origin() {
            if !body.is_empty() {
                return Err(refuse(
                    "it would send the body of the request to another host".to_owned(),
                ));
            }
            headers = keep(&headers, &CROSSES_HOSTS);
        }
        Ok(Some(Self {
            method,
            url,
            headers,
            body,
        }))
    }
}

/// Where a redirecting reply points; `None` for every other reply.
pub(super) fn location(response: &OutboundResponse) -> Option<&str> {
    if follows(response.status) {
        response.header("location")
    } else {
        None
    }
}

pub(super) fn follows(status: u16) -> bool {
    [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ]
    .iter()
    .any(|redirect| redirect.as_u16() == status)
}

fn keep(headers: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    headers
        .iter()
        .filter(|(name, _)| names.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn bad(reason: &str) -> OutboundError {
    OutboundError::BadRequest(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn hop(method: &str, body: &[u8]) -> Hop {
        let headers = [
            ("Authorization", "Basic c2VjcmV0"),
            ("Cookie", "a=b"),
            ("X-Api-Key", "k"),
            ("Accept", "application/json"),
            ("Content-Type", "application/json"),
        ];
        Hop::first(&OutboundRequest {
            method: method.to_owned(),
            url: Url::parse("https://one.example/a/b?q=1").unwrap(),
            headers: headers.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec(),
            body: body.to_vec(),
            timeout: Duration::from_secs(1),
            verify_tls: true,
            max_body: 1,
        })
        .unwrap()
    }

    fn reply(status: u16, location: &str) -> OutboundResponse {
        OutboundResponse {
            status,
            headers: vec![("location".to_owned(), location.to_owned())],
            body: Vec::new(),
        }
    }

    #[test]
    fn methods_change_as_browsers_change_them() {
        for (method, status, expected) in [
            ("POST", 301, Method::GET),
            ("POST", 302, Method::GET),
            ("POST", 303, Method::GET),
            ("POST", 307, Method::POST),
            ("POST", 308, Method::POST),
            ("PUT", 301, Method::PUT),
            ("PUT", 303, Method::GET),
            ("HEAD", 303, Method::HEAD),
            ("GET", 302, Method::GET),
        ] {
            let next = hop(method, b"x")
                .after(&reply(status, "/c"))
                .unwrap()
                .unwrap();
            assert_eq!(next.method, expected, "{method} {status}");
            assert_eq!(
                next.body.is_empty(),
                expected == Method::GET && method != "GET",
                "{method} {status}"
            );
            assert_eq!(next.url.as_str(), "https://one.example/c");
        }
    }

    #[test]
    fn secrets_stay_with_the_host_they_were_meant_for() {
        let here = hop("GET", b"")
            .after(&reply(302, "https://one.example/c"))
            .unwrap()
            .unwrap();
        assert!(
            here.headers.contains_key("authorization") && here.headers.contains_key("x-api-key")
        );
        for elsewhere in [
            "https://two.example/",
            "http://one.example/c",
            "https://one.example:444/",
            "//two.example",
        ] {
            let next = hop("GET", b"")
                .after(&reply(302, elsewhere))
                .unwrap()
                .unwrap();
            let names: Vec<_> = next.headers.keys().map(HeaderName::as_str).collect();
            assert_eq!(names, ["accept", "content-type"], "{elsewhere}");
        }
    }

    #[test]
    fn a_body_is_not_sent_on_to_another_host() {
        let error = hop("POST", b"secret")
            .after(&reply(307, "https://two.example/"))
            .err()
            .unwrap();
        assert!(error.to_string().contains("another host"), "{error}");
    }

    #[test]
    fn a_redirect_to_what_is_no_web_address_is_refused() {
        for bad in [
            "file:///etc/passwd",
            "ftp://x/",
            "https://u:p@one.example/",
            "http://",
            "gopher://x",
        ] {
            assert!(hop("GET", b"").after(&reply(302, bad)).is_err(), "{bad}");
        }
        assert!(hop("GET", b"").after(&reply(304, "/x")).unwrap().is_none());
    }

    #[test]
    fn headers_that_frame_the_message_are_ours() {
        for (name, value) in [
            ("Host", "x"),
            ("Content-Length", "5"),
            ("transfer-encoding", "chunked"),
            ("a b", "x"),
            ("x", "a\r\nb: c"),
        ] {
            let mut request = OutboundRequest {
                method: "GET".to_owned(),
                url: Url::parse("http://x/").unwrap(),
                headers: vec![(name.to_owned(), value.to_owned())],
                body: Vec::new(),
                timeout: Duration::from_secs(1),
                verify_tls: true,
                max_body: 1,
            };
            assert!(Hop::first(&request).is_err(), "{name}");
            request.headers.clear();
            request.method = "TRACE".to_owned();
            assert!(Hop::first(&request).is_err());
        }
    }
}
