//! `import "lib/rows" as rows`: modules of the package and nothing else.
//!
//! Imports are resolved when a plugin is compiled and travel inside its syntax tree. The engine
//! that runs plugins has no resolver, so a path that is put together at run time finds nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rhai::{AST, Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::engine;
use crate::script::limits::Limits;

type Resolved<T> = Result<T, Box<EvalAltResult>>;

/// Compiles an entry point with all modules that it and they import.
pub fn compile(
    entry_point: &str,
    source: &str,
    sources: &BTreeMap<&str, &str>,
    limits: &Limits,
) -> Resolved<AST> {
    let mut engine = engine::build(limits);
    engine.set_module_resolver(PackageResolver {
        sources: sources
            .iter()
            .map(|(path, source)| ((*path).to_owned(), (*source).to_owned()))
            .collect(),
        state: Arc::default(),
    });
    let mut tree = engine.compile_into_self_contained(&Scope::new(), source)?;
    tree.set_source(entry_point);
    Ok(tree)
}

struct PackageResolver {
    sources: BTreeMap<String, String>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    done: BTreeMap<String, Shared<Module>>,
    /// Modules whose evaluation has begun: one that is asked for again imports itself.
    open: Vec<String>,
}

impl PackageResolver {
    fn parse(&self, engine: &Engine, path: &str, position: Position) -> Resolved<AST> {
        let file = file_of(path);
        let Some(source) = self.sources.get(&file) else {
            let why = format!("{file}, which the package does not have");
            return Err(EvalAltResult::ErrorModuleNotFound(why, position).into());
        };
        let mut tree = engine
            .compile(source)
            .map_err(|error| EvalAltResult::ErrorInModule(file.clone(), error.into(), position))?;
        tree.set_source(file);
        Ok(tree)
    }
}

impl ModuleResolver for PackageResolver {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Resolved<Shared<Module>> {
        let file = file_of(path);
        {
            let mut state = self.state.lock();
            if let Some(module) = state.done.get(&file) {
                return Ok(Shared::clone(module));
            }
            if state.open.contains(&file) {
                let why = format!("{file} imports itself, directly or through others");
                return Err(EvalAltResult::ErrorRuntime(why.into(), position).into());
            }
            state.open.push(file.clone());
        }
        let module = self
            .parse(engine, path, position)
            .and_then(|tree| Module::eval_ast_as_new(Scope::new(), &tree, engine));
        let mut state = self.state.lock();
        state.open.retain(|open| *open != file);
        let module: Shared<Module> = module?.into();
        state.done.insert(file, Shared::clone(&module));
        Ok(module)
    }

    fn resolve_ast(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Option<Resolved<AST>> {
        Some(self.parse(engine, path, position))
    }
}

fn file_of(path: &str) -> String {
    let path = path.strip_suffix(".rhai").unwrap_or(path);
    format!("{path}.rhai")
}
