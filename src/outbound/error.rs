//! What can go wrong on the way out, in sentences for the person who pressed the button.
//!
//! No sentence holds a path, a query, a header or a credential: an error may be shown to anyone.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use super::address::Class;
use crate::error::Error;

#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    #[error("the address is not one that can be requested: {reason}")]
    BadUrl { reason: String },
    #[error("the request cannot be sent: {0}")]
    BadRequest(String),
    #[error("requests to the outside are switched off: the operator has set offline = true")]
    Offline,
    #[error("{reason}")]
    NotGranted { reason: String },
    #[error(
        "{host} is refused: {address} is {class}; to permit it, the operator adds \"{entry}\" to outbound.allow"
    )]
    Refused {
        host: String,
        address: IpAddr,
        class: Class,
        entry: String,
    },
    #[error(
        "the TLS certificate of {host} must be verified; to permit otherwise, the operator adds \"{host}\" to outbound.insecure_tls"
    )]
    InsecureTls { host: String },
    #[error("could not find the host {host}: {reason}")]
    NotFound { host: String, reason: String },
    #[error("could not connect to {authority}: {reason}")]
    Connect { authority: String, reason: String },
    #[error("the proxy of outbound.proxy {reason}")]
    Proxy { reason: String },
    #[error("the TLS certificate of {host} is not trusted: {reason}")]
    Tls { host: String, reason: String },
    #[error("{authority} timed out after {} while {doing}", seconds(*.after))]
    TimedOut {
        authority: String,
        after: Duration,
        doing: &'static str,
    },
    #[error("the reply of {authority} is longer than {limit} bytes")]
    TooLarge { authority: String, limit: usize },
    #[error("{authority} did not answer with valid HTTP: {reason}")]
    Protocol { authority: String, reason: String },
    #[error("{host} redirects more than {limit} times")]
    Redirects { host: String, limit: usize },
    #[error("{host} redirects to an address that is not followed: {reason}")]
    BadRedirect { host: String, reason: String },
}

impl OutboundError {
    /// Which wall stood in the way, in a short word for a metric's label; `None` for what just failed.
    pub fn denial(&self) -> Option<&'static str> {
        match self {
            Self::Offline => Some("offline"),
            Self::NotGranted { .. } => Some("not_granted"),
            Self::Refused { .. } => Some("address"),
            Self::InsecureTls { .. } => Some("certificate"),
            _ => None,
        }
    }
}

impl From<OutboundError> for Error {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::TimedOut { .. } => Self::TimedOut(error.to_string()),
            _ => Self::Upstream(error.to_string()),
        }
    }
}

/// Where a client's error happened and what it was given.
pub(super) struct Circumstance<'a> {
    pub host: &'a str,
    pub authority: &'a str,
    /// For the whole request.
    pub timeout: Duration,
    /// For the connection alone.
    pub connect: Duration,
}

impl Circumstance<'_> {
    pub(super) fn explain(&self, error: ureq::Error) -> OutboundError {
        let authority = self.authority.to_owned();
        match error {
            // Our own resolver's answer comes back in this wrapping.
            ureq::Error::Other(inner) => match inner.downcast::<OutboundError>() {
                Ok(ours) => *ours,
                Err(other) => self.protocol(&other.to_string()),
            },
            ureq::Error::Timeout(stage) => OutboundError::TimedOut {
                authority,
                after: if stage == ureq::Timeout::Connect {
                    self.connect
                } else {
                    self.timeout
                },
                doing: doing(stage),
            },
            ureq::Error::HostNotFound => OutboundError::NotFound {
                host: self.host.to_owned(),
                reason: "the name does not exist".to_owned(),
            },
            ureq::Error::Rustls(error) => self.tls(&error),
            ureq::Error::Tls(reason) => OutboundError::Tls {
                host: self.host.to_owned(),
                reason: reason.to_owned(),
            },
            ureq::Error::Io(error) => self.io(&error),
            ureq::Error::ConnectionFailed => OutboundError::Connect {
                authority,
                reason: "no address answered".to_owned(),
            },
            ureq::Error::LargeResponseHeader(..) => self.protocol("its headers are too long"),
            ureq::Error::Decompress(_, _) => self.protocol("its compressed reply is damaged"),
            ureq::Error::Protocol(error) => self.protocol(&error.to_string()),
            ureq::Error::Http(error) => OutboundError::BadRequest(error.to_string()),
            ureq::Error::BadUri(_) => OutboundError::BadUrl {
                reason: "it has characters that HTTP does not carry".to_owned(),
            },
            other => self.protocol(&other.to_string()),
        }
    }

    fn io(&self, error: &io::Error) -> OutboundError {
        if let Some(tls) = error
            .get_ref()
            .and_then(|e| e.downcast_ref::<rustls::Error>())
        {
            return self.tls(tls);
        }
        let reason = match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            io::ErrorKind::HostUnreachable => "the host cannot be reached".to_owned(),
            io::ErrorKind::NetworkUnreachable => "the network cannot be reached".to_owned(),
            io::ErrorKind::TimedOut => "no answer in time".to_owned(),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => {
                "it closed the connection before the reply was complete".to_owned()
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                return self.protocol("its reply is damaged");
            }
            _ => error.to_string(),
        };
        OutboundError::Connect {
            authority: self.authority.to_owned(),
            reason,
        }
    }

    fn tls(&self, error: &rustls::Error) -> OutboundError {
        use rustls::{CertificateError as Certificate, Error as Tls};
        let reason = match error {
            Tls::InvalidCertificate(Certificate::Expired | Certificate::ExpiredContext { .. }) => {
                "it has expired".to_owned()
            }
            Tls::InvalidCertificate(
                Certificate::NotValidYet | Certificate::NotValidYetContext { .. },
            ) => "it is not valid yet".to_owned(),
            Tls::InvalidCertificate(Certificate::UnknownIssuer) => {
                "it is signed by an authority that this machine does not know".to_owned()
            }
            Tls::InvalidCertificate(
                Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
            ) => "it is made out to another name".to_owned(),
            Tls::InvalidCertificate(other) => other.to_string(),
            // A plain HTTP server behind an https address answers with bytes that are no TLS.
            Tls::InvalidMessage(_) => {
                return self.protocol("it does not speak TLS; is it http rather than https?");
            }
            other => return self.protocol(&format!("TLS: {other}")),
        };
        OutboundError::Tls {
            host: self.host.to_owned(),
            reason,
        }
    }

    fn protocol(&self, reason: &str) -> OutboundError {
        OutboundError::Protocol {
            authority: self.authority.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

fn doing(stage: ureq::Timeout) -> &'static str {
    match stage {
        ureq::Timeout::Resolve => "its name was looked up",
        ureq::Timeout::Connect => "connecting",
        ureq::Timeout::SendRequest | ureq::Timeout::SendBody => "the request was sent",
        ureq::Timeout::RecvBody => "its reply was read",
        _ => "waiting for its reply",
    }
}

fn seconds(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}
