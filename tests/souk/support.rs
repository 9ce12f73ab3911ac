//! Starts the built program on a free port and speaks HTTP with it.

pub mod client;
pub mod homemade;
pub mod mlflow;
pub mod process;
pub mod server;
pub mod serving;
pub mod site;

pub use client::{Answer, Client};
pub use server::{Start, TestServer};
pub use serving::Serving;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The repository's own test marketplace, copied beside the build once and completed with what is no source:
/// the UI bundle of one plugin.
pub fn marketplace() -> String {
    static COPY: OnceLock<PathBuf> = OnceLock::new();
    let copy = COPY.get_or_init(|| {
        let copy = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("marketplace-{}", std::process::id()));
        copy_folder(Path::new(&fixture("marketplace")), &copy);
        let dist = copy.join("plugins/ui-only/ui/dist");
        std::fs::create_dir_all(&dist).unwrap();
        std::fs::write(dist.join("index.esm.js"), "window.PluginUiOnly = {};\n").unwrap();
        copy
    });
    copy.to_str().unwrap().to_owned()
}

impl TestServer {
    /// The demo with the test marketplace.
    pub fn with_test_plugins() -> Self {
        Start::with_flags(&["--marketplace", &marketplace()]).go()
    }

    /// The same, with plugins that the Admin of organization 1 has installed.
    pub fn with_installed(keys: &[&str]) -> Self {
        let server = Self::with_test_plugins();
        for key in keys {
            server
                .admin()
                .post(
                    "/api/plugins/install",
                    serde_json::json!({"pluginKey": key}),
                )
                .is(201);
        }
        server
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    path.to_str().unwrap().to_owned()
}

/// Material that lies beside a checkout of the project; `None`, and a printed reason, where it does not.
pub fn beside(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../shared")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}
