//! `souk mirror`: a marketplace copied into a folder or a zip file, and checked.
//!
//! Both verbs work on files alone: a server may run meanwhile.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Output, output};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::marketplace::manifest::FILE_NAME;
use crate::marketplace::mirror::{self, Choice, Outcome, Report, Step, Target, Verdict};
use crate::marketplace::source::Source;
use crate::outbound::Outbound;
use crate::plugin_key::PluginKey;

pub const EXAMPLES: &str = "Examples:
  souk mirror pull --from https://plugins.example.com --to /media/stick/market.zip
  souk mirror verify /media/stick/market.zip
  souk serve --marketplace /media/stick/market.zip";

const PULL_EXAMPLES: &str = "Examples:
  souk mirror pull --from https://plugins.example.com --to market.zip
  souk mirror pull --to market --only mlflow --only slack
  souk mirror pull --from /srv/marketplace --to market.zip --allow-missing --json

A pull that was interrupted is run again: it goes on with what has arrived.
Where some plugin cannot be copied, no mirror is made, and the exit code is 1.";

const VERIFY_EXAMPLES: &str = "Examples:
  souk mirror verify market.zip
  souk mirror verify /srv/market --json

Exit codes: 0 when every file is as listed, 1 when one is not.";

#[derive(Subcommand)]
pub enum MirrorVerb {
    /// Copy a marketplace with its packages, and write the digest of every file
    #[command(after_help = PULL_EXAMPLES)]
    Pull(Pull),
    /// Check every file of a mirror
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify {
        /// Folder or zip file
        mirror: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub struct Pull {
    /// builtin, a folder, a zip file, or the address of a plugins.json [default: the configured marketplace]
    #[arg(long, value_name = "SOURCE")]
    from: Option<String>,
    /// Folder to write, or zip file where it ends with .zip
    #[arg(long, value_name = "PATH")]
    to: String,
    /// Copy this plugin and no other; may be repeated
    #[arg(long, value_name = "KEY")]
    only: Vec<String>,
    /// Leave this plugin out; may be repeated
    #[arg(long, value_name = "KEY")]
    except: Vec<String>,
    /// Keep plugins whose files the source does not have in the list, without files, and leave out entries
    /// that cannot be read
    #[arg(long)]
    allow_missing: bool,
    /// Print no line per plugin
    #[arg(long)]
    quiet: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

impl MirrorVerb {
    pub fn run(&self, config: &Config) -> Result<()> {
        match self {
            Self::Pull(pull) => pull.run(config),
            Self::Verify { mirror, json } => verify(mirror, *json),
        }
    }
}

impl Pull {
    fn run(&self, config: &Config) -> Result<()> {
        let keys = |texts: &[String]| {
            texts
                .iter()
                .map(|text| PluginKey::parse(text))
                .collect::<Result<Vec<_>>>()
        };
        let wanted = mirror::Pull {
            from: Source::parse(self.from.as_deref().unwrap_or(&config.marketplace))?,
            to: Target::parse(&self.to)?,
            choice: Choice {
                only: keys(&self.only)?,
                except: keys(&self.except)?,
            },
            allow_missing: self.allow_missing,
        };
        let outbound = Arc::new(Outbound::new(config.outbound_policy()?));
        let report = mirror::pull(&wanted, &outbound, &|step| {
            if !self.quiet {
                output::note(&told(&step));
            }
        })?;
        Output { json: self.json }.one(&summary(&wanted, &report), &sentence(&wanted, &report))?;
        if report.registry.is_some() {
            return Ok(());
        }
        Err(no_mirror(&report))
    }
}

fn no_mirror(report: &Report) -> Error {
    let advice = if report.failed() == 0 {
        "--allow-missing keeps plugins without files in the list and leaves out what cannot be read"
    } else {
        "run the pull again, or leave plugins out with --except"
    };
    Error::Conflict(format!(
        "no mirror was made: of {} plugins {} are missing and {} failed, and {} entries cannot be read; {advice}",
        report.plugins.len(),
        report.missing(),
        report.failed(),
        report.unreadable.len(),
    ))
}

fn told(step: &Step<'_>) -> String {
    let plugin = step.plugin;
    let what = match &plugin.outcome {
        Outcome::Whole { files, bytes, kept } if kept == files => {
            format!("{files} files, {bytes} bytes, all there already")
        }
        Outcome::Whole { files, bytes, .. } => format!("{files} files, {bytes} bytes"),
        Outcome::Missing(reason) => format!("MISSING: {reason}"),
        Outcome::Failed(reason) => format!("FAILED: {reason}"),
    };
    format!(
        "{}/{} {} {}: {what}",
        step.done, step.of, plugin.key, plugin.version
    )
}

fn sentence(wanted: &mirror::Pull, report: &Report) -> String {
    let unreadable: Vec<String> = report
        .unreadable
        .iter()
        .map(|problem| format!("{problem}\n"))
        .collect();
    let unpublished = match report.unpublished {
        0 => String::new(),
        count => format!(", {count} unpublished left out"),
    };
    let counts = format!(
        "{} plugins copied, {} missing, {} failed{unpublished}",
        report.whole(),
        report.missing(),
        report.failed()
    );
    let made = report.registry.map_or_else(String::new, |digest| {
        format!(
            "\n{}: {} bytes\nsha256 of its {FILE_NAME}: {digest}",
            wanted.to.path().display(),
            report.bytes
        )
    });
    format!("{}{counts}{made}", unreadable.concat())
}

fn summary(wanted: &mirror::Pull, report: &Report) -> Value {
    let plugins: Vec<Value> = report
        .plugins
        .iter()
        .map(|plugin| {
            let (outcome, more) = match &plugin.outcome {
                Outcome::Whole { files, bytes, kept } => (
                    "copied",
                    json!({ "files": files, "bytes": bytes, "kept": kept }),
                ),
                Outcome::Missing(reason) => ("missing", json!({ "reason": reason })),
                Outcome::Failed(reason) => ("failed", json!({ "reason": reason })),
            };
            let mut line =
                json!({ "key": plugin.key, "version": plugin.version, "outcome": outcome });
            if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
                line.extend(more);
            }
            line
        })
        .collect();
    json!({
        "from": wanted.from.to_string(),
        "to": wanted.to.path().display().to_string(),
        "made": report.registry.is_some(),
        "copied": report.whole(),
        "missing": report.missing(),
        "failed": report.failed(),
        "unreadable": report.unreadable,
        "unpublished": report.unpublished,
        "bytes": report.bytes,
        "registrySha256": report.registry,
        "plugins": plugins,
    })
}

fn verify(path: &str, json: bool) -> Result<()> {
    let verdict = mirror::verify(&Source::parse(path)?)?;
    Output { json }.one(&verdict_json(path, &verdict), &verdict_text(path, &verdict))?;
    match verdict.faults.as_slice() {
        [] => Ok(()),
        [first] => Err(Error::Conflict(first.reason.clone())),
        [first, more @ ..] => Err(Error::Conflict(format!(
            "{}, and {} more (see --json)",
            first.reason,
            more.len()
        ))),
    }
}

fn verdict_text(path: &str, verdict: &Verdict) -> String {
    let word = if verdict.faults.is_empty() {
        "whole"
    } else {
        "NOT WHOLE"
    };
    let without = match verdict.without_files {
        0 => String::new(),
        count => format!(" ({count} of them without files)"),
    };
    format!(
        "{path} is {word}: {} plugins{without}, {} files, {} bytes\nsha256 of its {FILE_NAME}: {}",
        verdict.plugins, verdict.files, verdict.bytes, verdict.registry
    )
}

fn verdict_json(path: &str, verdict: &Verdict) -> Value {
    json!({
        "mirror": path,
        "whole": verdict.faults.is_empty(),
        "plugins": verdict.plugins,
        "withoutFiles": verdict.without_files,
        "files": verdict.files,
        "bytes": verdict.bytes,
        "registrySha256": verdict.registry,
        "faults": verdict.faults,
    })
}
