//! Sources that are small and hard to compile. Luau's parser cannot be interrupted, so the size of a source bounds it.

use crate::selftest::seed::Kind;

/// A source of nearly the most that a file may have.
pub struct Bomb {
    pub name: &'static str,
    pub kind: Kind,
    build: fn(usize) -> String,
}

/// A little below the limit, so that the plugin around it fits.
const BYTES: usize = 255 << 10;

pub const BOMBS: &[Bomb] = &[
    lua("empty tables", |bytes| {
        fill("local t = {", "{},", "}", bytes)
    }),
    lua("nested tables", |bytes| {
        nest("local t = ", "{", "1", "}", bytes)
    }),
    lua("local functions", |bytes| {
        fill("", "local function f() end ", "", bytes)
    }),
    lua("functions in functions", |bytes| {
        nest("local f = ", "function() return ", "1", " end", bytes)
    }),
    lua("parentheses", |bytes| {
        nest("local x = ", "(", "1", ")", bytes)
    }),
    lua("joined texts", |bytes| {
        fill("local x = ''", "..''", "", bytes)
    }),
    lua("sums", |bytes| fill("local x = 1", "+1", "", bytes)),
    lua("negations", |bytes| fill("local x = ", "- ", "1", bytes)),
    lua("powers", |bytes| fill("local x = 1", "^1", "", bytes)),
    lua("branches", |bytes| {
        fill("local a = 1 if a then ", "elseif a then ", "end", bytes)
    }),
    lua("blocks in blocks", |bytes| {
        nest("", "do ", "", " end", bytes)
    }),
    lua("constants", |bytes| {
        numbered("local t = {}\n", |i| format!("t.k{i}={i}.5\n"), bytes)
    }),
    lua("types", |bytes| {
        fill("type T = number", "|number", "", bytes)
    }),
    lua("nested types", |bytes| {
        nest("type T = ", "{", "number", "}", bytes)
    }),
    lua("indexes", |bytes| {
        fill("local x = {} local y = x", ".a", "", bytes)
    }),
    lua("calls", |bytes| fill("local f = print f", "()", "", bytes)),
    lua("interpolated texts", |bytes| {
        fill("local x = `", "{1}", "`", bytes)
    }),
    lua("conditions as values", |bytes| {
        fill("local a local x = ", "if a then 1 else ", "1", bytes)
    }),
    rhai("empty lists", |bytes| {
        fill("let t = [", "[],", "1];", bytes)
    }),
    rhai("nested lists", |bytes| {
        nest("let t = ", "[", "1", "]", bytes)
    }),
    rhai("parentheses", |bytes| {
        nest("let x = ", "(", "1", ")", bytes)
    }),
    rhai("sums", |bytes| fill("let x = 1", "+1", ";", bytes)),
    rhai("sums that cannot be folded", |bytes| {
        fill("let a = 1; let x = a", "+a", ";", bytes)
    }),
    rhai("doubled texts", |bytes| {
        fill(
            "const S = \"xxxxxxxxxxxxxxxx\"; let x = S",
            "+S",
            ";",
            bytes,
        )
    }),
    rhai("functions", |bytes| {
        numbered("", |i| format!("fn f{i}() {{ }}\n"), bytes)
    }),
    rhai("closures", |bytes| fill("", "let f = || 1;", "", bytes)),
    rhai("closures in closures", |bytes| {
        nest("let f = ", "|| ", "1", "", bytes)
    }),
    rhai("blocks in blocks", |bytes| nest("", "{", "", "}", bytes)),
    rhai("branches", |bytes| {
        fill("let a = true; ", "if a { } else ", "{ }", bytes)
    }),
    rhai("constants", |bytes| {
        numbered("", |i| format!("const C{i} = {i};\n"), bytes)
    }),
    rhai("templates", |bytes| fill("let x = `", "${1}", "`;", bytes)),
    rhai("switches", |bytes| {
        numbered("let a = 1; switch a {", |i| format!("{i}=>1,"), bytes) + "_=>1};"
    }),
    rhai("negations", |bytes| fill("let x = ", "!", "true;", bytes)),
    rhai("comments in comments", |bytes| {
        nest("", "/*", "", "*/", bytes)
    }),
];

const fn lua(name: &'static str, build: fn(usize) -> String) -> Bomb {
    Bomb {
        name,
        kind: Kind::Lua,
        build,
    }
}

const fn rhai(name: &'static str, build: fn(usize) -> String) -> Bomb {
    Bomb {
        name,
        kind: Kind::Rhai,
        build,
    }
}

impl Bomb {
    pub fn source(&self) -> String {
        (self.build)(BYTES)
    }
}

fn fill(head: &str, piece: &str, tail: &str, bytes: usize) -> String {
    let count = (bytes - head.len() - tail.len()) / piece.len();
    format!("{head}{}{tail}", piece.repeat(count))
}

fn nest(head: &str, open: &str, middle: &str, close: &str, bytes: usize) -> String {
    let count = (bytes - head.len() - middle.len()) / (open.len() + close.len());
    format!(
        "{head}{}{middle}{}",
        open.repeat(count),
        close.repeat(count)
    )
}

fn numbered(head: &str, piece: impl Fn(usize) -> String, bytes: usize) -> String {
    let mut text = head.to_owned();
    for number in 0.. {
        let next = piece(number);
        if text.len() + next.len() > bytes {
            break;
        }
        text.push_str(&next);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bomb_is_as_large_as_a_source_may_be_and_no_larger() {
        for bomb in BOMBS {
            let bytes = bomb.source().len();
            assert!(
                (200 << 10..256 << 10).contains(&bytes),
                "{}: {bytes}",
                bomb.name
            );
        }
    }
}
