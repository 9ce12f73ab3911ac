//! What one call used: what the gate saw of its host calls, what the engine saw of its memory, and
//! how it ended. Refuses to know whose call it was and who keeps the account.
//!
//! Texts in a finished account hold no secret: each was cleaned with the call's own redaction.

use std::time::Duration;

use super::ScriptError;
use super::host::HostFn;
use super::observe::Ending;
use crate::redaction::Redaction;

/// Denials that are told one by one; the rest is counted.
pub const MOST_DENIALS: usize = 10;
/// Characters of a statement, a refusal or an error that are kept.
pub const LONGEST_TEXT: usize = 300;

/// A finished call.
#[derive(Clone, Debug)]
pub struct Account {
    pub ending: Ending,
    /// The words of the limit or error that ended it.
    pub why: Option<String>,
    pub wall: Duration,
    /// Of the call's thread; zero where the system does not tell.
    pub cpu: Duration,
    /// Time in the script itself.
    pub script: Duration,
    /// How long it might have taken.
    pub wall_limit: Duration,
    pub script_limit: Duration,
    /// The most that it held when the engine looked.
    pub memory_peak: usize,
    pub host_calls: HostCalls,
}

/// What the gate saw of a call's host functions.
#[derive(Clone, Debug, Default)]
pub struct HostCalls {
    /// In the order of their first use.
    pub functions: Vec<FunctionUse>,
    pub statements: u32,
    pub slowest: Option<Statement>,
    pub denials: Vec<Denial>,
}

/// All calls of one host function.
#[derive(Clone, Debug)]
pub struct FunctionUse {
    pub module: &'static str,
    pub name: &'static str,
    pub count: u32,
    /// Of these, the ones that a wall refused.
    pub denied: u32,
    pub time: Duration,
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub sql: String,
    pub took: Duration,
}

/// A wall stood in the way of a host call.
#[derive(Clone, Debug)]
pub struct Denial {
    pub module: &'static str,
    pub name: &'static str,
    pub what: String,
}

impl HostCalls {
    pub fn total(&self) -> u32 {
        self.functions
            .iter()
            .fold(0, |sum, function| sum.saturating_add(function.count))
    }

    pub fn denied(&self) -> u32 {
        self.functions
            .iter()
            .fold(0, |sum, function| sum.saturating_add(function.denied))
    }

    /// Counts one call of a host function, with the statement that it ran. `denied` is why a wall refused it;
    /// true is returned where that is among the denials that are told.
    pub(super) fn record(
        &mut self,
        function: &HostFn,
        took: Duration,
        statement: Option<String>,
        denied: Option<&str>,
    ) -> bool {
        let used = self.of(function);
        used.count = used.count.saturating_add(1);
        used.time += took;
        if let Some(sql) = statement {
            self.statements = self.statements.saturating_add(1);
            if self.slowest.as_ref().is_none_or(|known| known.took < took) {
                self.slowest = Some(Statement { sql, took });
            }
        }
        let Some(what) = denied else {
            return false;
        };
        let used = self.of(function);
        used.denied = used.denied.saturating_add(1);
        let is_told = self.denials.len() < MOST_DENIALS;
        if is_told {
            self.denials.push(Denial {
                module: function.module,
                name: function.name,
                what: what.to_owned(),
            });
        }
        is_told
    }

    /// A script uses a handful of functions, so a search is shorter than a map.
    fn of(&mut self, function: &HostFn) -> &mut FunctionUse {
        let known = self
            .functions
            .iter()
            .position(|used| used.name == function.name && used.module == function.module);
        let at = known.unwrap_or(self.functions.len());
        if known.is_none() {
            self.functions.push(FunctionUse {
                module: function.module,
                name: function.name,
                count: 0,
                denied: 0,
                time: Duration::ZERO,
            });
        }
        #[expect(clippy::indexing_slicing, reason = "found or pushed just now")]
        &mut self.functions[at]
    }

    /// Whether an error that a script let pass is one of its denials.
    fn led_to(&self, message: &str) -> bool {
        self.denials
            .iter()
            .any(|denial| message.contains(&denial.what))
    }

    fn cleaned(mut self, redaction: &Redaction) -> Self {
        if let Some(slowest) = &mut self.slowest {
            slowest.sql = clean(redaction, &slowest.sql);
        }
        for denial in &mut self.denials {
            denial.what = clean(redaction, &denial.what);
        }
        self
    }
}

/// How a call ended and why, with its texts cleaned.
pub(super) fn close<T>(
    result: &Result<T, ScriptError>,
    host_calls: HostCalls,
    redaction: &Redaction,
) -> (Ending, Option<String>, HostCalls) {
    let ending = match Ending::of(result) {
        Ending::Raised if result_text(result).is_some_and(|text| host_calls.led_to(&text)) => {
            Ending::Denied
        }
        ending => ending,
    };
    let why = result_text(result).map(|text| clean(redaction, &text));
    (ending, why, host_calls.cleaned(redaction))
}

fn result_text<T>(result: &Result<T, ScriptError>) -> Option<String> {
    match result {
        Ok(_) => None,
        Err(ScriptError::Limit { which }) => Some(which.clone()),
        Err(ScriptError::Raised { message, .. } | ScriptError::BadResult { message }) => {
            Some(message.clone())
        }
        // The log has it: an internal error may quote what no record should.
        Err(ScriptError::Host(crate::error::Error::Internal(_))) => None,
        Err(ScriptError::Host(error)) => Some(error.to_string()),
    }
}

fn clean(redaction: &Redaction, text: &str) -> String {
    cut(redaction.clean_to(text, LONGEST_TEXT * char::MAX.len_utf8()))
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::fixture::{Language, call, compile, on_script_stack};
    use crate::script::{Call, Grant, host};
    use crate::value::Map;

    fn account_of(language: Language, body: &str, grant: Grant) -> Account {
        on_script_stack(|| {
            let program = compile(language, &language.plugin(body)).unwrap();
            let route = program.routes().find("GET", "/").unwrap();
            let call = Call { grant, ..call() };
            program.run_route(&route, Map::new(), call).account
        })
    }

    #[test]
    fn a_capability_that_is_missing_is_a_denial_in_both_languages() {
        for language in Language::BOTH {
            let body = match language {
                Language::Lua => "return ctx.http.request({ url = 'https://example.org' })",
                Language::Rhai => "ctx.http.request(#{ url: \"https://example.org\" })",
            };
            let account = account_of(language, body, Grant::implied());
            assert_eq!(account.ending, Ending::Denied, "{:?}", account.why);
            assert_eq!(account.host_calls.denied(), 1);
            assert!(account.host_calls.denials[0].what.contains("network"));
        }
    }

    #[test]
    fn the_memory_that_a_script_held_is_told_when_it_is_free_again() {
        for language in Language::BOTH {
            let body = match language {
                Language::Lua => {
                    "local list = {} for i = 1, 200000 do list[i] = { i } end list = nil return 1"
                }
                Language::Rhai => {
                    "let list = []; for i in 0..50000 { list.push(`text ${i} of a list`); } list = []; 1"
                }
            };
            let peak = account_of(language, body, Grant::implied()).memory_peak;
            assert!(peak > 1 << 20, "{language:?}: {peak}");
            let small = account_of(language, "return 1", Grant::implied()).memory_peak;
            assert!(small < 1 << 20, "{language:?}: {small}");
        }
    }

    fn function(module: &str, name: &str) -> &'static HostFn {
        host::find(module, name).unwrap()
    }

    #[test]
    fn calls_are_counted_by_function_and_the_slowest_statement_is_kept() {
        let mut calls = HostCalls::default();
        let ms = Duration::from_millis;
        let (query, request) = (function("db", "query"), function("http", "request"));
        calls.record(query, ms(2), Some("SELECT 1".to_owned()), None);
        calls.record(request, ms(9), None, None);
        calls.record(query, ms(5), Some("SELECT 2".to_owned()), None);
        calls.record(query, ms(1), Some("SELECT 3".to_owned()), None);
        assert_eq!((calls.total(), calls.statements), (4, 3));
        assert_eq!(calls.slowest.unwrap().sql, "SELECT 2");
        let used: Vec<_> = calls
            .functions
            .iter()
            .map(|used| (used.name, used.count, used.time))
            .collect();
        assert_eq!(used, [("query", 3, ms(8)), ("request", 1, ms(9))]);
    }

    #[test]
    fn only_the_first_denials_are_told_and_all_are_counted() {
        let mut calls = HostCalls::default();
        for number in 0..1000 {
            let what = format!("network to {number}");
            let is_told = calls.record(
                function("http", "request"),
                Duration::ZERO,
                None,
                Some(&what),
            );
            assert_eq!(is_told, number < MOST_DENIALS);
        }
        assert_eq!((calls.denials.len(), calls.denied()), (MOST_DENIALS, 1000));
    }

    #[test]
    fn a_secret_that_a_cut_would_divide_is_taken_out_first() {
        let redaction = Redaction::new(["hush-hush-hush".to_owned()]);
        let text = format!("{}hush-hush-hush and more", "x".repeat(LONGEST_TEXT - 4));
        let clean = clean(&redaction, &text);
        assert!(!clean.contains("hush"), "{clean}");
        assert_eq!(clean.chars().count(), LONGEST_TEXT + 1);
    }
}
