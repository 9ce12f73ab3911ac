//! Archives that lie, each written byte by byte here: none of them is read.

use std::io::Cursor;
use std::time::{Duration, Instant};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::Local as _;
use super::*;
use writer::{DEFLATED, Member, archive, deflated, member};

mod writer;

/// A hostile archive may cost this long and no longer.
const LONGEST: Duration = Duration::from_secs(2);

fn placed(bytes: &[u8]) -> (tempfile::TempDir, Zip) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.zip");
    std::fs::write(&file, bytes).unwrap();
    let zip = Zip::new(&file);
    (folder, zip)
}

/// What a look at the archive is refused with.
#[track_caller]
fn refusal(bytes: &[u8]) -> String {
    let (_folder, zip) = placed(bytes);
    let begun = Instant::now();
    let refusal = zip.everything().map(|files| files.len()).unwrap_err();
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    assert!(matches!(refusal, Error::Upstream(_)), "{refusal:?}");
    refusal.to_string()
}

#[test]
fn the_writer_of_these_tests_writes_archives_that_can_be_read() {
    let text = "x".repeat(1000);
    let packed = Member {
        method: DEFLATED,
        packed: deflated(text.as_bytes()),
        ..member("b", text.as_bytes())
    };
    let (_folder, zip) = placed(&archive(&[member("a", b"one"), packed]));
    let read = |name: &str| {
        let path = PackagePath::parse(name).unwrap();
        zip.read(&path, 5000, Duration::ZERO).unwrap().unwrap()
    };
    assert_eq!(read("a"), b"one");
    assert_eq!(read("b"), text.as_bytes());
}

#[test]
fn names_that_are_no_safe_path_are_refused() {
    for name in [
        "../evil",
        "a/../../evil",
        "/etc/cron.d/x",
        "C:\\windows\\x",
        "a\\..\\b",
        "a/./b",
        "a//b",
        "nul\0.txt",
        "line\nbreak",
        "trailing.",
        "plugins/x/..",
        "../folder/",
        "con:x",
        "",
    ] {
        let told = refusal(&archive(&[member(name, b"x")]));
        assert!(told.contains("a file name in it"), "{name:?}: {told}");
    }
    let invalid = Member {
        name: vec![b'a', 0xff],
        local_name: vec![b'a', 0xff],
        flags: 1 << 11,
        ..member("", b"x")
    };
    assert!(refusal(&archive(&[invalid])).contains("UTF-8"));
    let long = "a/".repeat(400) + "b";
    assert!(refusal(&archive(&[member(&long, b"x")])).contains("longer than"));
}

#[test]
fn links_and_devices_are_refused() {
    for mode in [0o120_777, 0o020_644, 0o060_644, 0o010_644, 0o140_644] {
        let special = Member {
            mode,
            ..member("x", b"/etc/passwd")
        };
        let told = refusal(&archive(&[special]));
        assert!(
            told.contains("'x' is a link or another special file"),
            "{told}"
        );
    }
    let folder_with_text = Member {
        mode: 0o040_755,
        ..member("x/", b"text")
    };
    assert!(refusal(&archive(&[folder_with_text])).contains("folder with contents"));
}

#[test]
fn two_files_of_one_name_are_refused_whatever_their_case() {
    let told = refusal(&archive(&[
        member("main.lua", b"1"),
        member("main.lua", b"2"),
    ]));
    assert!(told.contains("two files of the same name"), "{told}");
    let told = refusal(&archive(&[
        member("main.lua", b"1"),
        member("Main.LUA", b"2"),
    ]));
    assert!(told.contains("case alone"), "{told}");
    let told = refusal(&archive(&[member("x", b"1"), member("x/", b"")]));
    assert!(told.contains("'x"), "{told}");
}

#[test]
fn a_file_that_has_another_name_at_its_place_is_refused() {
    let cloaked = Member {
        local_name: b"evil.lua".to_vec(),
        ..member("main.lua", b"1")
    };
    let told = refusal(&archive(&[cloaked]));
    assert!(told.contains("'main.lua' has another name"), "{told}");
}

#[test]
fn files_that_share_bytes_are_refused() {
    // 2,000 names for one packed text: 3 kB that would unpack to 20 GB.
    let text = vec![0; 10_000_000];
    let first = Member {
        method: DEFLATED,
        packed: deflated(&text),
        ..member("f0", &text)
    };
    let mut members = vec![first.clone()];
    members.extend((1..2000).map(|number| Member {
        name: format!("f{number}").into_bytes(),
        offset: Some(0),
        ..first.clone()
    }));
    let bytes = archive(&members);
    assert!(bytes.len() < 200_000, "{}", bytes.len());
    let told = refusal(&bytes);
    assert!(
        told.contains("another name") || told.contains("unpacks to"),
        "{told}"
    );

    // The same with one name of the same length inside the other's text, as a quoted header.
    let inner = archive(&[member("b", b"inner")]);
    let outer = member("a", &inner);
    let place = 30 + 1;
    let bytes = archive(&[
        outer,
        Member {
            offset: Some(place),
            ..member("b", b"inner")
        },
    ]);
    let told = refusal(&bytes);
    assert!(told.contains("share bytes"), "{told}");
}

#[test]
fn a_file_that_reaches_into_the_list_of_files_is_refused() {
    let mut bytes = archive(&[member("a", b"1"), member("b", b"2")]);
    // The packed size of the last file, in both headers.
    let local = 30 + 1 + 1;
    let directory = 2 * local;
    let second = directory + 46 + 1;
    for at in [local + 18, second + 20] {
        bytes[at..at + 4].copy_from_slice(&60_u32.to_le_bytes());
    }
    let told = refusal(&bytes);
    assert!(told.contains("beyond the end"), "{told}");
}

#[test]
fn an_archive_that_unpacks_to_far_more_than_its_size_is_refused() {
    let zeros = vec![0; 5_000_000];
    let packed = deflated(&zeros);
    let bombs: Vec<_> = (0..100)
        .map(|number| Member {
            method: DEFLATED,
            packed: packed.clone(),
            ..member(&format!("f{number}"), &zeros)
        })
        .collect();
    let bytes = archive(&bombs);
    let told = refusal(&bytes);
    assert!(told.contains("unpacks to 500000000 bytes"), "{told}");
}

#[test]
fn a_lie_about_a_size_is_found_before_the_memory_is_full() {
    let text = vec![b'a'; 3_000_000];
    let small = Member {
        method: DEFLATED,
        packed: deflated(&text),
        size: 10,
        ..member("a", &text)
    };
    let large = Member {
        size: 4000,
        ..member("b", b"short")
    };
    let wrong = Member {
        crc: 1,
        ..member("c", b"text")
    };
    let noise = Member {
        method: DEFLATED,
        size: 100,
        ..member("d", &[0xa5; 50])
    };
    let (_folder, zip) = placed(&archive(&[small, large, wrong, noise]));
    for name in ["a", "b", "c", "d"] {
        let path = PackagePath::parse(name).unwrap();
        let told = zip
            .read(&path, 5_000, Duration::ZERO)
            .unwrap_err()
            .to_string();
        assert!(
            told.contains(&format!("'{name}' in the marketplace archive is damaged")),
            "{told}"
        );
    }
}

#[test]
fn encrypted_files_and_other_methods_are_refused() {
    let encrypted = Member {
        flags: 1,
        ..member("a", b"0123456789abcdef")
    };
    assert!(refusal(&archive(&[encrypted])).contains("encrypted"));
    for method in [1, 6, 9, 12, 14, 93, 95, 98] {
        let other = Member {
            method,
            ..member("a", b"text")
        };
        assert!(
            refusal(&archive(&[other])).contains("other than deflate"),
            "{method}"
        );
    }
}

#[test]
fn a_list_of_files_without_end_is_refused_before_it_fills_the_memory() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for number in 0..100_001 {
        writer.start_file(number.to_string(), options).unwrap();
    }
    let told = refusal(&writer.finish().unwrap().into_inner());
    assert!(told.contains("more than 100000 files"), "{told}");

    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let tail = "n".repeat(400);
    for number in 0..32_000 {
        writer
            .start_file(format!("{number}{tail}"), options)
            .unwrap();
    }
    let told = refusal(&writer.finish().unwrap().into_inner());
    assert!(told.contains("list of files has more than"), "{told}");
}

#[test]
fn bytes_before_an_archive_and_what_is_none_are_refused() {
    let good = archive(&[member("a", b"1")]);
    refusal(&[b"#!/bin/sh\n".as_slice(), &good].concat());
    refusal(&[good.as_slice(), &good].concat());
    for bytes in [
        &b""[..],
        b"PK",
        b"PK\x05\x06",
        b"not an archive",
        &good[..good.len() - 10],
        &good[10..],
    ] {
        refusal(bytes);
    }
}

#[test]
fn a_damaged_archive_never_panics_and_never_gives_other_bytes() {
    let text = b"return {}".repeat(20);
    let packed = Member {
        method: DEFLATED,
        packed: deflated(&text),
        ..member("b", &text)
    };
    let good = archive(&[member("a", b"one"), packed]);
    let mut random: u32 = 7;
    let mut next = move || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random >> 8
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.zip");
    for _ in 0..1_000 {
        let mut damaged = good.clone();
        for _ in 0..1 + next() % 3 {
            let place = next() as usize % damaged.len();
            damaged[place] ^= 1 << (next() % 8);
        }
        std::fs::write(&file, &damaged).unwrap();
        let zip = Zip::new(&file);
        for (name, whole) in [("a", b"one".as_slice()), ("b", text.as_slice())] {
            let path = PackagePath::parse(name).unwrap();
            if let Ok(Some(bytes)) = zip.read(&path, 5_000, Duration::ZERO) {
                assert_eq!(bytes, whole, "{name}");
            }
        }
    }
}
