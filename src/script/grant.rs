//! What an installation may use. The gate in `host` asks it before each host function.

use std::fmt;

/// What a host function needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// The plugin's own tables.
    Database,
    /// Requests to other servers.
    Network,
    /// The installation's configuration.
    Configuration,
    /// JSON, base64 and URLs.
    Encoding,
    Time,
    Log,
    Crypto,
    Random,
    /// The installation's own secrets.
    Secrets,
    /// Secret fields plain in the configuration.
    ConfigurationSecrets,
}

impl Capability {
    pub const ALL: [Self; 10] = [
        Self::Database,
        Self::Network,
        Self::Configuration,
        Self::Encoding,
        Self::Time,
        Self::Log,
        Self::Crypto,
        Self::Random,
        Self::Secrets,
        Self::ConfigurationSecrets,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Network => "network",
            Self::Configuration => "configuration",
            Self::Encoding => "encoding",
            Self::Time => "time",
            Self::Log => "log",
            Self::Crypto => "crypto",
            Self::Random => "random",
            Self::Secrets => "secrets",
            Self::ConfigurationSecrets => "secrets.configuration",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The capabilities of one installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant(u16);

impl Grant {
    pub fn everything() -> Self {
        Capability::ALL
            .into_iter()
            .fold(Self::nothing(), Self::with)
    }

    pub const fn nothing() -> Self {
        Self(0)
    }

    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Self(self.0 | capability.bit())
    }

    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Self(self.0 & !capability.bit())
    }

    pub const fn allows(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_holds_exactly_what_was_given() {
        let grant = Grant::everything().without(Capability::Network);
        for capability in Capability::ALL {
            assert_eq!(grant.allows(capability), capability != Capability::Network);
        }
        assert!(!Grant::nothing().allows(Capability::Log));
    }
}
