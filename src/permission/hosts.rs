//! Which servers a network permission names: `api.example.com`, `*.example.com:8443`, or the one
//! in a field of the configuration. Whether an address behind a name may be reached is not asked here.

use std::fmt;

use url::{Host, Url};

/// The longest name that DNS knows.
const LONGEST_HOST: usize = 253;

/// One server, or all below a name; without a port those of http and https alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPattern {
    /// As a URL has it: small letters, IDN encoded, IPv6 in brackets.
    host: String,
    /// Any name below `host`, and not `host` itself.
    below: bool,
    port: Option<u16>,
}

impl HostPattern {
    /// What it names is shown and stored as it is written again, so it must then name the same.
    pub fn parse(text: &str) -> Result<Self, String> {
        let pattern = Self::read(text)?;
        match Self::read(&pattern.to_string()) {
            Ok(again) if again == pattern => Ok(pattern),
            _ => Err(format!("'{text}' would not be read as it is shown")),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let refuse = |why: &str| {
            Err(format!(
                "'{text}' {why}; a host is api.example.com, *.example.com or api.example.com:8443"
            ))
        };
        let (below, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        // The colons of an IPv6 address stand inside its brackets.
        let after_brackets = rest.rfind(']').map_or(0, |at| at + 1);
        let colon = rest
            .get(after_brackets..)
            .and_then(|tail| tail.rfind(':'))
            .map(|at| at + after_brackets);
        let (name, port) = match colon.and_then(|at| rest.split_at_checked(at)) {
            None => (rest, None),
            Some((name, port)) => match port.trim_start_matches(':').parse::<u16>() {
                Ok(port) if port > 0 => (name, Some(port)),
                _ => return refuse("has a port that is no number from 1 to 65535"),
            },
        };
        if name.contains('*') {
            return refuse("has a * that is not the whole first label");
        }
        if name.split('.').any(str::is_empty) || name.len() > LONGEST_HOST {
            return refuse("is no name of a host");
        }
        let host = match Host::parse(name) {
            Ok(Host::Domain(name)) if name.split('.').all(is_label) => name,
            Ok(address @ (Host::Ipv4(_) | Host::Ipv6(_))) if !below => address.to_string(),
            _ => return refuse("is no name of a host"),
        };
        Ok(Self { host, below, port })
    }

    /// The host and port of an http or https address.
    pub fn of_url(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok()?;
        Some(Self {
            host: url.host().filter(|_| is_web(&url))?.to_string(),
            below: false,
            port: Some(url.port_or_known_default()?),
        })
    }

    /// Whether it names many servers.
    pub fn is_wide(&self) -> bool {
        self.below
    }

    pub fn matches(&self, url: &Url) -> bool {
        let (Some(host), true) = (url.host(), is_web(url)) else {
            return false;
        };
        let host = host.to_string();
        let named = if self.below {
            host.strip_suffix(&self.host)
                .and_then(|front| front.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty())
        } else {
            host == self.host
        };
        // `Url` drops a port that is the scheme's own.
        named
            && match self.port {
                None => url.port().is_none(),
                port => url.port_or_known_default() == port,
            }
    }
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.below { "*." } else { "" };
        write!(f, "{star}{}", self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, url: &str) -> bool {
        HostPattern::parse(pattern)
            .unwrap()
            .matches(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_pattern_names_what_it_says_and_nothing_beside_it() {
        for (pattern, url) in [
            ("api.example.com", "https://api.example.com/x"),
            ("api.example.com", "http://API.example.com:80/"),
            ("API.Example.com", "https://api.example.com"),
            ("bücher.example", "https://xn--bcher-kva.example/"),
            ("*.example.com", "https://a.b.example.com"),
            ("*.example.com:8443", "https://a.example.com:8443"),
            ("a.example:443", "https://a.example"),
            ("a.example:443", "http://a.example:443"),
            ("10.0.0.1:9", "http://10.0.0.1:9"),
            ("[::1]:9", "http://[0::1]:9"),
            ("[::1]", "http://[::1]"),
        ] {
            assert!(matches(pattern, url), "{pattern} {url}");
        }
        for (pattern, url) in [
            ("api.example.com", "https://api.example.com.evil.org"),
            ("api.example.com", "https://api.example.com."),
            ("api.example.com", "https://api.example.com:8443"),
            ("api.example.com", "http://api.example.com:443"),
            ("api.example.com", "https://example.com"),
            ("api.example.com", "ftp://api.example.com"),
            ("*.example.com", "https://example.com"),
            ("*.example.com", "https://evilexample.com"),
            ("*.example.com", "https://.example.com"),
            ("*.example.com:8443", "https://a.example.com"),
            ("a.example:80", "https://a.example"),
            ("10.0.0.1", "http://10.0.0.2"),
        ] {
            let url = Url::parse(url);
            let pattern_of = HostPattern::parse(pattern).unwrap();
            assert!(!url.is_ok_and(|url| pattern_of.matches(&url)), "{pattern}");
        }
    }

    #[test]
    fn what_names_no_host_is_refused() {
        for bad in [
            "",
            "*",
            "*.",
            "*.*.com",
            "a.*.com",
            "a*.com",
            "https://a.com",
            "a.com/",
            "a.com/x",
            "a@b.com",
            "a b.com",
            "a.com:0",
            "a.com:65536",
            "a.com:",
            "a.com:x",
            "a.com.",
            "*.1.2.3.4",
            "[::1",
            "::1",
            "a..b",
            "\u{ff0a}.com",
            "\u{fe61}.com",
            "%2a.com",
            "a.%2a.com",
            "*.%2eexample.org",
            "a%2e.example",
            "a.example,b.example",
            "(every-server)",
            "a&b.example",
            "*.*",
            &"a".repeat(300),
        ] {
            let refusal = HostPattern::parse(bad);
            assert!(refusal.is_err(), "{bad}: {refusal:?}");
        }
    }

    #[test]
    fn a_pattern_is_written_as_it_is_read() {
        for (text, written) in [
            ("a.example", "a.example"),
            ("*.a.example:8443", "*.a.example:8443"),
            ("[::1]:9", "[::1]:9"),
            ("10.0.0.1", "10.0.0.1"),
            ("B\u{fc}cher.example", "xn--bcher-kva.example"),
            ("%61.example", "a.example"),
            ("_dmarc.a-b.example", "_dmarc.a-b.example"),
        ] {
            let pattern = HostPattern::parse(text).unwrap();
            assert_eq!(pattern.to_string(), written);
            assert_eq!(HostPattern::parse(written), Ok(pattern));
        }
    }

    #[test]
    fn the_server_of_a_url_is_its_host_and_port() {
        let of = |text: &str| HostPattern::of_url(text).map(|pattern| pattern.to_string());
        assert_eq!(
            of(" https://M.example/x ").as_deref(),
            Some("m.example:443")
        );
        assert_eq!(
            of("http://127.0.0.1:5000").as_deref(),
            Some("127.0.0.1:5000")
        );
        for none in ["", "m.example", "file:///etc/passwd", "ftp://m.example"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
