//! Flags for configuration keys, drawn from the table of keys, and `--config`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::config::keys::{self, Key};
use crate::config::{Config, Origin, Raw, Settings};
use crate::error::Result;

pub struct SettingsArgs {
    pub flags: Settings,
    file: Option<PathBuf>,
}

impl SettingsArgs {
    pub fn load(&self) -> Result<Config> {
        Config::load(self.flags.clone(), self.file.as_deref())
    }

    /// The arguments that give another process of this program the same settings.
    pub fn arguments(&self) -> Vec<OsString> {
        let file = self.file.iter().map(|file| {
            let mut argument = OsString::from("--config=");
            argument.push(file);
            argument
        });
        let flags = self.flags.iter().map(|(key, (raw, _))| {
            let value = match raw {
                Raw::Text(text) => text.clone(),
                Raw::List(items) => items.join(","),
            };
            format!("--{}={value}", Key::flag_of(key)).into()
        });
        file.chain(flags).collect()
    }

    pub fn has(&self, key: &str) -> bool {
        self.flags.contains_key(key)
    }

    /// Sets a key as if its flag had been given.
    pub fn set(&mut self, key: &'static str, value: String) {
        self.flags.insert(key, (Raw::Text(value), Origin::Flag));
    }
}

/// Secrets have no flag: other users of the machine can read a command line.
fn with_flags() -> impl Iterator<Item = &'static Key> {
    keys::ALL.iter().filter(|key| !key.secret)
}

impl Args for SettingsArgs {
    fn augment_args(command: Command) -> Command {
        let command = command.next_help_heading("Configuration").arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .global(true)
                .value_parser(clap::value_parser!(PathBuf))
                .help("Configuration file [default: souk.toml in the configuration folder]"),
        );
        with_flags().fold(command, |command, key| {
            let flag: &'static str = Key::flag_of(key.name).leak();
            let default = if key.default.is_empty() {
                String::new()
            } else {
                format!(" [default: {}]", key.default)
            };
            let argument = Arg::new(key.name).long(flag).global(true);
            let argument = if key.switch {
                argument
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true")
            } else {
                argument
            };
            command.arg(
                argument
                    .value_name(match (key.list, key.switch) {
                        (true, _) => "LIST",
                        (_, true) => "true|false",
                        _ => "VALUE",
                    })
                    .action(if key.list {
                        ArgAction::Append
                    } else {
                        ArgAction::Set
                    })
                    .help(format!("{}{default}", key.doc)),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingsArgs {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let mut flags = Settings::new();
        for key in with_flags() {
            let raw = if key.list {
                matches
                    .get_many::<String>(key.name)
                    .map(|values| Raw::Text(values.cloned().collect::<Vec<_>>().join(",")))
            } else {
                matches.get_one::<String>(key.name).cloned().map(Raw::Text)
            };
            if let Some(raw) = raw {
                flags.insert(key.name, (raw, Origin::Flag));
            }
        }
        Ok(Self {
            flags,
            file: matches.get_one::<PathBuf>("config").cloned(),
        })
    }

    fn update_from_arg_matches(
        &mut self,
        matches: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
