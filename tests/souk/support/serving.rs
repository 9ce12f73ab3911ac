//! `souk serve` on an empty folder, as a first start has it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// `souk serve` with its standard output, ended with the test.
pub struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Serving {
    pub fn start(folder: &Path) -> Self {
        let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        std::fs::write(folder.join("secret.key"), key).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_souk"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.join("data"))
            .args(["--secret-key-file"])
            .arg(folder.join("secret.key"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// The first-run link that it prints.
    pub fn link(&mut self) -> String {
        let mut line = String::new();
        while !line.contains("/setup?token=") {
            line.clear();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "no link");
        }
        line.trim().to_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}
