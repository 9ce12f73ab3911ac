//! The table of host functions as Rhai sees it: `ctx.db` is a value of one type, and its functions are
//! registered once by name and found again in the table by module. No function is known here by name.

use std::any::TypeId;
use std::collections::BTreeSet;

use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, Map as RhaiMap, NativeCallContext};

use super::convert::{self, Reader};
use super::current;
use crate::script::host::{self, Argument, Body, HOST_FNS, HostFn};
use crate::script::running::Running;
use crate::value::Map;

/// Rhai finds functions by their number of arguments; up to here a wrong number is told by the gate.
const MOST_ARGUMENTS: usize = 5;

/// A module of host functions as a script holds it.
#[derive(Clone, Copy, Debug)]
pub struct HostModule(&'static str);

pub fn register(engine: &mut Engine) {
    engine.register_type_with_name::<HostModule>("host module");
    let names: BTreeSet<_> = HOST_FNS.iter().map(|function| function.name).collect();
    for name in names {
        for count in 0..=MOST_ARGUMENTS {
            let mut types = vec![TypeId::of::<HostModule>()];
            types.resize(count + 1, TypeId::of::<Dynamic>());
            engine.register_raw_fn(name, types, move |context: NativeCallContext, arguments| {
                call(name, &context, arguments)
            });
        }
    }
}

/// The `ctx` or `context` of one call: its own fields and the host modules.
pub fn context(fields: Map) -> Dynamic {
    let mut map: RhaiMap = fields
        .into_iter()
        .map(|(name, value)| (name.into(), convert::to_rhai(value)))
        .collect();
    for function in HOST_FNS {
        map.entry(function.module.into())
            .or_insert_with(|| Dynamic::from(HostModule(function.module)));
    }
    Dynamic::from_map(map)
}

type Answer = Result<Dynamic, Box<EvalAltResult>>;

fn call(name: &'static str, context: &NativeCallContext, arguments: &mut [&mut Dynamic]) -> Answer {
    let raise =
        |why: String| EvalAltResult::ErrorRuntime(why.into(), context.call_position()).into();
    let Some((module, arguments)) = arguments.split_first_mut() else {
        return Err(raise(format!("{name} is called without its module")));
    };
    let Some(module) = module.read_lock::<HostModule>().map(|module| *module) else {
        return Err(raise(format!("{name} is a function of a host module")));
    };
    let Some(function) = host::find(module.0, name) else {
        return Err(raise(format!(
            "there is no host function {}.{name}",
            module.0
        )));
    };
    let Some(running) = current::running() else {
        return Err(raise("there is no call".to_owned()));
    };
    let values = read(function, arguments).map_err(raise)?;
    match function.body {
        Body::Call(_) => host::invoke(function, &running, values)
            .map(convert::to_rhai)
            .map_err(raise),
        Body::Scope { .. } => {
            let callback = arguments
                .iter()
                .find_map(|argument| argument.read_lock::<FnPtr>().map(|f| f.clone()));
            host::enter(function, &running, values).map_err(raise)?;
            scoped(function, &running, callback, module, context)
        }
    }
}

/// Runs the script's function between enter and leave, whatever becomes of it.
fn scoped(
    function: &HostFn,
    running: &Running,
    callback: Option<FnPtr>,
    module: HostModule,
    context: &NativeCallContext,
) -> Answer {
    let result = match callback {
        Some(callback) => callback.call_within_context::<Dynamic>(context, (module,)),
        None => Ok(Dynamic::UNIT),
    };
    let left = host::leave(function, running, result.is_ok());
    let value = result?;
    match left {
        Ok(()) => Ok(value),
        Err(why) => Err(EvalAltResult::ErrorRuntime(why.into(), context.call_position()).into()),
    }
}

fn read(function: &HostFn, arguments: &[&mut Dynamic]) -> Result<Vec<Argument>, String> {
    let mut reader = Reader::new(function.size);
    arguments
        .iter()
        .enumerate()
        .map(|(index, argument)| {
            if argument.is::<FnPtr>() {
                return Ok(Argument::Function);
            }
            reader.read(argument).map(Argument::Plain).map_err(|why| {
                host::refuse_arguments(function, why.within(&format!("[{}]", index + 1)))
            })
        })
        .collect()
}
