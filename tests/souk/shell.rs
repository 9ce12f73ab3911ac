//! What the program prints for shells and for `man`, given to the programs that read it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::server::run;

/// What a program said about this text, unless it is not on the machine.
fn judged(program: &str, arguments: &[&str], text: &str) -> Option<(bool, String)> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: {program} is not installed");
            return None;
        }
        Err(error) => panic!("{program}: {error}"),
    };
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    Some((output.status.success(), complaints))
}

fn printed(arguments: &[&str]) -> String {
    let (code, out, err) = run(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {err}");
    out
}

#[test]
fn completions_know_the_verbs_and_each_shell_accepts_its_own() {
    for (shell, arguments) in [
        ("bash", Some(vec!["-n"])),
        ("zsh", Some(vec!["-n"])),
        ("fish", Some(vec!["--no-execute"])),
        ("powershell", None),
        ("elvish", None),
    ] {
        let script = printed(&["completions", shell]);
        for word in ["serve", "reset-password", "outbound-allow"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
        if let Some((is_good, complaints)) =
            arguments.and_then(|arguments| judged(shell, &arguments, &script))
        {
            assert!(is_good && complaints.is_empty(), "{shell}: {complaints}");
        }
    }
    let (code, _, err) = run(&["completions", "tcsh"]);
    assert_eq!(code, Some(2), "{err}");
}

#[test]
fn bash_completes_a_verb_and_what_is_below_it() {
    let script = printed(&["completions", "bash"]);
    for (line, expected) in [
        ("souk comp", "completions"),
        ("souk admin reset", "reset-password"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let (last, before) = (words.len() - 1, words[words.len() - 2]);
        // What bash does at a press of Tab: it calls the function and reads COMPREPLY.
        let ask = format!(
            "{script}\nCOMP_WORDS=({line}); COMP_CWORD={last}; _souk souk {} {before}; echo \"${{COMPREPLY[*]}}\"",
            words[last]
        );
        let output = Command::new("bash").args(["-c", &ask]).output();
        match output {
            Ok(output) => {
                let completed = String::from_utf8_lossy(&output.stdout);
                assert_eq!(completed.trim(), expected, "{line}: {output:?}");
            }
            Err(error) => println!("skipped: bash: {error}"),
        }
    }
}

#[test]
fn there_is_a_manual_page_for_every_verb_and_groff_finds_no_error_in_them() {
    let folder = tempfile::tempdir().unwrap();
    // Made if it is missing.
    let to = folder.path().join("man/man1");
    printed(&["man", "--to", to.to_str().unwrap()]);
    let pages: Vec<_> = std::fs::read_dir(&to)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    for name in ["souk.1", "souk-serve.1", "souk-admin-reset-password.1"] {
        assert!(pages.contains(&to.join(name)), "{name}: {pages:?}");
    }
    let root = printed(&["man"]);
    assert_eq!(root, std::fs::read_to_string(to.join("souk.1")).unwrap());
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap();
        has_its_sections(page, &text);
        let Some((is_good, complaints)) = judged("groff", &["-man", "-Tutf8", "-ww", "-z"], &text)
        else {
            return;
        };
        assert!(is_good && complaints.is_empty(), "{page:?}: {complaints}");
    }
}

fn has_its_sections(page: &Path, text: &str) {
    for section in [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "CONFIGURATION",
        "EXAMPLES",
    ] {
        assert!(
            text.contains(&format!("\n.SH {section}\n")),
            "{page:?} has no section {section}"
        );
    }
}
