//! What the fuzz targets of `tests/fuzz` feed with bytes: one function for each reader of what strangers wrote.
//!
//! Only in builds with the feature `fuzzing`. A panic, an abort or a time-out in here is a bug.

use std::io::Write as _;
use std::sync::LazyLock;
use std::time::Duration;

use crate::http::edge;
use crate::marketplace::manifest::Registry;
use crate::marketplace::source::zip;
use crate::script::{Limits, RouteTable, Runtime, STACK_BYTES, ScriptFiles};
use crate::session;
use crate::storage::door::statement::Statement;
use crate::tenant::TenantId;
use crate::value::Value;

/// So that an input that never ends is told from one that is slow.
const LOAD_TIME: Duration = Duration::from_millis(200);

/// `plugins.json`.
pub fn manifest(bytes: &[u8]) {
    let _ = Registry::parse(bytes);
}

/// Lines of routes, the last of them the path that is asked for.
pub fn route_match(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<&str> = text.lines().collect();
    let asked = lines.pop().unwrap_or_default();
    let routes = lines.into_iter().map(|line| (line.to_owned(), Value::Null));
    if let Ok(table) = RouteTable::parse(routes.collect()) {
        let (method, path) = asked.split_once(' ').unwrap_or(("GET", asked));
        if let Some(found) = table.find(method, path) {
            assert!(table.keys().any(|key| key == found.key));
        }
    }
}

/// The head of a request, up to its empty line.
pub fn edge_head(bytes: &[u8]) {
    edge::fuzz_head(bytes);
}

/// A plugin's statement, as far as it is read without a database.
pub fn sql_door(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Statement::parse(text, &TenantId::of_organization(1));
    }
}

/// An expression whose value the host reads, in both languages.
pub fn value_converter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        Runtime::new(Limits {
            load_time: LOAD_TIME,
            ..Limits::default()
        })
    });
    let lua = format!("return {{ metadata = (function() {text}\nend)() }}");
    let rhai = format!("fn metadata() {{ {text}\n}}");
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let work = || {
            for (name, source) in [("main.lua", lua), ("main.rhai", rhai)] {
                let files = ScriptFiles::from([(name.to_owned(), source.into_bytes())]);
                let _ = RUNTIME.compile(name, &files);
            }
        };
        let ended = thread
            .spawn_scoped(scope, work)
            .map(|thread| thread.join().is_ok());
        assert!(matches!(ended, Ok(true)));
    });
}

/// A marketplace in a zip file.
pub fn archive(bytes: &[u8]) {
    let Ok(mut file) = tempfile::NamedTempFile::new() else {
        return;
    };
    if file.write_all(bytes).is_ok() {
        zip::fuzz(file.path());
    }
}

/// A bearer token.
pub fn jwt(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        session::fuzz_token(text);
    }
}
