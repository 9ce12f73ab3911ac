//! Plugins in Lua, run by Luau.
//!
//! Sources become bytecode once per program. Virtual machines are pooled and used by
//! one call at a time; each call runs the module in a fresh environment, so nothing that a call leaves
//! in its globals or locals reaches the next. A machine that met a limit is thrown away.

mod convert;
mod errors;
mod glue;
mod json;
mod lists;
mod machines;
mod strings;
mod vm;

use std::collections::BTreeMap;
use std::sync::Arc;

use mlua::chunk::Compiler;

use crate::script::heap;
use crate::script::limits::{Limits, readable};
use crate::script::running::Running;
use crate::script::spent;
use crate::script::{CompileError, Compiled, Entry, Hook, Loaded, ScriptError};
use crate::value::{Map, Value};

pub(super) use machines::Machines;
use machines::Owner;
use vm::{Module, Vm};

/// The compiled files of one plugin, by path.
type Bytecode = BTreeMap<String, Vec<u8>>;

struct LuaProgram {
    entry_point: String,
    bytecode: Bytecode,
    limits: Arc<Limits>,
    machines: Arc<Machines>,
    owner: Owner,
}

pub(super) fn compile(
    entry_point: &str,
    sources: &BTreeMap<&str, &str>,
    limits: &Arc<Limits>,
    machines: &Arc<Machines>,
) -> Result<Loaded, CompileError> {
    let running = Arc::new(Running::loading(limits));
    let bytecode = translate(sources, limits, &running)?;
    let program = LuaProgram {
        entry_point: entry_point.to_owned(),
        bytecode,
        limits: Arc::clone(limits),
        owner: machines.owner(),
        machines: Arc::clone(machines),
    };
    let inspected = program.with_vm(&running, |vm| {
        let module = vm.load(&program.entry_point)?;
        Ok((module.metadata()?, module.hooks(), module.routes()?))
    });
    let (metadata, hooks, routes) = running
        .outcome(inspected)
        .map_err(|error| errors::loading(entry_point, &error))?;
    Ok(Loaded {
        metadata,
        hooks,
        routes,
        compiled: Box::new(program),
    })
}

/// Luau cannot be stopped within a file, so the clock is asked between files; how long one may take is bounded by the
/// size of a source.
fn translate(
    sources: &BTreeMap<&str, &str>,
    limits: &Limits,
    running: &Running,
) -> Result<Bytecode, CompileError> {
    let compiler = Compiler::new();
    let mut bytecode = Bytecode::new();
    let mut size = 0_usize;
    for (path, source) in sources {
        if running.must_stop()
            && let Err(limit) = running.outcome(Ok(()))
        {
            return Err(CompileError::new(*path, limit.to_string()));
        }
        let code = compiler
            .compile(source)
            .map_err(|error| errors::syntax(path, &error))?;
        size = size.saturating_add(code.len());
        if size > limits.lua_bytecode {
            let most = readable(limits.lua_bytecode);
            return Err(CompileError::new(
                *path,
                format!(
                    "all script files of a plugin together may become at most {most} of bytecode"
                ),
            ));
        }
        bytecode.insert((*path).to_owned(), code);
    }
    Ok(bytecode)
}

impl LuaProgram {
    fn with_vm<T>(
        &self,
        running: &Arc<Running>,
        work: impl FnOnce(&Vm) -> Result<T, ScriptError>,
    ) -> Result<T, ScriptError> {
        let vm = match self.machines.take(self.owner) {
            Some(vm) => vm,
            None => Vm::new(&self.bytecode, &self.limits)
                .map_err(|error| ScriptError::Host(errors::internal(&error)))?,
        };
        let result = vm.during(running, || work(&vm));
        running.holds(vm.memory());
        if vm.memory() > heap::HEAVY || running.was_stopped() {
            spent::note_heap();
        }
        if !running.was_stopped() && vm.is_light() {
            self.machines.give_back(self.owner, vm);
        }
        result
    }
}

impl Drop for LuaProgram {
    fn drop(&mut self) {
        self.machines.forget(self.owner);
    }
}

impl Compiled for LuaProgram {
    fn call(
        &self,
        entry: Entry<'_>,
        arguments: Vec<Value>,
        context: Option<Map>,
        running: &Arc<Running>,
    ) -> Result<Value, ScriptError> {
        self.with_vm(running, |vm| {
            let module = vm.load(&self.entry_point)?;
            let function = match entry {
                Entry::Hook(hook) => module.hook(hook),
                Entry::Route(key) => module.handler(key),
            };
            let Some(function) = function else {
                return Err(ScriptError::BadResult {
                    message: format!("the plugin no longer has {}", describe(entry)),
                });
            };
            let value = vm.call(&function, arguments, context)?;
            // Reading is the host's work, and bounded by the size of a result.
            running.clock.host(|| match entry {
                Entry::Hook(_) => vm.read(&value),
                Entry::Route(_) => vm.read_reply(&value),
            })
        })
    }
}

fn describe(entry: Entry<'_>) -> String {
    match entry {
        Entry::Hook(hook) => format!("the function {}", hook.name()),
        Entry::Route(key) => format!("the route '{key}'"),
    }
}

impl Module<'_> {
    fn hooks(&self) -> Vec<Hook> {
        Hook::ALL
            .into_iter()
            .filter(|hook| self.hook(*hook).is_some())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::fixture::Language;

    fn package(files: usize, piece: &str) -> BTreeMap<String, String> {
        let heavy = piece.repeat((240 << 10) / piece.len());
        let mut package: BTreeMap<String, String> = (0..files)
            .map(|number| {
                (
                    format!("heavy{number}.lua"),
                    format!("local t={{}} {heavy}"),
                )
            })
            .collect();
        package.insert("main.lua".to_owned(), Language::Lua.plugin("return {}"));
        package
    }

    #[test]
    fn a_package_that_is_hard_to_compile_ends_by_the_clock_of_loading_or_by_what_it_becomes() {
        let functions = package(8, "function t.a() end ");
        let sources: BTreeMap<&str, &str> = functions
            .iter()
            .map(|(path, source)| (path.as_str(), source.as_str()))
            .collect();
        let refused = |limits: Limits| {
            let limits = Arc::new(limits);
            compile("main.lua", &sources, &limits, &Arc::default())
                .err()
                .expect("it is refused")
                .message
        };
        let no_time = refused(Limits {
            load_time: std::time::Duration::ZERO,
            ..Limits::default()
        });
        assert!(no_time.contains("time 0 s"), "{no_time}");
        let no_room = refused(Limits {
            load_time: std::time::Duration::from_secs(60),
            lua_bytecode: 1 << 20,
            ..Limits::default()
        });
        assert!(no_room.contains("1 MB of bytecode"), "{no_room}");
    }

    #[test]
    fn idle_machines_of_all_programs_are_bounded_and_go_with_their_program() {
        let (machines, limits) = (Arc::<Machines>::default(), Arc::new(Limits::default()));
        let source = Language::Lua.plugin("return {}");
        let sources = BTreeMap::from([("main.lua", source.as_str())]);
        let program = || compile("main.lua", &sources, &limits, &machines).unwrap();
        let few: Vec<Loaded> = (0..3).map(|_| program()).collect();
        assert_eq!(machines.len(), 3);
        drop(few);
        assert_eq!(machines.len(), 0);
        let many: Vec<Loaded> = (0..70).map(|_| program()).collect();
        assert_eq!(machines.len(), 64);
        drop(many);
        assert_eq!(machines.len(), 0);
    }
}
