//! Plugins in Rhai.
//!
//! One engine serves all plugins; a program is a syntax tree with the modules of its package inside. The
//! top level of the entry point is evaluated at each call, functions see nothing else, so
//! every call starts clean. Rhai has no memory limit of its own, so `heap` counts for it.

mod convert;
mod current;
mod curry;
mod engine;
mod errors;
mod glue;
mod json;
mod lists;
mod modules;
mod strings;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::rhai::{AST, Dynamic, Engine, EvalAltResult, FnPtr, Scope};

use crate::script::heap;
use crate::script::limits::{Limits, Size, readable};
use crate::script::running::Running;
use crate::script::{CompileError, Compiled, Entry, Hook, Loaded, ScriptError};
use crate::value::{Map, Value};

use convert::Reader;

/// Less than this may be a cache of the host that grew.
const WORTH_A_LOOK: usize = 16 << 10;

/// Finds a route and calls it within the evaluation that `router` ran in, so that it sees the same imports.
const CALL_ROUTE: &str = "fn souk_call_route(key, ctx) {
    let route = router()[key];
    if type_of(route) == \"map\" { route = route.handler; }
    route.call(ctx)
}";

/// The engine that all Rhai plugins share.
pub(super) struct Language {
    engine: Arc<Engine>,
}

struct RhaiProgram {
    engine: Arc<Engine>,
    tree: AST,
    entry_point: String,
    memory: usize,
    /// Bytes that calls left behind: values that hold each other are never freed by Rhai.
    lost: AtomicUsize,
}

impl Language {
    pub fn new(limits: &Limits) -> Self {
        Self {
            engine: Arc::new(engine::build(limits)),
        }
    }

    pub fn compile(
        &self,
        entry_point: &str,
        sources: &BTreeMap<&str, &str>,
        limits: &Arc<Limits>,
    ) -> Result<Loaded, CompileError> {
        let running = Arc::new(Running::loading(limits));
        let _current = current::enter(&running, limits.rhai_memory);
        let ended = |error: Box<EvalAltResult>| errors::compile(entry_point, &running, *error);
        let source = sources.get(entry_point).copied().unwrap_or_default();
        let mut tree = modules::compile(entry_point, source, sources, limits).map_err(ended)?;
        let call_route = self
            .engine
            .compile(CALL_ROUTE)
            .map_err(|error| ended(Box::new(error.into())))?;
        tree = tree.merge(&call_route);
        tree.set_source(entry_point);
        let program = RhaiProgram {
            engine: Arc::clone(&self.engine),
            tree,
            entry_point: entry_point.to_owned(),
            memory: limits.rhai_memory,
            lost: AtomicUsize::new(0),
        };
        let hooks = program.hooks()?;
        let inspected = program.metadata(limits.result).and_then(|metadata| {
            let routes = program.routes(limits.result)?;
            Ok((metadata, routes))
        });
        let (metadata, routes) = running
            .outcome(inspected)
            .map_err(|error| errors::loading(entry_point, &error))?;
        Ok(Loaded {
            metadata,
            hooks,
            routes,
            compiled: Box::new(program),
        })
    }
}

impl RhaiProgram {
    fn call_function(&self, name: &str, arguments: Vec<Dynamic>) -> Result<Dynamic, ScriptError> {
        self.engine
            .call_fn::<Dynamic>(&mut Scope::new(), &self.tree, name, arguments)
            .map(Dynamic::flatten)
            .map_err(|error| errors::raised(&self.entry_point, *error))
    }

    /// The hooks that the plugin has; one with the wrong number of parameters is an error.
    fn hooks(&self) -> Result<Vec<Hook>, CompileError> {
        let mut hooks = Vec::new();
        for hook in Hook::ALL {
            let expected = hook.parameters();
            let mut found = self.arities(hook.name()).peekable();
            if found.peek().is_none() {
                continue;
            }
            if !found.any(|count| count == expected.len()) {
                return Err(CompileError::new(
                    &self.entry_point,
                    format!(
                        "the function must be {}({})",
                        hook.name(),
                        expected.join(", ")
                    ),
                ));
            }
            hooks.push(hook);
        }
        Ok(hooks)
    }

    fn arities<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.tree
            .iter_functions()
            .filter(move |function| function.name == name)
            .map(|function| function.params.len())
    }

    fn metadata(&self, size: Size) -> Result<Value, ScriptError> {
        if self.arities("metadata").next().is_none() {
            return Ok(Value::Null);
        }
        let metadata = self.call_function("metadata", Vec::new())?;
        Reader::new(size)
            .read(&metadata)
            .map_err(Running::bad_result)
    }

    /// The routes with the options beside their handlers.
    fn routes(&self, size: Size) -> Result<Vec<(String, Value)>, ScriptError> {
        if self.arities("router").next().is_none() {
            return Ok(Vec::new());
        }
        let router = self.call_function("router", Vec::new())?;
        let bad = |message: String| ScriptError::BadResult { message };
        let Some(router) = router.read_lock::<::rhai::Map>() else {
            return Err(bad(
                "router() must return a map from routes to functions".to_owned()
            ));
        };
        let mut routes = Vec::new();
        for (key, route) in router.iter() {
            let (handler, options) = match route.read_lock::<::rhai::Map>() {
                Some(map) => {
                    let option = |name: &str| match map.get(name) {
                        Some(value) => Reader::new(size).read(value).map_err(Running::bad_result),
                        None => Ok(Value::Null),
                    };
                    let options = Value::map([
                        ("timeoutMs", option("timeoutMs")?),
                        ("roles", option("roles")?),
                    ]);
                    (map.get("handler").cloned(), options)
                }
                None => (Some(route.clone()), Value::Null),
            };
            let Some(handler) = handler.and_then(Dynamic::try_cast::<FnPtr>) else {
                return Err(bad(format!(
                    "route '{key}' must be a function, as in Fn(\"list_notes\"), or a map with a function as its handler"
                )));
            };
            let name = handler.fn_name();
            let takes = handler.curry().len() + 1;
            if !handler.is_anonymous() && !self.arities(name).any(|count| count == takes) {
                return Err(bad(format!(
                    "route '{key}' names the function {name}(ctx), which is not there"
                )));
            }
            routes.push((key.to_string(), options));
        }
        Ok(routes)
    }
}

impl Compiled for RhaiProgram {
    fn call(
        &self,
        entry: Entry<'_>,
        arguments: Vec<Value>,
        context: Option<Map>,
        running: &Arc<Running>,
    ) -> Result<Value, ScriptError> {
        if self.lost.load(Ordering::Relaxed) > self.memory {
            return Err(ScriptError::Limit {
                which: format!(
                    "memory {} that earlier calls never gave back, in maps and closures that hold each \
                     other; it runs again after a new install or a restart",
                    readable(self.memory)
                ),
            });
        }
        let before = heap::held();
        let result = self.call_fresh(entry, arguments, context, running);
        self.count_loss(before, result)
    }
}

impl RhaiProgram {
    fn call_fresh(
        &self,
        entry: Entry<'_>,
        arguments: Vec<Value>,
        context: Option<Map>,
        running: &Arc<Running>,
    ) -> Result<Value, ScriptError> {
        let _current = current::enter(running, self.memory);
        let (name, mut list) = match entry {
            Entry::Hook(hook) => (hook.name(), Vec::new()),
            Entry::Route(key) => ("souk_call_route", vec![Dynamic::from(key.to_owned())]),
        };
        list.extend(arguments.into_iter().map(convert::to_rhai));
        list.extend(context.map(glue::context));
        let result = self
            .call_function(name, list)
            .map_err(|error| running.typed(error))?;
        let mut reader = match entry {
            Entry::Hook(_) => Reader::new(running.result_size),
            Entry::Route(_) => Reader::of_reply(running.result_size),
        };
        // Reading is the host's work, and bounded by the size of a result.
        running
            .clock
            .host(|| reader.read(&result))
            .map_err(Running::bad_result)
    }

    /// What this thread holds more than before the call, beyond the result, is lost.
    fn count_loss(
        &self,
        before: isize,
        result: Result<Value, ScriptError>,
    ) -> Result<Value, ScriptError> {
        let more = |since: isize| usize::try_from(heap::held().wrapping_sub(since)).unwrap_or(0);
        if more(before) < WORTH_A_LOOK {
            return result;
        }
        // The result's own size is that of a copy, which then takes its place.
        let (result, own) = match result {
            Ok(value) => {
                let empty = heap::held();
                let copy = value.clone();
                let own = more(empty);
                drop(value);
                (Ok(copy), own)
            }
            Err(error) => (Err(error), 0),
        };
        self.lost
            .fetch_add(more(before).saturating_sub(own), Ordering::Relaxed);
        result
    }
}
