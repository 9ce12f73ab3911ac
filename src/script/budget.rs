//! Counts what crosses between a script and the host, so that a small script cannot make
//! the host build a huge value: thirty tables that each hold the last one twice are a
//! billion nodes once they are written out.

use crate::script::limits::{Size, readable};

/// What is left of a `Size` while one value is converted.
#[derive(Clone, Debug)]
pub struct Budget {
    size: Size,
    nodes: usize,
    text: usize,
    bytes: usize,
}

/// Why a value does not cross; the texts complete "the result is …".
#[derive(Debug, PartialEq, Eq)]
pub enum Uncrossable {
    TooBig(String),
    /// A kind of value that has no neutral form, and where it stands.
    Kind {
        path: String,
        what: String,
    },
}

impl Uncrossable {
    pub fn kind(what: impl Into<String>) -> Self {
        Self::Kind {
            path: String::new(),
            what: what.into(),
        }
    }

    /// Adds the step of the way that led here: `.name` or `[3]`.
    #[must_use]
    pub fn within(self, step: &str) -> Self {
        match self {
            Self::Kind { path, what } => Self::Kind {
                path: format!("{step}{path}"),
                what,
            },
            too_big @ Self::TooBig(_) => too_big,
        }
    }
}

impl Budget {
    pub fn new(size: Size) -> Self {
        Self {
            size,
            nodes: 0,
            text: 0,
            bytes: 0,
        }
    }

    /// Counts one value that stands `depth` levels below the outermost.
    pub fn node(&mut self, depth: usize) -> Result<(), Uncrossable> {
        if depth > self.size.depth {
            return Err(Uncrossable::TooBig(format!(
                "nested deeper than {} levels (or holding itself)",
                self.size.depth
            )));
        }
        self.nodes += 1;
        self.check_nodes()
    }

    fn check_nodes(&self) -> Result<(), Uncrossable> {
        if self.nodes > self.size.nodes {
            return Err(Uncrossable::TooBig(format!(
                "more than {} values",
                self.size.nodes
            )));
        }
        Ok(())
    }

    /// Counts a query's rows as the maps that they stand for.
    pub fn rows(
        &mut self,
        rows: usize,
        columns: usize,
        name_bytes: usize,
    ) -> Result<(), Uncrossable> {
        self.nodes = self
            .nodes
            .saturating_add(rows.saturating_mul(columns.saturating_add(1)));
        self.check_nodes()?;
        self.text(rows.saturating_mul(name_bytes))
    }

    pub fn text(&mut self, length: usize) -> Result<(), Uncrossable> {
        self.text = self.text.saturating_add(length);
        if self.text > self.size.text {
            return Err(Uncrossable::TooBig(format!(
                "more than {} of text",
                readable(self.size.text)
            )));
        }
        Ok(())
    }

    pub fn bytes(&mut self, length: usize) -> Result<(), Uncrossable> {
        self.bytes = self.bytes.saturating_add(length);
        if self.bytes > self.size.bytes {
            return Err(Uncrossable::TooBig(format!(
                "more than {} of bytes",
                readable(self.size.bytes)
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_measure_is_refused_by_name() {
        let size = Size {
            nodes: 2,
            depth: 3,
            text: 4,
            bytes: 5,
        };
        let refused = |work: fn(&mut Budget) -> Result<(), Uncrossable>| {
            let Err(Uncrossable::TooBig(why)) = work(&mut Budget::new(size)) else {
                panic!("not refused");
            };
            why
        };
        assert!(refused(|b| b.node(4)).contains("3 levels"));
        assert!(refused(|b| (0..3).try_for_each(|_| b.node(0))).contains("2 values"));
        assert!(refused(|b| b.text(5)).contains("4 bytes of text"));
        assert!(refused(|b| b.bytes(6)).contains("5 bytes of bytes"));
    }
}
