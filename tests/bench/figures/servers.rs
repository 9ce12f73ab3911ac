//! The servers that are measured, all running at once: an idle one takes next to nothing from the others.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::client::Client;
use crate::server::{Start, TestServer};
use crate::trivial::{Kind, Trivial};

pub const PLUGINS: [&str; 2] = ["figures-lua", "figures-rhai"];

pub struct Servers {
    pub bare: Trivial,
    pub edge: Trivial,
    pub souk: Souk,
    /// Another build of Souk, usually an older one.
    pub before: Option<Souk>,
}

pub struct Souk {
    pub server: TestServer,
    /// Signed in as an Admin of the first organization.
    pub admin: Client,
}

impl Servers {
    /// `program` is Souk unless it is the one that was just built, `before` what it is held against.
    pub fn start(
        folder: &Path,
        program: Option<&Path>,
        before: Option<&Path>,
    ) -> Result<Self, String> {
        Ok(Self {
            souk: Souk::start(&folder.join("data"), program)?,
            before: before
                .map(|program| Souk::start(&folder.join("before"), Some(program)))
                .transpose()?,
            bare: Trivial::start(Kind::Bare)?,
            edge: Trivial::start(Kind::Edge)?,
        })
    }
}

impl Souk {
    /// Its demo with the plugins that are measured, on data in this folder, and otherwise as it comes.
    fn start(data: &Path, program: Option<&Path>) -> Result<Self, String> {
        let marketplace = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/bench/figures/marketplace")
            .display()
            .to_string();
        let mut start = Start::with_flags(&["--marketplace", &marketplace]).on(data);
        start.log_level = "warn";
        if let Some(program) = program {
            start.program = program.to_owned();
        }
        let server = start.go();
        let admin = server.admin();
        for key in PLUGINS {
            let answer = admin.try_send(
                "POST",
                "/api/plugins/install",
                Some(json!({ "pluginKey": key }).to_string().into_bytes()),
                &[],
            )?;
            if answer.status != 201 {
                return Err(format!(
                    "installing {key}: {} {}",
                    answer.status,
                    String::from_utf8_lossy(&answer.body)
                ));
            }
        }
        Ok(Self { server, admin })
    }
}
