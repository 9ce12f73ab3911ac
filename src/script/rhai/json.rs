//! Rhai's values as JSON text, within the budget of a result.

use rhai::{Array, Blob, Dynamic, Map as RhaiMap};

use super::convert::describe;
use crate::script::DATA_DEPTH;
use crate::script::budget::{Budget, Uncrossable};
use crate::script::json_writer::{BYTES, JsonWriter};
use crate::value::Value;

pub fn write(value: &Dynamic, budget: &mut Budget) -> Result<Value, Uncrossable> {
    let mut writer = JsonWriter::new(budget);
    write_at(&mut writer, value, DATA_DEPTH)?;
    Ok(writer.finish())
}

/// A map by itself.
pub fn write_map(map: &RhaiMap, budget: &mut Budget) -> Result<Value, Uncrossable> {
    let mut writer = JsonWriter::new(budget);
    writer.node(0)?;
    write_map_at(&mut writer, map, 0)?;
    Ok(writer.finish())
}

fn write_map_at(
    writer: &mut JsonWriter<'_>,
    map: &RhaiMap,
    depth: usize,
) -> Result<(), Uncrossable> {
    writer.raw("{");
    for (index, (name, value)) in map.iter().enumerate() {
        writer.separate(index);
        writer.text(name)?;
        writer.raw(":");
        write_at(writer, value, depth + 1).map_err(|why| why.within(&format!(".{name}")))?;
    }
    writer.raw("}");
    Ok(())
}

fn write_at(writer: &mut JsonWriter<'_>, value: &Dynamic, depth: usize) -> Result<(), Uncrossable> {
    writer.node(depth)?;
    if value.is_unit() {
        writer.null();
        return Ok(());
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return writer.text(&text);
    }
    if let Ok(number) = value.as_int() {
        return writer.int(number);
    }
    if let Ok(number) = value.as_float() {
        return writer.float(number);
    }
    if let Ok(truth) = value.as_bool() {
        writer.bool(truth);
        return Ok(());
    }
    if let Some(map) = value.read_lock::<RhaiMap>() {
        return write_map_at(writer, &map, depth);
    }
    if let Some(array) = value.read_lock::<Array>() {
        writer.raw("[");
        for (index, value) in array.iter().enumerate() {
            writer.separate(index);
            write_at(writer, value, depth + 1).map_err(|why| why.within(&format!("[{index}]")))?;
        }
        writer.raw("]");
        return Ok(());
    }
    if let Ok(character) = value.as_char() {
        return writer.text(character.encode_utf8(&mut [0; 4]));
    }
    Err(Uncrossable::kind(if value.is::<Blob>() {
        BYTES.to_owned()
    } else {
        describe(value)
    }))
}
