//! What the tests of this room share: small plugins around a piece of script, and calls to run them.

use std::sync::Arc;
use std::time::Duration;

use crate::outbound::{Outbound, OutboundPolicy};
use crate::plugin_key::PluginKey;
use crate::script::{
    Call, CallSecrets, CompileError, Grant, Limits, Program, Runtime, STACK_BYTES, ScriptError,
    ScriptFiles,
};
use crate::secret::SecretBox;
use crate::tenant::TenantId;
use crate::value::{Map, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Lua,
    Rhai,
}

impl Language {
    pub const BOTH: [Self; 2] = [Self::Lua, Self::Rhai];

    pub fn entry_point(self) -> &'static str {
        match self {
            Self::Lua => "main.lua",
            Self::Rhai => "main.rhai",
        }
    }

    /// A plugin whose `GET /` runs `body`, a function body with `ctx`.
    pub fn plugin(self, body: &str) -> String {
        match self {
            Self::Lua => format!(
                "local plugin = {{ metadata = {{ name = 'Test' }} }}
                function plugin.install() return {{ success = true }} end
                function plugin.uninstall() return {{ success = true }} end
                plugin.router = {{ ['GET /'] = function(ctx) {body} end }}
                return plugin"
            ),
            Self::Rhai => format!(
                "fn metadata() {{ #{{ name: \"Test\" }} }}
                fn install(userId, tenantId, config, context) {{ #{{ success: true }} }}
                fn uninstall(userId, tenantId, context) {{ #{{ success: true }} }}
                fn router() {{ #{{ \"GET /\": Fn(\"run\") }} }}
                fn run(ctx) {{ {body} }}"
            ),
        }
    }
}

pub fn files<const N: usize>(files: [(&str, &str); N]) -> ScriptFiles {
    files
        .into_iter()
        .map(|(path, source)| (path.to_owned(), source.as_bytes().to_vec()))
        .collect()
}

pub fn compile(language: Language, source: &str) -> Result<Program, CompileError> {
    compile_with(language, source, Limits::default())
}

pub fn compile_with(
    language: Language,
    source: &str,
    limits: Limits,
) -> Result<Program, CompileError> {
    Runtime::new(limits).compile(
        language.entry_point(),
        &files([(language.entry_point(), source)]),
    )
}

pub fn call() -> Call {
    Call {
        grant: Grant::everything(),
        tenant: TenantId::of_organization(1),
        plugin: PluginKey::parse("test").unwrap(),
        user_id: 7,
        configuration: Value::map([("url", "https://example.org".into())]),
        secrets: CallSecrets::new(
            Arc::new(SecretBox::sample()),
            vec![("/password".to_owned(), "hush".into())],
        ),
        db: None,
        outbound: Arc::new(Outbound::new(OutboundPolicy::default())),
        settings: Arc::new(
            [("TEST_SETTING".to_owned(), "kept".to_owned())]
                .into_iter()
                .collect(),
        ),
        redaction: crate::redaction::Redaction::default(),
        wall: Duration::from_secs(30),
    }
}

/// Runs `GET /` of a program.
pub fn run(program: &Program, ctx: Map) -> Result<Value, ScriptError> {
    run_as(program, ctx, call())
}

pub fn run_as(program: &Program, ctx: Map, call: Call) -> Result<Value, ScriptError> {
    let route = program.routes().find("GET", "/").expect("the route");
    program.run_route(&route, ctx, call).result
}

/// Compiles a plugin around `body` and runs it once.
pub fn eval(language: Language, body: &str) -> Result<Value, ScriptError> {
    let program = compile(language, &language.plugin(body)).expect("it compiles");
    run(&program, Map::new())
}

/// Runs on a thread with the stack that scripts need.
pub fn on_script_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work)
            .expect("a thread")
            .join()
            .expect("no panic")
    })
}
