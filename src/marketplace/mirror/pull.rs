//! Copies a marketplace with its packages.
//!
//! A mirror is made only when every plugin is whole, or is missing and may be. Until then, what was
//! in its place stays, and what has arrived waits for the next pull.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::copying::Copying;
use super::document::Document;
use super::staging::Staging;
use super::{Choice, Report, Step, Target, archive};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::marketplace::source::Source;
use crate::outbound::Outbound;

/// What is to be copied, and where to.
#[derive(Debug)]
pub struct Pull {
    pub from: Source,
    pub to: Target,
    pub choice: Choice,
    /// A plugin whose files the source does not have is kept in the list, without files; an entry
    /// that cannot be read is left out.
    pub allow_missing: bool,
}

/// Makes the mirror. `watch` is told of each plugin, in the order in which they end.
pub fn pull(
    wanted: &Pull,
    outbound: &Arc<Outbound>,
    watch: &(dyn Fn(Step<'_>) + Sync),
) -> Result<Report> {
    refuse_onto_itself(wanted)?;
    let files = wanted.from.files_with_patience(outbound);
    let document = Document::parse(&files.registry()?)?;
    let chosen = document.chosen(&wanted.choice)?;
    let staging = Staging::open(
        &staging_place(&wanted.to),
        &name_of(&wanted.from),
        matches!(wanted.to, Target::Folder(_)),
    )?;
    let copying = Copying {
        files: &*files,
        staging: &staging,
        is_remote: matches!(wanted.from, Source::Remote(_)),
        beside: Mutex::default(),
    };
    let brought = copying.all(&chosen, watch);

    let mut packages = BTreeMap::new();
    let mut plugins = Vec::with_capacity(brought.len());
    for (listing, (copied, files)) in chosen.iter().zip(brought) {
        packages.insert(listing.key.clone(), files);
        plugins.push(copied);
    }
    // Who names the plugins wants no word of others.
    let unreadable = match wanted.choice.only.as_slice() {
        [] => document.registry.problems.clone(),
        _ => Vec::new(),
    };
    let mut report = Report {
        plugins,
        unreadable,
        unpublished: document.unpublished(),
        registry: None,
        bytes: 0,
    };
    let is_short = report.missing() > 0 || !report.unreadable.is_empty();
    if report.failed() > 0 || (is_short && !wanted.allow_missing) {
        // Nothing is published; what has arrived waits for the next pull.
        staging.settle()?;
        return Ok(report);
    }
    let beside = copying.beside.into_inner();
    let text = document.write(&packages, &beside)?;
    let made = Document::parse(&text)?;
    let listed = made.listed().map_err(Error::Internal)?;
    made.refuse_twins(listed.keys())?;
    report.registry = Some(Digest::of(&text));
    report.bytes = text.len() as u64 + listed.values().map(|file| file.size).sum::<u64>();
    match &wanted.to {
        Target::Folder(_) => staging.publish(&text, &listed)?,
        Target::Zip(target) => {
            report.bytes = archive::write(&staging, target, &text, &listed)?;
            let place = staging.root().to_owned();
            drop(staging);
            std::fs::remove_dir_all(place)?;
        }
    }
    Ok(report)
}

/// A zip file is staged in a folder beside it.
fn staging_place(target: &Target) -> PathBuf {
    match target {
        Target::Folder(folder) => folder.clone(),
        Target::Zip(file) => {
            let mut name = file.as_os_str().to_owned();
            name.push(".part");
            name.into()
        }
    }
}

/// Its whole address: a query may choose what is served.
fn name_of(source: &Source) -> Digest {
    match source {
        Source::Remote(url) => Digest::of(url.as_str().as_bytes()),
        local => Digest::of(local.to_string().as_bytes()),
    }
}

fn refuse_onto_itself(wanted: &Pull) -> Result<()> {
    if let Source::Folder(from) | Source::Zip(from) = &wanted.from
        && let (Ok(from), Ok(to)) = (from.canonicalize(), wanted.to.path().canonicalize())
        && from == to
    {
        return Err(Error::invalid(
            "to",
            format!("--from and --to are both {}", to.display()),
        ));
    }
    Ok(())
}
