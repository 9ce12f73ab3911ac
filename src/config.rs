//! The appliance's settings: one struct, filled from flag > environment > `souk.toml` > default.
//!
//! [`keys`] lists every key once; the file reader, the environment reader, `config show` and
//! the manual are drawn from it. This module knows no flags of a verb: `cli` hands it pairs.

mod environment;
mod file;
pub mod keys;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

use crate::error::{Error, Result};
use crate::outbound::{AllowEntry, CaFile, OutboundPolicy, Proxy};
use crate::plugin_settings::PluginSettings;
use keys::Key;

/// What one key holds before its type is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raw {
    Text(String),
    List(Vec<String>),
}

/// Where a key's value came from, as errors and `config show` tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag,
    /// The variable's name.
    Environment(String),
    File {
        path: PathBuf,
        line: usize,
    },
    Default,
}

impl Origin {
    /// The place of that key's value.
    pub fn place(&self, key: &str) -> String {
        match self {
            Self::Flag => format!("flag --{}", Key::flag_of(key)),
            Self::Environment(name) => format!("environment {name}"),
            Self::File { path, line } => format!("file {}, line {line}", path.display()),
            Self::Default => "default".to_owned(),
        }
    }
}

pub type Settings = BTreeMap<&'static str, (Raw, Origin)>;

#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub marketplace: String,
    pub installs_per_hour: u32,
    pub trusted_proxies: Vec<IpNet>,
    pub metrics_token: Option<String>,
    pub workers: usize,
    /// Nothing is asked of any network.
    pub offline: bool,
    pub outbound_allow: Vec<AllowEntry>,
    pub outbound_insecure_tls: Vec<String>,
    pub outbound_proxy: Option<Proxy>,
    pub outbound_ca_file: Option<PathBuf>,
    pub secret_key: SecretKeyPlace,
    pub plugin_settings: PluginSettings,
    pub log_json: bool,
    pub log_level: String,
    settings: Settings,
}

/// Where the key that encrypts stored secrets lives. Never under the data folder, so that a
/// copy of the data alone gives no secret away; the throw-away demo is the one exception.
#[derive(Clone, Debug)]
pub enum SecretKeyPlace {
    /// Made on first use, mode 0600.
    File(PathBuf),
    /// Named by the operator: it must exist.
    Given(PathBuf),
}

impl Config {
    /// Reads all layers. `flags` are the pairs given on the command line; `file` is an explicit
    /// `--config`, which then must exist.
    pub fn load(flags: Settings, file: Option<&Path>) -> Result<Self> {
        let mut settings = Settings::new();
        for key in keys::ALL {
            settings.insert(key.name, (key.default_value(), Origin::Default));
        }
        settings.extend(file::read(file)?);
        settings.extend(environment::read(std::env::vars_os())?);
        settings.extend(flags);
        Self::from_settings(settings)
    }

    /// What the operator allows of requests to the outside.
    pub fn outbound_policy(&self) -> Result<OutboundPolicy> {
        let ca_file = self.outbound_ca_file.as_deref();
        Ok(OutboundPolicy {
            offline: self.offline,
            allow: self.outbound_allow.clone(),
            insecure_tls: self.outbound_insecure_tls.clone(),
            proxy: self.outbound_proxy.clone(),
            ca_file: ca_file.map(CaFile::read).transpose()?.unwrap_or_default(),
        })
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn from_settings(settings: Settings) -> Result<Self> {
        let read = Reader {
            settings: &settings,
        };
        let data = match read.text("data")? {
            text if text.is_empty() => default_data_folder()?,
            text => PathBuf::from(text),
        };
        let secret_key = match read.text("secret_key_file")? {
            text if text.is_empty() => SecretKeyPlace::File(config_folder()?.join("secret.key")),
            text => SecretKeyPlace::Given(PathBuf::from(text)),
        };
        Ok(Self {
            listen: read.parsed("listen", "an address such as 127.0.0.1:8420")?,
            data,
            marketplace: read.text("marketplace")?,
            installs_per_hour: read.number("installs_per_hour", 0, 1_000_000)?,
            trusted_proxies: read.list("trusted_proxies", |text| {
                text.parse::<IpNet>()
                    .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
                    .map_err(|_| "an address or network such as 10.0.0.0/8".to_owned())
            })?,
            metrics_token: Some(read.text("metrics_token")?).filter(|token| !token.is_empty()),
            workers: read.number("workers", 2, 256)? as usize,
            offline: read.one_of("offline", &["true", "false"])? == "true",
            outbound_allow: read.list("outbound.allow", |text| {
                AllowEntry::parse(text).map_err(|error| error.to_string())
            })?,
            outbound_insecure_tls: read
                .list("outbound.insecure_tls", |text| Ok(text.to_owned()))?,
            outbound_proxy: read.secret("outbound.proxy", Proxy::parse)?,
            outbound_ca_file: Some(read.text("outbound.ca_file")?)
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
            secret_key,
            plugin_settings: read
                .list("plugin_settings", PluginSettings::parse_entry)?
                .into_iter()
                .collect(),
            log_json: read.one_of("log.format", &["text", "json"])? == "json",
            log_level: read.one_of("log.level", &["error", "warn", "info", "debug", "trace"])?,
            settings,
        })
    }
}

struct Reader<'a> {
    settings: &'a Settings,
}

impl Reader<'_> {
    fn wrong(&self, key: &str, found: &str, wanted: &str) -> Error {
        let origin = match self.settings.get(key) {
            Some((_, Origin::Flag)) => format!("--{}", Key::flag_of(key)),
            Some((_, Origin::Environment(name))) => name.clone(),
            Some((_, Origin::File { path, line })) => {
                format!("{}, line {line}: {key}", path.display())
            }
            Some((_, Origin::Default)) | None => key.to_owned(),
        };
        Error::invalid(key, format!("{origin}: '{found}' is not {wanted}"))
    }

    fn text(&self, key: &str) -> Result<String> {
        match self.settings.get(key) {
            Some((Raw::Text(text), _)) => Ok(text.clone()),
            Some((Raw::List(items), _)) => Err(self.wrong(key, &items.join(", "), "one value")),
            None => Ok(String::new()),
        }
    }

    fn parsed<T: std::str::FromStr>(&self, key: &str, wanted: &str) -> Result<T> {
        let text = self.text(key)?;
        text.parse().map_err(|_| self.wrong(key, &text, wanted))
    }

    fn number(&self, key: &str, least: u32, most: u32) -> Result<u32> {
        let wanted = format!("a whole number from {least} to {most}");
        let number: u32 = self.parsed(key, &wanted)?;
        if (least..=most).contains(&number) {
            Ok(number)
        } else {
            Err(self.wrong(key, &number.to_string(), &wanted))
        }
    }

    fn one_of(&self, key: &str, allowed: &[&str]) -> Result<String> {
        let text = self.text(key)?;
        if allowed.contains(&text.as_str()) {
            Ok(text)
        } else {
            Err(self.wrong(key, &text, &format!("one of {}", allowed.join(", "))))
        }
    }

    /// `None` where it is empty. A wrong one is not repeated.
    fn secret<T>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, &'static str>,
    ) -> Result<Option<T>> {
        match self.text(key)?.as_str() {
            "" => Ok(None),
            text => parse(text)
                .map(Some)
                .map_err(|wanted| self.wrong(key, "***", wanted)),
        }
    }

    fn list<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>> {
        let items = match self.settings.get(key) {
            Some((Raw::List(items), _)) => items.clone(),
            Some((Raw::Text(text), _)) => split_list(text),
            None => Vec::new(),
        };
        items
            .iter()
            .map(|item| {
                let is_secret = keys::find(key).is_some_and(|key| key.secret);
                let shown = if is_secret { "***" } else { item };
                parse(item).map_err(|wanted| self.wrong(key, shown, &wanted))
            })
            .collect()
    }
}

/// Commas and ends of lines part the entries of a list in the environment and in flags.
pub fn split_list(text: &str) -> Vec<String> {
    text.split([',', '\n'])
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

fn project_folders() -> Result<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "souk").ok_or_else(|| {
        Error::invalid(
            "data",
            "this account has no home folder: name the data folder with --data and the key file with SOUK_SECRET_KEY_FILE",
        )
    })
}

fn default_data_folder() -> Result<PathBuf> {
    Ok(project_folders()?.data_dir().to_owned())
}

fn config_folder() -> Result<PathBuf> {
    Ok(project_folders()?.config_dir().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(key: &'static str, value: &str, origin: Origin) -> Result<Config> {
        let mut settings = Settings::new();
        for known in keys::ALL {
            settings.insert(known.name, (known.default_value(), Origin::Default));
        }
        settings.insert("data", (Raw::Text("data".into()), Origin::Flag));
        settings.insert("secret_key_file", (Raw::Text("key".into()), Origin::Flag));
        settings.insert(key, (Raw::Text(value.into()), origin));
        Config::from_settings(settings)
    }

    #[test]
    fn the_defaults_are_those_of_the_manual() {
        let config = with("workers", "8", Origin::Flag).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8420");
        assert_eq!(config.installs_per_hour, 20);
        assert_eq!(config.marketplace, "builtin");
    }

    #[test]
    fn a_wrong_value_names_where_it_stands() {
        let cases = [
            ("listen", "8420", Origin::Flag, "--listen"),
            (
                "workers",
                "1",
                Origin::Environment("SOUK_WORKERS".into()),
                "SOUK_WORKERS",
            ),
            (
                "trusted_proxies",
                "10.0.0.0/8,x",
                Origin::File {
                    path: "souk.toml".into(),
                    line: 7,
                },
                "souk.toml, line 7",
            ),
            ("log.level", "loud", Origin::Flag, "--log-level"),
        ];
        for (key, value, origin, place) in cases {
            let message = with(key, value, origin).unwrap_err().to_string();
            assert!(message.contains(place), "{message}");
        }
    }

    #[test]
    fn a_setting_for_plugins_that_is_wrong_is_not_repeated() {
        let origin = Origin::Environment("SOUK_PLUGIN_SETTINGS".into());
        let config = with("plugin_settings", "A=hush, B = b\nC=c", origin.clone()).unwrap();
        let values = ["A", "B", "C", "D"].map(|name| config.plugin_settings.get(name));
        assert_eq!(values, [Some("hush"), Some("b"), Some("c"), None]);
        let message = with("plugin_settings", "hush", origin)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("SOUK_PLUGIN_SETTINGS") && !message.contains("hush"),
            "{message}"
        );
    }

    #[test]
    fn lists_are_parted_by_commas() {
        let config = with("trusted_proxies", "10.0.0.0/8, ::1", Origin::Flag).unwrap();
        assert_eq!(config.trusted_proxies.len(), 2);
    }
}
