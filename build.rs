//! Builds the pages under `assets/` into cargo's output folder, where `http::assets` embeds them.
//!
//! Needs Node.js with npm. The packages that the lock file names are installed into
//! `assets/node_modules` (never committed) when the lock file changed; the pages are built again
//! when a source of theirs changed. `SOUK_SKIP_ASSETS=1` puts one placeholder page in their place:
//! for checks of the library alone, where waiting for the pages is a waste.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

const SKIP: &str = "SOUK_SKIP_ASSETS";
const SOURCES: &[&str] = &[
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
    ".npmrc",
];
/// What Vite asks for: 20.19 in the 20 line, 22.12 in the 22 line, anything later.
const NEEDED_NODE: &str =
    "Souk's pages are built with Node.js 20.19 or newer (22.12 or newer of the 22 line) and npm";
const PLACEHOLDER: &str = "<!doctype html><meta name=\"csp-nonce\" content=\"__CSP_NONCE__\">\
    <title>Souk</title><p>This build of Souk was made without its pages (SOUK_SKIP_ASSETS).\n";

fn main() {
    if let Err(error) = build() {
        println!("cargo::error={}", error.to_string().replace('\n', " "));
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("assets");
    let output = PathBuf::from(env::var("OUT_DIR")?).join("assets");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={SKIP}");
    for source in SOURCES {
        println!("cargo::rerun-if-changed=assets/{source}");
    }

    if env::var_os(SKIP).is_some_and(|value| value != "0") {
        return write_placeholder(&output);
    }
    require_node()?;
    // Two builds with different output folders share `node_modules`: one at a time.
    let lock = File::create(root.join("node_modules.lock"))?;
    lock.lock()?;
    install_packages(&root)?;
    build_pages(&root, &output)
}

fn write_placeholder(output: &Path) -> Result<(), Box<dyn Error>> {
    remove_if_present(fs::remove_dir_all(output))?;
    fs::create_dir_all(output)?;
    fs::write(output.join("index.html"), PLACEHOLDER)?;
    Ok(())
}

fn require_node() -> Result<(), Box<dyn Error>> {
    let answer = Command::new("node").arg("--version").output().map_err(|error| {
        format!("{NEEDED_NODE}; `node` cannot be started ({error}). Install it, or set {SKIP}=1 to build without pages")
    })?;
    let version = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    if is_recent_enough(&version) {
        return Ok(());
    }
    Err(format!("{NEEDED_NODE}; this is Node.js {version}. Install a newer one, or set {SKIP}=1 to build without pages").into())
}

fn is_recent_enough(version: &str) -> bool {
    let mut parts = version
        .trim_start_matches('v')
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    matches!((major, minor), (20, 19..) | (22, 12..) | (23.., _))
}

/// `npm ci`, when `node_modules` was not made from this lock file.
fn install_packages(root: &Path) -> Result<(), Box<dyn Error>> {
    let wanted = fs::read(root.join("package-lock.json"))?;
    let installed = root.join("node_modules").join(".installed-from-lock.json");
    if fs::read(&installed).is_ok_and(|made_from| made_from == wanted) {
        return Ok(());
    }
    run(npm().arg("ci").current_dir(root), "npm ci")?;
    fs::write(installed, wanted)?;
    Ok(())
}

fn build_pages(root: &Path, output: &Path) -> Result<(), Box<dyn Error>> {
    let mut vite = npm();
    vite.args([
        "run",
        "--silent",
        "build",
        "--",
        "--emptyOutDir",
        "--logLevel",
        "warn",
    ]);
    vite.arg("--outDir").arg(output).current_dir(root);
    run(&mut vite, "npm run build")
}

fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// What the command prints is shown only when it fails.
fn run(command: &mut Command, name: &str) -> Result<(), Box<dyn Error>> {
    let result = command
        .output()
        .map_err(|error| format!("`{name}` cannot be started: {error}"))?;
    if result.status.success() {
        return Ok(());
    }
    let told = [result.stdout, result.stderr].concat();
    Err(format!(
        "`{name}` failed in assets/ ({}):\n{}",
        result.status,
        String::from_utf8_lossy(&told)
    )
    .into())
}

fn remove_if_present(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
