//! What a plugin author can rely on, the same in both languages.

use super::fixture::{Language, compile, eval, files, on_script_stack, run};
use super::{Hook, Limits, Runtime, ScriptError};
use crate::value::{Map, Value};

fn raised(result: Result<Value, ScriptError>) -> (String, Option<u16>) {
    match result {
        Err(ScriptError::Raised { message, status }) => (message, status),
        other => panic!("not raised: {other:?}"),
    }
}

#[test]
fn each_call_starts_from_clean_state() {
    let lua = compile(
        Language::Lua,
        "local counter = 0
        hits = 0
        local plugin = { metadata = {}, install = function() end, uninstall = function() end }
        plugin.router = { ['GET /'] = function(ctx)
            counter = counter + 1
            hits = hits + 1
            plugin.seen = (plugin.seen or 0) + 1
            return { data = { counter, hits, plugin.seen } }
        end }
        return plugin",
    )
    .unwrap();
    let rhai = compile(
        Language::Rhai,
        "const COUNTER = [0];
        fn metadata() { #{} }
        fn install(u, t, c, x) { }
        fn uninstall(u, t, x) { }
        fn router() { let n = 0; #{ \"GET /\": |ctx| { n += 1; #{ data: [n, n, n] } } } }",
    )
    .unwrap();
    let ones = Value::map([("data", Value::Json(b"[1,1,1]".to_vec()))]);
    for _ in 0..3 {
        assert_eq!(run(&lua, Map::new()).unwrap(), ones);
        assert_eq!(run(&rhai, Map::new()).unwrap(), ones);
    }
}

#[test]
fn values_cross_both_ways_unchanged() {
    let value = Value::map([
        ("null", Value::Null),
        ("empty", Value::List(Vec::new())),
        (
            "nested",
            Value::List(vec![Value::Null, Value::List(Vec::new()), Value::Int(1)]),
        ),
        ("exact", Value::Int(1 << 53)),
        ("half", Value::Float(0.5)),
        ("text", "ü\n".into()),
        ("yes", Value::Bool(true)),
        ("bytes", Value::Bytes(vec![0, 255])),
    ]);
    let ctx = Map::from_iter([("body".to_owned(), value.clone())]);
    for (language, body) in [
        (Language::Lua, "return { value = ctx.body }"),
        (Language::Rhai, "#{ value: ctx.body }"),
    ] {
        let program = compile(language, &language.plugin(body)).unwrap();
        let reply = run(&program, ctx.clone()).unwrap();
        let Some(Value::Map(data)) = reply.get("value") else {
            panic!("{reply:?}");
        };
        for (name, expected) in ctx["body"].as_map() {
            assert_eq!(data.get(name), Some(expected), "{language:?} {name}");
        }
    }
}

#[test]
fn integers_beyond_a_float_reach_lua_as_digits_and_rhai_exactly() {
    let ctx = Map::from_iter([("n".to_owned(), Value::Int((1 << 53) + 1))]);
    for (language, body, expected) in [
        (
            Language::Lua,
            "return { type(ctx.n), ctx.n }",
            Value::from("9007199254740993"),
        ),
        (
            Language::Rhai,
            "[type_of(ctx.n), ctx.n]",
            Value::Int((1 << 53) + 1),
        ),
    ] {
        let program = compile(language, &language.plugin(body)).unwrap();
        let Ok(Value::List(items)) = run(&program, ctx.clone()) else {
            panic!("{language:?}");
        };
        assert_eq!(items[1], expected, "{language:?}");
    }
}

#[test]
fn lua_tables_become_lists_and_maps_by_their_keys() {
    for (table, expected) in [
        ("{}", "{}"),
        ("{1, 2}", "[1,2]"),
        ("{1.0, 2.5}", "[1,2.5]"),
        ("{1, nil, 3}", "[1,null,3]"),
        ("{a = 1, b = nil}", "{\"a\":1}"),
        ("{1, a = 2}", "{\"a\":2,\"1\":1}"),
        ("{[100] = 1}", "{\"100\":1}"),
        ("ctx.json.array({})", "[]"),
        ("ctx.json.array()", "[]"),
        ("ctx.json.null", "null"),
        ("{ctx.json.null}", "[null]"),
        ("ctx.json.decode('[]')", "[]"),
        ("ctx.json.null == ctx.json.decode('{\"a\":null}').a", "true"),
        ("{1, 2, [5] = 5}", "[1,2,null,null,5]"),
        (
            "{{a = {1}}, {b = {}}, 'ü\"'}",
            "[{\"a\":[1]},{\"b\":{}},\"ü\\\"\"]",
        ),
        ("{0/0, 1/0, -0.5}", "[null,null,-0.5]"),
    ] {
        let value = eval(Language::Lua, &format!("return {table}")).unwrap();
        assert_eq!(value.to_json().unwrap().to_string(), expected, "{table}");
        // The data of a reply is written while it is read, and reads the same.
        let written = eval(Language::Lua, &format!("return {{ data = {table} }}")).unwrap();
        let expected = Value::Json(expected.as_bytes().to_vec());
        assert_eq!(written.get("data"), Some(&expected), "{table}");
    }
}

#[test]
fn the_data_of_a_reply_is_written_with_every_kind_of_value() {
    let ctx = Map::from_iter([("n".to_owned(), Value::Int((1 << 53) + 1))]);
    let expected = "{\"a\":[1,2.5,null,true],\"b\":\"x\\n\",\"c\":{}}";
    for (language, body) in [
        (
            Language::Lua,
            "return { data = { a = { 1, 2.5, ctx.json.null, true } , b = 'x\\n', c = {} } }",
        ),
        (
            Language::Rhai,
            "#{ data: #{ a: [1, 2.5, (), true], b: \"x\\n\", c: #{} } }",
        ),
    ] {
        let program = compile(language, &language.plugin(body)).unwrap();
        let reply = run(&program, ctx.clone()).unwrap();
        let Some(Value::Json(text)) = reply.get("data") else {
            panic!("{reply:?}");
        };
        // The order of names is Lua's own.
        let found: serde_json::Value = serde_json::from_slice(text).unwrap();
        let wanted: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(found, wanted, "{language:?}");
    }
    let exact = compile(Language::Rhai, &Language::Rhai.plugin("#{ data: ctx.n }")).unwrap();
    assert_eq!(
        run(&exact, ctx).unwrap().get("data"),
        Some(&Value::Json(b"9007199254740993".to_vec()))
    );
}

#[test]
fn bytes_in_the_data_of_a_reply_are_refused_with_their_place() {
    for (language, body) in [
        (
            Language::Lua,
            "return { data = { a = { buffer.create(1) } } }",
        ),
        (Language::Rhai, "#{ data: #{ a: [blob(1)] } }"),
    ] {
        let Err(ScriptError::BadResult { message }) = eval(language, body) else {
            panic!("{language:?}");
        };
        assert!(message.contains("result.data.a["), "{message}");
        assert!(message.contains("base64.encode"), "{message}");
    }
}

#[test]
fn what_has_no_meaning_outside_is_refused_with_its_place() {
    for (language, body) in [
        (Language::Lua, "return { data = { items = { 1, print } } }"),
        (Language::Rhai, "#{ data: #{ items: [0, 1, Fn(\"run\")] } }"),
    ] {
        let Err(ScriptError::BadResult { message }) = eval(language, body) else {
            panic!("{language:?}");
        };
        assert!(
            message.contains("result.data.items[2] is a function"),
            "{message}"
        );
    }
    let Err(ScriptError::BadResult { message }) = eval(Language::Lua, r"return '\xff'") else {
        panic!();
    };
    assert!(message.contains("not UTF-8"), "{message}");
}

#[test]
fn an_error_carries_its_status_and_its_place() {
    for (language, body) in [
        (
            Language::Lua,
            "error({ status = 404, message = 'No such note' })",
        ),
        (
            Language::Rhai,
            "throw #{ status: 404, message: \"No such note\" }",
        ),
    ] {
        let (message, status) = raised(eval(language, body));
        assert_eq!(
            (message.as_str(), status),
            ("No such note", Some(404)),
            "{language:?}"
        );
    }
    for (language, body, place) in [
        (Language::Lua, "\n\n error('boom')", "main.lua:6: boom"),
        (Language::Lua, "\n\n local x = nil + 1", "main.lua:6: "),
        (
            Language::Lua,
            "\n\n string.find(nil, 'a')",
            "main.lua:6: invalid argument #1 to 'find' (string expected, got nil)",
        ),
        (
            Language::Lua,
            "\n\n ('a'):find('a', {})",
            "main.lua:6: invalid argument #3 to 'find' (number expected, got table)",
        ),
        (
            Language::Lua,
            "\n\n ('a'):split({})",
            "main.lua:6: invalid argument #2 to 'split' (string expected, got table)",
        ),
        (
            Language::Lua,
            "\n\n ('a'):rep()",
            "main.lua:6: invalid argument #2 to 'rep' (number expected, got nil)",
        ),
        (
            Language::Lua,
            "\n\n ctx.json.decode('{')",
            "main.lua:6: json.decode: this is not JSON",
        ),
        (Language::Rhai, "\n\n throw \"boom\"", "main.rhai:7: boom"),
        (Language::Rhai, "\n\n nothing_like_it()", "main.rhai:7: "),
        (
            Language::Rhai,
            "\n\n ctx.json.decode(\"{\")",
            "main.rhai:7: json.decode: this is not JSON",
        ),
    ] {
        let (message, status) = raised(eval(language, body));
        assert!(message.starts_with(place), "{language:?}: {message}");
        assert_eq!(status, None);
    }
}

#[test]
fn a_host_error_can_be_caught_as_text() {
    for (language, body) in [
        (
            Language::Lua,
            "local ok, why = pcall(function() ctx.json.decode('{') end) return { ok, why }",
        ),
        (
            Language::Rhai,
            "try { ctx.json.decode(\"{\") } catch (why) { return [false, why] }",
        ),
    ] {
        let Ok(Value::List(items)) = eval(language, body) else {
            panic!("{language:?}");
        };
        assert_eq!(items[0], Value::Bool(false));
        assert!(
            items[1].as_str().unwrap().contains("json.decode"),
            "{items:?}"
        );
    }
}

#[test]
fn other_files_are_loaded_from_the_package_alone() {
    let runtime = Runtime::new(Limits::default());
    let lua = |main: &str| {
        let main = Language::Lua.plugin(main);
        let files = files([
            ("main.lua", main.as_str()),
            (
                "lib/rows.lua",
                "local n = require('lib.names') n.count = n.count + 1 return { name = n.name, count = n.count }",
            ),
            ("lib/names.lua", "return { name = 'Notes', count = 0 }"),
            ("lib/a.lua", "return require('lib.b')"),
            ("lib/b.lua", "return require('lib.a')"),
        ]);
        let program = runtime.compile("main.lua", &files).unwrap();
        run(&program, Map::new())
    };
    for _ in 0..2 {
        let value = lua(
            "local r = require('lib.rows') return { r.name, r == require('lib/rows'), r.count }",
        )
        .unwrap();
        assert_eq!(
            value,
            Value::List(vec!["Notes".into(), true.into(), Value::Int(1)])
        );
    }
    assert!(
        raised(lua("require('lib.a')"))
            .0
            .contains("requires itself")
    );
    for name in ["os", "../main", "/etc/hosts", "./lib/rows", "lib/none"] {
        let (message, _) = raised(lua(&format!("return require('{name}')")));
        assert!(
            message.contains("the package has no file"),
            "{name}: {message}"
        );
    }

    let rhai = |head: &str, body: &str| {
        let main = format!("{head}\n{}", Language::Rhai.plugin(body));
        let files = files([
            ("main.rhai", main.as_str()),
            (
                "lib/rows.rhai",
                "import \"lib/names\" as names; fn title() { names::name() + \"!\" }",
            ),
            ("lib/names.rhai", "fn name() { \"Notes\" }"),
            ("lib/a.rhai", "import \"lib/b\" as b;"),
            ("lib/b.rhai", "import \"lib/a\" as a;"),
        ]);
        runtime
            .compile("main.rhai", &files)
            .map(|program| run(&program, Map::new()))
    };
    assert_eq!(
        rhai("import \"lib/rows\" as rows;", "rows::title()")
            .unwrap()
            .unwrap(),
        Value::from("Notes!")
    );
    assert_eq!(
        rhai("", "import \"lib/rows\" as rows; rows::title()")
            .unwrap()
            .unwrap(),
        Value::from("Notes!")
    );
    let cycle = rhai("import \"lib/a\" as a;", "1").err().unwrap();
    assert!(cycle.message.contains("imports itself"), "{cycle}");
    let missing = rhai("\nimport \"/etc/hosts\" as a;", "1").err().unwrap();
    assert!(missing.message.contains("/etc/hosts"), "{missing}");
    let built = rhai(
        "",
        "let p = \"lib/\"; import p + \"rows\" as rows; rows::title()",
    )
    .unwrap();
    assert!(raised(built).0.contains("not found"));
}

#[test]
fn hooks_are_called_with_the_arguments_of_the_contract() {
    let lua = "local p = { metadata = { name = 'T' } }
        function p.install(u, t, c, x) return { u, t, c.a, x.tenantId, x.userId, type(x.db.query) } end
        function p.uninstall(u, t, x) return { u, t, x.userId } end
        function p.validateConfig(c) return { valid = c.a == 1, errors = { 'e' } } end
        return p";
    let rhai = "fn metadata() { #{ name: \"T\" } }
        fn install(u, t, c, x) { [u, t, c.a, x.tenantId, x.userId, \"function\"] }
        fn uninstall(u, t, x) { [u, t, x.userId] }
        fn validateConfig(c) { #{ valid: c.a == 1, errors: [\"e\"] } }";
    for (language, source) in [(Language::Lua, lua), (Language::Rhai, rhai)] {
        let program = compile(language, source).unwrap();
        let config = Value::map([("a", Value::Int(1))]);
        let who = [Value::Int(7), Value::from("a4ayc80OGd")];
        let mut arguments = who.to_vec();
        arguments.push(config.clone());
        let reply = program
            .run_hook(Hook::Install, arguments, super::fixture::call())
            .result;
        assert_eq!(
            reply.unwrap(),
            Value::List(vec![
                Value::Int(7),
                "a4ayc80OGd".into(),
                Value::Int(1),
                "a4ayc80OGd".into(),
                Value::Int(7),
                "function".into()
            ])
        );
        let reply = program
            .run_hook(Hook::Uninstall, who.to_vec(), super::fixture::call())
            .result;
        assert!(reply.is_ok(), "{reply:?}");
        let reply = program
            .run_hook(Hook::ValidateConfig, vec![config], super::fixture::call())
            .result;
        assert_eq!(reply.unwrap().get("valid"), Some(&Value::Bool(true)));
        assert!(program.has(Hook::ValidateConfig));
        assert!(!program.has(Hook::Configure));
        assert_eq!(program.metadata().get("name"), Some(&"T".into()));
    }
}

#[test]
fn a_plugin_that_cannot_run_is_refused_with_file_and_line() {
    use Language::{Lua, Rhai};
    let rhai_head = "fn metadata() { #{} } fn install(a,b,c,d) {} fn uninstall(a,b,c) {}";
    for (language, source, line, part) in [
        (Lua, "local x =\n\n = 3".to_owned(), Some(3), "Expected"),
        (Lua, "\nerror('no')".to_owned(), Some(2), "no"),
        (Lua, "return 1".to_owned(), None, "must return its table"),
        (Lua, "return {}".to_owned(), None, "metadata"),
        (
            Lua,
            "return { metadata = {} }".to_owned(),
            None,
            "install(userId, tenantId, config, context)",
        ),
        (
            Lua,
            Lua.plugin("").replace("function(ctx)  end", "1"),
            None,
            "route 'GET /' must be a function",
        ),
        (
            Lua,
            Lua.plugin("").replace("GET /", "/"),
            None,
            "METHOD /path",
        ),
        (Lua, "while true do end".to_owned(), None, "script time"),
        (Rhai, "let x =\n\n ;".to_owned(), Some(3), ""),
        (Rhai, "1".to_owned(), None, "metadata"),
        (Rhai, "fn metadata() { #{} }".to_owned(), None, "install"),
        (
            Rhai,
            "fn metadata() { #{} } fn install(a) {}".to_owned(),
            None,
            "install(userId, tenantId, config, context)",
        ),
        (
            Rhai,
            format!("{rhai_head} fn router() {{ 1 }}"),
            None,
            "router() must return a map",
        ),
        (
            Rhai,
            format!("{rhai_head} fn router() {{ #{{ \"GET /\": 1 }} }}"),
            None,
            "route 'GET /' must be a function",
        ),
        (
            Rhai,
            format!("{rhai_head} fn router() {{ #{{ \"GET /\": Fn(\"no\") }} }}"),
            None,
            "names the function no(ctx)",
        ),
        (
            Rhai,
            format!("{rhai_head}\nfn router() {{ throw \"no\" }}"),
            Some(2),
            "no",
        ),
        (Rhai, format!("{rhai_head} loop {{ }}"), None, "limit"),
    ] {
        let error = compile(language, &source)
            .err()
            .unwrap_or_else(|| panic!("compiled: {source}"));
        assert_eq!(error.file, language.entry_point(), "{error}");
        assert_eq!(error.line, line, "{source}: {error}");
        assert!(error.message.contains(part), "{source}: {error}");
    }
}

#[test]
fn sources_and_entry_points_have_limits() {
    let runtime = Runtime::new(Limits::default());
    let big = "-".repeat(256 * 1024 + 1);
    let error = runtime
        .compile("main.lua", &files([("main.lua", &big)]))
        .err()
        .unwrap();
    assert!(error.message.contains("256 KB"), "{error}");
    let error = runtime.compile("index.ts", &files([])).err().unwrap();
    assert!(error.message.contains("main.lua and main.rhai"), "{error}");
    let error = runtime.compile("main.lua", &files([])).err().unwrap();
    assert!(error.message.contains("no such file"), "{error}");
}

#[test]
fn nothing_of_the_system_is_within_reach() {
    for name in [
        "os",
        "io",
        "debug",
        "package",
        "load",
        "loadstring",
        "loadfile",
        "dofile",
        "getfenv",
        "setfenv",
        "newproxy",
        "collectgarbage",
        "gcinfo",
        "_G",
        "vector",
        "shared",
        "math.random",
        "math.randomseed",
        "string.dump",
    ] {
        let value = eval(Language::Lua, &format!("return type({name})")).unwrap();
        assert_eq!(value, Value::from("nil"), "{name}");
    }
    for statement in [
        "string.x = 1",
        "getmetatable('').__index = nil",
        "math.floor = nil",
        "ctx.db.query = nil",
        "getmetatable(ctx.json.decode('[]')).__index = function() end",
        "json = ctx.json json.null = 1",
    ] {
        let (message, _) = raised(eval(Language::Lua, statement));
        assert!(message.contains("readonly"), "{statement}: {message}");
    }
    for body in [
        "sleep(1)",
        "eval(\"1\")",
        "timestamp()",
        "rand()",
        "open_file(\"/etc/hosts\")",
        "parse_json(\"1\")",
    ] {
        let source = Language::Rhai.plugin(body);
        let refused = match compile(Language::Rhai, &source) {
            Ok(program) => run(&program, Map::new()).is_err(),
            Err(_) => true,
        };
        assert!(refused, "{body}");
    }
}

#[test]
fn a_request_without_a_body_has_none() {
    let ctx = Map::from_iter([("body".to_owned(), Value::Null)]);
    for (language, body) in [
        (Language::Lua, "return ctx.body == nil"),
        (Language::Rhai, "ctx.body == ()"),
    ] {
        let program = compile(language, &language.plugin(body)).unwrap();
        assert_eq!(run(&program, ctx.clone()).unwrap(), Value::Bool(true));
    }
}

#[test]
fn a_coroutine_may_yield_out_of_a_protected_call() {
    let body = "local co = coroutine.wrap(function() local ok, x = pcall(function() return coroutine.yield(1) end) return x end)
        return { co(), co(2) }";
    assert_eq!(
        eval(Language::Lua, body).unwrap(),
        Value::List(vec![Value::Int(1), Value::Int(2)])
    );
}

trait AsMap {
    fn as_map(&self) -> &Map;
}

impl AsMap for Value {
    fn as_map(&self) -> &Map {
        match self {
            Value::Map(map) => map,
            other => panic!("no map: {other:?}"),
        }
    }
}

#[test]
fn results_of_any_size_leave_nothing_behind() {
    // Larger than the host overlooks, and often enough to reach the memory of a call many times over.
    const TEXT_BYTES: usize = 200_000;
    let bodies = [
        (
            Language::Lua,
            format!("return {{ data = string.rep('x', {TEXT_BYTES}) }}"),
        ),
        (
            Language::Rhai,
            format!("let text = \"x\"; text.pad({TEXT_BYTES}, \"x\"); #{{ data: text }}"),
        ),
    ];
    on_script_stack(|| {
        for (language, body) in &bodies {
            let program = compile(*language, &language.plugin(body)).unwrap();
            for call in 0..400 {
                let result = run(&program, Map::new());
                assert!(result.is_ok(), "{language:?}, call {call}: {result:?}");
            }
        }
    });
}
