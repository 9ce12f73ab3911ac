//! What a seed of the corpus is, and which walls may stop it.

/// A hostile thing that one plugin does, in as few words as it takes.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    pub name: &'static str,
    pub kind: Kind,
    pub code: &'static str,
    /// The ends that are allowed. What is not among them is a breach.
    pub walls: &'static [Wall],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Lua,
    Rhai,
    /// A statement that a plugin gives to `db`.
    Sql,
    /// A call of a host function, written in Lua.
    HostCall,
    /// An address that a plugin asks `http` for.
    Url,
    /// What a route in Lua returns.
    LuaReturn,
    /// What a route in Rhai returns.
    RhaiReturn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    /// Stopped by the script's own clock.
    Clock,
    /// Stopped by the memory that one call may hold.
    Memory,
    /// Stopped by how long a text, a list or a map may be in Rhai.
    Length,
    /// Stopped by the depth of calls.
    Depth,
    /// Stopped by the number of operations or variables.
    Count,
    /// Stopped by the size of what may cross to the host.
    Size,
    /// Stopped by the time or the memory that a statement may take.
    Statement,
    /// An error that the script may catch.
    Refused,
    /// An error, unless a coroutine around it takes the yield.
    Yield,
    /// It ends well and has done nothing.
    Harmless,
}

impl Wall {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Memory => "memory",
            Self::Length => "length",
            Self::Depth => "depth",
            Self::Count => "count",
            Self::Size => "size",
            Self::Statement => "statement",
            Self::Refused | Self::Yield => "refused",
            Self::Harmless => "harmless",
        }
    }

    /// Whether a limit of these words is this wall.
    pub fn is_meant_by(self, limit: &str) -> bool {
        let crossing = ["the result is", "the arguments are", "the query gives"]
            .iter()
            .any(|words| limit.contains(words));
        let is_length = limit.contains("memory: ");
        match self {
            Self::Clock => limit.contains("script time"),
            Self::Memory => limit.contains("memory") && !crossing && !is_length,
            Self::Length => is_length,
            Self::Depth => limit.contains("call depth"),
            Self::Count => limit.contains("number of"),
            Self::Size => crossing,
            Self::Statement => limit.contains("statement") || limit.contains("database work"),
            Self::Refused | Self::Yield | Self::Harmless => false,
        }
    }
}

impl Kind {
    #[cfg(test)]
    pub const ALL: [Self; 7] = [
        Self::Lua,
        Self::Rhai,
        Self::Sql,
        Self::HostCall,
        Self::Url,
        Self::LuaReturn,
        Self::RhaiReturn,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Lua => "lua",
            Self::Rhai => "rhai",
            Self::Sql => "sql",
            Self::HostCall => "host call",
            Self::Url => "url",
            Self::LuaReturn => "lua return",
            Self::RhaiReturn => "rhai return",
        }
    }
}

impl Seed {
    /// The text by which two seeds are told apart: spaces and the case of letters do not make a new one.
    pub fn normalised(&self) -> String {
        let text = self.code.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{}:{}", self.kind.name(), text.to_lowercase())
    }

    /// Whether it calls itself from one of Rhai's list functions.
    pub fn calls_a_list_function(&self) -> bool {
        self.kind == Kind::Rhai && self.code.contains(".map(")
    }

    /// Only the clock stops it: such a seed runs where the clock is short.
    pub fn waits_for_the_clock(&self) -> bool {
        self.walls.contains(&Wall::Clock)
    }
}
