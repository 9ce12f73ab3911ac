//! The names of what a plugin may be allowed to do, without their parameters.

use std::fmt;

/// What a host function, or another door of the host, needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// The plugin's own tables.
    Tables,
    /// The installation's configuration, without its secret fields.
    Configuration,
    /// The installation's own secrets.
    Secrets,
    /// JSON, base64 and URLs.
    Encoding,
    Time,
    Log,
    Crypto,
    Random,
    /// Requests to other servers.
    Network,
    /// Settings that the operator keeps for plugins.
    Settings,
    /// Data of the organization that is not the plugin's.
    Core(Resource, Access),
    Files,
    Schedule,
    Notify,
    /// The secret fields of the configuration, in plain text.
    ConfigurationSecrets,
    /// Code in the page of whoever is signed in.
    Page,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    Users,
    Risks,
    Models,
    Projects,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    /// Includes reading.
    Write,
}

use Access::{Read, Write};
use Capability::{
    Configuration, ConfigurationSecrets, Core, Crypto, Encoding, Files, Log, Network, Notify, Page,
    Random, Schedule, Secrets, Settings, Tables, Time,
};
use Resource::{Models, Projects, Risks, Users};

impl Capability {
    /// What every installation has: it stays inside the plugin's own walls.
    pub const IMPLIED: [Self; 8] = [
        Tables,
        Configuration,
        Secrets,
        Encoding,
        Time,
        Log,
        Crypto,
        Random,
    ];

    /// What a manifest must ask for. People are read only.
    pub const DECLARED: [Self; 14] = [
        Network,
        Settings,
        Core(Users, Read),
        Core(Risks, Read),
        Core(Risks, Write),
        Core(Models, Read),
        Core(Models, Write),
        Core(Projects, Read),
        Core(Projects, Write),
        Files,
        Schedule,
        Notify,
        ConfigurationSecrets,
        Page,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Tables => "tables",
            Configuration => "configuration",
            Secrets => "secrets",
            Encoding => "encoding",
            Time => "time",
            Log => "log",
            Crypto => "crypto",
            Random => "random",
            Network => "network",
            Settings => "settings",
            Core(Users, Read) => "core.users:read",
            Core(Users, Write) => "core.users:write",
            Core(Risks, Read) => "core.risks:read",
            Core(Risks, Write) => "core.risks:write",
            Core(Models, Read) => "core.models:read",
            Core(Models, Write) => "core.models:write",
            Core(Projects, Read) => "core.projects:read",
            Core(Projects, Write) => "core.projects:write",
            Files => "files",
            Schedule => "schedule",
            Notify => "notify",
            ConfigurationSecrets => "secrets.configuration",
            Page => "page",
        }
    }

    /// What a line of a manifest may name.
    pub fn declared(name: &str) -> Option<Self> {
        Self::DECLARED
            .into_iter()
            .find(|capability| capability.name() == name)
    }

    pub fn is_implied(self) -> bool {
        Self::IMPLIED.contains(&self)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of capabilities, as a gate asks it: one comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(u32);

impl Capabilities {
    pub const NONE: Self = Self(0);

    /// Writing brings reading along.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        let reading = match capability {
            Core(resource, Write) => bit(Core(resource, Read)),
            _ => 0,
        };
        Self(self.0 | bit(capability) | reading)
    }

    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Self(self.0 & !bit(capability))
    }

    pub const fn has(self, capability: Capability) -> bool {
        self.0 & bit(capability) != 0
    }
}

const fn bit(capability: Capability) -> u32 {
    let place = match capability {
        Tables => 0,
        Configuration => 1,
        Secrets => 2,
        Encoding => 3,
        Time => 4,
        Log => 5,
        Crypto => 6,
        Random => 7,
        Network => 8,
        Settings => 9,
        Files => 10,
        Schedule => 11,
        Notify => 12,
        ConfigurationSecrets => 13,
        Page => 14,
        Core(resource, Read) => 15 + resource as u32,
        Core(resource, Write) => 19 + resource as u32,
    };
    1 << place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Capability> {
        Capability::IMPLIED
            .into_iter()
            .chain(Capability::DECLARED)
            .chain([Core(Users, Write)])
    }

    #[test]
    fn no_two_capabilities_share_a_name_or_a_place() {
        for (index, one) in all().enumerate() {
            for other in all().skip(index + 1) {
                assert_ne!(one.name(), other.name());
                assert_ne!(bit(one), bit(other), "{one} {other}");
            }
        }
    }

    #[test]
    fn a_set_holds_exactly_what_was_put_in_and_writing_brings_reading() {
        let set = Capabilities::NONE.with(Core(Risks, Write)).with(Log);
        for capability in all() {
            let held = matches!(capability, Log | Core(Risks, _));
            assert_eq!(set.has(capability), held, "{capability}");
        }
        assert!(!set.without(Log).has(Log));
        assert!(
            !Capabilities::NONE
                .with(Core(Risks, Read))
                .has(Core(Risks, Write))
        );
    }

    #[test]
    fn only_what_a_manifest_may_name_is_found_by_name() {
        assert_eq!(
            Capability::declared("core.users:read"),
            Some(Core(Users, Read))
        );
        for none in ["core.users:write", "tables", "database", "Network", ""] {
            assert_eq!(Capability::declared(none), None, "{none}");
        }
    }
}
