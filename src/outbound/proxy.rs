//! The one proxy that the operator may configure, and asking it for a way to an address.
//!
//! It is trusted: its own address is not judged. What it is asked for is: a judged address, never a
//! name that it could find elsewhere. The exception is the host of the marketplace, which the
//! operator named too and which may be known to the proxy alone.

use std::fmt;
use std::io::{Read, Write};
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ureq::http::Uri;
use url::{Host, Url};

/// The head of the proxy's answer.
const LONGEST_ANSWER: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;
const DEFAULT_PORT: u16 = 80;

/// `http://[user:password@]host[:port]`
#[derive(Clone)]
pub struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) uri: Uri,
    /// `Basic …`
    authorization: Option<String>,
}

impl Proxy {
    /// The error is what the text should have been; it repeats nothing, for it may hold a password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const WANTED: &str =
            "a proxy such as http://proxy.example.com:3128 or http://user:password@proxy:3128";
        let url = Url::parse(text.trim()).map_err(|_| WANTED)?;
        let bare =
            matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if url.scheme() != "http" || !bare {
            return Err(WANTED);
        }
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err(WANTED),
        };
        let port = url.port().unwrap_or(DEFAULT_PORT);
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| WANTED)
        };
        let authorization = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => {
                let credentials = format!(
                    "{}:{}",
                    decoded(user)?,
                    decoded(password.unwrap_or_default())?
                );
                Some(format!("Basic {}", BASE64.encode(credentials)))
            }
        };
        let shown_host = url.host_str().unwrap_or_default();
        let uri = format!("http://{shown_host}:{port}/")
            .parse()
            .map_err(|_| WANTED)?;
        Ok(Self {
            host,
            port,
            uri,
            authorization,
        })
    }

    /// Asks over an open connection for a way to `target`; from then on the connection leads there.
    /// The error tells what the proxy did.
    pub(super) fn ask(
        &self,
        connection: &mut (impl Read + Write),
        target: &Target<'_>,
    ) -> Result<(), String> {
        let target = target.to_string();
        let authorization = self
            .authorization
            .as_ref()
            .map_or_else(String::new, |value| {
                format!("Proxy-Authorization: {value}\r\n")
            });
        let question =
            format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n");
        let broke = |error: std::io::Error| format!("did not answer: {error}");
        connection.write_all(question.as_bytes()).map_err(broke)?;
        connection.flush().map_err(broke)?;
        // Byte by byte: what follows the head belongs to the target.
        let mut head = Vec::new();
        let mut byte = [0_u8; 1];
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= LONGEST_ANSWER {
                return Err("answered with too long a head".to_owned());
            }
            if connection.read(&mut byte).map_err(broke)? == 0 {
                return Err("closed the connection".to_owned());
            }
            head.extend_from_slice(&byte);
        }
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut answer = httparse::Response::new(&mut headers);
        match (answer.parse(&head), answer.code) {
            (Ok(httparse::Status::Complete(_)), Some(200..=299)) => Ok(()),
            (Ok(httparse::Status::Complete(_)), Some(407)) => Err(
                "wants a user name and a password, or others than those it was given".to_owned(),
            ),
            (Ok(httparse::Status::Complete(_)), Some(status)) => {
                Err(format!("refused a way to {target}: it answered {status}"))
            }
            _ => Err("did not answer with valid HTTP".to_owned()),
        }
    }
}

/// Credentials stay out of every log.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

/// Where the proxy is to lead to.
pub(super) enum Target<'a> {
    Judged(SocketAddr),
    Named(&'a str, u16),
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Judged(address) => address.fmt(f),
            Self::Named(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_its_credentials_are_shown_nowhere() {
        let proxy = Proxy::parse("http://an%40na:h%C3%BCsh@proxy.example:3128").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 3128));
        assert_eq!(
            proxy.authorization.as_deref(),
            Some(format!("Basic {}", BASE64.encode("an@na:hüsh")).as_str())
        );
        assert_eq!(format!("{proxy:?}"), "Proxy(proxy.example:3128)");
        assert!(!proxy.uri.to_string().contains("sh@"));
        let v6 = Proxy::parse("http://[::1]").unwrap();
        assert_eq!((v6.host.as_str(), v6.port), ("::1", 80));
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_repeating_it() {
        for text in [
            "",
            "proxy:3128",
            "https://proxy:3128",
            "socks5://proxy",
            "http://",
            "http://user:hush@proxy:3128/path",
            "http://user:hush@proxy:99999",
        ] {
            let error = Proxy::parse(text).unwrap_err();
            assert!(!error.contains("hush"), "{text}");
        }
    }
}
