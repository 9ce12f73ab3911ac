//! What a check of a mirror finds.

use super::*;

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
