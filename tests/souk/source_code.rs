//! A source file as the walls see it: which rooms its code names. Comments, texts and tests do not count.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

#[derive(Debug, Default)]
pub struct SourceCode {
    /// First names after `crate::`.
    pub rooms: BTreeSet<String>,
    /// Every name in the code.
    pub words: BTreeSet<String>,
    /// Modules in files of their own that only tests have.
    pub test_modules: BTreeSet<String>,
}

impl SourceCode {
    pub fn parse(text: &str) -> Self {
        let mut code = Self::default();
        code.read(text.parse().unwrap());
        code
    }

    pub fn names_room(&self, room: &str) -> bool {
        self.rooms.contains(room)
    }

    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            if is_test_mark(rest) {
                at += self.skip_item(rest);
                continue;
            }
            match &tokens[at] {
                TokenTree::Ident(word) => {
                    self.words.insert(word.to_string());
                    if word == "crate" && is_path(&rest[1..]) {
                        self.note_rooms(rest.get(3));
                    }
                }
                TokenTree::Group(group) => self.read(group.stream()),
                _ => {}
            }
            at += 1;
        }
    }

    /// `crate::room` or `crate::{room::X, other}`.
    fn note_rooms(&mut self, after: Option<&TokenTree>) {
        match after {
            Some(TokenTree::Ident(room)) => {
                self.rooms.insert(room.to_string());
            }
            Some(TokenTree::Group(group)) => {
                let mut first = true;
                for token in group.stream() {
                    match token {
                        TokenTree::Ident(room) if first => {
                            self.rooms.insert(room.to_string());
                            first = false;
                        }
                        TokenTree::Punct(mark) if mark.as_char() == ',' => first = true,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    /// How many tokens the item behind a test mark has; it ends with its body or a semicolon.
    fn skip_item(&mut self, tokens: &[TokenTree]) -> usize {
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return at + 1,
                TokenTree::Punct(mark) if mark.as_char() == ';' => {
                    if let [.., TokenTree::Ident(word), TokenTree::Ident(name)] = &tokens[..at]
                        && word == "mod"
                    {
                        self.test_modules.insert(name.to_string());
                    }
                    return at + 1;
                }
                _ => {}
            }
        }
        tokens.len()
    }
}

/// `#[cfg(test)]`.
fn is_test_mark(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(mark), TokenTree::Group(attribute), ..] = tokens else {
        return false;
    };
    let written = attribute.stream().to_string();
    mark.as_char() == '#' && written.split_whitespace().collect::<String>() == "cfg(test)"
}

fn is_path(tokens: &[TokenTree]) -> bool {
    let is_colon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
    matches!(tokens, [first, second, _, ..] if is_colon(first) && is_colon(second))
}

#[test]
fn rooms_are_found_in_every_form_of_a_path_and_not_in_tests_or_texts() {
    let code = SourceCode::parse(
        r##"
        //! crate::comment::X
        #[cfg(test)]
        use crate::test_import::{A, B};
        use crate::{plain, grouped::{self, deep}, third::X};
        #[cfg(test)]
        #[allow(dead_code)]
        mod elsewhere;
        fn f() -> crate::result::X { println!("{} crate::text::X", crate::within_a_macro::y()) }
        #[cfg(test)]
        mod tests { fn f() { crate::test_code::x("}") } }
        pub(crate) fn after() { crate::after_tests::x() }
        "##,
    );
    let rooms: Vec<_> = code.rooms.iter().map(String::as_str).collect();
    assert_eq!(
        rooms,
        [
            "after_tests",
            "grouped",
            "plain",
            "result",
            "third",
            "within_a_macro"
        ]
    );
    assert_eq!(code.test_modules.iter().collect::<Vec<_>>(), ["elsewhere"]);
    assert!(code.words.contains("deep") && !code.words.contains("test_code"));
}
