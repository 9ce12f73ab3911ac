//! PostgreSQL's words before they are parsed: parameters as they are written here, and how deep the
//! parser's tree could become.

use sqlparser::tokenizer::{Token as Word, TokenWithSpan};

/// `?` is an operator to PostgreSQL, and a parameter here as everywhere else.
pub fn with_placeholders(words: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut kept: Vec<TokenWithSpan> = Vec::with_capacity(words.len());
    for mut word in words {
        match (&word.token, kept.last_mut()) {
            (Word::Whitespace(_), _) => {
                // Keeps `? 1` from being read as `?1`.
                kept.push(word);
                continue;
            }
            (Word::Number(digits, _), Some(last)) if last.token == placeholder("") => {
                last.token = placeholder(digits);
                continue;
            }
            (Word::Question, _) => word.token = placeholder(""),
            _ => {}
        }
        kept.push(word);
    }
    kept.retain(|word| !matches!(word.token, Word::Whitespace(_)));
    kept
}

/// Words between commas, with all that stands in parentheses among them: at least the depth of the tree.
pub fn longest_chain(words: &[TokenWithSpan]) -> usize {
    /// One level of parentheses: the words since its last comma, and the most between two.
    #[derive(Default)]
    struct Level {
        run: usize,
        most: usize,
    }
    let mut outer: Vec<Level> = Vec::new();
    let mut level = Level::default();
    for word in words {
        level.run += 1;
        match word.token {
            Word::LParen | Word::LBracket => outer.push(std::mem::take(&mut level)),
            Word::RParen | Word::RBracket => {
                let inner = level.most.max(level.run);
                level = outer.pop().unwrap_or_default();
                level.run += inner;
            }
            Word::Comma => {
                level.most = level.most.max(level.run);
                level.run = 0;
            }
            _ => {}
        }
    }
    let open: usize = outer.iter().map(|level| level.run).sum();
    open + level.most.max(level.run)
}

fn placeholder(number: &str) -> Word {
    Word::Placeholder(format!("?{number}"))
}
