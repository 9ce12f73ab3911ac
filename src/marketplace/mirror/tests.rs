//! Mirrors of real folders and of a real server.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::marketplace::source::Source;
use crate::marketplace::tests::upstream::{Answer, Upstream};
use crate::outbound::{Outbound, OutboundPolicy};
use crate::package::path::PackagePath;

mod checks;
mod refusals;

const SCRIPT: &str = "return {}";

fn plugin(key: &str, fields: Value) -> Value {
    let mut plugin = json!({"key": key, "name": key, "version": "1.2.0", "entryPoint": "main.lua",
        "pluginPath": format!("plugins/{key}"), "iconUrl": format!("plugins/{key}/icon.svg"), "unknown": {"z": 1, "a": [null]}});
    for (field, value) in fields.as_object().unwrap() {
        plugin[field] = value.clone();
    }
    plugin
}

fn listed(path: &str, bytes: &[u8]) -> Value {
    json!({"path": path, "sha256": Digest::of(bytes), "size": bytes.len()})
}

fn offer(upstream: &Upstream, plugins: &[Value]) {
    let registry =
        json!({"version": "7", "plugins": plugins, "categories": [{"id": "ml_ops"}], "more": 1});
    upstream.file("/m/plugins.json", registry.to_string());
}

/// A place for mirrors, and what was pulled into it.
struct Place {
    folder: tempfile::TempDir,
    choice: Choice,
    allow_missing: bool,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            choice: Choice::default(),
            allow_missing: false,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn try_pull(&self, from: Source, name: &str) -> Result<Report> {
        let wanted = Pull {
            from,
            to: Target::parse(self.path(name).to_str().unwrap())?,
            choice: self.choice.clone(),
            allow_missing: self.allow_missing,
        };
        let outbound = Arc::new(Outbound::new(OutboundPolicy::default()));
        pull(&wanted, &outbound, &|_| {})
    }

    #[track_caller]
    fn pull(&self, from: Source, name: &str) -> Report {
        let report = self.try_pull(from, name).unwrap();
        assert!(report.registry.is_some(), "{report:?}");
        report
    }

    fn source(&self, name: &str) -> Source {
        Source::parse(self.path(name).to_str().unwrap()).unwrap()
    }

    fn registry(&self, name: &str) -> Value {
        let files = self.source(name).local().unwrap();
        serde_json::from_slice(&files.registry().unwrap()).unwrap()
    }

    fn faults(&self, name: &str) -> Vec<String> {
        let verdict = verify(&self.source(name)).unwrap();
        verdict
            .faults
            .into_iter()
            .map(|fault| fault.reason)
            .collect()
    }

    fn files(&self, name: &str) -> Vec<String> {
        let local = self.source(name).local().unwrap();
        let files = local.everything().unwrap();
        files.iter().map(ToString::to_string).collect()
    }
}

/// One plugin with a list, one without, and a picture that lies outside of both.
fn mixed() -> Upstream {
    let upstream = Upstream::start();
    offer(
        &upstream,
        &[
            plugin(
                "listed",
                json!({"files": [listed("main.lua", SCRIPT.as_bytes()), listed("lib/a b.lua", b"1")]}),
            ),
            plugin("loose", json!({"iconUrl": "shared/icon.svg"})),
            plugin("hidden", json!({"isPublished": false})),
        ],
    );
    for (path, text) in [
        ("plugins/listed/main.lua", SCRIPT),
        ("plugins/listed/lib/a%20b.lua", "1"),
        ("plugins/listed/README.md", "# Listed"),
        ("plugins/listed/icon.svg", "<svg/>"),
        ("plugins/loose/main.lua", SCRIPT),
        ("plugins/loose/CHANGELOG.md", "# 1.2.0"),
        ("shared/icon.svg", "<svg>shared</svg>"),
    ] {
        upstream.file(&format!("/m/{path}"), text);
    }
    upstream
}

#[test]
fn a_mirror_has_every_file_with_its_digest_and_the_manifests_as_they_were() {
    let (upstream, place) = (mixed(), Place::new());
    for target in ["market", "market.zip"] {
        let report = place.pull(upstream.source(), target);
        assert_eq!((report.whole(), report.unpublished), (2, 1));
        assert_eq!(place.faults(target), [""; 0]);
        assert_eq!(
            place.files(target),
            [
                "plugins.json",
                "plugins/listed/README.md",
                "plugins/listed/icon.svg",
                "plugins/listed/lib/a b.lua",
                "plugins/listed/main.lua",
                "plugins/loose/CHANGELOG.md",
                "plugins/loose/main.lua",
                "shared/icon.svg",
            ]
        );
        let registry = place.registry(target);
        assert_eq!(
            (&registry["version"], &registry["more"]),
            (&json!("7"), &json!(1))
        );
        let loose = &registry["plugins"][1];
        assert_eq!(
            loose["files"],
            json!([
                listed("main.lua", SCRIPT.as_bytes()),
                listed("CHANGELOG.md", b"# 1.2.0")
            ])
        );
        let mut as_it_was = loose.clone();
        as_it_was.as_object_mut().unwrap().shift_remove("files");
        assert_eq!(
            as_it_was,
            plugin("loose", json!({"iconUrl": "shared/icon.svg"}))
        );
        let beside: Vec<_> = registry["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| &f["path"])
            .collect();
        assert_eq!(
            beside,
            [
                "plugins/listed/README.md",
                "plugins/listed/icon.svg",
                "shared/icon.svg"
            ]
        );
    }
}

#[test]
fn a_mirror_of_a_mirror_is_the_same_to_the_byte() {
    let (upstream, place) = (mixed(), Place::new());
    let first = place.pull(upstream.source(), "one.zip");
    let second = place.pull(place.source("one.zip"), "folder");
    let third = place.pull(place.source("folder"), "three.zip");
    assert_eq!(first.registry, second.registry);
    assert_eq!(first.registry, third.registry);
    let bytes = |name: &str| fs::read(place.path(name)).unwrap();
    assert_eq!(bytes("one.zip"), bytes("three.zip"));
    assert!(!place.path("one.zip.part").exists() && !place.path("folder/.souk-mirror").exists());
}

#[test]
fn a_pull_that_failed_goes_on_with_what_has_arrived() {
    let (upstream, place) = (mixed(), Place::new());
    let gone = "/m/plugins/listed/lib/a%20b.lua";
    upstream.set(gone, Answer::Status(403));
    for target in ["market", "market.zip"] {
        let before = upstream.asked("/m/plugins/loose/main.lua");
        let report = place.try_pull(upstream.source(), target).unwrap();
        assert_eq!(
            (report.registry, report.whole(), report.failed()),
            (None, 1, 1)
        );
        assert!(!place.path(target).join("plugins.json").exists() && !place.path(target).is_file());

        upstream.file(gone, "1");
        let readme = upstream.asked("/m/plugins/loose/README.md");
        let report = place.pull(upstream.source(), target);
        assert_eq!(place.faults(target), [""; 0]);
        assert_eq!(upstream.asked("/m/plugins/loose/main.lua"), before + 1);
        // Nor is it asked again for what is known not to be there.
        assert_eq!(upstream.asked("/m/plugins/loose/README.md"), readme);
        let kept: Vec<_> = report
            .plugins
            .iter()
            .map(|plugin| plugin.outcome.clone())
            .collect();
        assert!(
            matches!(
                kept[..],
                [
                    Outcome::Whole { kept: 1, .. },
                    Outcome::Whole { kept: 2, .. }
                ]
            ),
            "{kept:?}"
        );
        upstream.set(gone, Answer::Status(403));
    }
}

#[test]
fn a_file_that_was_damaged_between_two_pulls_is_fetched_again() {
    let (upstream, place) = (mixed(), Place::new());
    upstream.set("/m/plugins/listed/lib/a%20b.lua", Answer::Status(403));
    place.try_pull(upstream.source(), "market").unwrap();
    for file in ["plugins/loose/main.lua", "plugins/listed/main.lua"] {
        fs::write(place.path("market").join(file), "evil here").unwrap();
    }
    upstream.file("/m/plugins/listed/lib/a%20b.lua", "1");
    place.pull(upstream.source(), "market");
    assert_eq!(place.faults("market"), [""; 0]);
}

#[test]
fn what_fails_in_passing_is_asked_for_again_and_only_so_often() {
    let (upstream, place) = (mixed(), Place::new());
    let stumbling = Answer::Stumbling(2, SCRIPT.into());
    upstream.set("/m/plugins/loose/main.lua", stumbling);
    place.pull(upstream.source(), "market");
    assert_eq!(upstream.asked("/m/plugins/loose/main.lua"), 3);

    upstream.set("/m/plugins/loose/main.lua", Answer::Status(503));
    let report = place.try_pull(upstream.source(), "other").unwrap();
    assert_eq!(report.failed(), 1);
    assert_eq!(upstream.asked("/m/plugins/loose/main.lua"), 3 + 5);
}

#[test]
fn a_plugin_without_its_files_is_named_and_may_stay_in_the_list_if_told_so() {
    let (upstream, mut place) = (mixed(), Place::new());
    upstream.set("/m/plugins/loose/main.lua", Answer::Status(404));
    let report = place.try_pull(upstream.source(), "market").unwrap();
    assert_eq!(
        report.plugins[1].outcome,
        Outcome::Missing("'main.lua' is missing".to_owned())
    );
    assert!(report.registry.is_none());

    place.allow_missing = true;
    place.pull(upstream.source(), "market");
    assert_eq!(place.faults("market"), [""; 0]);
    assert_eq!(verify(&place.source("market")).unwrap().without_files, 1);
    let registry = place.registry("market");
    assert_eq!(registry["plugins"][1]["files"], json!([]));
    let read = crate::marketplace::manifest::Registry::parse(registry.to_string().as_bytes());
    let reason = read.unwrap().listings[1].installable.clone().unwrap_err();
    assert!(reason.contains("lacks the entry point"), "{reason}");
}

#[test]
fn entries_that_cannot_be_read_are_named_and_left_out_only_if_told_so() {
    let (upstream, mut place) = (mixed(), Place::new());
    offer(
        &upstream,
        &[
            plugin("loose", json!({})),
            plugin("x", json!({"key": "No Key"})),
        ],
    );
    let report = place.try_pull(upstream.source(), "market").unwrap();
    assert!(report.registry.is_none());
    assert!(
        report.unreadable[0].to_string().contains("No Key"),
        "{report:?}"
    );
    place.allow_missing = true;
    place.pull(upstream.source(), "market");
    assert_eq!(place.faults("market"), [""; 0]);
    assert_eq!(
        place.registry("market")["plugins"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_file_that_is_not_what_the_source_lists_is_never_allowed_but_may_be_left_out() {
    let (upstream, mut place) = (mixed(), Place::new());
    place.allow_missing = true;
    upstream.file("/m/plugins/listed/main.lua", "return []");
    let report = place.try_pull(upstream.source(), "market.zip").unwrap();
    let Outcome::Failed(reason) = &report.plugins[0].outcome else {
        panic!("{report:?}")
    };
    assert!(reason.contains("'main.lua' has the sha256"), "{reason}");
    assert!(report.registry.is_none() && !place.path("market.zip").exists());

    place.choice.except = vec![PluginKey::parse("listed").unwrap()];
    place.pull(upstream.source(), "market.zip");
    assert_eq!(place.faults("market.zip"), [""; 0]);
    place.choice.only = vec![PluginKey::parse("nobody").unwrap()];
    let refusal = place.try_pull(upstream.source(), "market.zip").unwrap_err();
    assert!(
        refusal.to_string().contains("no plugin 'nobody'"),
        "{refusal}"
    );
}

#[test]
fn a_later_pull_takes_away_what_it_wrote_before_and_nothing_else() {
    let (upstream, place) = (mixed(), Place::new());
    place.pull(upstream.source(), "market");
    fs::write(place.path("market/notes.txt"), "mine").unwrap();
    let files = json!([listed("main.lua", b"new"), listed("Lib/a.lua", b"1")]);
    offer(
        &upstream,
        &[plugin(
            "listed",
            json!({"version": "2.0.0", "files": files}),
        )],
    );
    upstream.file("/m/plugins/listed/main.lua", "new");
    upstream.file("/m/plugins/listed/Lib/a.lua", "1");
    place.pull(upstream.source(), "market");
    assert_eq!(
        place.files("market"),
        [
            "notes.txt",
            "plugins.json",
            "plugins/listed/Lib/a.lua",
            "plugins/listed/README.md",
            "plugins/listed/icon.svg",
            "plugins/listed/main.lua"
        ]
    );
    assert!(!place.path("market/plugins/loose").exists());
    assert_eq!(place.faults("market"), ["'notes.txt' is in no list"]);
}

#[test]
fn the_executables_own_marketplace_can_be_mirrored() {
    let place = Place::new();
    let report = place.pull(Source::Builtin, "own.zip");
    assert_eq!(report.whole(), report.plugins.len());
    assert_eq!(place.faults("own.zip"), [""; 0]);
    let path = PackagePath::parse("plugins.json").unwrap();
    let files = place.source("own.zip").local().unwrap();
    assert!(
        files
            .read(&path, 1 << 20, std::time::Duration::ZERO)
            .unwrap()
            .is_some()
    );
}
