//! The operator's exceptions: `outbound.allow` and `outbound.insecure_tls`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr as _;

use ipnet::IpNet;
use url::{Host, Url};

use super::address::{self, Class};
use super::error::OutboundError;
use super::{OutboundPolicy, redirect};
use crate::error::Error;

/// One entry of `outbound.allow`: `host[:port]` or `CIDR[:port]`.
/// Without a port it stands for all ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowEntry {
    target: Target,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Name(String),
    Net(IpNet),
}

impl AllowEntry {
    /// `mlflow.internal`, `mlflow.internal:5000`, `10.1.0.0/16:5000`, `127.0.0.1`, `[::1]:5000`, `fd00::/8`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let refuse = |reason: &str| {
            Error::invalid(
                "outbound.allow",
                format!(
                    "outbound.allow: \"{text}\" {reason}; write host, host:port, CIDR or CIDR:port, such as mlflow.internal:5000 or 10.1.0.0/16"
                ),
            )
        };
        let (target, port) = split(text).ok_or_else(|| refuse("is not an address"))?;
        let port = port
            .map(|digits| digits.parse::<u16>().ok().filter(|port| *port > 0))
            .map(|port| port.ok_or_else(|| refuse("has a port that is not between 1 and 65535")))
            .transpose()?;
        let target = if target.contains('/') {
            let net =
                IpNet::from_str(target).map_err(|_| refuse("is not a network in CIDR form"))?;
            Target::Net(net.trunc())
        } else if let Ok(address) = target.parse::<IpAddr>() {
            Target::Net(IpNet::from(address))
        } else {
            match Host::parse(target).map_err(|_| refuse("is not a host name"))? {
                Host::Ipv4(address) => Target::Net(IpNet::from(IpAddr::V4(address))),
                Host::Ipv6(address) => Target::Net(IpNet::from(IpAddr::V6(address))),
                Host::Domain(name) if name.contains('*') => {
                    return Err(refuse("has a wildcard, which is not supported"));
                }
                Host::Domain(name) => Target::Name(plain(&name)),
            }
        };
        Ok(Self { target, port })
    }

    fn covers(&self, host: &str, address: SocketAddr, class: Class) -> bool {
        if self.port.is_some_and(|port| port != address.port()) {
            return false;
        }
        match &self.target {
            // Whoever runs the name's DNS must not be able to point it at the machine's credentials.
            Target::Name(name) => *name == plain(host) && class != Class::Metadata,
            Target::Net(net) => net.contains(&address.ip()),
        }
    }
}

impl fmt::Display for AllowEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match &self.target {
            Target::Name(name) => name.clone(),
            Target::Net(net) if net.prefix_len() == net.max_prefix_len() => net.addr().to_string(),
            Target::Net(net) => net.to_string(),
        };
        match self.port {
            Some(port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Some(port) => write!(f, "{host}:{port}"),
            None => f.write_str(&host),
        }
    }
}

/// Host and port text. IPv6 with a port stands in brackets, or has its port after the prefix length.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, tail) = rest.split_once(']')?;
        return match tail {
            "" => Some((host, None)),
            tail => Some((host, Some(tail.strip_prefix(':')?))),
        };
    }
    let before_port = text.find('/').unwrap_or(0);
    let tail = text.get(before_port..)?;
    match (tail.find(':'), tail.rfind(':')) {
        (Some(first), Some(last)) if first == last => {
            let at = before_port + first;
            Some((text.get(..at)?, Some(text.get(at + 1..)?)))
        }
        // Two colons or more and no prefix length: an IPv6 address without a port.
        (Some(_), _) if before_port > 0 => None,
        _ => (!text.is_empty()).then_some((text, None)),
    }
}

/// A name as it is compared: lower case, without the root's dot.
fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Applies the policy to one host and its addresses.
#[derive(Debug)]
pub(super) struct Judge {
    allow: Vec<AllowEntry>,
    insecure_tls: Vec<String>,
}

impl Judge {
    pub(super) fn new(policy: &OutboundPolicy) -> Self {
        let insecure_tls = policy
            .insecure_tls
            .iter()
            .map(|host| plain(host.trim().trim_start_matches('[').trim_end_matches(']')))
            .collect();
        Self {
            allow: policy.allow.clone(),
            insecure_tls,
        }
    }

    /// Those of `addresses` that may be connected to; an error if none may.
    pub(super) fn permitted(
        &self,
        host: &str,
        port: u16,
        addresses: &[SocketAddr],
    ) -> Result<Vec<SocketAddr>, OutboundError> {
        let mut permitted = Vec::with_capacity(addresses.len());
        let mut refused = None;
        for address in addresses {
            match address::class(address.ip()) {
                Some(class) if !self.allow.iter().any(|e| e.covers(host, *address, class)) => {
                    refused.get_or_insert((address.ip(), class));
                }
                _ => permitted.push(*address),
            }
        }
        match refused {
            Some((address, class)) if permitted.is_empty() => Err(OutboundError::Refused {
                host: host.to_owned(),
                address,
                class,
                entry: entry_for(host, address, class, port),
            }),
            _ => Ok(permitted),
        }
    }

    /// Whether the certificate of this host may stay unverified.
    pub(super) fn insecure_tls(&self, url: &Url) -> Result<(), OutboundError> {
        let target = redirect::target(url)?;
        let host = plain(&target.host);
        let with_port = plain(&target.authority());
        if self
            .insecure_tls
            .iter()
            .any(|e| *e == host || *e == with_port)
        {
            Ok(())
        } else {
            Err(OutboundError::InsecureTls { host: target.host })
        }
    }
}

/// What the operator would add: the name, unless only an address can open it.
fn entry_for(host: &str, address: IpAddr, class: Class, port: u16) -> String {
    let name_helps = class != Class::Metadata && host.parse::<IpAddr>().is_err();
    match (name_helps, address) {
        (true, _) => format!("{}:{port}", plain(host)),
        (false, address) => SocketAddr::new(address, port).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(entries: &[&str]) -> Judge {
        Judge::new(&OutboundPolicy {
            allow: entries
                .iter()
                .map(|e| AllowEntry::parse(e).unwrap())
                .collect(),
            insecure_tls: vec!["Old.example.".to_owned(), "[::1]".to_owned()],
            ..OutboundPolicy::default()
        })
    }

    fn may(entries: &[&str], host: &str, address: &str) -> bool {
        let address: SocketAddr = address.parse().unwrap();
        judge(entries)
            .permitted(host, address.port(), &[address])
            .is_ok()
    }

    #[test]
    fn entries_are_read_in_every_documented_form() {
        for (text, shown) in [
            ("mlflow.internal", "mlflow.internal"),
            ("MLflow.Internal.:5000", "mlflow.internal:5000"),
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1:5000", "127.0.0.1:5000"),
            ("10.1.2.3/16", "10.1.0.0/16"),
            ("10.1.0.0/16:5000", "10.1.0.0/16:5000"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("[::1]:5000", "[::1]:5000"),
            ("fd00::/8", "fd00::/8"),
            ("fd00::/8:5000", "[fd00::/8]:5000"),
            ("[fd00::/8]:5000", "[fd00::/8]:5000"),
            ("0x7f.1:80", "127.0.0.1:80"),
        ] {
            let entry = AllowEntry::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(entry.to_string(), shown, "{text}");
            assert_eq!(
                AllowEntry::parse(shown).unwrap(),
                entry,
                "{shown} reads back"
            );
        }
    }

    #[test]
    fn an_entry_that_cannot_be_meant_is_refused_with_its_key() {
        for text in [
            "",
            "10.0.0.0/33",
            "host:0",
            "host:99999",
            "host:",
            "http://host",
            "*.example.com",
            "[::1",
            "a b",
            "10.0.0.0/8:1:2",
        ] {
            let error = AllowEntry::parse(text).unwrap_err().to_string();
            assert!(error.contains("outbound.allow"), "{text}: {error}");
        }
    }

    #[test]
    fn an_entry_opens_what_it_names_and_nothing_beside_it() {
        assert!(may(&[], "pub.example", "8.8.8.8:80"));
        assert!(!may(&[], "localhost", "127.0.0.1:80"));
        assert!(may(&["127.0.0.1:5000"], "localhost", "127.0.0.1:5000"));
        assert!(!may(&["127.0.0.1:5000"], "localhost", "127.0.0.1:5001"));
        assert!(!may(&["127.0.0.1"], "x", "127.0.0.2:80"));
        assert!(may(&["10.0.0.0/8"], "x", "10.9.9.9:1"));
        assert!(
            !may(&["10.0.0.0/8"], "x", "11.0.0.1:1")
                || address::class("11.0.0.1".parse().unwrap()).is_none()
        );
        assert!(may(&["db.internal"], "DB.internal.", "10.0.0.1:9"));
        assert!(!may(&["db.internal"], "other.internal", "10.0.0.1:9"));
        assert!(!may(&["127.0.0.1"], "x", "[::ffff:127.0.0.1]:80"));
    }

    #[test]
    fn a_name_never_opens_the_metadata_address() {
        assert!(!may(&["db.internal"], "db.internal", "169.254.169.254:80"));
        assert!(may(
            &["169.254.169.254"],
            "db.internal",
            "169.254.169.254:80"
        ));
    }

    #[test]
    fn a_refusal_names_the_address_the_key_and_the_entry_to_add() {
        let address = "10.0.0.5:5000".parse().unwrap();
        let error = judge(&[])
            .permitted("mlflow.internal", 5000, &[address])
            .unwrap_err();
        let text = error.to_string();
        for part in [
            "10.0.0.5",
            "a private address",
            "outbound.allow",
            "\"mlflow.internal:5000\"",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn of_several_addresses_only_the_permitted_ones_stay() {
        let addresses = ["[::1]:80".parse().unwrap(), "127.0.0.1:80".parse().unwrap()];
        let kept = judge(&["127.0.0.1"])
            .permitted("localhost", 80, &addresses)
            .unwrap();
        assert_eq!(kept, [addresses[1]]);
    }

    #[test]
    fn certificates_stay_unverified_only_for_listed_hosts() {
        let judge = judge(&[]);
        let ask = |url: &str| judge.insecure_tls(&Url::parse(url).unwrap());
        assert!(ask("https://old.example:8443/x").is_ok());
        assert!(ask("https://[::1]/").is_ok());
        let error = ask("https://new.example/").unwrap_err().to_string();
        assert!(
            error.contains("new.example") && error.contains("outbound.insecure_tls"),
            "{error}"
        );
    }
}
