//! Lua's values as JSON text, within the budget of a result.
//!
//! Nearly every table is a list or has names alone, which its first key tells. Data in which one turns
//! out to be neither is read again, as `convert` reads it, and written then.

use mlua::{LuaString, Table, Value as LuaValue};

use super::convert::{Reader, utf8};
use super::lists::Lists;
use crate::script::DATA_DEPTH;
use crate::script::budget::{Budget, Uncrossable};
use crate::script::json_writer::{BYTES, JsonWriter};
use crate::value::Value;

pub fn write(value: &LuaValue, lists: &Lists, budget: &mut Budget) -> Result<Value, Uncrossable> {
    let before = budget.clone();
    let mut data = Data {
        writer: JsonWriter::new(budget),
        lists,
        mixed: false,
    };
    let written = data.value(value, DATA_DEPTH);
    if data.mixed {
        // From the start, whatever the depth: a table inside tables is then read twice at most.
        let mut reader = Reader::within(lists, before);
        let tree = reader.value(value, DATA_DEPTH)?;
        *budget = reader.into_budget();
        return serde_json::to_vec(&tree)
            .map(Value::Json)
            .map_err(|_| Uncrossable::kind(BYTES));
    }
    written?;
    Ok(data.writer.finish())
}

struct Data<'d> {
    writer: JsonWriter<'d>,
    lists: &'d Lists,
    /// A table is neither a list without holes nor names alone.
    mixed: bool,
}

/// How far a table has been written.
enum Written {
    Nothing,
    Items(i64),
    Fields,
}

impl Data<'_> {
    fn value(&mut self, value: &LuaValue, depth: usize) -> Result<(), Uncrossable> {
        self.writer.node(depth)?;
        match value {
            LuaValue::Nil => self.writer.null(),
            value if value.is_null() => self.writer.null(),
            LuaValue::Boolean(truth) => self.writer.bool(*truth),
            LuaValue::Integer(number) => self.writer.int(*number)?,
            LuaValue::Number(number) => self.writer.float(*number)?,
            LuaValue::String(text) => self.text(text)?,
            LuaValue::Table(table) => self.table(table, depth)?,
            LuaValue::Buffer(_) => return Err(Uncrossable::kind(BYTES)),
            LuaValue::Function(_) => return Err(Uncrossable::kind("a function")),
            LuaValue::Thread(_) => return Err(Uncrossable::kind("a coroutine")),
            other => return Err(Uncrossable::kind(format!("a {}", other.type_name()))),
        }
        Ok(())
    }

    fn text(&mut self, text: &LuaString) -> Result<(), Uncrossable> {
        self.writer.text(utf8(&text.as_bytes())?)
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<(), Uncrossable> {
        if table.has_metatable()
            && let Some(rows) = self.lists.unpack(table, self.writer.budget())?
        {
            return self.writer.rows(&rows);
        }
        let mut written = Written::Nothing;
        let mut failure = None;
        let walked = table.for_each(|key: LuaValue, value: LuaValue| {
            self.entry(&mut written, &key, &value, depth + 1)
                .map_err(|why| {
                    failure = Some(why);
                    mlua::Error::runtime("stop")
                })
        });
        match (failure, walked) {
            (Some(why), _) => return Err(why),
            (None, Err(_)) => return Err(Uncrossable::kind("a table that cannot be read")),
            (None, Ok(())) => {}
        }
        self.writer.raw(match written {
            Written::Nothing if self.lists.is_marked(table) => "[]",
            Written::Nothing => "{}",
            Written::Items(_) => "]",
            Written::Fields => "}",
        });
        Ok(())
    }

    fn entry(
        &mut self,
        written: &mut Written,
        key: &LuaValue,
        value: &LuaValue,
        depth: usize,
    ) -> Result<(), Uncrossable> {
        match (key, &*written) {
            (LuaValue::Integer(1), Written::Nothing) => {
                self.writer.raw("[");
                *written = Written::Items(1);
                self.item(1, value, depth)
            }
            (LuaValue::Integer(index), Written::Items(last)) if *index == last + 1 => {
                self.writer.raw(",");
                *written = Written::Items(*index);
                self.item(*index, value, depth)
            }
            (LuaValue::String(name), Written::Nothing) => {
                self.writer.raw("{");
                *written = Written::Fields;
                self.field(name, value, depth)
            }
            (LuaValue::String(name), Written::Fields) => {
                self.writer.raw(",");
                self.field(name, value, depth)
            }
            _ => {
                self.mixed = true;
                Err(Uncrossable::kind("a table of mixed keys"))
            }
        }
    }

    fn item(&mut self, index: i64, value: &LuaValue, depth: usize) -> Result<(), Uncrossable> {
        self.value(value, depth)
            .map_err(|why| why.within(&format!("[{index}]")))
    }

    fn field(
        &mut self,
        name: &LuaString,
        value: &LuaValue,
        depth: usize,
    ) -> Result<(), Uncrossable> {
        self.text(name)?;
        self.writer.raw(":");
        self.value(value, depth)
            .map_err(|why| why.within(&format!(".{}", name.to_string_lossy())))
    }
}
