//! The table of host functions as Lua sees it. No function of the host is known here by name,
//! but for what the language itself needs: `json.null` and `json.array`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mlua::{Function, IntoLuaMulti as _, Lua, MultiValue, Table, Value as LuaValue};
use parking_lot::Mutex;

use super::convert::{self, Reader, Scale};
use super::lists::Lists;
use crate::script::host::{self, Argument, Body, HOST_FNS, HostFn};
use crate::script::limits::{Limits, Size, readable};
use crate::script::running::Running;
use crate::value::{Map, Value};

/// Memory is looked at once in so many interrupts: they come at each turn of a loop, and memory goes up in steps
/// that the collector takes back more slowly.
const INTERRUPTS_BETWEEN_LOOKS: u32 = 32;

/// What Luau raises when the memory limit of a machine is met.
const OUT_OF_MEMORY: &str = "not enough memory";

/// The call that a machine works for at the moment.
pub struct Slot {
    running: Mutex<Option<Arc<Running>>>,
    memory_limit: String,
    result_size: Size,
    interrupts: AtomicU32,
}

impl Slot {
    pub fn new(limits: &Limits) -> Self {
        Self {
            running: Mutex::new(None),
            memory_limit: format!("memory {}", readable(limits.lua_memory)),
            result_size: limits.result,
            interrupts: AtomicU32::new(0),
        }
    }

    pub fn set(&self, running: Option<Arc<Running>>) {
        *self.running.lock() = running;
    }

    pub fn running(&self) -> Option<Arc<Running>> {
        self.running.lock().clone()
    }

    pub fn result_size(&self) -> Size {
        self.result_size
    }

    /// Asked at each interrupt; at some of them it looks what the machine holds.
    pub fn must_stop(&self, memory: impl FnOnce() -> usize) -> bool {
        let running = self.running.lock();
        let Some(running) = running.as_ref() else {
            return true;
        };
        let count = self.interrupts.fetch_add(1, Ordering::Relaxed);
        if count.is_multiple_of(INTERRUPTS_BETWEEN_LOOKS) {
            running.holds(memory());
        }
        running.must_stop()
    }

    /// Hears of an error, caught or not: those that mean a limit end the call.
    pub fn note(&self, raised: &LuaValue) {
        let which = match raised {
            LuaValue::String(text) if *text == OUT_OF_MEMORY => self.memory_limit.clone(),
            // A coroutine puts the place before what ended it.
            LuaValue::String(text) if is_at_a_place(&text.as_bytes(), OUT_OF_MEMORY) => {
                self.memory_limit.clone()
            }
            LuaValue::String(text) if is_at_a_place(&text.as_bytes(), "stack overflow") => {
                "call depth".to_owned()
            }
            LuaValue::Error(error) if is_memory(error) => self.memory_limit.clone(),
            _ => return,
        };
        if let Some(running) = self.running.lock().as_ref() {
            running.meet(which);
        }
    }
}

/// As Luau words it: "main.lua:3: stack overflow", nothing after.
fn is_at_a_place(text: &[u8], what: &str) -> bool {
    text.strip_suffix(what.as_bytes()).is_some_and(|place| {
        place.is_empty()
            || place
                .strip_suffix(b": ")
                .and_then(|place| place.last())
                .is_some_and(u8::is_ascii_digit)
    })
}

fn is_memory(error: &mlua::Error) -> bool {
    match error {
        mlua::Error::MemoryError(_) => true,
        mlua::Error::CallbackError { cause, .. } | mlua::Error::WithContext { cause, .. } => {
            is_memory(cause)
        }
        mlua::Error::RuntimeError(text) => text == OUT_OF_MEMORY,
        _ => false,
    }
}

/// The function by which the prelude reports the errors that a script caught.
pub fn note(lua: &Lua, slot: &Arc<Slot>) -> mlua::Result<Function> {
    let slot = Arc::clone(slot);
    lua.create_function(move |_, raised: LuaValue| {
        slot.note(&raised);
        Ok(())
    })
}

/// The host modules of one machine, built once and read-only.
pub struct Host {
    modules: Vec<(&'static str, Table)>,
    pub lists: Lists,
}

impl Host {
    pub fn new(lua: &Lua, slot: &Arc<Slot>, prelude: &Table) -> mlua::Result<Self> {
        let lists = Lists::new(lua)?;
        let mut modules: Vec<(&'static str, Table)> = Vec::new();
        for function in HOST_FNS {
            let module = match modules.iter().find(|(name, _)| *name == function.module) {
                Some((_, module)) => module.clone(),
                None => {
                    let module = lua.create_table()?;
                    modules.push((function.module, module.clone()));
                    module
                }
            };
            let value = match function.body {
                Body::Call(_) => plain(lua, slot, &lists, prelude, function)?,
                Body::Scope { .. } => scope(lua, slot, &lists, prelude, function, &module)?,
            };
            module.raw_set(function.name, value)?;
        }
        for (name, module) in &modules {
            if *name == "json" {
                module.raw_set("null", LuaValue::NULL)?;
                module.raw_set("array", &lists.array)?;
            }
            module.set_readonly(true);
        }
        Ok(Self { modules, lists })
    }

    pub fn function(&self, module: &str, name: &str) -> mlua::Result<Function> {
        match self.modules.iter().find(|(known, _)| *known == module) {
            Some((_, table)) => table.raw_get(name),
            None => Err(mlua::Error::runtime(format!(
                "there is no host module '{module}'"
            ))),
        }
    }

    /// The `ctx` or `context` of one call: its own fields and the host modules. A field without a
    /// value is absent: `json.null` would be true where a plugin asks whether there is a body.
    pub fn context(&self, lua: &Lua, fields: Map) -> mlua::Result<Table> {
        let table = lua.create_table_with_capacity(0, fields.len() + self.modules.len())?;
        for (name, value) in fields {
            if value == Value::Null {
                continue;
            }
            table.raw_set(name, convert::to_lua(lua, &self.lists, value)?)?;
        }
        for (name, module) in &self.modules {
            table.raw_set(*name, module)?;
        }
        Ok(table)
    }
}

fn plain(
    lua: &Lua,
    slot: &Arc<Slot>,
    lists: &Lists,
    prelude: &Table,
    function: &'static HostFn,
) -> mlua::Result<Function> {
    let slot = Arc::clone(slot);
    let rows = lists.rows.clone();
    let lists = lists.clone();
    let raw = lua.create_function(move |lua, arguments: MultiValue| {
        let result = slot.running().map_or_else(
            || Err("there is no call".to_owned()),
            |running| {
                let arguments = read(function, &lists, &arguments)?;
                host::invoke(function, &running, arguments)
            },
        );
        match result {
            Ok(Value::Null) => (true, LuaValue::Nil).into_lua_multi(lua),
            Ok(Value::Rows(rows)) => {
                let mut answer = Lists::pack(lua, &rows)?;
                answer.push_front(LuaValue::Nil);
                answer.push_front(LuaValue::Boolean(true));
                Ok(answer)
            }
            Ok(value) => {
                let light = Scale::new().holds(&value);
                let value = convert::unmetered(lua, light, || convert::to_lua(lua, &lists, value))?;
                (true, value).into_lua_multi(lua)
            }
            Err(why) => (false, why).into_lua_multi(lua),
        }
    })?;
    prelude.get::<Function>("wrap")?.call((raw, rows))
}

fn scope(
    lua: &Lua,
    slot: &Arc<Slot>,
    lists: &Lists,
    prelude: &Table,
    function: &'static HostFn,
    module: &Table,
) -> mlua::Result<Function> {
    let answer = |result: Result<(), String>| match result {
        Ok(()) => (true, None),
        Err(why) => (false, Some(why)),
    };
    let entering = Arc::clone(slot);
    let lists = lists.clone();
    let enter = lua.create_function(move |_, arguments: MultiValue| {
        let Some(running) = entering.running() else {
            return Ok((false, None));
        };
        let entered = read(function, &lists, &arguments)
            .and_then(|arguments| host::enter(function, &running, arguments));
        Ok(answer(entered))
    })?;
    let leaving = Arc::clone(slot);
    let leave = lua.create_function(move |_, well: bool| {
        let Some(running) = leaving.running() else {
            return Ok((false, None));
        };
        Ok(answer(host::leave(function, &running, well)))
    })?;
    prelude
        .get::<Function>("scope")?
        .call((enter, leave, module))
}

fn read(function: &HostFn, lists: &Lists, arguments: &MultiValue) -> Result<Vec<Argument>, String> {
    let mut reader = Reader::new(lists, function.size);
    arguments
        .iter()
        .enumerate()
        .map(|(index, argument)| match argument {
            LuaValue::Function(_) => Ok(Argument::Function),
            value => reader.read(value).map(Argument::Plain).map_err(|why| {
                host::refuse_arguments(function, why.within(&format!("[{}]", index + 1)))
            }),
        })
        .collect()
}
