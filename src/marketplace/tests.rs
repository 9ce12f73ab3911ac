//! The marketplace against real folders and a real server.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use super::*;
use crate::data_dir::DataDir;
use crate::digest::Digest;
use crate::error::Error;
use crate::outbound::OutboundPolicy;
use crate::plugin_key::PluginKey;
use crate::storage::StorageOptions;
use upstream::{Answer, Upstream};

pub mod upstream;

const SCRIPT: &str = "return {}";

fn offer(upstream: &Upstream, plugins: &Value) {
    upstream.file("/m/plugins.json", registry(plugins));
}

fn registry(plugins: &Value) -> Vec<u8> {
    json!({"version": "1.0.0", "plugins": plugins, "categories": [{"id": "ml_ops"}]})
        .to_string()
        .into_bytes()
}

fn plugin(fields: Value) -> Value {
    let mut plugin = json!({"key": "x", "name": "Xylo", "version": "1.0.0", "pluginPath": "plugins/x",
        "entryPoint": "main.lua", "iconUrl": "plugins/x/icon.svg"});
    for (field, value) in fields.as_object().unwrap() {
        plugin[field] = value.clone();
    }
    plugin
}

fn listed(path: &str, bytes: &[u8]) -> Value {
    json!({"path": path, "sha256": Digest::of(bytes).to_string(), "size": bytes.len()})
}

/// A data folder with what a marketplace needs of it.
struct Home {
    _folder: tempfile::TempDir,
    data: Arc<DataDir>,
    storage: Arc<Storage>,
    packages: Arc<PackageStore>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = Arc::new(DataDir::open(folder.path()).unwrap());
        let storage = Arc::new(Storage::open(&data, &StorageOptions::default()).unwrap());
        let packages = Arc::new(PackageStore::new(&data));
        Self {
            _folder: folder,
            data,
            storage,
            packages,
        }
    }

    /// As a process that has just started.
    fn marketplace(&self, source: Source) -> Marketplace {
        let outbound = Arc::new(Outbound::new(OutboundPolicy::default()));
        Marketplace::new(
            source,
            Arc::clone(&self.storage),
            outbound,
            Arc::clone(&self.packages),
        )
    }

    fn age_the_copy(&self) {
        let sql = "UPDATE marketplace_cache
                   SET fetched_at = '2026-01-02T03:04:05.678Z', checked_at = '2026-01-02T03:04:05.678Z'";
        let aged = self
            .storage
            .control_write(|transaction| Ok(transaction.execute(sql, [])?))
            .unwrap();
        assert_eq!(aged, 1);
    }

    fn blobs(&self) -> usize {
        fs::read_dir(self.data.blobs()).unwrap().count()
            + fs::read_dir(self.data.staging()).unwrap().count()
    }
}

fn only(marketplace: &Marketplace) -> Listing {
    marketplace.registry().unwrap().registry.listings[0].clone()
}

fn packed(package: &Package) -> Vec<String> {
    package.files().keys().map(ToString::to_string).collect()
}

#[test]
fn a_young_copy_is_not_asked_for_again_and_an_old_one_is_confirmed_by_its_tag() {
    let (home, upstream) = (Home::new(), Upstream::start());
    upstream.set(
        "/m/plugins.json",
        Answer::Tagged(registry(&json!([plugin(json!({}))])), "\"one\""),
    );
    let first = home.marketplace(upstream.source());
    for _ in 0..3 {
        assert_eq!(first.registry().unwrap().state, State::Connected);
    }
    assert_eq!(
        home.marketplace(upstream.source())
            .registry()
            .unwrap()
            .registry
            .listings
            .len(),
        1
    );
    assert_eq!(upstream.asked("/m/plugins.json"), 1);

    home.age_the_copy();
    let later = home.marketplace(upstream.source());
    let snapshot = later.registry().unwrap();
    assert_eq!(
        (snapshot.state, snapshot.expired),
        (State::Connected, false)
    );
    // Confirmed, not sent again: the date is that of the old body.
    assert_eq!(
        snapshot.fetched_at.unwrap().to_string(),
        "2026-01-02T03:04:05.678Z"
    );
    home.marketplace(upstream.source()).registry().unwrap();
    assert_eq!(upstream.asked("/m/plugins.json"), 2);

    upstream.set(
        "/m/plugins.json",
        Answer::Tagged(registry(&json!([])), "\"two\""),
    );
    assert_eq!(later.refresh().unwrap().registry.listings.len(), 0);
}

#[test]
fn fifty_readers_at_once_are_one_fetch() {
    let (home, upstream) = (Home::new(), Upstream::start());
    offer(&upstream, &json!([plugin(json!({}))]));
    let (marketplace, start) = (home.marketplace(upstream.source()), Barrier::new(50));
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                start.wait();
                assert_eq!(marketplace.registry().unwrap().registry.listings.len(), 1);
            });
        }
    });
    assert_eq!(upstream.asked("/m/plugins.json"), 1);
}

#[test]
fn the_last_good_copy_outlives_a_restart_and_a_dead_source_and_shows_its_date() {
    let (home, mut upstream) = (Home::new(), Upstream::start());
    offer(&upstream, &json!([plugin(json!({}))]));
    home.marketplace(upstream.source()).registry().unwrap();
    home.age_the_copy();
    let source = upstream.source();
    upstream.stop();
    drop(upstream);

    let marketplace = home.marketplace(source);
    let snapshot = marketplace.registry().unwrap();
    assert_eq!(snapshot.registry.listings.len(), 1);
    let State::Stale { fetched_at, reason } = snapshot.state else {
        panic!("{:?}", snapshot.state)
    };
    assert_eq!(fetched_at.to_string(), "2026-01-02T03:04:05.678Z");
    assert!(!reason.is_empty());
    let health = marketplace.health();
    assert_eq!((health.marketplace, health.cache), ("stale", "expired"));
}

#[test]
fn a_source_that_fails_is_left_alone_for_a_while_but_asked_when_told_to() {
    let (home, upstream) = (Home::new(), Upstream::start());
    upstream.set("/m/plugins.json", Answer::Status(500));
    let marketplace = home.marketplace(upstream.source());
    for _ in 0..5 {
        let refusal = marketplace.registry().unwrap_err();
        assert!(
            matches!(&refusal, Error::Busy { message, .. } if message.contains("500")),
            "{refusal}"
        );
    }
    assert_eq!(upstream.asked("/m/plugins.json"), 1);
    let health = marketplace.health();
    assert_eq!((health.marketplace, health.cache), ("unreachable", "empty"));

    offer(&upstream, &json!([plugin(json!({}))]));
    assert_eq!(marketplace.refresh().unwrap().state, State::Connected);
    assert_eq!(marketplace.health().marketplace, "connected");

    upstream.file("/m/plugins.json", "<html>not a registry</html>");
    assert!(matches!(
        marketplace.refresh().unwrap().state,
        State::Stale { .. }
    ));
    assert_eq!(marketplace.registry().unwrap().registry.listings.len(), 1);
}

#[test]
fn a_source_that_does_not_answer_delays_nobody_who_can_have_the_copy() {
    let (home, upstream) = (Home::new(), Upstream::start());
    offer(&upstream, &json!([plugin(json!({}))]));
    home.marketplace(upstream.source()).registry().unwrap();
    home.age_the_copy();
    upstream.set("/m/plugins.json", Answer::Silent);
    let marketplace = home.marketplace(upstream.source());
    let begun = Instant::now();
    let snapshot = marketplace.registry().unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    assert!(snapshot.expired && matches!(snapshot.state, State::Stale { .. }));
}

#[test]
fn without_a_copy_a_silent_source_is_waited_for_no_longer_than_a_bound() {
    let (home, upstream) = (Home::new(), Upstream::start());
    upstream.set("/m/plugins.json", Answer::Silent);
    let marketplace = home.marketplace(upstream.source());
    let begun = Instant::now();
    assert!(matches!(marketplace.registry(), Err(Error::Busy { .. })));
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(upstream.asked("/m/plugins.json"), 1);
}

#[test]
fn an_endless_registry_is_cut_at_its_limit() {
    let (home, upstream) = (Home::new(), Upstream::start());
    upstream.set("/m/plugins.json", Answer::Endless);
    let refusal = home.marketplace(upstream.source()).registry().unwrap_err();
    assert!(refusal.to_string().contains("longer than"), "{refusal}");
}

#[test]
fn a_package_with_a_list_is_exactly_that_list() {
    let (home, upstream) = (Home::new(), Upstream::start());
    let files = json!([
        listed("main.lua", SCRIPT.as_bytes()),
        listed("lib/a b#c.lua", b"1")
    ]);
    offer(&upstream, &json!([plugin(json!({ "files": files }))]));
    upstream.file("/m/plugins/x/main.lua", SCRIPT);
    upstream.file("/m/plugins/x/lib/a%20b%23c.lua", "1");
    upstream.file("/m/plugins/x/README.md", "not listed");
    let marketplace = home.marketplace(upstream.source());
    let package = marketplace.package(&only(&marketplace)).unwrap();
    assert_eq!(packed(&package), ["lib/a b#c.lua", "main.lua"]);
    assert_eq!(package.manifest()["files"], files);
    assert_eq!(
        home.packages
            .get(&package.digest())
            .unwrap()
            .read("main.lua")
            .unwrap(),
        SCRIPT.as_bytes()
    );
}

#[test]
fn a_package_that_is_not_what_its_list_says_is_refused_and_leaves_nothing() {
    let (home, upstream) = (Home::new(), Upstream::start());
    offer(
        &upstream,
        &json!([plugin(
            json!({"files": [listed("a.lua", b"first"), listed("main.lua", SCRIPT.as_bytes())]})
        )]),
    );
    upstream.file("/m/plugins/x/a.lua", "first");
    let marketplace = home.marketplace(upstream.source());
    let listing = only(&marketplace);
    for (answer, told) in [
        (Answer::File(b"return []".to_vec()), "has the sha256"),
        (Answer::File(b"return".to_vec()), "has 6 bytes, not 9"),
        (
            Answer::File(b"return {} -- more".to_vec()),
            "more than 9 bytes",
        ),
        (Answer::Endless, "more than 9 bytes"),
        (Answer::Status(404), "'main.lua' is missing"),
        (Answer::Status(500), "answered 500"),
    ] {
        upstream.set("/m/plugins/x/main.lua", answer);
        let refusal = marketplace.package(&listing).unwrap_err().to_string();
        assert!(
            refusal.contains(told) && refusal.contains("main.lua"),
            "{refusal}"
        );
        assert_eq!(home.blobs(), 0);
    }
}

#[test]
fn without_a_list_a_url_gives_the_files_that_have_a_fixed_name() {
    let (home, upstream) = (Home::new(), Upstream::start());
    let ui = json!({"bundleUrl": "/api/plugins/x/ui/dist/index.esm.js"});
    offer(&upstream, &json!([plugin(json!({ "ui": ui }))]));
    let marketplace = home.marketplace(upstream.source());
    assert!(
        marketplace
            .package(&only(&marketplace))
            .unwrap_err()
            .to_string()
            .contains("'main.lua' is missing")
    );
    for file in [
        "main.lua",
        "ui/dist/index.esm.js",
        "README.md",
        "icon.svg",
        "lib.lua",
    ] {
        upstream.file(&format!("/m/plugins/x/{file}"), SCRIPT);
    }
    let package = marketplace.package(&only(&marketplace)).unwrap();
    assert_eq!(
        packed(&package),
        ["README.md", "icon.svg", "main.lua", "ui/dist/index.esm.js"]
    );
}

#[test]
fn a_plugin_that_cannot_run_here_is_never_fetched() {
    let (home, upstream) = (Home::new(), Upstream::start());
    offer(
        &upstream,
        &json!([plugin(json!({"entryPoint": "index.ts"}))]),
    );
    let marketplace = home.marketplace(upstream.source());
    let refusal = marketplace.package(&only(&marketplace)).unwrap_err();
    assert!(
        matches!(&refusal, Error::Refused { message, .. } if message.contains("index.ts")),
        "{refusal}"
    );
    assert_eq!(upstream.asked("/m/plugins/x/index.ts"), 0);
}

fn folder(files: &[(&str, &str)], plugins: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plugins.json"), registry(plugins)).unwrap();
    for (name, text) in files {
        let place = folder.path().join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
    folder
}

#[test]
fn a_file_that_is_too_large_is_the_plugins_fault_and_named() {
    let home = Home::new();
    let big = "x".repeat(usize::try_from(crate::package::FILE_BYTES).unwrap() + 1);
    let files = [
        ("plugins/x/main.lua", SCRIPT),
        ("plugins/x/big.bin", big.as_str()),
    ];
    let folder = folder(&files, &json!([plugin(json!({}))]));
    let marketplace = home.marketplace(Source::Folder(folder.path().to_owned()));
    let refusal = marketplace.package(&only(&marketplace)).unwrap_err();
    let Error::Refused { message, .. } = &refusal else {
        panic!("{refusal:?}")
    };
    for named in ["Plugin 'x'", "big.bin", "5242880 bytes"] {
        assert!(message.contains(named), "{message}");
    }
    assert_eq!(home.blobs(), 0);
}

#[test]
fn from_a_folder_the_package_is_the_plugins_whole_folder_and_outlives_it() {
    let home = Home::new();
    let files = [
        ("plugins/x/main.lua", SCRIPT),
        ("plugins/x/lib/a.lua", "1"),
        ("plugins/y/main.lua", "other"),
    ];
    let folder = folder(&files, &json!([plugin(json!({}))]));
    let marketplace = home.marketplace(Source::Folder(folder.path().to_owned()));
    let package = marketplace.package(&only(&marketplace)).unwrap();
    assert_eq!(packed(&package), ["lib/a.lua", "main.lua"]);
    drop(folder);
    let scripts: BTreeMap<_, _> = home
        .packages
        .get(&package.digest())
        .unwrap()
        .script_files()
        .unwrap();
    assert_eq!(
        scripts.into_keys().collect::<Vec<_>>(),
        ["lib/a.lua", "main.lua"]
    );
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_never_becomes_part_of_a_package() {
    let home = Home::new();
    let folder = folder(
        &[("plugins/x/main.lua", SCRIPT)],
        &json!([plugin(json!({}))]),
    );
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("plugins/x/secret.txt"))
        .unwrap();
    let marketplace = home.marketplace(Source::Folder(folder.path().to_owned()));
    assert!(
        marketplace
            .package(&only(&marketplace))
            .unwrap_err()
            .to_string()
            .contains("outside")
    );
    assert_eq!(home.blobs(), 0);
}

#[test]
fn every_builtin_plugin_makes_a_package_and_has_a_picture_and_a_readme() {
    let home = Home::new();
    let marketplace = home.marketplace(Source::Builtin);
    for listing in &marketplace.registry().unwrap().registry.listings {
        let package = marketplace.package(listing).unwrap();
        assert_eq!(package.manifest()["key"], listing.key.as_str());
        assert!(!marketplace.icon(listing).is_tile && !Icon::of_package(&package).is_tile);
        assert!(marketplace.document(listing, Document::Readme).is_some());
    }
    assert_eq!(marketplace.health().marketplace, "connected");
}

#[test]
fn icons_and_documents_come_from_the_source_once_and_a_tile_stands_in() {
    let (home, upstream) = (Home::new(), Upstream::start());
    offer(
        &upstream,
        &json!([
            plugin(json!({})),
            plugin(json!({"key": "own", "iconUrl": "img/own.png", "pluginPath": "plugins/own"})),
            plugin(
                json!({"key": "foreign", "iconUrl": format!("http://{}/m/plugins/x/icon.svg", upstream.address)})
            ),
            plugin(json!({"key": "huge", "iconUrl": "huge.svg"})),
            plugin(json!({"key": "page", "iconUrl": "plugins/x/icon.html"})),
        ]),
    );
    upstream.file("/m/plugins/x/icon.svg", "<svg/>");
    upstream.file("/m/plugins/own/img/own.png", "png");
    upstream.set("/m/plugins/x/huge.svg", Answer::Endless);
    upstream.file("/m/plugins/x/README.md", "# X");
    let marketplace = home.marketplace(upstream.source());
    let registry = marketplace.registry().unwrap().registry;
    let icon =
        |key: &str| marketplace.icon(registry.find(&PluginKey::parse(key).unwrap()).unwrap());

    for _ in 0..3 {
        assert_eq!(&*icon("x").bytes, b"<svg/>");
        assert!(icon("huge").is_tile);
    }
    assert_eq!(
        (
            upstream.asked("/m/plugins/x/icon.svg"),
            upstream.asked("/m/plugins/x/huge.svg")
        ),
        (1, 1)
    );
    assert_eq!(
        (icon("own").mime, icon("own").is_tile),
        ("image/png", false)
    );
    assert!(icon("foreign").is_tile && icon("page").is_tile);
    assert_eq!(upstream.asked("/m/plugins/x/icon.svg"), 1);

    let listing = only(&marketplace);
    for _ in 0..3 {
        assert_eq!(
            marketplace.document(&listing, Document::Readme).as_deref(),
            Some(&b"# X"[..])
        );
        assert_eq!(marketplace.document(&listing, Document::Changelog), None);
    }
    assert_eq!(upstream.asked("/m/plugins/x/CHANGELOG.md"), 1);
}

#[test]
fn the_icon_of_an_installed_plugin_needs_no_marketplace() {
    let home = Home::new();
    let files = [
        ("plugins/x/main.lua", SCRIPT),
        ("plugins/x/icon.svg", "<svg/>"),
    ];
    let folder = folder(&files, &json!([plugin(json!({}))]));
    let marketplace = home.marketplace(Source::Folder(folder.path().to_owned()));
    let package = marketplace.package(&only(&marketplace)).unwrap();
    drop(folder);
    assert_eq!(&*Icon::of_package(&package).bytes, b"<svg/>");
}
