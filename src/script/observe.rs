//! What compiles and calls came to, for whoever counts them. Knows no counter and no clock of a call.

use std::time::Duration;

use super::ScriptError;
use super::account::Account;
use crate::plugin_key::PluginKey;

/// Told of every compile and every call, on the thread that did it.
pub trait Observer: Send + Sync {
    fn compiled(&self, engine: Engine, is_good: bool, took: Duration);
    fn called(&self, engine: Engine, plugin: &PluginKey, account: &Account);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Lua,
    Rhai,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Ok,
    /// The script raised an error, or returned what has no meaning outside it.
    Raised,
    /// By a limit, of this kind.
    Limit(&'static str),
    /// The script raised the error by which a wall had refused a host call.
    Denied,
    /// The host could not do its part.
    Host,
}

/// The words with which limits begin, and their kinds: few, so that they can be labels.
const LIMIT_KINDS: [(&str, &str); 11] = [
    ("script time", "script_time"),
    ("wall time", "wall_time"),
    ("time", "script_time"),
    ("memory", "memory"),
    ("number of operations", "operations"),
    ("number of ", "size"),
    ("call depth", "call_depth"),
    ("the result", "result"),
    ("the time for this database work", "database_time"),
    ("the query gives more than", "rows"),
    ("a value or the statement is longer", "value"),
];

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Self::Lua => "lua",
            Self::Rhai => "rhai",
        }
    }
}

impl Ending {
    pub(super) fn of<T>(result: &Result<T, ScriptError>) -> Self {
        match result {
            Ok(_) => Self::Ok,
            Err(ScriptError::Raised { .. } | ScriptError::BadResult { .. }) => Self::Raised,
            Err(ScriptError::Limit { which }) => Self::Limit(kind_of(which)),
            Err(ScriptError::Host(_)) => Self::Host,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Raised => "raised",
            Self::Limit(_) => "limit",
            Self::Denied => "denied",
            Self::Host => "host",
        }
    }
}

fn kind_of(which: &str) -> &'static str {
    LIMIT_KINDS
        .iter()
        .find(|(words, _)| which.starts_with(words))
        .map_or("other", |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;
    use crate::script::fixture::{Language, call, files, on_script_stack};
    use crate::script::{Limits, Runtime};
    use crate::value::Map;

    #[derive(Default)]
    struct Notes(Mutex<Vec<String>>);

    impl Observer for Notes {
        fn compiled(&self, engine: Engine, is_good: bool, _: Duration) {
            let result = if is_good { "compiled" } else { "refused" };
            self.0.lock().push(format!("{} {result}", engine.name()));
        }

        fn called(&self, engine: Engine, plugin: &PluginKey, account: &Account) {
            self.0
                .lock()
                .push(format!("{} {plugin} {:?}", engine.name(), account.ending));
        }
    }

    #[test]
    fn every_compile_and_call_is_told_with_how_it_ended() {
        for language in Language::BOTH {
            let notes = Arc::new(Notes::default());
            let limits = Limits {
                script_time: Duration::from_millis(100),
                ..Limits::default()
            };
            let runtime = Runtime::new(limits).observed_by(notes.clone());
            let run = |body: &str| {
                let source = language.plugin(body);
                let entry_point = language.entry_point();
                let program =
                    runtime.compile(entry_point, &files([(entry_point, source.as_str())]));
                if let Ok(program) = program {
                    let route = program.routes().find("GET", "/").unwrap();
                    let _told = program.run_route(&route, Map::new(), call());
                }
            };
            let (raise, endless) = match language {
                Language::Lua => ("error('no')", "while true do end"),
                Language::Rhai => ("throw \"no\"", "loop { }"),
            };
            on_script_stack(|| {
                run("return 1");
                run(raise);
                run(endless);
                run("return ((");
            });
            let engine = match language {
                Language::Lua => "lua",
                Language::Rhai => "rhai",
            };
            let compiled = format!("{engine} compiled");
            let ended = |ending: &str| format!("{engine} test {ending}");
            assert_eq!(
                *notes.0.lock(),
                [
                    compiled.clone(),
                    ended("Ok"),
                    compiled.clone(),
                    ended("Raised"),
                    compiled,
                    ended("Limit(\"script_time\")"),
                    format!("{engine} refused"),
                ]
            );
        }
    }

    #[test]
    fn limits_have_few_kinds_whatever_their_words() {
        for (which, kind) in [
            ("script time 5 s", "script_time"),
            ("wall time 0.3 s", "wall_time"),
            ("memory 32 MB", "memory"),
            ("memory: size of array", "memory"),
            ("number of operations", "operations"),
            ("number of variables", "size"),
            ("the result is more than 100000 values", "result"),
            ("the query gives more than 1000 rows; add LIMIT", "rows"),
            ("anything new", "other"),
        ] {
            assert_eq!(kind_of(which), kind);
        }
    }
}
