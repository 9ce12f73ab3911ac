//! What no hostile script may read, change or reach: a file, an environment variable, another tenant's row,
//! another plugin's row, a socket on loopback. Each readable one holds a text that occurs nowhere else.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::hex;
use crate::random;
use crate::tenant::TenantId;

/// The variable that the private instance has in its environment.
pub const VARIABLE: &str = "TEST_CANARY";
const FILE_NAME: &str = "canary";
const LAST_LOOPBACK: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 254);

/// The organizations of the private instance, by number: hostile plugins are installed in the first.
pub const HOSTILE_ORGANIZATION: i64 = 1;
pub const OTHER_ORGANIZATION: i64 = 2;

pub struct Canaries {
    file: PathBuf,
    in_file: String,
    pub in_environment: String,
    pub in_own_tenant: String,
    pub in_other_tenant: String,
    sockets: Vec<TcpListener>,
    port: u16,
}

impl Canaries {
    pub fn new(folder: &Path) -> Result<Self> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = first.local_addr()?.port();
        let mut sockets = vec![first];
        // Not every machine has these, and then there is nothing to protect.
        sockets.extend(TcpListener::bind((LAST_LOOPBACK, port)));
        sockets.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)));
        for socket in &sockets {
            socket.set_nonblocking(true)?;
        }
        let canaries = Self {
            file: folder.join(format!("{FILE_NAME}.lua")),
            in_file: token("file")?,
            in_environment: token("environment")?,
            in_own_tenant: token("row")?,
            in_other_tenant: token("tenant")?,
            sockets,
            port,
        };
        std::fs::write(&canaries.file, canaries.text())?;
        Ok(canaries)
    }

    /// A file that any language would run, if it could be had.
    fn text(&self) -> String {
        format!("return '{}'\n", self.in_file)
    }

    /// A seed's words with what they stand for.
    pub fn fill_in(&self, text: &str) -> String {
        let path = self.file.with_extension("");
        text.replace("CANARY_FILE", &path.display().to_string())
            .replace("CANARY_NAME", FILE_NAME)
            .replace("CANARY_PORT", &self.port.to_string())
            .replace(
                "TENANT",
                TenantId::of_organization(OTHER_ORGANIZATION).as_str(),
            )
    }

    /// What was told to somebody who should not know it.
    pub fn told_in(&self, text: &str) -> Vec<String> {
        [
            (&self.in_file, "the canary file was read"),
            (&self.in_environment, "the environment was read"),
            (&self.in_own_tenant, "another plugin's row was read"),
            (&self.in_other_tenant, "another tenant's row was read"),
        ]
        .into_iter()
        .filter(|(token, _)| text.contains(token.as_str()))
        .map(|(_, told)| told.to_owned())
        .collect()
    }

    /// What is no longer as it was.
    pub fn touched(&self) -> Vec<String> {
        let mut touched = Vec::new();
        if std::fs::read_to_string(&self.file).ok() != Some(self.text()) {
            touched.push("the canary file was changed".to_owned());
        }
        if self.file.with_extension("copy").exists() {
            touched.push("a file was written beside the canary".to_owned());
        }
        for socket in &self.sockets {
            match socket.accept() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                _ => touched.push("the canary socket was reached".to_owned()),
            }
        }
        touched
    }

    /// Whether an answer of the honest plugin is what it must be, in the tenant of that token.
    pub fn is_right(answer: &str, token: &str) -> bool {
        let rows: Option<serde_json::Value> = serde_json::from_str(answer).ok();
        rows.and_then(|rows| Some(rows.get("data")?.as_array()?.clone()))
            .is_some_and(|rows| rows == [serde_json::json!({ "token": token })])
    }
}

fn token(of: &str) -> Result<String> {
    let bytes = random::bytes::<12>()?;
    Ok(format!("{of}-canary-{}", hex::encode(&bytes)))
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn each_canary_notices_what_happens_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let canaries = Canaries::new(folder.path()).unwrap();
        assert_eq!(canaries.touched(), Vec::<String>::new());
        TcpStream::connect(("127.0.0.1", canaries.port)).unwrap();
        assert_eq!(canaries.touched(), ["the canary socket was reached"]);
        std::fs::write(&canaries.file, "x").unwrap();
        assert_eq!(canaries.touched(), ["the canary file was changed"]);
        let told = canaries.told_in(&format!("<{}>", canaries.in_environment));
        assert_eq!(told, ["the environment was read"]);
        assert_eq!(canaries.told_in("nothing"), Vec::<String>::new());
    }

    #[test]
    fn an_honest_answer_is_the_one_row_and_no_other() {
        assert!(Canaries::is_right(r#"{"data":[{"token":"t"}]}"#, "t"));
        for wrong in [r#"{"data":[]}"#, r#"{"data":[{"token":"u"}]}"#, "", "{}"] {
            assert!(!Canaries::is_right(wrong, "t"));
        }
    }

    #[test]
    fn the_words_of_a_seed_are_filled_in() {
        let folder = tempfile::tempdir().unwrap();
        let canaries = Canaries::new(folder.path()).unwrap();
        let text = canaries.fill_in("CANARY_FILE CANARY_NAME CANARY_PORT TENANT");
        assert!(
            !text.contains("CANARY") && !text.contains("TENANT"),
            "{text}"
        );
    }
}
