//! Replacements in a statement's text, and the way back from a place in the new text to the old.

#[derive(Debug, Default)]
pub struct Edits(Vec<Edit>);

#[derive(Debug)]
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

const EXCERPT_CHARS: usize = 40;

impl Edits {
    pub fn replace(&mut self, start: usize, end: usize, text: &str) {
        let at = self.0.partition_point(|edit| edit.start <= start);
        self.0.insert(
            at,
            Edit {
                start,
                end,
                text: text.to_owned(),
            },
        );
    }

    /// True if the byte at `offset` is replaced already.
    pub fn covers(&self, offset: usize) -> bool {
        self.0
            .iter()
            .any(|edit| edit.start <= offset && offset < edit.end)
    }

    /// The new text of `part`, which begins at `start` of the whole.
    pub fn apply(&self, part: &str, start: usize) -> String {
        let mut text = String::with_capacity(part.len() + 64);
        let mut done = start;
        for edit in self
            .0
            .iter()
            .filter(|edit| edit.start >= start && edit.end <= start + part.len())
        {
            text.push_str(
                part.get(done - start..edit.start - start)
                    .unwrap_or_default(),
            );
            text.push_str(&edit.text);
            done = edit.end;
        }
        text.push_str(part.get(done - start..).unwrap_or_default());
        text
    }

    /// Where the byte at `offset` of the new text was in the old one.
    pub fn original(&self, offset: usize) -> usize {
        let mut grown = 0_isize;
        for edit in &self.0 {
            let start = edit.start.saturating_add_signed(grown);
            if start + edit.text.len() > offset {
                return if offset >= start {
                    edit.start
                } else {
                    offset.saturating_add_signed(-grown)
                };
            }
            grown += edit.text.len().cast_signed() - (edit.end - edit.start).cast_signed();
        }
        offset.saturating_add_signed(-grown)
    }
}

/// `line 2, column 5, near "FRM notes"`.
pub fn place(text: &str, offset: usize) -> String {
    let at = text.floor_char_boundary(offset);
    let (before, after) = text.split_at(at);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let near: String = after
        .chars()
        .take_while(|c| *c != '\n')
        .take(EXCERPT_CHARS)
        .collect();
    if near.trim().is_empty() {
        return format!("line {line}, column {column}, at the end");
    }
    format!("line {line}, column {column}, near \"{}\"", near.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_new_text_leads_back_to_the_old() {
        let old = "CREATE TABLE t (a); public.x rest";
        let mut edits = Edits::default();
        edits.replace(20, 26, "\"a4ayc80OGd\"");
        edits.replace(13, 13, "\"a4ayc80OGd\".");
        let new = edits.apply(old, 0);
        assert_eq!(
            new,
            "CREATE TABLE \"a4ayc80OGd\".t (a); \"a4ayc80OGd\".x rest"
        );
        for word in ["CREATE", "TABLE", "t (", "(a)", "x rest", "rest"] {
            let (there, here) = (new.find(word).unwrap(), old.find(word).unwrap());
            assert_eq!(edits.original(there), here, "{word}");
        }
        assert_eq!(edits.original(new.rfind("4ayc").unwrap()), 20);
        assert_eq!(edits.original(new.len()), old.len());
    }

    #[test]
    fn places_are_counted_as_people_count() {
        assert_eq!(
            place("SELECT\n ü FRM t", 11),
            "line 2, column 4, near \"FRM t\""
        );
        assert_eq!(place("SELECT", 6), "line 1, column 7, at the end");
    }
}
