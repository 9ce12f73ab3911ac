//! The hostile plugins: cases become routes, a few dozen to a plugin, in a marketplace folder that only the private
//! instance reads. Beside them stands an honest one, whose rows are canaries.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use url::Url;

use super::canaries::Canaries;
use super::case::Case;
use super::seed::Kind;
use crate::error::Result;
use crate::script::{CompileError, Limits, Runtime, ScriptFiles};

/// The honest plugin.
pub const HONEST: &str = "honest";
/// Its table.
pub const HONEST_TABLE: &str = "honest_rows";

/// Routes of one plugin: its source is read at each call.
const MOST_ROUTES: usize = 24;
/// Its source, below what a file may have.
const MOST_BYTES: usize = 100 << 10;

/// A plugin and what its routes do; route `/c<n>` is the case at that place.
pub struct Hostile {
    pub key: String,
    pub cases: Vec<Case>,
    /// Its one case is known not to compile, and shall not spoil others.
    pub is_alone: bool,
    language: Language,
}

/// The compilers of the product, asked beforehand.
struct Compilers(Runtime);

impl Compilers {
    fn new() -> Self {
        Self(Runtime::new(Limits::default()))
    }

    /// Whether they take the case as it is.
    /// Only Rhai bounds how deep a source nests, and every seed compiles as it is.
    fn take(&self, case: &Case) -> bool {
        let language = Language::Rhai;
        if !language.speaks(case) || !case.is_wrapped() {
            return true;
        }
        let plugin = Hostile {
            key: String::new(),
            cases: vec![case.clone()],
            is_alone: true,
            language,
        };
        self.compile(&plugin).is_ok()
    }

    fn compile(&self, plugin: &Hostile) -> std::result::Result<(), CompileError> {
        let entry_point = plugin.language.entry_point();
        let source = plugin.text().into_bytes();
        let files = ScriptFiles::from([(entry_point.to_owned(), source)]);
        self.0.compile(entry_point, &files).map(|_| ())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Lua,
    Rhai,
}

/// Parts cases into plugins; each has cases of one language.
pub fn part(name: &str, cases: Vec<Case>) -> Vec<Hostile> {
    let compilers = Compilers::new();
    let mut plugins: Vec<Hostile> = Vec::new();
    for language in [Language::Lua, Language::Rhai] {
        let mut bytes = usize::MAX;
        for case in cases.iter().filter(|case| language.speaks(case)) {
            let size = case.body().len();
            let is_alone = !compilers.take(case);
            let full = is_alone
                || plugins
                    .last()
                    .is_none_or(|last| last.is_alone || last.cases.len() >= MOST_ROUTES);
            if full || bytes.saturating_add(size) > MOST_BYTES {
                bytes = 0;
                plugins.push(Hostile {
                    key: format!("{name}-{}", plugins.len()),
                    cases: Vec::new(),
                    is_alone,
                    language,
                });
            }
            bytes += size;
            if let Some(last) = plugins.last_mut() {
                last.cases.push(case.clone());
            }
        }
    }
    plugins
}

/// A plugin as it lies in the marketplace.
pub struct Package {
    pub key: String,
    pub entry_point: &'static str,
    pub files: Vec<(&'static str, String)>,
    /// The hosts that it asks to reach. They are granted, so that what stands behind the grant is tried.
    pub hosts: Vec<String>,
}

/// Writes a marketplace of these.
pub fn write(folder: &Path, packages: &[Package]) -> Result<()> {
    for package in packages {
        std::fs::create_dir_all(folder.join(&package.key))?;
        for (name, source) in &package.files {
            std::fs::write(folder.join(&package.key).join(name), source)?;
        }
    }
    let listed: Vec<Value> = packages.iter().map(Package::manifest).collect();
    let document = json!({"version": "1.0.0", "plugins": listed});
    std::fs::write(folder.join("plugins.json"), document.to_string())?;
    Ok(())
}

/// The plugin whose rows are canaries.
pub fn honest() -> Package {
    Package {
        key: HONEST.to_owned(),
        entry_point: Language::Lua.entry_point(),
        files: vec![(Language::Lua.entry_point(), HONEST_SOURCE.to_owned())],
        hosts: Vec::new(),
    }
}

impl Package {
    fn manifest(&self) -> Value {
        let network = json!({
            "capability": "network", "hosts": self.hosts, "reason": "The guard behind the grant is tried",
        });
        json!({
            "permissions": if self.hosts.is_empty() { json!([]) } else { json!([network]) },
            "key": self.key, "name": self.key, "displayName": self.key, "description": "A part of the selftest",
            "version": "1.0.0", "author": "Souk", "isPublished": true, "installationType": "tenant_scoped",
            "pluginPath": self.key, "entryPoint": self.entry_point,
        })
    }
}

impl Language {
    fn speaks(self, case: &Case) -> bool {
        let is_rhai = matches!(case.seed.kind, Kind::Rhai | Kind::RhaiReturn);
        is_rhai == (self == Self::Rhai)
    }

    fn entry_point(self) -> &'static str {
        match self {
            Self::Lua => "main.lua",
            Self::Rhai => "main.rhai",
        }
    }
}

impl Hostile {
    /// The table that its install makes.
    fn table(&self) -> String {
        format!("own_{}", self.key.replace('-', "_"))
    }

    pub fn package(&self, canaries: &Canaries) -> Package {
        let entry_point = self.language.entry_point();
        Package {
            key: self.key.clone(),
            entry_point,
            files: vec![(entry_point, self.source(canaries))],
            hosts: self.hosts(canaries),
        }
    }

    /// The hosts of its addresses, where they name one.
    fn hosts(&self, canaries: &Canaries) -> Vec<String> {
        let urls = self.cases.iter().filter(|case| case.seed.kind == Kind::Url);
        let hosts: BTreeSet<String> = urls
            .filter_map(|case| Url::parse(&canaries.fill_in(case.seed.code)).ok())
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .filter_map(|url| Some((url.host()?.to_string(), url.port_or_known_default()?)))
            // The root's own dot is no part of a pattern.
            .filter(|(host, _)| !host.ends_with('.'))
            .map(|(host, port)| format!("{host}:{port}"))
            .collect();
        hosts.into_iter().collect()
    }

    fn source(&self, canaries: &Canaries) -> String {
        canaries
            .fill_in(&self.text())
            .replace("OTHER", HONEST_TABLE)
            .replace("OWN", &self.table())
    }

    fn text(&self) -> String {
        match self.language {
            Language::Lua => self.lua(),
            Language::Rhai => self.rhai(),
        }
    }

    fn lua(&self) -> String {
        let mut text = LUA_HEAD.to_owned();
        for (number, case) in self.cases.iter().enumerate() {
            let show = match case.seed.kind {
                Kind::Lua | Kind::HostCall => "shown",
                _ if case.is_whole_reply() => "whole",
                _ => "data",
            };
            let _never_fails = writeln!(
                text,
                "plugin.router[\"GET /c{number}\"] = {show}(function(ctx) {} end)",
                case.body()
            );
        }
        text + "return plugin\n"
    }

    fn rhai(&self) -> String {
        let mut text = RHAI_HEAD.to_owned();
        let mut routes = String::new();
        for (number, case) in self.cases.iter().enumerate() {
            let reply = match case.seed.kind {
                Kind::Rhai => {
                    "if type_of(got) == \"string\" { #{ data: got } } else { #{ data: type_of(got) } }"
                }
                _ if case.is_whole_reply() => "got",
                _ => "#{ data: got }",
            };
            let _never_fails = writeln!(
                text,
                "fn b{number}(ctx) {{ {} }}\nfn c{number}(ctx) {{ let got = b{number}(ctx); {reply} }}",
                case.body()
            );
            let _never_fails = write!(routes, "\"GET /c{number}\": Fn(\"c{number}\"), ");
        }
        format!("{text}fn router() {{ #{{ {routes} \"GET /well\": Fn(\"well\") }} }}\n")
    }
}

const LUA_HEAD: &str = "local plugin = { metadata = { name = 'Hostile', version = '1.0.0', author = 'Souk', description = 'Hostile' }, router = {} }
function plugin.install(userId, tenantId, config, context)
  context.db.execute('CREATE TABLE OWN (id INTEGER PRIMARY KEY, note TEXT)')
  context.db.execute(\"INSERT INTO OWN (note) VALUES ('own')\")
  return { success = true }
end
function plugin.uninstall() return { success = true } end
plugin.router['GET /well'] = function() return { data = true } end
local function shown(run)
  return function(ctx)
    local got = run(ctx)
    return { data = if type(got) == 'string' then got else type(got) }
  end
end
local function data(run) return function(ctx) return { data = run(ctx) } end end
local function whole(run) return run end
";

const RHAI_HEAD: &str = "fn metadata() { #{ name: \"Hostile\", version: \"1.0.0\", author: \"Souk\", description: \"Hostile\" } }
fn install(userId, tenantId, config, context) { #{ success: true } }
fn uninstall(userId, tenantId, context) { #{ success: true } }
fn well(ctx) { #{ data: true } }
";

const HONEST_SOURCE: &str = "local plugin = { metadata = { name = 'Honest', version = '1.0.0', author = 'Souk', description = 'Honest' } }
function plugin.install(userId, tenantId, config, context)
  context.db.execute('CREATE TABLE honest_rows (id INTEGER PRIMARY KEY, token TEXT)')
  return { success = true }
end
function plugin.uninstall() return { success = true } end
plugin.router = {
  ['POST /token'] = function(ctx)
    ctx.db.execute('INSERT INTO honest_rows (token) VALUES (?)', { ctx.body.token })
    return { data = true }
  end,
  ['GET /tokens'] = function(ctx)
    return { data = ctx.db.query('SELECT token FROM honest_rows ORDER BY id') }
  end,
}
return plugin
";

#[cfg(test)]
mod tests {
    use super::super::case;
    use super::*;

    #[test]
    fn every_case_is_in_one_plugin_and_plugins_of_many_cases_compile() {
        let cases = case::first(1_000);
        let plugins = part("p", cases.clone());
        let placed: usize = plugins.iter().map(|plugin| plugin.cases.len()).sum();
        assert_eq!(placed, cases.len());
        let compilers = Compilers::new();
        for plugin in plugins {
            let compiled = compilers.compile(&plugin);
            assert_eq!(
                compiled.is_err(),
                plugin.is_alone,
                "{}: {compiled:?}",
                plugin.key
            );
            assert!(!plugin.is_alone || plugin.cases.len() == 1);
        }
    }

    #[test]
    fn a_case_that_does_not_compile_stands_alone() {
        let all = case::first(30_000);
        let named = |name: &str| all.iter().find(|case| case.name() == name).unwrap().clone();
        let good = named("rhai: endless loop");
        let deep = named("rhai: recursion within a map [in a loop, in a loop]");
        let plugins = part("p", vec![good.clone(), deep, good]);
        let alone: Vec<bool> = plugins.iter().map(|plugin| plugin.is_alone).collect();
        assert_eq!(alone, [false, true, false]);
        assert!(plugins.iter().all(|plugin| plugin.cases.len() == 1));
    }
}
