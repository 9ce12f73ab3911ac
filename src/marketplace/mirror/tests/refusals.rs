//! What no mirror is made of, and where none is written.

use super::*;

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
fn files_of_two_plugins_that_differ_in_case_alone_are_refused() {
    let (upstream, mut place) = (Upstream::start(), Place::new());
    let icon = json!("shared/icon.svg");
    offer(
        &upstream,
        &[
            plugin(
                "upper",
                json!({"pluginPath": "plugins/Notes", "iconUrl": icon}),
            ),
            plugin("other", json!({"iconUrl": icon})),
            plugin(
                "lower",
                json!({"pluginPath": "plugins/notes", "iconUrl": icon}),
            ),
        ],
    );
    for folder in ["Notes", "other", "notes"] {
        let script = format!("return {{ '{folder}' }}");
        upstream.file(&format!("/m/plugins/{folder}/main.lua"), script);
    }
    for target in ["market", "market.zip"] {
        let refusal = place.try_pull(upstream.source(), target).unwrap_err();
        let told = refusal.to_string();
        for part in [
            "'plugins/Notes/main.lua' of the plugin 'upper'",
            "'plugins/notes/main.lua' of the plugin 'lower'",
            "differ in case alone",
        ] {
            assert!(told.contains(part), "{told}");
        }
        assert!(!place.path(target).join("plugins.json").exists());
        assert!(!place.path(target).is_file());
    }
    place.choice.except = vec![PluginKey::parse("lower").unwrap()];
    for target in ["market", "market.zip"] {
        place.pull(upstream.source(), target);
        assert_eq!(place.faults(target), [""; 0]);
    }
}
