//! One run as it is kept and shown. Its texts come clean from the script's account.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::explain;
use crate::clock;
use crate::script::{Account, Ending, Engine};

/// A run that takes longer is slow, whatever it was allowed.
const SLOW: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Route,
    Hook,
}

/// What ran, for whom, and what it came to.
#[derive(Clone, Debug)]
pub struct Run {
    pub kind: Kind,
    /// The route as its plugin wrote it, or the hook's name.
    pub name: String,
    pub user_id: i64,
    pub engine: Engine,
    /// What a route's caller was answered.
    pub status: Option<u16>,
    /// Whether the plugin chose that answer.
    pub is_chosen: bool,
    pub account: Account,
}

/// A run with its place in time.
#[derive(Clone, Debug)]
pub struct Record {
    /// Microseconds since 1970, and never the same twice within a process.
    pub id: i64,
    pub run: Run,
}

impl Run {
    pub fn is_slow(&self) -> bool {
        let Account {
            wall,
            script,
            wall_limit,
            script_limit,
            ..
        } = self.account;
        wall > SLOW || wall > wall_limit / 2 || script > script_limit / 2
    }

    /// Failed, refused, ended by a limit, or slow. A caller's mistake that the plugin answers as such is none of these.
    pub fn is_notable(&self) -> bool {
        let failed = match self.account.ending {
            Ending::Ok => self.status.is_some_and(|status| status >= 500),
            Ending::Raised => self.status.is_none_or(|status| status >= 500),
            Ending::Denied | Ending::Limit(_) | Ending::Host => true,
        };
        failed || self.account.host_calls.denied() > 0 || self.is_slow()
    }
}

impl Record {
    pub fn to_json(&self) -> Value {
        let Run {
            kind,
            name,
            user_id,
            engine,
            status,
            account,
            ..
        } = &self.run;
        let calls = &account.host_calls;
        let by_function: Map<String, Value> = calls
            .functions
            .iter()
            .map(|used| (format!("{}.{}", used.module, used.name), used.count.into()))
            .collect();
        let denials: Vec<Value> = calls
            .denials
            .iter()
            .map(|denial| {
                let function = format!("{}.{}", denial.module, denial.name);
                json!({ "function": function, "what": denial.what })
            })
            .collect();
        let slowest = calls.slowest.as_ref();
        json!({
            "id": self.id,
            "at": self.at(),
            "kind": match kind { Kind::Route => "route", Kind::Hook => "hook" },
            "name": name,
            "userId": user_id,
            "engine": engine.name(),
            "outcome": account.ending.name(),
            "status": status,
            "explanation": explain::sentence(&self.run),
            "notable": self.run.is_notable(),
            "wallMs": millis(account.wall),
            "cpuMs": millis(account.cpu),
            "memoryPeakBytes": account.memory_peak,
            "sql": {
                "count": calls.statements,
                "slowestMs": slowest.map(|statement| millis(statement.took)),
                "slowest": slowest.map(|statement| &statement.sql),
            },
            "hostCalls": { "count": calls.total(), "byFunction": by_function },
            "denials": denials,
        })
    }

    fn at(&self) -> String {
        clock::iso(jiff::Timestamp::from_microsecond(self.id).unwrap_or_default())
    }
}

/// To the microsecond.
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}
