//! One Luau machine: what its libraries are, and how a plugin is loaded and called in it.

use std::sync::Arc;

use mlua::chunk::ChunkMode;
use mlua::{
    Function, IntoLua as _, Lua, LuaOptions, LuaString, MultiValue, StdLib, Table,
    Value as LuaValue, VmState,
};

use super::convert::{Reader, Scale};
use super::glue::{Host, Slot};
use super::{Bytecode, convert, errors, glue, strings};
use crate::script::limits::Limits;
use crate::script::running::Running;
use crate::script::{Hook, ScriptError};
use crate::value::{Map, Value};

/// What a plugin may see of the language. Everything else is taken out, whatever a later Luau adds.
const GLOBALS: [&str; 28] = [
    "assert",
    "bit32",
    "buffer",
    "coroutine",
    "error",
    "getmetatable",
    "ipairs",
    "math",
    "next",
    "pairs",
    "pcall",
    "print",
    "rawequal",
    "rawget",
    "rawlen",
    "rawset",
    "select",
    "setmetatable",
    "string",
    "table",
    "tonumber",
    "tostring",
    "type",
    "typeof",
    "unpack",
    "utf8",
    "xpcall",
    "_VERSION",
];

/// Members of the libraries above that a plugin may not have: chance comes from `random` alone.
const WITHOUT: [(&str, &str); 2] = [("math", "random"), ("math", "randomseed")];

/// A machine that holds more than this after a call is collected, and thrown away if that does not help.
const HEAVY: usize = 2 << 20;

pub struct Vm {
    lua: Lua,
    slot: Arc<Slot>,
    host: Host,
    begin: Function,
    protected: Function,
    /// The metatable that an environment gets: reads fall through to the libraries.
    libraries: Table,
}

/// A plugin's module, loaded for one call.
pub struct Module<'a> {
    vm: &'a Vm,
    table: Table,
}

impl Vm {
    pub fn new(bytecode: &Bytecode, limits: &Limits) -> mlua::Result<Self> {
        let libraries = StdLib::COROUTINE
            | StdLib::TABLE
            | StdLib::STRING
            | StdLib::UTF8
            | StdLib::BIT
            | StdLib::MATH
            | StdLib::BUFFER;
        // Not `catch_rust_panics(false)`: it would replace `pcall` by one that coroutines cannot yield through.
        let lua = Lua::new_with(libraries, LuaOptions::new())?;
        let slot = Arc::new(Slot::new(limits));
        let globals = lua.globals();
        keep_only_what_is_allowed(&globals)?;
        let prelude: Table = lua
            .load(include_str!("prelude.luau"))
            .set_name("=host")
            .set_mode(ChunkMode::Text)
            .call((
                glue::note(&lua, &slot)?,
                instantiate(&lua, bytecode)?,
                strings::find_plain(&lua)?,
                strings::split(&lua)?,
            ))?;
        let host = Host::new(&lua, &slot, &prelude)?;
        let print_with: Function = prelude.get("print_with")?;
        let print: Function = print_with.call(host.function("log", "info")?)?;
        globals.raw_set("print", print)?;
        let libraries = lua.create_table()?;
        libraries.raw_set("__index", &globals)?;
        libraries.raw_set("__metatable", "environment")?;
        libraries.set_readonly(true);
        close(&lua, &slot, limits)?;
        Ok(Self {
            begin: prelude.get("begin")?,
            protected: prelude.get("protected")?,
            libraries,
            lua,
            slot,
            host,
        })
    }

    /// Runs `work` with `running` as the call that host functions and limits belong to.
    pub fn during<T>(&self, running: &Arc<Running>, work: impl FnOnce() -> T) -> T {
        self.slot.set(Some(Arc::clone(running)));
        let result = work();
        self.slot.set(None);
        result
    }

    /// What the machine holds now, what it has not collected yet included.
    pub fn memory(&self) -> usize {
        self.lua.used_memory()
    }

    /// Whether the machine is worth keeping after a call.
    pub fn is_light(&self) -> bool {
        self.lua.used_memory() <= HEAVY
            || (self.lua.gc_collect().is_ok() && self.lua.used_memory() <= HEAVY)
    }

    /// Runs a plugin's entry point in a fresh environment.
    pub fn load(&self, entry_point: &str) -> Result<Module<'_>, ScriptError> {
        let value = self.run(&self.begin, |arguments| {
            arguments.push_back(LuaValue::Table(self.libraries.clone()));
            arguments.push_back(entry_point.into_lua(&self.lua)?);
            Ok(())
        })?;
        match value {
            LuaValue::Table(table) => Ok(Module { vm: self, table }),
            other => Err(ScriptError::BadResult {
                message: format!(
                    "{entry_point} must return its table, but returns {}",
                    other.type_name()
                ),
            }),
        }
    }

    /// Calls a function of the plugin.
    pub fn call(
        &self,
        function: &Function,
        arguments: Vec<Value>,
        context: Option<Map>,
    ) -> Result<LuaValue, ScriptError> {
        let mut scale = Scale::new();
        let light = arguments.iter().all(|argument| scale.holds(argument))
            && context.as_ref().is_none_or(|fields| scale.hold_all(fields));
        self.run(function, |list| {
            convert::unmetered(&self.lua, light, || {
                for argument in arguments {
                    list.push_back(convert::to_lua(&self.lua, &self.host.lists, argument)?);
                }
                if let Some(context) = context {
                    list.push_back(LuaValue::Table(self.host.context(&self.lua, context)?));
                }
                Ok(())
            })
        })
    }

    /// Calls under protection, so that a raised table arrives as a table.
    fn run(
        &self,
        function: &Function,
        add_arguments: impl FnOnce(&mut MultiValue) -> mlua::Result<()>,
    ) -> Result<LuaValue, ScriptError> {
        let call = || {
            let mut arguments = MultiValue::new();
            arguments.push_back(LuaValue::Function(function.clone()));
            add_arguments(&mut arguments)?;
            self.protected.call::<(bool, LuaValue)>(arguments)
        };
        match call() {
            Ok((true, value)) => Ok(value),
            Ok((false, raised)) => {
                self.slot.note(&raised);
                Err(errors::raised(&self.slot, &raised))
            }
            Err(error) => {
                let raised = LuaValue::Error(Box::new(error));
                self.slot.note(&raised);
                Err(errors::raised(&self.slot, &raised))
            }
        }
    }

    pub fn read(&self, value: &LuaValue) -> Result<Value, ScriptError> {
        Reader::new(&self.host.lists, self.slot.result_size())
            .read(value)
            .map_err(Running::bad_result)
    }

    /// What a route returned; its data is written out as it is read.
    pub fn read_reply(&self, value: &LuaValue) -> Result<Value, ScriptError> {
        Reader::of_reply(&self.host.lists, self.slot.result_size())
            .read(value)
            .map_err(Running::bad_result)
    }
}

impl Module<'_> {
    pub fn metadata(&self) -> Result<Value, ScriptError> {
        self.vm.read(&self.field(&self.table, "metadata"))
    }

    pub fn hook(&self, hook: Hook) -> Option<Function> {
        match self.field(&self.table, hook.name()) {
            LuaValue::Function(function) => Some(function),
            _ => None,
        }
    }

    /// The function of a route, given plainly or beside its options.
    pub fn handler(&self, key: &str) -> Option<Function> {
        let LuaValue::Table(router) = self.field(&self.table, "router") else {
            return None;
        };
        match self.field(&router, key) {
            LuaValue::Function(function) => Some(function),
            LuaValue::Table(route) => match self.field(&route, "handler") {
                LuaValue::Function(function) => Some(function),
                _ => None,
            },
            _ => None,
        }
    }

    /// The routes with the options beside their handlers.
    pub fn routes(&self) -> Result<Vec<(String, Value)>, ScriptError> {
        let bad = |message: String| ScriptError::BadResult { message };
        let router = match self.field(&self.table, "router") {
            LuaValue::Nil => return Ok(Vec::new()),
            LuaValue::Table(router) => router,
            other => {
                return Err(bad(format!(
                    "router must be a table, not a {}",
                    other.type_name()
                )));
            }
        };
        let mut routes = Vec::new();
        for pair in router.pairs::<LuaValue, LuaValue>() {
            let Ok((LuaValue::String(key), value)) = pair else {
                return Err(bad(
                    "router must have routes as its keys, as in [\"GET /notes\"]".to_owned(),
                ));
            };
            let key = key.to_string_lossy();
            let options = match &value {
                LuaValue::Function(_) => Value::Null,
                LuaValue::Table(route) if self.handler(&key).is_some() => Value::map([
                    ("timeoutMs", self.vm.read(&self.field(route, "timeoutMs"))?),
                    ("roles", self.vm.read(&self.field(route, "roles"))?),
                ]),
                _ => {
                    return Err(bad(format!(
                        "route '{key}' must be a function, or a table with a function as its handler"
                    )));
                }
            };
            routes.push((key, options));
        }
        Ok(routes)
    }

    /// Reads without metamethods: those are code of the plugin, and would run outside its protection.
    fn field(&self, table: &Table, name: &str) -> LuaValue {
        table.raw_get(name).unwrap_or(LuaValue::Nil)
    }
}

/// The function by which the prelude gets a file of the package, bound to an environment of its own.
fn instantiate(lua: &Lua, bytecode: &Bytecode) -> mlua::Result<Function> {
    let chunks = lua.create_table()?;
    for (path, code) in bytecode {
        let chunk = lua
            .load(code.as_slice())
            .set_name(format!("={path}"))
            .set_mode(ChunkMode::Binary)
            .into_function()?;
        chunks.raw_set(path.as_str(), chunk)?;
    }
    lua.create_function(move |_, (path, environment): (LuaString, Table)| {
        let Some(chunk) = chunks.raw_get::<Option<Function>>(path)? else {
            return Ok(None);
        };
        let fresh = chunk.deep_clone()?;
        fresh.set_environment(environment)?;
        Ok(Some(fresh))
    })
}

/// From here on libraries are read-only and limits hold.
fn close(lua: &Lua, slot: &Arc<Slot>, limits: &Limits) -> mlua::Result<()> {
    lua.sandbox(true)?;
    lua.set_memory_limit(limits.lua_memory)?;
    let slot = Arc::clone(slot);
    lua.set_interrupt(move |lua| {
        if slot.must_stop(|| lua.used_memory()) {
            Err(mlua::Error::runtime("the call is over"))
        } else {
            Ok(VmState::Continue)
        }
    });
    Ok(())
}

fn keep_only_what_is_allowed(globals: &Table) -> mlua::Result<()> {
    let mut names = Vec::new();
    for pair in globals.pairs::<LuaString, LuaValue>() {
        names.push(pair?.0);
    }
    for name in names {
        if !GLOBALS.iter().any(|allowed| name == *allowed) {
            globals.raw_set(name, LuaValue::Nil)?;
        }
    }
    for (library, member) in WITHOUT {
        globals
            .raw_get::<Table>(library)?
            .raw_set(member, LuaValue::Nil)?;
    }
    Ok(())
}
