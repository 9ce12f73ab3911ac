//! `souk completions`: what a shell asks for when somebody presses Tab.

use clap::Args;
use clap_complete::Shell;

use super::output;
use crate::error::{Error, Result};

pub const EXAMPLES: &str = "Examples:
  souk completions bash > /etc/bash_completion.d/souk
  souk completions zsh > ~/.zfunc/_souk
  souk completions fish > ~/.config/fish/completions/souk.fish
  souk completions powershell
  souk completions elvish";

#[derive(Args)]
pub struct Completions {
    /// The shell that they are for
    shell: Shell,
}

impl Completions {
    pub fn run(&self) -> Result<()> {
        // Into memory first: the generator panics where a pipe is closed early.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "souk", &mut script);
        let script =
            String::from_utf8(script).map_err(|error| Error::internal("completions", error))?;
        output::line(script.trim_end())
    }
}
