//! A mirror: a marketplace copied whole into a folder or one zip file, with the digest of every file.
//!
//! Made where there is a network and carried to where there is none. What a mirror says of its files
//! is the list in each manifest, so any reader of a marketplace can check it. Knows sources, packages
//! and files; refuses to know tenants and the data folder.

use std::path::{Path, PathBuf};

use super::manifest::Problem;
use super::source::is_archive;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::plugin_key::PluginKey;

mod archive;
mod copying;
mod document;
mod journal;
mod pull;
mod staging;
mod verify;

pub use pull::{Pull, pull};
pub use verify::{Fault, Verdict, verify};

/// Where a mirror is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Folder(PathBuf),
    Zip(PathBuf),
}

impl Target {
    /// A path that ends with `.zip` is a zip file.
    pub fn parse(text: &str) -> Result<Self> {
        let path = PathBuf::from(text);
        if path.file_name().is_none() {
            return Err(Error::invalid(
                "to",
                format!("--to '{text}' names neither a folder nor a zip file to write"),
            ));
        }
        Ok(if is_archive(&path) {
            Self::Zip(path)
        } else {
            Self::Folder(path)
        })
    }

    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Zip(path) => path,
        }
    }
}

/// What became of one plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    pub key: PluginKey,
    pub version: String,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Whole {
        files: usize,
        bytes: u64,
        /// How many of the files were there already, as they should be.
        kept: usize,
    },
    /// The source does not have the plugin's files.
    Missing(String),
    /// They could not be had, or are not what the source says of them.
    Failed(String),
}

/// What a pull did.
#[derive(Debug)]
pub struct Report {
    /// In the order of the registry.
    pub plugins: Vec<Copied>,
    /// Entries of the registry that no reader lists.
    pub unreadable: Vec<Problem>,
    /// Plugins that the source does not show; they are not copied.
    pub unpublished: usize,
    /// The digest of the written `plugins.json`, which pins every other file;
    /// `None` where some plugin could not be copied and no mirror was made.
    pub registry: Option<Digest>,
    /// Of the mirror: of the zip file, or of all files.
    pub bytes: u64,
}

/// One step of a pull, for those who watch.
#[derive(Debug)]
pub struct Step<'a> {
    pub done: usize,
    pub of: usize,
    pub plugin: &'a Copied,
}

/// Which plugins are copied.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Empty for all.
    pub only: Vec<PluginKey>,
    pub except: Vec<PluginKey>,
}

impl Choice {
    fn takes(&self, key: &PluginKey) -> bool {
        (self.only.is_empty() || self.only.contains(key)) && !self.except.contains(key)
    }
}

impl Report {
    pub fn whole(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Whole { .. }))
    }

    pub fn missing(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Missing(_)))
    }

    pub fn failed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.plugins
            .iter()
            .filter(|plugin| is(&plugin.outcome))
            .count()
    }
}

#[cfg(test)]
mod tests;
