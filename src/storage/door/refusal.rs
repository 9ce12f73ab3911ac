//! Why a statement does not pass, told in a sentence for the plugin's author.

/// The two are counted apart: an author corrects a mistake, and an operator wants to see who runs at walls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A wall stood in the way.
    Wall(String),
    /// The text is wrong, or not to be read.
    Mistake(String),
}

impl Refusal {
    pub fn mistake(why: impl Into<String>) -> Self {
        Self::Mistake(why.into())
    }
}

/// What the door says without more is a wall.
impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::Wall(why)
    }
}
