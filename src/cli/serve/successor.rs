//! The process that takes this one's place: whether it could start, and its start.
//!
//! The file that the program's path leads to is asked itself, as a process beside this one: it may be
//! newer and know settings that this one does not, or be half copied. What else a start needs, such as the
//! data folder, this process still holds.

use std::ffi::OsString;
use std::io::Read as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::cli::settings::SettingsArgs;
use crate::error::{Error, Result};
use crate::http::listening::Listening;

/// How long the program may take to read its settings. A signal to stop waits for it.
const CHECK_TIME: Duration = Duration::from_secs(5);

/// How often to look whether it has.
const LOOK: Duration = Duration::from_millis(10);

pub struct Successor {
    listening: Listening,
    settings: SettingsArgs,
}

impl Successor {
    pub fn new(listening: Listening, settings: SettingsArgs) -> Self {
        Self {
            listening,
            settings,
        }
    }

    /// Whether the program that is there now runs, and takes the settings that are there now.
    pub fn check(&self) -> Result<()> {
        let program = program()?;
        let wrong =
            |text: String| Error::Conflict(format!("{}: {text}", program.to_string_lossy()));
        let mut child = Command::new(&program)
            .args(["config", "show"])
            .args(self.settings.arguments())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| wrong(format!("cannot be run: {error}")))?;
        match end_of(&mut child)? {
            Some(status) if status.success() => return Ok(()),
            Some(_) => {}
            None => {
                return Err(wrong(format!(
                    "'config show' took more than {CHECK_TIME:?}"
                )));
            }
        }
        let mut said = Vec::new();
        if let Some(mut stderr) = child.stderr.take() {
            stderr.read_to_end(&mut said)?;
        }
        Err(wrong(match String::from_utf8_lossy(&said).trim() {
            "" => "'config show' fails and does not say why".to_owned(),
            said => said.lines().collect::<Vec<_>>().join(" "),
        }))
    }

    /// Turns this process into the successor, by the arguments that it was started with itself. Returns
    /// only if that fails.
    pub fn start(self) -> Error {
        match program() {
            Ok(program) => {
                let mut successor = Command::new(program);
                successor.args(std::env::args_os().skip(1));
                self.listening.hand_to(successor)
            }
            Err(error) => error,
        }
    }
}

/// As the process was called; the file may be another by now.
fn program() -> Result<OsString> {
    std::env::args_os()
        .next()
        .ok_or_else(|| Error::Internal("the process was started without its name".to_owned()))
}

/// How a child ended; `None` if it took too long and was killed.
fn end_of(child: &mut Child) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    while start.elapsed() < CHECK_TIME {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(LOOK);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}
