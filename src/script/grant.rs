//! What a call may use: what every installation has, and what this one was granted.
//!
//! The gate in `host` asks it before each host function; `http` asks it for each server. It also
//! knows what the plugin wished for, so that a refusal can say who allows it, and where.

use serde_json::{Map, Value};
use url::Url;

pub use crate::permission::{Access, Capability, Resource};

use crate::permission::{Capabilities, Granted, HostPattern, Permission, Reach, Wishes};

/// The rights of one call.
#[derive(Clone, Debug)]
pub struct Grant {
    held: Capabilities,
    granted: Granted,
    wishes: Wishes,
    configured: Vec<Configured>,
}

/// The server that a field of the call's configuration names.
#[derive(Clone, Debug)]
struct Configured {
    field: String,
    /// `None` where it has no URL.
    server: Option<HostPattern>,
    is_secret: bool,
}

/// The servers that a call may ask. To be asked again for each address that a redirect leads to.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a>(&'a Grant);

impl Grant {
    /// Not even what every installation has.
    pub fn nothing() -> Self {
        Self {
            held: Capabilities::NONE,
            granted: Granted::default(),
            wishes: Wishes::default(),
            configured: Vec::new(),
        }
    }

    /// What every installation has.
    pub fn implied() -> Self {
        Self {
            held: held_by_all(),
            ..Self::nothing()
        }
    }

    /// What an installation was granted, for a call under this configuration in plain text.
    pub fn of(granted: &Granted, wishes: &Wishes, configuration: &Map<String, Value>) -> Self {
        let configured = granted.iter().filter_map(|permission| match permission {
            Permission::Network(Reach::Configured(field)) => {
                let url = configuration.get(field).and_then(Value::as_str);
                let wish = wishes.iter().find(|wish| wish.permission == *permission);
                Some(Configured {
                    field: field.clone(),
                    server: url.and_then(HostPattern::of_url),
                    is_secret: wish.is_none_or(|wish| wish.field.is_secret),
                })
            }
            _ => None,
        });
        Self {
            held: granted.iter().fold(held_by_all(), |held, permission| {
                held.with(permission.capability())
            }),
            configured: configured.collect(),
            granted: granted.clone(),
            wishes: wishes.clone(),
        }
    }

    pub fn allows(&self, capability: Capability) -> bool {
        self.held.has(capability)
    }

    pub fn network(&self) -> Network<'_> {
        Network(self)
    }

    /// Whether the operator's setting of that name may be read.
    pub fn setting(&self, name: &str) -> Result<(), String> {
        let names = |permission: &Permission| match permission {
            Permission::Settings(names) => names.iter().any(|known| known == name),
            _ => false,
        };
        if self.granted.iter().any(names) {
            return Ok(());
        }
        Err(format!(
            "this plugin was not granted the setting '{name}'; {}",
            self.way_out(names, "name it in a line of 'settings'")
        ))
    }

    /// Why a capability is missing, and how it comes to be there.
    pub fn refusal(&self, capability: Capability) -> String {
        if capability.is_implied() {
            return format!(
                "this plugin was not granted '{capability}', which every installation has"
            );
        }
        let way_out = self.way_out(
            |permission| {
                Capabilities::NONE
                    .with(permission.capability())
                    .has(capability)
            },
            &format!("add a line with the capability '{capability}'"),
        );
        format!("this plugin was not granted '{capability}'; {way_out}")
    }

    /// What someone can do about a refusal: an Admin, if the manifest asks for it; else its author.
    fn way_out(&self, serves: impl Fn(&Permission) -> bool, author: &str) -> String {
        match self.wishes.iter().find(|wish| serves(&wish.permission)) {
            Some(wish) => format!(
                "an Admin can grant it: open the plugin's page, Permissions, and allow '{}'",
                wish.sentence()
            ),
            None => format!(
                "its manifest does not ask for it: in 'permissions' its author must {author}, for an Admin to allow"
            ),
        }
    }
}

fn held_by_all() -> Capabilities {
    Capability::IMPLIED
        .into_iter()
        .fold(Capabilities::NONE, Capabilities::with)
}

impl Network<'_> {
    /// Whether the server of that address was granted; the error says what was.
    pub fn allows(&self, url: &Url) -> Result<(), String> {
        let grant = self.0;
        let configured = |field: &str| {
            grant
                .configured
                .iter()
                .find(|known| known.field == field)
                .and_then(|known| known.server.as_ref())
        };
        let serves = |permission: &Permission| match permission {
            Permission::Network(Reach::Hosts(hosts)) => hosts.iter().any(|host| host.matches(url)),
            Permission::Network(Reach::Configured(field)) => {
                configured(field).is_some_and(|host| host.matches(url))
            }
            _ => false,
        };
        if grant.granted.iter().any(serves) {
            return Ok(());
        }
        let authority = HostPattern::of_url(url.as_str())
            .map_or_else(|| url.scheme().to_owned(), |host| host.to_string());
        Err(format!(
            "this plugin was not granted the server {authority} ({}); {}",
            self.servers(),
            grant.way_out(serves, "name its host in a line of 'network'")
        ))
    }

    /// What is granted, for a message.
    fn servers(&self) -> String {
        let mut known = Vec::new();
        for permission in self.0.granted.iter() {
            if let Permission::Network(Reach::Hosts(hosts)) = permission {
                known.extend(hosts.iter().map(HostPattern::to_string));
            }
        }
        for Configured {
            field,
            server,
            is_secret,
        } in &self.0.configured
        {
            known.push(match server {
                Some(_) if *is_secret => format!("the server of the field '{field}'"),
                Some(server) => format!("{server} from the field '{field}'"),
                None => format!("the field '{field}', which holds no http or https address"),
            });
        }
        if known.is_empty() {
            return "it was granted none".to_owned();
        }
        format!("granted: {}", known.join(", "))
    }
}

#[cfg(test)]
impl Grant {
    /// Every capability, some servers and settings: for tests whose subject is not the grant.
    pub fn everything() -> Self {
        let hosts = ["example.org", "*.example.org", "127.0.0.1", "127.0.0.1:1"]
            .into_iter()
            .filter_map(|host| HostPattern::parse(host).ok())
            .collect();
        let granted = Capability::DECLARED
            .into_iter()
            .map(|capability| match capability {
                Capability::Network => Permission::Network(Reach::Hosts(Vec::clone(&hosts))),
                Capability::Settings => Permission::Settings(vec!["TEST_SETTING".to_owned()]),
                plain => Permission::Plain(plain),
            })
            .chain([Permission::Network(Reach::Configured("url".to_owned()))])
            .collect();
        Self::of(&granted, &Wishes::default(), &Map::new())
    }

    /// The servers of these URLs, and all that every installation has.
    pub fn reaching(urls: &[&str]) -> Self {
        let servers = urls.iter().filter_map(|url| HostPattern::of_url(url));
        let granted = [Permission::Network(Reach::Hosts(servers.collect()))]
            .into_iter()
            .collect();
        Self::of(&granted, &Wishes::default(), &Map::new())
    }

    #[must_use]
    pub fn without(mut self, capability: Capability) -> Self {
        self.held = self.held.without(capability);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wishes() -> Wishes {
        let lines = json!([
            {"capability": "network", "hosts": ["*.a.example"], "reason": "r", "optional": true},
            {"capability": "network", "hostFromConfiguration": "server", "reason": "r"},
            {"capability": "settings", "names": ["CLIENT_ID"], "reason": "r", "optional": true},
            {"capability": "core.risks:write", "reason": "r", "optional": true}
        ]);
        Wishes::read(Some(&lines), false).unwrap()
    }

    fn grant(refused: &[&str], configuration: &Value) -> Grant {
        let refused: Vec<String> = refused.iter().map(|id| (*id).to_owned()).collect();
        let granted = wishes().without(&refused).unwrap();
        Grant::of(&granted, &wishes(), configuration.as_object().unwrap())
    }

    fn reaches(grant: &Grant, url: &str) -> Result<(), String> {
        grant.network().allows(&Url::parse(url).unwrap())
    }

    #[test]
    fn nothing_is_nothing_and_implied_is_what_every_installation_has() {
        for capability in Capability::IMPLIED {
            assert!(!Grant::nothing().allows(capability) && Grant::implied().allows(capability));
        }
        for capability in Capability::DECLARED {
            assert!(!Grant::implied().allows(capability), "{capability}");
        }
        assert!(reaches(&Grant::implied(), "https://a.example").is_err());
    }

    #[test]
    fn the_server_of_a_field_is_the_one_that_the_call_has_configured() {
        let grant = grant(&[], &json!({"server": "http://10.0.0.5:5000/x"}));
        assert_eq!(reaches(&grant, "http://10.0.0.5:5000/y"), Ok(()));
        assert_eq!(reaches(&grant, "https://b.a.example/"), Ok(()));
        for other in [
            "http://10.0.0.5/",
            "http://10.0.0.6:5000/",
            "https://a.example",
        ] {
            let why = reaches(&grant, other).unwrap_err();
            assert!(
                why.contains("granted: *.a.example, 10.0.0.5:5000 from the field 'server'"),
                "{why}"
            );
            assert!(why.contains("its author must name its host"), "{why}");
        }
        let unset = self::grant(&[], &json!({}));
        assert!(
            reaches(&unset, "http://10.0.0.5:5000/")
                .unwrap_err()
                .contains("field 'server', which holds no")
        );
    }

    #[test]
    fn the_server_of_a_secret_field_is_in_no_message() {
        let line =
            json!([{"capability": "network", "hostFromConfiguration": "api_token", "reason": "r"}]);
        let wishes = Wishes::read(Some(&line), false)
            .unwrap()
            .with_schema(None, crate::configuration::is_secret);
        let configuration = json!({"api_token": "https://hush.example/x"});
        let granted = wishes.without(&[]).unwrap();
        let grant = Grant::of(&granted, &wishes, configuration.as_object().unwrap());
        assert_eq!(reaches(&grant, "https://hush.example/"), Ok(()));
        let why = reaches(&grant, "https://other.example/").unwrap_err();
        assert!(
            why.contains("granted: the server of the field 'api_token'"),
            "{why}"
        );
        assert!(!why.contains("hush"), "{why}");
    }

    #[test]
    fn a_refused_line_is_denied_and_the_message_names_the_page_and_the_line() {
        let grant = grant(
            &[
                "network:*.a.example",
                "core.risks:write",
                "settings:CLIENT_ID",
            ],
            &json!({}),
        );
        let risks = Capability::Core(Resource::Risks, Access::Read);
        assert!(!grant.allows(risks));
        for why in [
            grant.refusal(risks),
            reaches(&grant, "https://b.a.example").unwrap_err(),
            grant.setting("CLIENT_ID").unwrap_err(),
        ] {
            assert!(why.contains("was not granted"), "{why}");
            assert!(
                why.contains("open the plugin's page, Permissions, and allow '"),
                "{why}"
            );
        }
        assert!(grant.refusal(risks).contains("core.risks:read"));
        for why in [
            grant.refusal(Capability::Files),
            grant.setting("OTHER").unwrap_err(),
        ] {
            assert!(why.contains("its author must "), "{why}");
        }
    }

    #[test]
    fn writing_includes_reading() {
        let grant = grant(&[], &json!({}));
        assert!(grant.allows(Capability::Core(Resource::Risks, Access::Read)));
        assert!(grant.allows(Capability::Core(Resource::Risks, Access::Write)));
        assert!(!grant.allows(Capability::Core(Resource::Models, Access::Read)));
        assert_eq!(grant.setting("CLIENT_ID"), Ok(()));
    }
}
