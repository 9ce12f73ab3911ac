//! Checks a mirror: every file it lists is there with its size and digest, and nothing else is.

use std::collections::BTreeMap;
use std::time::Duration;

use super::document::Document;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::marketplace::listing::ListedFile;
use crate::marketplace::manifest::FILE_NAME;
use crate::marketplace::source::{Local, Source};
use crate::package::path::PackagePath;

/// Local files are not waited for.
const AT_ONCE: Duration = Duration::ZERO;

/// What is wrong with one file of a mirror.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    pub file: String,
    pub reason: String,
}

#[derive(Debug)]
pub struct Verdict {
    pub plugins: usize,
    /// Plugins that are listed without files.
    pub without_files: usize,
    pub files: usize,
    pub bytes: u64,
    /// The digest of `plugins.json`, which pins all the others.
    pub registry: Digest,
    /// In the order of the files' names.
    pub faults: Vec<Fault>,
}

/// Reads the whole mirror. What is wrong with single files is in the verdict; a mirror of which
/// nothing can be read is an error.
pub fn verify(source: &Source) -> Result<Verdict> {
    let local = source.local().ok_or_else(|| {
        Error::invalid(
            "mirror",
            format!("{source} is no mirror: give a folder or a zip file"),
        )
    })?;
    let text = local.registry()?;
    let document = Document::parse(&text)?;
    let mut verdict = Verdict {
        plugins: document.registry.listings.len(),
        without_files: document
            .registry
            .listings
            .iter()
            .filter(|listing| listing.files.as_ref().is_some_and(Vec::is_empty))
            .count(),
        files: 0,
        bytes: 0,
        registry: Digest::of(&text),
        faults: Vec::new(),
    };
    verdict.registry_faults(&document);
    match document.listed() {
        Ok(listed) => verdict.files(&*local, &listed)?,
        Err(reason) => verdict.fault(
            FILE_NAME,
            format!("{reason}: this is not a mirror, which 'souk mirror pull' makes"),
        ),
    }
    Ok(verdict)
}

impl Verdict {
    fn registry_faults(&mut self, document: &Document) {
        for problem in &document.registry.problems {
            self.fault(FILE_NAME, problem.to_string());
        }
    }

    fn files(
        &mut self,
        local: &dyn Local,
        listed: &BTreeMap<PackagePath, ListedFile>,
    ) -> Result<()> {
        for (place, file) in listed {
            match local.read(place, file.size, AT_ONCE) {
                Ok(Some(bytes)) => {
                    self.files += 1;
                    self.bytes += bytes.len() as u64;
                    let placed = ListedFile {
                        path: place.clone(),
                        ..file.clone()
                    };
                    if let Err(difference) = placed.check(&bytes) {
                        self.fault(place.as_str(), difference);
                    }
                }
                Ok(None) => self.fault(place.as_str(), format!("'{place}' is missing")),
                Err(Error::TooLarge(_)) => self.fault(
                    place.as_str(),
                    format!("'{place}' has more than the listed {} bytes", file.size),
                ),
                Err(error) => self.fault(place.as_str(), error.to_string()),
            }
        }
        for place in local.everything()? {
            if place.as_str() != FILE_NAME && !listed.contains_key(&place) {
                self.fault(place.as_str(), format!("'{place}' is in no list"));
            }
        }
        self.faults.sort_by(|one, other| one.file.cmp(&other.file));
        Ok(())
    }

    fn fault(&mut self, file: &str, reason: String) {
        self.faults.push(Fault {
            file: file.to_owned(),
            reason,
        });
    }
}
