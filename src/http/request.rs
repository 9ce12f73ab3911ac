//! A request as handlers see it: complete, validated by the edge, with the client's real address.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use percent_encoding::percent_decode_str;

use super::edge::origin::{ORIGIN_HEADER, Origin};
use super::json;
use crate::error::{Error, Result};

pub struct Request {
    pub method: String,
    /// Still percent-encoded, without the query.
    pub path: String,
    pub query: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    peer: IpAddr,
    /// Whether the peer is a trusted proxy.
    from_proxy: bool,
    /// The client: the peer, or the hop that a trusted proxy vouches for.
    pub client: IpAddr,
    pub id: String,
}

impl Request {
    pub fn new(
        method: &str,
        target: &str,
        headers: Vec<(String, String)>,
        trusted: &[IpNet],
    ) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request = Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: Vec::new(),
            peer: IpAddr::from([0, 0, 0, 0]),
            from_proxy: false,
            client: IpAddr::from([0, 0, 0, 0]),
            id: uuid::Uuid::now_v7().simple().to_string(),
        };
        if let Some(origin) = request.origin() {
            request.peer = origin.peer.ip().to_canonical();
        }
        request.from_proxy = trusted.iter().any(|net| net.contains(&request.peer));
        request.client = request.client_behind(trusted);
        request
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// What the edge says about the connection that it came by.
    fn origin(&self) -> Option<Origin<'_>> {
        self.header(ORIGIN_HEADER).and_then(Origin::read)
    }

    /// The name of the listener that took it.
    pub fn listener(&self) -> Option<&str> {
        self.origin().map(|origin| origin.listener)
    }

    /// The number of its client's connection.
    pub fn connection(&self) -> u64 {
        self.origin().map_or(0, |origin| origin.connection)
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .filter(|(header, _)| header == "cookie")
            .flat_map(|(_, value)| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The token of `Authorization: Bearer …`.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    pub fn is_write(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// True when the request came over loopback and no proxy forwarded it.
    pub fn is_local(&self) -> bool {
        self.peer.is_loopback()
            && !self
                .headers
                .iter()
                .any(|(name, _)| name == "forwarded" || name.starts_with("x-forwarded-"))
    }

    /// Whether the client's side of the connection is TLS, as a trusted proxy tells it.
    pub fn is_secure(&self) -> bool {
        self.from_proxy && self.header("x-forwarded-proto") == Some("https")
    }

    /// Whether a browser sent this from a page of this origin. Needed where a cookie authenticates a write.
    pub fn is_same_origin(&self) -> bool {
        if let Some(site) = self.header("sec-fetch-site") {
            return site == "same-origin";
        }
        let host = self.header("host").unwrap_or_default();
        self.header("origin")
            .and_then(|origin| origin.split_once("://"))
            .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
    }

    /// The body as a JSON object; `{}` when there is none.
    pub fn json_object(&self) -> Result<serde_json::Map<String, serde_json::Value>> {
        if self.body.is_empty() {
            return Ok(serde_json::Map::new());
        }
        match json::parse(&self.body)? {
            serde_json::Value::Object(map) => Ok(map),
            _ => Err(Error::invalid("body", "The body must be a JSON object")),
        }
    }

    /// Pairs of the query, decoded, in order.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        url::form_urlencoded::parse(self.query.as_bytes())
    }

    pub fn query_value(&self, name: &str) -> Option<String> {
        self.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The rightmost hop of `X-Forwarded-For` that is no trusted proxy. The header counts
    /// only when the peer itself is trusted: anyone else could write what they like.
    fn client_behind(&self, trusted: &[IpNet]) -> IpAddr {
        let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
        if !self.from_proxy {
            return self.peer;
        }
        let mut client = self.peer;
        let hops: Vec<&str> = self
            .headers
            .iter()
            .filter(|(name, _)| name == "x-forwarded-for")
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .collect();
        for hop in hops.iter().rev() {
            let Some(address) = address_of(hop) else {
                break;
            };
            client = address;
            if !is_trusted(address) {
                break;
            }
        }
        client
    }
}

/// A hop may be written bare, with a port, or as a bracketed IPv6 address.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|address| address.to_canonical())
}

/// One segment of a path, decoded. Bytes that are no UTF-8 or a NUL name nothing of ours.
pub fn decode_segment(segment: &str) -> Option<String> {
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    (!text.contains('\0')).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)], trusted: &[&str]) -> Request {
        let headers = headers
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        Request::new("POST", "/a?b=1&b=%32", headers, &trusted)
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let forwarded = ("x-forwarded-for", "1.1.1.1, 9.9.9.9, 10.0.0.7");
        let peer = (ORIGIN_HEADER, "1 app 10.0.0.1:5000");
        let client = |trusted: &[&str]| request(&[peer, forwarded], trusted).client.to_string();
        assert_eq!(client(&[]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"]), "9.9.9.9");
        assert_eq!(client(&["10.0.0.1/32"]), "10.0.0.7");
    }

    #[test]
    fn every_spelling_of_a_hop_is_one_address() {
        for hop in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"] {
            assert_eq!(address_of(hop).unwrap().to_string(), "2001:db8::1", "{hop}");
        }
        for hop in ["192.0.2.1", "192.0.2.1:80", "::ffff:192.0.2.1"] {
            assert_eq!(address_of(hop).unwrap().to_string(), "192.0.2.1", "{hop}");
        }
        assert_eq!(address_of("unknown"), None);
    }

    #[test]
    fn a_write_by_cookie_needs_a_page_of_this_origin() {
        let host = ("host", "souk.example:8420");
        assert!(request(&[host, ("origin", "http://souk.example:8420")], &[]).is_same_origin());
        assert!(request(&[host, ("sec-fetch-site", "same-origin")], &[]).is_same_origin());
        for foreign in [
            ("origin", "http://souk.example"),
            ("origin", "null"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("referer", "http://souk.example:8420/"),
        ] {
            assert!(
                !request(&[host, foreign], &[]).is_same_origin(),
                "{foreign:?}"
            );
        }
    }

    #[test]
    fn loopback_behind_a_proxy_is_not_local() {
        let peer = (ORIGIN_HEADER, "1 app 127.0.0.1:5000");
        assert!(request(&[peer], &[]).is_local());
        assert!(!request(&[peer, ("x-forwarded-for", "9.9.9.9")], &[]).is_local());
        assert!(!request(&[(ORIGIN_HEADER, "1 app 10.0.0.1:1")], &[]).is_local());
    }

    #[test]
    fn cookies_are_found_among_others() {
        let request = request(&[("cookie", "a=1; souk_session=x.y.z; b=2")], &[]);
        assert_eq!(request.cookie("souk_session"), Some("x.y.z"));
    }
}
