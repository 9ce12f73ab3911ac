//! String functions that Luau has too, but that search byte by byte without asking whether to stop.

use memchr::memmem;
use mlua::{Function, Lua, LuaString, Table};

/// `find_plain(text, needle, init)` → first and last position, counted from one.
pub fn find_plain(lua: &Lua) -> mlua::Result<Function> {
    lua.create_function(|_, (text, needle, init): (LuaString, LuaString, f64)| {
        let text = text.as_bytes();
        let needle = needle.as_bytes();
        Ok(find(&text, &needle, init).unzip())
    })
}

/// `split(text, separator)` → the parts; an empty separator gives single characters of one byte.
pub fn split(lua: &Lua) -> mlua::Result<Function> {
    lua.create_function(
        |lua, (text, separator): (LuaString, LuaString)| -> mlua::Result<Table> {
            let text = text.as_bytes();
            let separator = separator.as_bytes();
            let parts = lua.create_table()?;
            if separator.is_empty() {
                for byte in text.iter() {
                    parts.raw_push(lua.create_string([*byte])?)?;
                }
                return Ok(parts);
            }
            let mut start = 0;
            for at in memmem::find_iter(&text, &*separator) {
                parts.raw_push(lua.create_string(text.get(start..at).unwrap_or_default())?)?;
                start = at + separator.len();
            }
            parts.raw_push(lua.create_string(text.get(start..).unwrap_or_default())?)?;
            Ok(parts)
        },
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a Luau number is a float, and a text is far shorter than 2^53 bytes"
)]
fn find(text: &[u8], needle: &[u8], init: f64) -> Option<(f64, f64)> {
    let from_one = if init < 0.0 {
        (text.len() as f64 + init + 1.0).max(1.0)
    } else {
        init.max(1.0)
    };
    let start = (from_one - 1.0) as usize;
    let at = start + memmem::find(text.get(start..)?, needle)?;
    Some(((at + 1) as f64, (at + needle.len()) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_counts_from_one_and_from_the_end() {
        assert_eq!(find(b"hello", b"l", 1.0), Some((3.0, 3.0)));
        assert_eq!(find(b"hello", b"l", 4.0), Some((4.0, 4.0)));
        assert_eq!(find(b"hello", b"l", -2.0), Some((4.0, 4.0)));
        assert_eq!(find(b"hello", b"h", -99.0), Some((1.0, 1.0)));
        assert_eq!(find(b"hello", b"", 6.0), Some((6.0, 5.0)));
        assert_eq!(find(b"hello", b"", 7.0), None);
        assert_eq!(find(b"hello", b"x", 1.0), None);
        assert_eq!(find(b"hello", b"h", 1e300), None);
    }
}
