//! `souk organization import`: many organizations at once, each with an Admin if its line names one.
//!
//! Lines are taken in batches. A batch is one transaction, and its lines are printed when it is on the
//! disk: what was printed exists, and what was not does not.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::created;
use crate::cli::Output;
use crate::error::{Error, Result};
use crate::offline::Offline;
use crate::organization::{self, FirstAdmin, NewOrganization, Organization};
use crate::password;

/// Organizations in one transaction: enough that syncing the disk costs little for each.
const BATCH: usize = 500;
const LONGEST_LINE: u64 = 64 << 10;

pub const EXAMPLES: &str = "Examples:
  souk organization import customers.jsonl --json
  souk organization import --from-line 501 customers.jsonl
  souk organization import -";

#[derive(Args)]
pub struct Import {
    /// The file; - reads standard input
    file: PathBuf,
    /// Begin with this line
    #[arg(long, default_value_t = 1, hide_default_value = true)]
    from_line: usize,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    name: String,
    id: Option<i64>,
    admin: Option<AdminLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AdminLine {
    email: String,
    name: String,
    password: Option<String>,
    password_hash: Option<String>,
}

/// A line that was understood, with what its Admin signs in with.
struct Wanted {
    number: usize,
    line: Line,
    hash: String,
    /// Made up here, to be shown.
    password: Option<String>,
}

impl Import {
    pub fn run(&self, offline: &Offline) -> Result<()> {
        let mut lines = Lines::open(&self.file, self.from_line)?;
        loop {
            let next = lines.number + 1;
            let batch = lines.batch().map_err(|error| self.stopped(error, next))?;
            if batch.is_empty() {
                return Ok(());
            }
            self.make(offline, &batch, next)?;
        }
    }

    fn make(&self, offline: &Offline, batch: &[Wanted], first: usize) -> Result<()> {
        let all: Vec<NewOrganization<'_>> = batch.iter().map(Wanted::as_new).collect();
        let made = organization::create_all(&offline.storage, &all).map_err(|refused| {
            let error = match refused.at.and_then(|at| batch.get(at)) {
                Some(wanted) => at_line(wanted.number, &refused.error),
                None => refused.error,
            };
            self.stopped(error, first)
        })?;
        let output = Output { json: self.json };
        made.iter()
            .zip(batch)
            .try_for_each(|((organization, _), wanted)| wanted.show(organization, &output))
    }

    /// Says where to go on: of the batch that begins with line `first` nothing exists, and all before it does.
    fn stopped(&self, error: Error, first: usize) -> Error {
        if first <= self.from_line {
            return error;
        }
        Error::Conflict(format!(
            "{error}; the lines before {first} are imported: go on with --from-line {first}"
        ))
    }
}

impl Wanted {
    fn read(number: usize, text: &str) -> Result<Self> {
        let line: Line = serde_json::from_str(text)
            .map_err(|error| Error::invalid("line", format!("it cannot be read: {error}")))?;
        let (hash, password) = match &line.admin {
            None => (String::new(), None),
            Some(admin) => admin.secret()?,
        };
        Ok(Self {
            number,
            line,
            hash,
            password,
        })
    }

    fn as_new(&self) -> NewOrganization<'_> {
        NewOrganization {
            name: &self.line.name,
            id: self.line.id,
            admin: self.line.admin.as_ref().map(|admin| FirstAdmin {
                email: &admin.email,
                name: &admin.name,
                password_hash: &self.hash,
            }),
        }
    }

    fn show(&self, organization: &Organization, output: &Output) -> Result<()> {
        let mut value = json!(organization);
        let mut text = created(organization);
        if let (Some(admin), Some(fields)) = (&self.line.admin, value.as_object_mut()) {
            let shown = json!({ "email": admin.email, "password": self.password });
            fields.insert("admin".to_owned(), shown);
            let password = self.password.as_ref().map_or_else(String::new, |password| {
                format!(". Password, shown this once: {password}")
            });
            text.push_str(&format!("; Admin {}{password}", admin.email));
        }
        output.one(&value, &text)
    }
}

impl AdminLine {
    /// The hash to store, and the password if it was made up here.
    fn secret(&self) -> Result<(String, Option<String>)> {
        match (&self.password, &self.password_hash) {
            (Some(_), Some(_)) => Err(Error::invalid(
                "password",
                "give password or passwordHash, not both",
            )),
            (Some(password), None) => {
                password::check("password", password)?;
                Ok((password::hash(password)?, None))
            }
            (None, Some(hash)) if password::is_hash(hash) => Ok((hash.clone(), None)),
            (None, Some(_)) => Err(Error::invalid(
                "passwordHash",
                "passwordHash must be an argon2id hash as Souk makes them",
            )),
            (None, None) => {
                let password = password::generate()?;
                Ok((password::hash(&password)?, Some(password)))
            }
        }
    }
}

/// The lines of the file that hold something, with their numbers.
struct Lines {
    reader: Box<dyn BufRead>,
    /// Of the line that was read last.
    number: usize,
}

impl Lines {
    fn open(file: &PathBuf, first: usize) -> Result<Self> {
        let reader: Box<dyn BufRead> = if file.as_os_str() == "-" {
            Box::new(BufReader::new(std::io::stdin()))
        } else {
            let opened = File::open(file).map_err(|error| {
                Error::invalid("file", format!("cannot open {}: {error}", file.display()))
            })?;
            Box::new(BufReader::new(opened))
        };
        let mut lines = Self { reader, number: 0 };
        while lines.number + 1 < first && lines.read()?.is_some() {}
        Ok(lines)
    }

    fn batch(&mut self) -> Result<Vec<Wanted>> {
        std::iter::from_fn(|| self.next().transpose())
            .take(BATCH)
            .collect()
    }

    fn next(&mut self) -> Result<Option<Wanted>> {
        while let Some(text) = self.read()? {
            if !text.trim().is_empty() {
                return Wanted::read(self.number, &text)
                    .map(Some)
                    .map_err(|error| at_line(self.number, &error));
            }
        }
        Ok(None)
    }

    fn read(&mut self) -> Result<Option<String>> {
        let mut text = String::new();
        let mut limited = (&mut self.reader).take(LONGEST_LINE);
        self.number += 1;
        match limited.read_line(&mut text) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(text)),
            Err(error) => Err(at_line(self.number, &error.into())),
        }
    }
}

fn at_line(number: usize, error: &Error) -> Error {
    Error::Conflict(format!("line {number}: {error}"))
}
