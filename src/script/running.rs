//! One call while it runs: its clocks, what it may reach, and the limit that ended it.
//!
//! An engine shares it with the closures that a script calls. The lock is held for
//! one host call at a time and never while script code runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::error::Error;
use crate::script::account::{self, Account, HostCalls};
use crate::script::budget::Uncrossable;
use crate::script::host::{HostCall, HostError, HostFn};
use crate::script::limits::{Clock, Limits, Size};
use crate::script::{Call, ScriptError, processor};
use crate::value::Value;

pub struct Running {
    pub clock: Clock,
    pub result_size: Size,
    /// Set with `end`, so that an engine can ask without a lock.
    stopped: AtomicBool,
    /// The most memory that the engine saw the call hold.
    memory_peak: AtomicUsize,
    /// Of the thread, when the call began.
    processor_time: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `None` while a plugin is compiled, and after the call.
    call: Option<Call>,
    /// Final: the script cannot undo it by catching an error.
    end: Option<ScriptError>,
    /// The last error of the host that a script may have let pass, beside its text.
    host_error: Option<(String, Error)>,
    /// Transactions that the script has opened and not ended.
    open_scopes: u32,
    log_lines: u32,
    host_calls: HostCalls,
}

impl Running {
    pub fn start(mut call: Call, limits: &Limits) -> Self {
        let clock = Clock::start(limits.script_time, call.wall);
        if let Some(db) = call.db.as_mut() {
            db.set_deadline(Some(clock.deadline()));
        }
        Self::new(clock, limits, Some(call))
    }

    /// A load without a call: host functions are refused.
    pub fn loading(limits: &Limits) -> Self {
        Self::new(
            Clock::start(limits.load_time, 2 * limits.load_time),
            limits,
            None,
        )
    }

    fn new(clock: Clock, limits: &Limits, call: Option<Call>) -> Self {
        Self {
            clock,
            result_size: limits.result,
            stopped: AtomicBool::new(false),
            memory_peak: AtomicUsize::new(0),
            processor_time: processor::time(),
            state: Mutex::new(State {
                call,
                ..State::default()
            }),
        }
    }

    /// Whether the script must stop now. Engines ask this at each step that they can.
    pub fn must_stop(&self) -> bool {
        if self.stopped.load(Ordering::Relaxed) {
            return true;
        }
        let Some(which) = self.clock.ended() else {
            return false;
        };
        self.meet(which);
        true
    }

    /// Records a limit; the first one counts.
    pub fn meet(&self, which: impl Into<String>) {
        self.end(ScriptError::Limit {
            which: which.into(),
        });
    }

    /// Records what ended the call; the first counts.
    pub fn end(&self, error: ScriptError) {
        self.state.lock().end.get_or_insert(error);
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Keeps the type of a host error whose text goes on as a script error.
    pub fn remember(&self, text: String, error: Error) {
        self.state.lock().host_error = Some((text, error));
    }

    /// Tells what the call holds at this moment.
    pub fn holds(&self, bytes: usize) {
        if bytes > self.memory_peak.load(Ordering::Relaxed) {
            // One thread runs a call, so no other can have written a higher number meanwhile.
            self.memory_peak.store(bytes, Ordering::Relaxed);
        }
    }

    /// Lends the call to one host function and keeps account of it; `None` where there is none to lend.
    pub fn lend<T>(
        &self,
        function: &HostFn,
        work: impl FnOnce(&mut HostCall<'_>) -> Result<T, HostError>,
    ) -> Option<Result<T, HostError>> {
        let mut state = self.state.lock();
        let State {
            call,
            log_lines,
            host_calls,
            ..
        } = &mut *state;
        let mut lent = HostCall {
            call: call.as_mut()?,
            clock: &self.clock,
            log_lines,
            statement: None,
        };
        let (result, took) = self.clock.timed_host(|| work(&mut lent));
        let denied = match &result {
            Err(HostError::Denied(why)) => Some(why.as_str()),
            _ => None,
        };
        let is_told = host_calls.record(function, took, lent.statement, denied);
        if let (true, Some(why)) = (is_told, denied) {
            let (function, what) = (function.full_name(), lent.call.redaction.clean(why));
            tracing::info!(plugin = %lent.call.plugin, tenant = %lent.call.tenant, %function, what, "[PluginService] a call was refused");
        }
        Some(result)
    }

    pub fn scope_opened(&self) {
        self.state.lock().open_scopes += 1;
    }

    pub fn scope_closed(&self) {
        let mut state = self.state.lock();
        state.open_scopes = state.open_scopes.saturating_sub(1);
    }

    /// An error that a script let pass, with its type where the host raised it.
    pub fn raised(&self, message: String, status: Option<u16>) -> ScriptError {
        let mut state = self.state.lock();
        match state.host_error.take() {
            Some((text, error)) if message.contains(&text) => ScriptError::Host(error),
            _ => ScriptError::Raised { message, status },
        }
    }

    /// A result that does not cross to the host.
    pub fn bad_result(why: Uncrossable) -> ScriptError {
        match why {
            Uncrossable::TooBig(why) => ScriptError::Limit {
                which: format!("the result is {why}"),
            },
            Uncrossable::Kind { path, what } => ScriptError::BadResult {
                message: format!("result{path} is {what}, which has no meaning outside the script"),
            },
        }
    }

    /// Gives an error of the host its type back.
    pub fn typed(&self, error: ScriptError) -> ScriptError {
        match error {
            ScriptError::Raised { message, status } => self.raised(message, status),
            other => other,
        }
    }

    /// Whether the call was ended from outside the script.
    pub fn was_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// The result that counts: a limit that was met is final.
    pub fn outcome<T>(&self, result: Result<T, ScriptError>) -> Result<T, ScriptError> {
        match self.state.lock().end.take() {
            Some(end) => Err(end),
            None => result,
        }
    }

    /// Ends the call: gives back what it carried, the result that counts, and the account of it all.
    pub fn finish(
        self: Arc<Self>,
        result: Result<Value, ScriptError>,
    ) -> (Result<Value, ScriptError>, Call, Account) {
        // A result that arrives after the wall clock has ended does not count either.
        self.must_stop();
        let mut result = self.outcome(result);
        let mut state = self.state.lock();
        let Some(mut call) = state.call.take() else {
            unreachable!("a call is finished once, by the one who started it");
        };
        if state.open_scopes > 0 {
            if let Some(db) = call.db.as_mut() {
                // The transaction dies with the call; a failure to roll back leaves nothing committed.
                let _ = db.rollback();
            }
            if result.is_ok() {
                result = Err(ScriptError::Raised {
                    message: "db.transaction was left open: do not yield out of its function"
                        .to_owned(),
                    status: None,
                });
            }
        }
        if let Some(db) = call.db.as_mut() {
            db.set_deadline(None);
        }
        let ((wall, script), (wall_limit, script_limit)) =
            (self.clock.passed(), self.clock.limits());
        let host_calls = std::mem::take(&mut state.host_calls);
        let (ending, why, host_calls) = account::close(&result, host_calls, &call.redaction);
        let account = Account {
            ending,
            why,
            wall,
            cpu: processor::time().saturating_sub(self.processor_time),
            script,
            wall_limit,
            script_limit,
            memory_peak: self.memory_peak.load(Ordering::Relaxed),
            host_calls,
        };
        (result, call, account)
    }
}
