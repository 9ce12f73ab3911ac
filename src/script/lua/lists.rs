//! What makes a table a list, and how a query's rows are one without being built.

use mlua::chunk::ChunkMode;
use mlua::{
    Buffer, Function, IntoLuaMulti as _, Lua, LuaString, MultiValue, Table, Value as LuaValue,
};

use crate::script::budget::{Budget, Uncrossable};
use crate::value::{CELL, Rows, kind};

/// A field of a packed list's metatable.
const MAY_BE_PACKED: &str = "packed";
/// Between the names of columns; SQL text cannot hold it.
const NAME_END: char = '\0';

#[derive(Clone)]
pub struct Lists {
    /// The metatable that marks a table as a list, so that it stays one when it is empty.
    pub marked: Table,
    still_packed: Function,
    /// Makes a list of what [`Self::pack`] gives.
    pub rows: Function,
    /// `json.array`.
    pub array: Function,
}

impl Lists {
    /// Replaces the library functions that would see past a packed list.
    pub fn new(lua: &Lua) -> mlua::Result<Self> {
        let marked = lua.create_table()?;
        marked.set_readonly(true);
        let parts: Table = lua
            .load(include_str!("rows.luau"))
            .set_name("=host")
            .set_mode(ChunkMode::Text)
            .call((&marked, LuaValue::NULL, array(lua, &marked)?, layout(lua)?))?;
        Ok(Self {
            still_packed: parts.get("still_packed")?,
            rows: parts.get("rows")?,
            array: parts.get("array")?,
            marked,
        })
    }

    /// The arguments of `rows`.
    pub fn pack(lua: &Lua, rows: &Rows) -> mlua::Result<MultiValue> {
        let mut names = String::new();
        for name in rows.columns() {
            names.push_str(name);
            names.push(NAME_END);
        }
        (
            names,
            lua.create_buffer(rows.cells())?,
            lua.create_buffer(rows.text())?,
            rows.len(),
        )
            .into_lua_multi(lua)
    }

    /// The rows in a list that the plugin only passed on, as its language reads them. `None` for every
    /// other table, also for one that the plugin looked into: that is a list as any from now on.
    pub fn unpack(&self, table: &Table, budget: &mut Budget) -> Result<Option<Rows>, Uncrossable> {
        let may_be = table.metatable().is_some_and(|meta| {
            meta.raw_get::<LuaValue>(MAY_BE_PACKED)
                .is_ok_and(|value| !value.is_nil())
        });
        if !may_be {
            return Ok(None);
        }
        let parts = self
            .still_packed
            .call::<(Option<LuaString>, Option<Buffer>, Option<Buffer>)>(table)
            .map_err(|error| Uncrossable::TooBig(format!("too large to be read: {error}")))?;
        let (Some(names), Some(cells), Some(text)) = parts else {
            return Ok(None);
        };
        let names = names.to_string_lossy();
        let columns: Vec<String> = names
            .split_terminator(NAME_END)
            .map(str::to_owned)
            .collect();
        let name_bytes: usize = columns.iter().map(String::len).sum();
        let rows = Rows::from_parts(columns, cells.to_vec(), text.to_vec()).as_floats();
        budget.rows(rows.len(), rows.columns().len(), name_bytes)?;
        budget.text(rows.text().len())?;
        Ok(Some(rows))
    }

    /// Whether a table is a list even without elements.
    pub fn is_marked(&self, table: &Table) -> bool {
        table.has_metatable() && table.metatable().is_some_and(|meta| meta == self.marked)
    }
}

/// How rows are packed, for the code that builds them.
fn layout(lua: &Lua) -> mlua::Result<Table> {
    let layout = lua.create_table()?;
    for (name, number) in [
        ("whole", kind::WHOLE),
        ("float", kind::FLOAT),
        ("text", kind::TEXT),
        ("bytes", kind::BYTES),
        ("digits", kind::DIGITS),
    ] {
        layout.raw_set(name, number)?;
    }
    layout.raw_set("cell", CELL)?;
    Ok(layout)
}

/// Marks a table as a list and returns it; without one it makes an empty list.
fn array(lua: &Lua, marked: &Table) -> mlua::Result<Function> {
    let marked = marked.clone();
    lua.create_function(move |lua, table: Option<Table>| {
        let table = match table {
            Some(table) => table,
            None => lua.create_table()?,
        };
        table.set_metatable(Some(marked.clone()))?;
        Ok(table)
    })
}
