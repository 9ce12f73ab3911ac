//! What each permission means to the person who grants it, and how grave it is: the one table of both.

use super::capability::{Access, Capability, Resource};
use super::hosts::HostPattern;
use super::{Permission, Reach};

/// The order is that of a list: worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rating {
    High,
    Medium,
    Low,
}

impl Rating {
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

use Access::{Read, Write};
use Rating::{High, Low, Medium};

pub(super) fn of(permission: &Permission) -> (Rating, String) {
    let (rating, sentence) = match permission {
        Permission::Network(Reach::Hosts(hosts)) => {
            let wide = hosts.iter().any(HostPattern::is_wide);
            let hosts: Vec<String> = hosts.iter().map(HostPattern::to_string).collect();
            return (
                if wide { High } else { Medium },
                format!("Exchanges data with {}", listed(&hosts)),
            );
        }
        Permission::Network(Reach::Configured(field)) => {
            return (
                Medium,
                format!(
                    "Exchanges data with the server in the field '{field}' of its configuration"
                ),
            );
        }
        Permission::Settings(names) => {
            return (
                Medium,
                format!("Reads {} from the operator's settings", listed(names)),
            );
        }
        Permission::Plain(capability) => plain(*capability),
    };
    (rating, sentence.to_owned())
}

fn plain(capability: Capability) -> (Rating, &'static str) {
    match capability {
        Capability::Page => (
            High,
            "Runs its own code in the pages of everyone who is signed in, and can do there whatever they can",
        ),
        Capability::ConfigurationSecrets => (
            High,
            "Reads the passwords and tokens of its configuration in plain text",
        ),
        Capability::Core(Resource::Risks, Write) => {
            (High, "Adds, changes and reads risks of your organization")
        }
        Capability::Core(Resource::Models, Write) => {
            (High, "Adds, changes and reads models of your organization")
        }
        Capability::Core(Resource::Projects, Write) => (
            High,
            "Adds, changes and reads projects of your organization",
        ),
        Capability::Core(Resource::Users, Write) => {
            (High, "Adds, changes and reads people of your organization")
        }
        Capability::Core(Resource::Users, Read) => (
            Medium,
            "Reads names, roles and email addresses of the people of your organization",
        ),
        Capability::Core(Resource::Risks, Read) => (Medium, "Reads the risks of your organization"),
        Capability::Core(Resource::Models, Read) => {
            (Medium, "Reads the models of your organization")
        }
        Capability::Core(Resource::Projects, Read) => {
            (Medium, "Reads the projects of your organization")
        }
        Capability::Files => (Medium, "Reads and keeps files of your organization"),
        Capability::Network => (High, "Exchanges data with other servers"),
        Capability::Settings => (Medium, "Reads the operator's settings"),
        Capability::Notify => (Low, "Sends notices to people of your organization"),
        Capability::Schedule => (Low, "Runs by itself at set times"),
        Capability::Tables
        | Capability::Configuration
        | Capability::Secrets
        | Capability::Encoding
        | Capability::Time
        | Capability::Log
        | Capability::Crypto
        | Capability::Random => (Low, "Keeps and reads data of its own"),
    }
}

/// `a`, `a and b`, `a, b and c`
fn listed<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [front @ .., last] => {
            let front: Vec<&str> = front.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", front.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(hosts: &[&str]) -> Permission {
        let hosts = hosts.iter().map(|host| HostPattern::parse(host).unwrap());
        Permission::Network(Reach::Hosts(hosts.collect()))
    }

    #[test]
    fn every_capability_has_a_sentence_of_its_own_without_a_full_stop() {
        let mut seen = std::collections::BTreeSet::new();
        for capability in Capability::DECLARED {
            let (_, sentence) = plain(capability);
            assert!(!sentence.ends_with('.'), "{sentence}");
            assert!(seen.insert(sentence), "{sentence}");
        }
    }

    #[test]
    fn parameters_count_in_sentence_and_rating() {
        assert_eq!(
            of(&hosts(&["a.example", "b.example:8443", "c.example"])),
            (
                Medium,
                "Exchanges data with a.example, b.example:8443 and c.example".to_owned()
            )
        );
        assert_eq!(of(&hosts(&["*.example"])).0, High);
        assert_eq!(
            of(&Permission::Settings(vec!["A".into(), "B".into()])).1,
            "Reads A and B from the operator's settings"
        );
    }

    #[test]
    fn what_writes_or_runs_in_the_page_is_rated_worst() {
        for capability in Capability::DECLARED {
            let worst = matches!(
                capability,
                Capability::Core(_, Write)
                    | Capability::Page
                    | Capability::ConfigurationSecrets
                    | Capability::Network
            );
            assert_eq!(plain(capability).0 == High, worst, "{capability}");
        }
    }
}
