//! Between neutral values and Lua's.
//!
//! A table is a list when its keys are 1 to n (holes count as null while more than half is filled) or
//! when it is marked as a list; any other is a map, and so is an empty one. Whole numbers come
//! out as integers, since Lua has floats alone; integers beyond 2^53 go in as digits.

use mlua::{Lua, LuaString, Table, Value as LuaValue};

use super::json;
use super::lists::Lists;
use crate::script::DATA;
use crate::script::budget::{Budget, Uncrossable};
use crate::script::limits::Size;
use crate::value::{EXACT, Map, Value};

/// Bytes of what is small.
const LIGHT: usize = 256 << 10;
/// About what a value takes in a table, beside its own bytes.
const NODE: usize = 64;

pub fn to_lua(lua: &Lua, lists: &Lists, value: Value) -> mlua::Result<LuaValue> {
    Ok(match value {
        Value::Null => LuaValue::NULL,
        Value::Bool(value) => LuaValue::Boolean(value),
        Value::Int(value) if value.unsigned_abs() <= EXACT => LuaValue::Integer(value),
        Value::Int(value) => LuaValue::String(lua.create_string(value.to_string())?),
        Value::Float(value) => LuaValue::Number(value),
        Value::Text(text) => LuaValue::String(lua.create_string(text)?),
        Value::Bytes(bytes) => LuaValue::Buffer(lua.create_buffer(bytes)?),
        Value::List(items) => {
            let table = lua.create_table_with_capacity(items.len(), 0)?;
            for item in items {
                table.raw_push(to_lua(lua, lists, item)?)?;
            }
            table.set_metatable(Some(lists.marked.clone()))?;
            LuaValue::Table(table)
        }
        Value::Map(fields) => {
            let table = lua.create_table_with_capacity(0, fields.len())?;
            for (name, value) in fields {
                table.raw_set(name, to_lua(lua, lists, value)?)?;
            }
            LuaValue::Table(table)
        }
        Value::Rows(rows) => lists.rows.call(Lists::pack(lua, &rows)?)?,
        written @ Value::Json(_) => to_lua(lua, lists, written.unpacked())?,
    })
}

/// Builds in the machine what is small and has room there, without its memory limit: under a limit each
/// step is a protected call of its own, which costs more than the step.
pub fn unmetered<T>(
    lua: &Lua,
    light: bool,
    build: impl FnOnce() -> mlua::Result<T>,
) -> mlua::Result<T> {
    if !light {
        return build();
    }
    let limit = lua.set_memory_limit(0)?;
    // A limit that is met must be met here too: a loop of small results would never come to another place.
    if limit > 0 && lua.used_memory() + LIGHT > limit {
        lua.set_memory_limit(limit)?;
        return build();
    }
    let built = build();
    lua.set_memory_limit(limit)?;
    built
}

/// What is left of a small value's size while it is weighed.
pub struct Scale {
    left: usize,
}

impl Scale {
    pub fn new() -> Self {
        Self { left: LIGHT }
    }

    /// Whether all that was weighed is still light.
    pub fn holds(&mut self, value: &Value) -> bool {
        let own = match value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) | Value::Json(bytes) => bytes.len(),
            Value::Rows(rows) => rows.cells().len() + rows.text().len(),
            _ => 0,
        };
        self.takes(own + NODE)
            && match value {
                Value::List(items) => items.iter().all(|item| self.holds(item)),
                Value::Map(fields) => self.hold_all(fields),
                _ => true,
            }
    }

    pub fn hold_all(&mut self, fields: &Map) -> bool {
        fields
            .iter()
            .all(|(name, value)| self.takes(name.len()) && self.holds(value))
    }

    fn takes(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

/// Reads Lua values within a budget.
pub struct Reader<'a> {
    lists: &'a Lists,
    budget: Budget,
    /// The data of a reply is only written out.
    writes_data: bool,
}

/// The fields of a table while it is not yet known whether it is a list.
#[derive(Default)]
struct Fields {
    /// Items 1 to n, met in order.
    items: Vec<Value>,
    /// Other whole keys.
    sparse: Vec<(i64, Value)>,
    named: Map,
}

impl<'a> Reader<'a> {
    pub fn new(lists: &'a Lists, size: Size) -> Self {
        Self::within(lists, Budget::new(size))
    }

    /// Goes on where another left off.
    pub fn within(lists: &'a Lists, budget: Budget) -> Self {
        Self {
            lists,
            budget,
            writes_data: false,
        }
    }

    pub fn into_budget(self) -> Budget {
        self.budget
    }

    /// For what a route returns.
    pub fn of_reply(lists: &'a Lists, size: Size) -> Self {
        Self {
            writes_data: true,
            ..Self::new(lists, size)
        }
    }

    pub fn read(&mut self, value: &LuaValue) -> Result<Value, Uncrossable> {
        self.value(value, 0)
    }

    pub fn value(&mut self, value: &LuaValue, depth: usize) -> Result<Value, Uncrossable> {
        self.budget.node(depth)?;
        match value {
            LuaValue::Nil => Ok(Value::Null),
            value if value.is_null() => Ok(Value::Null),
            LuaValue::Boolean(value) => Ok(Value::Bool(*value)),
            LuaValue::Integer(value) => Ok(Value::Int(*value)),
            LuaValue::Number(value) => Ok(Value::Float(*value)),
            LuaValue::String(text) => self.text(text).map(Value::Text),
            LuaValue::Buffer(buffer) => {
                self.budget.bytes(buffer.len())?;
                Ok(Value::Bytes(buffer.to_vec()))
            }
            LuaValue::Table(table) => self.table(table, depth),
            LuaValue::Function(_) => Err(Uncrossable::kind("a function")),
            LuaValue::Thread(_) => Err(Uncrossable::kind("a coroutine")),
            other => Err(Uncrossable::kind(format!("a {}", other.type_name()))),
        }
    }

    fn text(&mut self, text: &LuaString) -> Result<String, Uncrossable> {
        let bytes = text.as_bytes();
        self.budget.text(bytes.len())?;
        Ok(utf8(&bytes)?.to_owned())
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<Value, Uncrossable> {
        if table.has_metatable()
            && let Some(rows) = self.lists.unpack(table, &mut self.budget)?
        {
            return Ok(Value::Rows(Box::new(rows)).unpacked());
        }
        let marked = self.lists.is_marked(table);
        let mut fields = Fields {
            items: Vec::with_capacity(table.raw_len().min(1024)),
            ..Fields::default()
        };
        let mut failure = None;
        let walked = table.for_each(|key: LuaValue, value: LuaValue| {
            self.field(&mut fields, &key, &value, depth + 1)
                .map_err(|why| {
                    failure = Some(why);
                    mlua::Error::runtime("stop")
                })
        });
        match (failure, walked) {
            (Some(why), _) => Err(why),
            (None, Err(_)) => Err(Uncrossable::kind("a table that cannot be read")),
            (None, Ok(())) => Ok(fields.into_value(marked)),
        }
    }

    fn field(
        &mut self,
        fields: &mut Fields,
        key: &LuaValue,
        value: &LuaValue,
        depth: usize,
    ) -> Result<(), Uncrossable> {
        match key {
            LuaValue::Integer(index) => {
                let value = self
                    .value(value, depth)
                    .map_err(|why| why.within(&format!("[{index}]")))?;
                if usize::try_from(*index).is_ok_and(|index| index == fields.items.len() + 1) {
                    fields.items.push(value);
                } else {
                    fields.sparse.push((*index, value));
                }
            }
            LuaValue::String(name) => {
                let name = self.text(name)?;
                let value = if self.writes_data && depth == 1 && name == DATA {
                    json::write(value, self.lists, &mut self.budget)
                } else {
                    self.value(value, depth)
                };
                let value = value.map_err(|why| why.within(&format!(".{name}")))?;
                fields.named.insert(name, value);
            }
            other => {
                return Err(Uncrossable::kind(format!(
                    "a table with a {} as a key",
                    other.type_name()
                )));
            }
        }
        Ok(())
    }
}

pub fn utf8(bytes: &[u8]) -> Result<&str, Uncrossable> {
    std::str::from_utf8(bytes)
        .map_err(|_| Uncrossable::kind("text that is not UTF-8; use a buffer for bytes"))
}

impl Fields {
    fn into_value(mut self, marked: bool) -> Value {
        if self.named.is_empty() {
            if self.sparse.is_empty() && (marked || !self.items.is_empty()) {
                return Value::List(self.items);
            }
            if let Some(length) = self.length_with_holes() {
                self.items.resize(length, Value::Null);
                for (index, value) in self.sparse {
                    if let Some(place) = usize::try_from(index - 1)
                        .ok()
                        .and_then(|index| self.items.get_mut(index))
                    {
                        *place = value;
                    }
                }
                return Value::List(self.items);
            }
        }
        let numbered = (1..).zip(self.items).chain(self.sparse);
        self.named
            .extend(numbered.map(|(index, value): (i64, Value)| (index.to_string(), value)));
        Value::Map(self.named)
    }

    /// The length of a list with holes, where the table looks like one.
    fn length_with_holes(&self) -> Option<usize> {
        let first = self.sparse.iter().map(|(index, _)| *index).min()?;
        let last = self.sparse.iter().map(|(index, _)| *index).max()?;
        let length = usize::try_from(last).ok()?;
        let filled = self.items.len() + self.sparse.len();
        (first >= 1 && length < 2 * filled).then_some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_many_or_has_long_names_is_not_light() {
        let light = |value: &Value| Scale::new().holds(value);
        assert!(light(&Value::map([(
            "a",
            Value::List(vec![Value::Null; 100])
        )])));
        for heavy in [
            Value::Text("x".repeat(LIGHT)),
            Value::Bytes(vec![0; LIGHT]),
            Value::List(vec![Value::Null; LIGHT / NODE]),
            Value::map([(&*"n".repeat(LIGHT), Value::Null)]),
            Value::List(vec![Value::Text("x".repeat(LIGHT / 2)); 2]),
        ] {
            assert!(!light(&heavy));
        }
    }
}
