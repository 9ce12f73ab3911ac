//! `souk man`: the manual pages, drawn from the same definitions as the helps.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use super::output;
use crate::error::{Error, Result};

pub const EXAMPLES: &str = "Examples:
  souk man > souk.1
  souk man --to /usr/local/share/man/man1";

#[derive(Args)]
pub struct Manual {
    /// Write all pages, one for each verb, into this folder; it is made if it is missing
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

impl Manual {
    pub fn run(&self) -> Result<()> {
        let mut root = super::command().disable_help_subcommand(true);
        root.build();
        match &self.to {
            Some(folder) => {
                fs::create_dir_all(folder)
                    .and_then(|()| write_all(&root, folder))
                    .map_err(|error| {
                        Error::internal(
                            &format!("cannot write manual pages to {}", folder.display()),
                            error,
                        )
                    })?;
                Ok(())
            }
            None => {
                let page = page(&root).map_err(|error| Error::internal("manual page", error))?;
                output::line(page.trim_end())
            }
        }
    }
}

fn write_all(command: &Command, folder: &Path) -> std::io::Result<()> {
    let name = Man::new(command.clone()).get_filename();
    fs::write(folder.join(name), page(command)?)?;
    command
        .get_subcommands()
        .try_for_each(|below| write_all(below, folder))
}

/// The sections in the order that manual pages have.
fn page(command: &Command) -> std::io::Result<String> {
    let program = format!("souk {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).source(program);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    man.render_options_section(&mut page)?;
    let mut end = Vec::new();
    man.render_extra_section(&mut end)?;
    let end = String::from_utf8_lossy(&end);
    Ok(format!(
        "{}{}",
        String::from_utf8_lossy(&page),
        with_examples(&end)
    ))
}

/// The generator knows no section of examples: it calls the help's end "extra", keeps its heading as text, and
/// fills lines. What stands behind the examples, after an empty line, is text and may be filled.
fn with_examples(end: &str) -> String {
    let end = end
        .replace(".SH EXTRA\n", ".SH EXAMPLES\n")
        .replace("Examples:\n", ".nf\n");
    match end.split_once("\n\n") {
        Some((examples, text)) => format!("{examples}\n.fi\n.PP\n{text}"),
        None => format!("{end}.fi\n"),
    }
}
