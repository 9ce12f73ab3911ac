//! Compiled plugins and the host functions they may call.
//!
//! A `Program` is one plugin version, compiled once and shared by all calls of a tenant. It holds no
//! state between calls: each call starts as if the module had just been loaded. A `Call` carries
//! what this one call may reach; it goes in and comes back, so that the caller can commit
//! or roll back what the script did to its database.
//!
//! This room knows two languages and no routes of ours, no users, no SQL. The languages are
//! behind `Compiled`; what scripts may call is one table, `host::HOST_FNS`, behind one gate.

mod account;
mod budget;
mod grant;
mod heap;
pub mod host;
mod json_writer;
mod limits;
mod lua;
mod observe;
mod processor;
mod rhai;
mod routes;
mod running;
mod spent;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod query_rows;
#[cfg(test)]
mod reach;
#[cfg(test)]
mod secrets;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::outbound::Outbound;
use crate::plugin_key::PluginKey;
use crate::plugin_settings::PluginSettings;
use crate::redaction::Redaction;
use crate::storage::plugin_db::PluginDb;
use crate::tenant::TenantId;
use crate::value::{Map, Value};

pub use account::{Account, Denial, FunctionUse, HostCalls, Statement};
pub use grant::{Access, Capability, Grant, Resource};
pub use host::CallSecrets;
pub use limits::{LONGEST_TIMEOUT_MS, Limits, STACK_BYTES, Size};
pub use observe::{Ending, Engine, Observer};
pub use routes::{RouteMatch, RouteTable};
pub use spent::stack_is_spent;

use running::Running;

/// The field of a route's reply that is written out as JSON and never looked into.
const DATA: &str = "data";
/// Its place below the reply.
const DATA_DEPTH: usize = 1;

/// The text files of a package that scripts are made of, by their path inside the package.
pub type ScriptFiles = BTreeMap<String, Vec<u8>>;

/// Compiles plugins; one per process.
pub struct Runtime {
    limits: Arc<Limits>,
    lua: Arc<lua::Machines>,
    rhai: rhai::Language,
    observer: Option<Arc<dyn Observer>>,
}

/// One compiled plugin version.
pub struct Program {
    limits: Arc<Limits>,
    engine: Engine,
    observer: Option<Arc<dyn Observer>>,
    metadata: Value,
    hooks: Vec<Hook>,
    routes: RouteTable,
    compiled: Box<dyn Compiled>,
}

/// What the host calls by itself, beside the routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    Install,
    Uninstall,
    Configure,
    ValidateConfig,
    TestConnection,
    Upgrade,
}

/// What one call may reach.
pub struct Call {
    pub grant: Grant,
    pub tenant: TenantId,
    pub plugin: PluginKey,
    pub user_id: i64,
    /// As scripts see it: secret fields are masked unless the grant opens them.
    pub configuration: Value,
    pub secrets: CallSecrets,
    pub db: Option<PluginDb>,
    pub outbound: Arc<Outbound>,
    pub settings: Arc<PluginSettings>,
    /// What must appear in no log line.
    pub redaction: Redaction,
    /// Wall time with host calls; the script's own time has its own limit.
    pub wall: Duration,
}

pub struct Outcome {
    pub result: Result<Value, ScriptError>,
    pub call: Call,
    pub account: Account,
}

#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The script raised an error, or did something that its language refuses.
    #[error("{message}")]
    Raised {
        message: String,
        status: Option<u16>,
    },
    /// A limit was met, whether or not the script tried to go on.
    #[error("the plugin met a limit: {which}")]
    Limit { which: String },
    /// The script ended well, but what it returned has no meaning outside it.
    #[error("{message}")]
    BadResult { message: String },
    /// The host could not do its part.
    #[error(transparent)]
    Host(Error),
}

/// Why a plugin cannot run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CompileError {
    pub file: String,
    pub line: Option<u32>,
    pub message: String,
}

/// What a language offers once a plugin is compiled. All that is not in here is language-neutral.
trait Compiled: Send + Sync {
    /// Loads the module on clean state and calls one of its functions with `arguments`
    /// and, where there is one, with `context`, to which the host modules are added.
    fn call(
        &self,
        entry: Entry<'_>,
        arguments: Vec<Value>,
        context: Option<Map>,
        running: &Arc<Running>,
    ) -> Result<Value, ScriptError>;
}

/// Which function of a plugin is called.
#[derive(Clone, Copy, Debug)]
enum Entry<'a> {
    Hook(Hook),
    /// A route by its key in the router.
    Route(&'a str),
}

/// What a language finds in a module when it loads it for the first time.
struct Loaded {
    metadata: Value,
    hooks: Vec<Hook>,
    /// Route keys with the options beside their handlers.
    routes: Vec<(String, Value)>,
    compiled: Box<dyn Compiled>,
}

impl Runtime {
    pub fn new(limits: Limits) -> Self {
        heap::keep_little();
        let limits = Arc::new(limits);
        Self {
            rhai: rhai::Language::new(&limits),
            lua: Arc::default(),
            limits,
            observer: None,
        }
    }

    /// Tells `observer` of every compile, and of every call of what is compiled from now on.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Compiles the plugin that starts in `entry_point`: `main.lua` or `main.rhai`.
    pub fn compile(&self, entry_point: &str, files: &ScriptFiles) -> Result<Program, CompileError> {
        let engine = match entry_point {
            "main.lua" => Engine::Lua,
            "main.rhai" => Engine::Rhai,
            _ => {
                return Err(CompileError::new(
                    entry_point,
                    "Souk runs main.lua and main.rhai; this entry point is neither",
                ));
            }
        };
        let started = Instant::now();
        let program = self.compile_by(engine, entry_point, files);
        spent::give_back();
        if let Some(observer) = &self.observer {
            observer.compiled(engine, program.is_ok(), started.elapsed());
        }
        program
    }

    fn compile_by(
        &self,
        engine: Engine,
        entry_point: &str,
        files: &ScriptFiles,
    ) -> Result<Program, CompileError> {
        let extension = match engine {
            Engine::Lua => ".lua",
            Engine::Rhai => ".rhai",
        };
        let sources = self.sources(extension, files)?;
        if !sources.contains_key(entry_point) {
            return Err(CompileError::new(
                entry_point,
                "the package has no such file",
            ));
        }
        let loaded = match engine {
            Engine::Lua => lua::compile(entry_point, &sources, &self.limits, &self.lua)?,
            Engine::Rhai => self.rhai.compile(entry_point, &sources, &self.limits)?,
        };
        let wrong = |message: String| CompileError::new(entry_point, message);
        if !matches!(loaded.metadata, Value::Map(_)) {
            return Err(wrong(
                "the plugin has no metadata: a table or map with name and version".to_owned(),
            ));
        }
        for hook in [Hook::Install, Hook::Uninstall] {
            if !loaded.hooks.contains(&hook) {
                return Err(wrong(format!(
                    "the plugin has no function {}({})",
                    hook.name(),
                    hook.parameters().join(", ")
                )));
            }
        }
        Ok(Program {
            limits: Arc::clone(&self.limits),
            engine,
            observer: self.observer.clone(),
            metadata: loaded.metadata,
            hooks: loaded.hooks,
            routes: RouteTable::parse(loaded.routes).map_err(wrong)?,
            compiled: loaded.compiled,
        })
    }

    /// The script files of one language, as text within the limits.
    fn sources<'a>(
        &self,
        extension: &str,
        files: &'a ScriptFiles,
    ) -> Result<BTreeMap<&'a str, &'a str>, CompileError> {
        let mut sources = BTreeMap::new();
        let mut together = 0_usize;
        for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(extension)) {
            if bytes.len() > self.limits.source_bytes {
                let limit = limits::readable(self.limits.source_bytes);
                return Err(CompileError::new(
                    path,
                    format!("a script file may have at most {limit}"),
                ));
            }
            together = together.saturating_add(bytes.len());
            if together > self.limits.all_source_bytes {
                let limit = limits::readable(self.limits.all_source_bytes);
                return Err(CompileError::new(
                    path,
                    format!("all script files of a plugin together may have at most {limit}"),
                ));
            }
            let text = std::str::from_utf8(bytes)
                .map_err(|_| CompileError::new(path, "a script file must be UTF-8 text"))?;
            sources.insert(path.as_str(), text);
            if sources.len() > self.limits.source_files {
                let limit = self.limits.source_files;
                return Err(CompileError::new(
                    path,
                    format!("a plugin may have at most {limit} script files"),
                ));
            }
        }
        Ok(sources)
    }
}

impl Program {
    pub fn engine(&self) -> Engine {
        self.engine
    }

    pub fn metadata(&self) -> &Value {
        &self.metadata
    }

    pub fn has(&self, hook: Hook) -> bool {
        self.hooks.contains(&hook)
    }

    pub fn routes(&self) -> &RouteTable {
        &self.routes
    }

    /// Calls a hook with its own arguments; the engine adds `context` where the hook has one.
    pub fn run_hook(&self, hook: Hook, arguments: Vec<Value>, call: Call) -> Outcome {
        let context = hook.has_context().then(|| {
            Map::from_iter([
                ("tenantId".to_owned(), Value::from(call.tenant.as_str())),
                ("userId".to_owned(), Value::Int(call.user_id)),
            ])
        });
        self.run(Entry::Hook(hook), arguments, context, call)
    }

    /// Calls a route with `ctx`, to which the engine adds the host modules.
    pub fn run_route(&self, route: &RouteMatch, ctx: Map, call: Call) -> Outcome {
        self.run(Entry::Route(&route.key), Vec::new(), Some(ctx), call)
    }

    fn run(
        &self,
        entry: Entry<'_>,
        arguments: Vec<Value>,
        context: Option<Map>,
        call: Call,
    ) -> Outcome {
        let running = Arc::new(Running::start(call, &self.limits));
        let result = self.compiled.call(entry, arguments, context, &running);
        let (result, call, account) = running.finish(result);
        spent::give_back();
        if let Some(observer) = &self.observer {
            observer.called(self.engine, &call.plugin, &account);
        }
        Outcome {
            result,
            call,
            account,
        }
    }
}

impl Hook {
    const ALL: [Self; 6] = [
        Self::Install,
        Self::Uninstall,
        Self::Configure,
        Self::ValidateConfig,
        Self::TestConnection,
        Self::Upgrade,
    ];

    /// The function's name in a script.
    pub fn name(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Uninstall => "uninstall",
            Self::Configure => "configure",
            Self::ValidateConfig => "validateConfig",
            Self::TestConnection => "testConnection",
            Self::Upgrade => "upgrade",
        }
    }

    /// The function's parameters, in the order of the contract.
    fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Install | Self::Configure => &["userId", "tenantId", "config", "context"],
            Self::Uninstall => &["userId", "tenantId", "context"],
            Self::ValidateConfig => &["config"],
            Self::TestConnection => &["config", "context"],
            Self::Upgrade => &["fromVersion", "toVersion", "userId", "tenantId", "context"],
        }
    }

    fn has_context(self) -> bool {
        self.parameters().last() == Some(&"context")
    }
}

impl CompileError {
    fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: None,
            message: message.into(),
        }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}
