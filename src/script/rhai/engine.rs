//! What Rhai offers to plugins: packages that compute, and no clock, no `sleep`, no `eval`.

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicBlobPackage, BasicFnPackage, BasicIteratorPackage,
    BasicMapPackage, BasicMathPackage, BasicStringPackage, BitFieldPackage, LogicPackage,
    MoreStringPackage, Package as _,
};
use rhai::{Dynamic, Engine, LexError, Token};

use super::{current, curry, glue, lists, strings, text};
use crate::script::host;
use crate::script::limits::Limits;

/// How deep expressions may nest, outside and inside functions: the same in every build profile, as
/// Rhai's own default for debug builds refuses ordinary plugins.
const EXPRESSION_DEPTHS: (usize, usize) = (64, 32);
const MOST_FUNCTIONS: usize = 500;
const MOST_MODULES: usize = 200;
/// In all files of a plugin.
const MOST_DECLARATIONS: u32 = 5_000;

pub fn build(limits: &Limits) -> Engine {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BitFieldPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicBlobPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);

    engine.disable_symbol("eval");
    engine.set_max_operations(limits.rhai_operations);
    engine.set_max_string_size(limits.rhai_text);
    engine.set_max_array_size(limits.rhai_list);
    engine.set_max_map_size(limits.rhai_map);
    engine.set_max_variables(limits.rhai_variables);
    engine.set_max_call_levels(limits.rhai_call_levels);
    engine.set_max_functions(MOST_FUNCTIONS);
    engine.set_max_modules(MOST_MODULES);
    engine.set_max_expr_depths(EXPRESSION_DEPTHS.0, EXPRESSION_DEPTHS.1);
    engine.on_progress(|_| current::must_stop().then_some(Dynamic::UNIT));
    bound_parsing(&mut engine);
    engine.set_optimization_level(rhai::OptimizationLevel::None);
    engine.on_print(print);
    engine.on_debug(|text, _, _| print(text));

    strings::register(&mut engine, limits.rhai_text);
    lists::register(&mut engine, limits.rhai_list);
    text::register(&mut engine, limits);
    curry::register(&mut engine);
    glue::register(&mut engine);
    engine
}

/// Parsing reports no progress, but each token may be looked at: that is where a load ends in time.
#[expect(
    deprecated,
    reason = "marked so because it may change; our tests would tell"
)]
fn bound_parsing(engine: &mut Engine) {
    engine.on_parse_token(|token, _, _| {
        let refused = |why: String| Token::LexError(LexError::Runtime(why).into());
        // Within a template the parser takes nothing but text, and panics at any other error.
        let may_be_template = matches!(
            token,
            Token::StringConstant(..) | Token::InterpolatedString(..) | Token::LexError(..)
        );
        if !may_be_template && current::must_stop() {
            return refused("the time to load a plugin is over".to_owned());
        }
        // The parser looks through all names of a scope for each new one.
        if matches!(token, Token::Let | Token::Const) && current::declare() > MOST_DECLARATIONS {
            return refused(format!(
                "more than {MOST_DECLARATIONS} variables and constants"
            ));
        }
        curry::renamed(token)
    });
}

/// `print` and `debug` write to the log, through the gate like `log.info`.
fn print(text: &str) {
    let Some(running) = current::running() else {
        return;
    };
    if let Some(info) = host::find("log", "info") {
        let line = vec![host::Argument::Plain(text.into())];
        // A plugin that may not log prints nothing.
        let _ = host::invoke(info, &running, line);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::script::running::Running;

    #[test]
    fn a_load_that_meets_a_limit_within_a_template_is_refused_and_does_not_panic() {
        let limits = Arc::new(Limits::default());
        let engine = build(&limits);
        let source = format!("`{}`", "${1}".repeat(2_000));
        // Each step ends the load at another token.
        for step in 0..200 {
            let running = Arc::new(Running::loading(&limits));
            let _current = current::enter(&running, 10_000 + 101 * step);
            let refused = engine.compile(&source).unwrap_err().to_string();
            assert!(refused.contains("is over"), "{refused}");
        }
    }
}
