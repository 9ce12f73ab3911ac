//! The name of a download, as RFC 6266 and RFC 8187 write it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// As many bytes as file systems take.
const LONGEST: usize = 255;
/// What a name without a letter of its own becomes.
const NAMELESS: &str = "download";

/// A plain name for old clients, the exact one in RFC 8187's encoding.
pub fn attachment(name: &str) -> String {
    let name = plain(name);
    let ascii: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || " ._-()".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let exact = utf8_percent_encode(&name, NON_ALPHANUMERIC);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{exact}")
}

/// Without what a file system reads as a path, and without marks that make a name look like another.
fn plain(name: &str) -> String {
    let name: String = name
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| {
            if c.is_control() || "/\\:*?\"<>|".contains(c) {
                '_'
            } else {
                c
            }
        })
        .collect();
    let name = shortened(name.trim_matches([' ', '.']));
    if name.is_empty() {
        return NAMELESS.to_owned();
    }
    name
}

/// Directions of writing and joiners: `annexe\u{202e}fdp.exe` is shown as `annexeexe.pdf`.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Cut in the middle of the stem, so that the ending still says what it is.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let ending = name
        .rfind('.')
        .map(|at| name.split_at(at).1)
        .filter(|ending| ending.len() <= 16)
        .unwrap_or_default();
    let stem = name.strip_suffix(ending).unwrap_or(name);
    let room = stem.floor_char_boundary(LONGEST - ending.len());
    format!("{}{ending}", stem.split_at(room).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_of_any_letters_arrive_and_start_no_header() {
        assert_eq!(
            attachment("Prüf\"\r\nX: 1.csv"),
            "attachment; filename=\"Pr_f___X_ 1.csv\"; filename*=UTF-8''Pr%C3%BCf%5F%5F%5FX%5F%201%2Ecsv"
        );
    }

    #[test]
    fn a_name_is_no_path_and_looks_like_what_it_is() {
        for (asked, plain_name) in [
            ("../../etc/passwd", "_.._etc_passwd"),
            ("C:\\x\\y.bat", "C__x_y.bat"),
            ("annexe\u{202e}fdp.exe", "annexefdp.exe"),
            (".bashrc", "bashrc"),
            ("...", NAMELESS),
            ("", NAMELESS),
            ("\u{200b}\u{feff}", NAMELESS),
            ("a\0b", "a_b"),
            ("report.pdf. ", "report.pdf"),
            ("日本.csv", "日本.csv"),
        ] {
            assert_eq!(plain(asked), plain_name, "{asked}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let long = format!("{}.xlsx", "ü".repeat(400));
        let name = plain(&long);
        assert!(name.len() <= LONGEST && name.ends_with("ü.xlsx"), "{name}");
        let endless = format!(".{}", "x".repeat(1_000));
        assert_eq!(plain(&endless).len(), LONGEST);
    }
}
