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
fn nothing_is_written_into_a_folder_that_is_not_a_mirror() {
    let (upstream, place) = (mixed(), Place::new());
    fs::create_dir(place.path("home")).unwrap();
    fs::write(place.path("home/thesis.txt"), "mine").unwrap();
    fs::create_dir(place.path("authored")).unwrap();
    let authored = json!({"plugins": [plugin("x", json!({}))]}).to_string();
    fs::write(place.path("authored/plugins.json"), authored).unwrap();
    fs::create_dir(place.path("odd")).unwrap();
    fs::write(place.path("odd/plugins.json"), "[]").unwrap();
    fs::write(place.path("file"), "").unwrap();
    for name in ["home", "authored", "odd", "file"] {
        let refusal = place.try_pull(upstream.source(), name).unwrap_err();
        assert!(
            matches!(&refusal, Error::Conflict(told) if told.contains("choose an empty folder")),
            "{refusal}"
        );
    }
    let itself = place.try_pull(place.source("home"), "home").unwrap_err();
    assert!(itself.to_string().contains("home"), "{itself}");
}

#[cfg(unix)]
#[test]
fn a_link_in_a_mirror_leads_no_file_out_of_it() {
    use std::os::unix::fs::symlink;
    let (upstream, place) = (mixed(), Place::new());
    place.pull(upstream.source(), "market");
    fs::create_dir(place.path("home")).unwrap();
    fs::write(place.path("home/main.lua"), "mine").unwrap();
    let (home, linked) = (place.path("home"), place.path("market/plugins/loose"));
    fs::remove_dir_all(&linked).unwrap();
    symlink(&home, &linked).unwrap();
    let report = place.try_pull(upstream.source(), "market").unwrap();
    let Outcome::Failed(reason) = &report.plugins[1].outcome else {
        panic!("{report:?}")
    };
    assert!(reason.contains("link to a place outside"), "{reason}");
    // Nor is what the mirror no longer lists removed there.
    offer(&upstream, &[]);
    let refusal = place.try_pull(upstream.source(), "market").unwrap_err();
    assert!(refusal.to_string().contains("outside"), "{refusal}");
    assert_eq!(fs::read(home.join("main.lua")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(&home).unwrap().count(), 1);

    symlink(&home, place.path("prepared")).unwrap();
    fs::create_dir(place.path("stick")).unwrap();
    symlink(&home, place.path("stick/.souk-mirror")).unwrap();
    for name in ["prepared", "stick"] {
        place.try_pull(upstream.source(), name).unwrap_err();
    }
    assert_eq!(fs::read_dir(&home).unwrap().count(), 1);
}

#[test]
fn names_that_a_mirror_needs_and_names_that_differ_in_case_alone_are_refused() {
    let (upstream, place) = (Upstream::start(), Place::new());
    let files = json!([listed("main.lua", b"1"), listed("Main.lua", b"2")]);
    offer(
        &upstream,
        &[
            plugin("a", json!({"pluginPath": ".souk-mirror"})),
            plugin("b", json!({"pluginPath": "Plugins.json"})),
            plugin("c", json!({ "files": files })),
        ],
    );
    for path in [
        ".souk-mirror/main.lua",
        "Plugins.json/main.lua",
        "plugins/c/main.lua",
    ] {
        upstream.file(&format!("/m/{path}"), "1");
    }
    upstream.file("/m/plugins/c/Main.lua", "2");
    let report = place.try_pull(upstream.source(), "market").unwrap();
    for (plugin, told) in
        report
            .plugins
            .iter()
            .zip(["needs for itself", "needs for itself", "case alone"])
    {
        let Outcome::Failed(reason) = &plugin.outcome else {
            panic!("{plugin:?}")
        };
        assert!(reason.contains(told), "{reason}");
    }
}

#[test]
fn a_check_names_what_is_changed_longer_missing_and_unlisted() {
    let (upstream, place) = (mixed(), Place::new());
    let break_and_mend = |file: &str, bytes: Option<&[u8]>| {
        let at = place.path("market").join(file);
        let good = fs::read(&at).ok();
        match bytes {
            Some(bytes) => fs::write(&at, bytes).unwrap(),
            None => fs::remove_file(&at).unwrap(),
        }
        let faults = place.faults("market");
        match good {
            Some(good) => fs::write(&at, good).unwrap(),
            None => fs::remove_file(&at).unwrap(),
        }
        faults
    };
    place.pull(upstream.source(), "market");
    let main = "plugins/loose/main.lua";
    for (bytes, told) in [
        (Some(&b"return []"[..]), "has the sha256"),
        (Some(b"return"), "has 6 bytes, not 9"),
        (Some(b"return {} "), "has more than the listed 9 bytes"),
        (None, "is missing"),
    ] {
        let faults = break_and_mend(main, bytes);
        assert!(
            faults.len() == 1 && faults[0].contains(main) && faults[0].contains(told),
            "{faults:?}"
        );
    }
    let unlisted = break_and_mend("plugins/loose/more.lua", Some(b"1"));
    assert_eq!(unlisted, ["'plugins/loose/more.lua' is in no list"]);
    assert_eq!(break_and_mend(".DS_Store", Some(b"1")), [""; 0]);

    let authored = fs::read_to_string(place.path("market/plugins.json")).unwrap();
    let authored = authored.replace("\"files\"", "\"fyles\"");
    fs::write(place.path("market/plugins.json"), authored).unwrap();
    assert!(place.faults("market")[0].contains("'listed' has no list of its files"));
}

#[test]
fn a_check_of_an_archive_names_the_file_whose_byte_was_changed() {
    let (upstream, place) = (mixed(), Place::new());
    place.pull(upstream.source(), "market.zip");
    let good = fs::read(place.path("market.zip")).unwrap();
    let name = b"plugins/listed/README.md";
    let header = good
        .windows(name.len())
        .position(|part| part == name)
        .unwrap();
    for offset in 0..4 {
        let mut bad = good.clone();
        bad[header + name.len() + offset] ^= 0x10;
        fs::write(place.path("market.zip"), bad).unwrap();
        let faults = place.faults("market.zip");
        assert!(
            faults.len() == 1 && faults[0].contains("'plugins/listed/README.md'"),
            "{faults:?}"
        );
    }
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
