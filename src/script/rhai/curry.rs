//! `curry`, for plain values alone.
//!
//! Rhai measures lists and maps but does not look into a function, so a list that a function carries is copied as
//! often as the function is, and hides how deep a value nests. A closure is no such thing: what it uses from around
//! it is shared, not copied. The engine knows `curry` by its name and cannot be given another, so the name is
//! changed while a source is read; the closures that Rhai makes itself are not read from a source.

use std::any::TypeId;

use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext, Token};

const OF_RHAI: &str = "curry";
const OURS: &str = "souk_curry";
const MOST_VALUES: usize = 5;

pub fn register(engine: &mut Engine) {
    for count in 1..=MOST_VALUES {
        let mut types = vec![TypeId::of::<FnPtr>()];
        types.resize(count + 1, TypeId::of::<Dynamic>());
        engine.register_raw_fn(OURS, types, |context: NativeCallContext, arguments| {
            curry(arguments).map_err(|why| {
                EvalAltResult::ErrorRuntime(why.into(), context.call_position()).into()
            })
        });
    }
}

/// What stands in a source for this token.
pub fn renamed(token: Token) -> Token {
    match token {
        Token::Reserved(name) if name.as_str() == OF_RHAI => {
            Token::Identifier(Box::new(OURS.into()))
        }
        token => token,
    }
}

fn curry(arguments: &mut [&mut Dynamic]) -> Result<Dynamic, &'static str> {
    let Some((function, values)) = arguments.split_first_mut() else {
        return Err("curry is called on a function");
    };
    let Some(mut curried) = function
        .read_lock::<FnPtr>()
        .map(|function| function.clone())
    else {
        return Err("curry is called on a function");
    };
    for value in values {
        let value = std::mem::take(*value).flatten();
        if !is_plain(&value) {
            return Err(
                "curry takes numbers, text and booleans; a closure may use any variable around it, as in \
                 |index| list[index]",
            );
        }
        curried.add_curry(value);
    }
    Ok(curried.into())
}

fn is_plain(value: &Dynamic) -> bool {
    value.is_unit()
        || value.is_bool()
        || value.is_int()
        || value.is_float()
        || value.is_char()
        || value.is_string()
}
