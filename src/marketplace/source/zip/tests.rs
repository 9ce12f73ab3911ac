//! A marketplace in an honest archive.

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn path(text: &str) -> PackagePath {
    PackagePath::parse(text).unwrap()
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn placed(bytes: &[u8]) -> (tempfile::TempDir, Zip) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("market.zip");
    std::fs::write(&file, bytes).unwrap();
    let zip = Zip::new(&file);
    (folder, zip)
}

fn read(zip: &Zip, name: &str, limit: u64) -> Result<Option<Vec<u8>>> {
    zip.read(&path(name), limit, Duration::ZERO)
}

#[test]
fn files_are_read_and_listed_as_from_a_folder() {
    let (_folder, zip) = placed(&archive(&[
        ("plugins.json", "{}"),
        ("plugins/x-y/main.lua", "other"),
        ("plugins/x/main.lua", "return {}"),
        ("plugins/x/lib/a.lua", "1"),
        ("plugins/x/.hidden", "1"),
        ("plugins/x/lib/.git/config", "1"),
    ]));
    assert_eq!(zip.registry().unwrap(), b"{}");
    assert_eq!(
        read(&zip, "plugins/x/main.lua", 9).unwrap().unwrap(),
        b"return {}"
    );
    assert_eq!(read(&zip, "plugins/x/none", 9).unwrap(), None);
    assert_eq!(read(&zip, "plugins/x", 9).unwrap(), None);
    assert!(matches!(
        read(&zip, "plugins/x/main.lua", 8),
        Err(Error::TooLarge(_))
    ));
    assert_eq!(
        zip.list(&path("plugins/x")).unwrap().unwrap(),
        [path("lib/a.lua"), path("main.lua")]
    );
    assert!(zip.list(&path("plugins/none")).unwrap().unwrap().is_empty());
    assert_eq!(zip.everything().unwrap().len(), 4);
}

#[test]
fn folders_and_files_of_other_tools_are_accepted() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer
        .add_directory("plugins", options.unix_permissions(0o755))
        .unwrap();
    writer
        .start_file(
            "plugins/a b é.lua",
            options
                .compression_method(zip::CompressionMethod::Stored)
                .unix_permissions(0o755),
        )
        .unwrap();
    writer.write_all(b"1").unwrap();
    let (_folder, zip) = placed(&writer.finish().unwrap().into_inner());
    assert_eq!(read(&zip, "plugins/a b é.lua", 9).unwrap().unwrap(), b"1");
    assert_eq!(zip.everything().unwrap().len(), 1);
}

#[test]
fn an_archive_that_was_replaced_is_noticed_even_with_the_same_time_and_size() {
    let (folder, zip) = placed(&archive(&[("a", "one")]));
    assert_eq!(read(&zip, "a", 9).unwrap().unwrap(), b"one");
    let index = zip.open().unwrap().1;
    assert!(Arc::ptr_eq(&index, &zip.open().unwrap().1));

    let (old, new) = (
        folder.path().join("market.zip"),
        folder.path().join("new.zip"),
    );
    let about = std::fs::metadata(&old).unwrap();
    std::fs::write(&new, archive(&[("a", "two")])).unwrap();
    let file = File::open(&new).unwrap();
    assert_eq!(file.metadata().unwrap().len(), about.len());
    file.set_modified(about.modified().unwrap()).unwrap();
    let before = zip.stamp().unwrap();
    std::fs::rename(&new, &old).unwrap();
    assert_ne!(zip.stamp().unwrap(), before);
    assert_eq!(read(&zip, "a", 9).unwrap().unwrap(), b"two");
}

#[test]
fn an_archive_that_is_gone_or_no_plain_file_is_named() {
    let (folder, zip) = placed(&archive(&[("a", "one")]));
    let file = folder.path().join("market.zip");
    std::fs::remove_file(&file).unwrap();
    for _ in 0..2 {
        let refusal = read(&zip, "a", 9).unwrap_err().to_string();
        assert!(refusal.contains("market.zip"), "{refusal}");
        // The second time it is a folder.
        let _there = std::fs::create_dir(&file);
    }
}
