//! What Rhai's own lists do in one step that nobody can stop: `pad`, which copies a value of unknown weight, and
//! `==`, which goes down into what is nested.

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map as RhaiMap, NativeCallContext, Position};

use super::current;

/// Values that nest deeper are not compared.
const MOST_LEVELS: usize = 256;

type Answer<T> = Result<T, Box<EvalAltResult>>;

pub fn register(engine: &mut Engine, longest: usize) {
    engine.register_fn(
        "pad",
        move |list: &mut Array, length: i64, item: Dynamic| pad(list, length, &item, longest),
    );
    engine.register_fn(
        "==",
        |context: NativeCallContext, one: &mut Array, mut other: Array| {
            lists_are_equal(&context, one, &mut other, 0)
        },
    );
    engine.register_fn(
        "!=",
        |context: NativeCallContext, one: &mut Array, mut other: Array| {
            lists_are_equal(&context, one, &mut other, 0).map(|equal| !equal)
        },
    );
    engine.register_fn(
        "==",
        |context: NativeCallContext, one: &mut RhaiMap, mut other: RhaiMap| {
            maps_are_equal(&context, one, &mut other, 0)
        },
    );
    engine.register_fn(
        "!=",
        |context: NativeCallContext, one: &mut RhaiMap, mut other: RhaiMap| {
            maps_are_equal(&context, one, &mut other, 0).map(|equal| !equal)
        },
    );
}

/// The first copy is weighed, then it is known whether there is room for the others.
fn pad(list: &mut Array, length: i64, item: &Dynamic, longest: usize) -> Answer<()> {
    let length = usize::try_from(length).unwrap_or(0);
    if length > longest {
        return Err(too_large());
    }
    let missing = length.saturating_sub(list.len());
    list.reserve(missing);
    for number in 0..missing {
        let room = current::room();
        list.push(item.clone());
        let weight = room.saturating_sub(current::room());
        let others = missing - number - 1;
        if weight.saturating_mul(others) > current::room() {
            return Err(too_large());
        }
        if weight == 0 {
            // Copies of it share what it holds.
            list.resize(length, item.clone());
            break;
        }
    }
    Ok(())
}

fn too_large() -> Box<EvalAltResult> {
    EvalAltResult::ErrorDataTooLarge("Size of array/BLOB".to_owned(), Position::NONE).into()
}

fn lists_are_equal(
    context: &NativeCallContext,
    one: &mut Array,
    other: &mut Array,
    depth: usize,
) -> Answer<bool> {
    if one.len() != other.len() {
        return Ok(false);
    }
    for (one, other) in one.iter_mut().zip(other) {
        if !are_equal(context, one, other, depth)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn maps_are_equal(
    context: &NativeCallContext,
    one: &mut RhaiMap,
    other: &mut RhaiMap,
    depth: usize,
) -> Answer<bool> {
    if one.len() != other.len() {
        return Ok(false);
    }
    for (name, one) in one {
        let Some(other) = other.get_mut(name) else {
            return Ok(false);
        };
        if !are_equal(context, one, other, depth)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn are_equal(
    context: &NativeCallContext,
    one: &mut Dynamic,
    other: &mut Dynamic,
    depth: usize,
) -> Answer<bool> {
    if depth == MOST_LEVELS {
        let why = format!("values that nest deeper than {MOST_LEVELS} levels cannot be compared");
        return Err(why.into());
    }
    if let (Some(mut one), Some(mut other)) =
        (one.write_lock::<Array>(), other.write_lock::<Array>())
    {
        return lists_are_equal(context, &mut one, &mut other, depth + 1);
    }
    if let (Some(mut one), Some(mut other)) =
        (one.write_lock::<RhaiMap>(), other.write_lock::<RhaiMap>())
    {
        return maps_are_equal(context, &mut one, &mut other, depth + 1);
    }
    let same_kind = one.type_id() == other.type_id();
    match context.call_native_fn_raw("==", true, &mut [one, other]) {
        Ok(equal) => Ok(equal.as_bool().unwrap_or(false)),
        // Values of different kinds that nothing compares are not equal.
        Err(error) if !same_kind && matches!(*error, EvalAltResult::ErrorFunctionNotFound(..)) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
