//! The command line: one parser, one file per verb.
//!
//! Exit codes: 0, 1 when the verb failed, 2 when it was called wrongly. What a machine reads goes to
//! standard output, everything else to standard error.

mod admin;
mod completions;
mod config;
mod demo;
mod examples;
mod man;
mod marketplace;
mod mirror;
mod organization;
mod output;
mod selftest;
mod serve;
mod settings;
mod tenant;
mod user;
mod version;

use std::process::ExitCode;

use clap::{Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::error::{Error, Result};
use output::Output;
use settings::SettingsArgs;

#[derive(Parser)]
#[command(
    name = "souk",
    version,
    about = "A plugin marketplace appliance in one executable",
    after_help = "Examples:\n  souk demo                      try everything on this machine\n  souk serve                     serve; the first start prints a set-up link\n  souk organization create Acme  add an organization",
    propagate_version = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the API and the front end
    #[command(after_help = serve::EXAMPLES)]
    Serve,
    /// Serve a throw-away marketplace with two organizations and a sample MLflow server
    #[command(after_help = demo::EXAMPLES)]
    Demo(demo::Demo),
    /// Make or rescue an organization's Admin
    #[command(subcommand, after_help = admin::EXAMPLES)]
    Admin(admin::Admin),
    /// Create, list and disable users
    #[command(subcommand, after_help = user::EXAMPLES)]
    User(user::UserVerb),
    /// Create and list organizations
    #[command(subcommand, after_help = organization::EXAMPLES)]
    Organization(organization::OrganizationVerb),
    /// List and inspect tenants, the databases of organizations
    #[command(subcommand, after_help = tenant::EXAMPLES)]
    Tenant(tenant::TenantVerb),
    /// Look at the configured marketplace, and renew its copy
    #[command(subcommand, after_help = marketplace::EXAMPLES)]
    Marketplace(marketplace::MarketplaceVerb),
    /// Copy a marketplace into a folder or a zip file, and check the copy
    #[command(subcommand, after_help = mirror::EXAMPLES)]
    Mirror(mirror::MirrorVerb),
    /// Show the configuration in force
    #[command(subcommand, after_help = config::EXAMPLES)]
    Config(config::ConfigVerb),
    /// Try the walls around plugins on this machine
    #[command(subcommand, after_help = selftest::EXAMPLES)]
    Selftest(selftest::Selftest),
    /// Print the script that completes commands in a shell
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::Completions),
    /// Print the manual page, or write the pages of all verbs
    #[command(after_help = man::EXAMPLES)]
    Man(man::Manual),
    /// Print the version
    #[command(after_help = version::EXAMPLES)]
    Version(version::Version),
}

/// Runs the program with the process's own arguments.
pub fn run() -> ExitCode {
    let parsed = command()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are asked for; anything else is a wrong call.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _closed_output = error.print();
            return ExitCode::from(code);
        }
    };
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(exit_code(&error))
        }
    }
}

/// The definitions that parse, help, complete and fill the manual pages.
fn command() -> Command {
    examples::spread(Cli::command())
}

impl Cli {
    fn run(self) -> Result<()> {
        match self.verb {
            Verb::Serve => serve::run(self.settings),
            Verb::Demo(demo) => demo.run(self.settings),
            Verb::Admin(verb) => verb.run(&self.settings.load()?),
            Verb::User(verb) => verb.run(&self.settings.load()?),
            Verb::Organization(verb) => verb.run(&self.settings.load()?),
            Verb::Tenant(verb) => verb.run(&self.settings.load()?),
            Verb::Marketplace(verb) => verb.run(&self.settings.load()?),
            Verb::Mirror(verb) => verb.run(&self.settings.load()?),
            Verb::Config(verb) => verb.run(&self.settings.load()?),
            Verb::Selftest(verb) => verb.run(self.settings),
            Verb::Completions(completions) => completions.run(),
            Verb::Man(manual) => manual.run(),
            Verb::Version(version) => version.run(),
        }
    }
}

/// A value that cannot be read is a wrong call; the rest is a failure.
fn exit_code(error: &Error) -> u8 {
    match error {
        Error::Invalid { .. } => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn a_mistyped_verb_is_answered_with_the_nearest() {
        let Err(error) = command().try_get_matches_from(["souk", "serv"]) else {
            panic!("accepted")
        };
        assert!(error.to_string().contains("serve"), "{error}");
    }
}
