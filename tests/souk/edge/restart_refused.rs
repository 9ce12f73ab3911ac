//! Restarts in place that must not happen: a successor that could not start, and a stop that comes meanwhile.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::Client;
use crate::support::serving::{KEY, at};

const PROGRAM: &str = env!("CARGO_BIN_EXE_souk");
/// One hit of the moment between two lines of a log is luck; this many are not.
const STOPS: usize = 5;

/// `souk serve` with a configuration file, by a path that leads to the program.
struct Served {
    folder: tempfile::TempDir,
    child: Child,
    log: BufReader<ChildStderr>,
    client: Client,
}

impl Served {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret.key"), KEY).unwrap();
        std::fs::write(configuration(folder.path()), "workers = 3\n").unwrap();
        symlink(PROGRAM, program(folder.path())).unwrap();
        let mut child = Command::new(program(folder.path()))
            .arg("--config")
            .arg(configuration(folder.path()))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(at(folder.path()))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let line = line_with(&mut log, "serving").unwrap();
        let (_, rest) = line.split_once("addresses=[").unwrap();
        let address = rest.split(']').next().unwrap();
        let client = Client {
            base: format!("http://{address}"),
            token: None,
        };
        Self {
            folder,
            child,
            log,
            client,
        }
    }

    fn tell(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn refuses_to_restart(&mut self) -> String {
        self.tell(Signal::USR2);
        let line = line_with(&mut self.log, "restarting").unwrap();
        assert!(line.contains("not restarting, serving as before"), "{line}");
        self.client.get("/healthz").is(200);
        line
    }

    fn restarts(&mut self) {
        self.tell(Signal::USR2);
        line_with(&mut self.log, "inherited=true").unwrap();
        self.client.get("/healthz").is(200);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn configuration(folder: &Path) -> PathBuf {
    folder.join("souk.toml")
}

fn program(folder: &Path) -> PathBuf {
    folder.join("souk")
}

/// The next line of the log with that text; `None` at its end.
fn line_with(log: &mut BufReader<ChildStderr>, text: &str) -> Option<String> {
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        if log.read_line(&mut line).unwrap() == 0 {
            return None;
        }
    }
    Some(line)
}

#[test]
fn a_successor_that_could_not_start_is_refused_and_the_old_process_serves_on() {
    let mut served = Served::start();
    let configuration = configuration(served.folder.path());
    let program = program(served.folder.path());

    for (text, why) in [
        ("workers = 3\nlissten = \"x\"\n", "line 2"),
        ("workers = 1\n", "'1' is not a whole number"),
        ("workers = \n", "souk.toml"),
    ] {
        std::fs::write(&configuration, text).unwrap();
        let line = served.refuses_to_restart();
        assert!(line.contains(why), "{line}");
    }
    std::fs::write(&configuration, "workers = 4\n").unwrap();

    std::fs::remove_file(&program).unwrap();
    let line = served.refuses_to_restart();
    assert!(line.contains("No such file"), "{line}");
    std::fs::write(&program, "half copied").unwrap();
    let line = served.refuses_to_restart();
    assert!(line.contains("Permission denied"), "{line}");
    std::fs::remove_file(&program).unwrap();
    symlink("/bin/false", &program).unwrap();
    let line = served.refuses_to_restart();
    assert!(line.contains("config show"), "{line}");
    std::fs::remove_file(&program).unwrap();
    symlink(PROGRAM, &program).unwrap();

    served.restarts();
    served.restarts();
    served.tell(Signal::TERM);
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_stop_that_comes_during_a_restart_is_a_stop() {
    for _ in 0..STOPS {
        let mut served = Served::start();
        served.tell(Signal::USR2);
        // Said when nothing is served any more; databases and sockets are still to close.
        line_with(&mut served.log, "stopped").unwrap();
        served.tell(Signal::TERM);
        assert_eq!(line_with(&mut served.log, "serving"), None);
        // By itself, or by the signal if that came when the last word was said.
        let status = served.child.wait().unwrap();
        assert!(matches!(status.code(), Some(0) | None), "{status}");
    }
}
