//! What scripts reach through `db` and `http`: real files, real sockets on loopback.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::fixture::{self, Language, compile};
use super::{Call, Grant, Hook, Program, ScriptError};
use crate::error::Error;
use crate::outbound::{AllowEntry, Asker, Ledger, Outbound, OutboundPolicy};
use crate::storage::plugin_db::{Params, PluginDb};
use crate::storage::tests::Fixture;
use crate::value::{Map, Value};

mod tables;

pub(super) fn database(storage: &Fixture) -> PluginDb {
    let call = fixture::call();
    PluginDb::new(Arc::clone(&storage.storage), call.tenant, call.plugin)
}

fn call_with(db: PluginDb) -> Call {
    Call {
        db: Some(db),
        ..fixture::call()
    }
}

pub(super) fn route(
    program: &Program,
    method: &str,
    path: &str,
    body: Value,
    db: PluginDb,
) -> Result<Value, ScriptError> {
    let route = program.routes().find(method, path).expect("the route");
    let ctx = Map::from_iter([
        ("params".to_owned(), Value::Map(route.params.clone())),
        ("body".to_owned(), body),
    ]);
    program.run_route(&route, ctx, call_with(db)).result
}

/// Runs `install` as the host does: one transaction, kept when the hook ends well.
fn install(program: &Program, mut db: PluginDb) -> Result<Value, ScriptError> {
    db.enter_lifecycle();
    let arguments = vec![Value::Int(7), "a4ayc80OGd".into(), Value::Map(Map::new())];
    let outcome = program.run_hook(Hook::Install, arguments, call_with(db));
    if outcome.result.is_ok() {
        outcome.call.db.unwrap().commit_lifecycle().unwrap();
    }
    outcome.result
}

fn count(storage: &Fixture, table: &str) -> i64 {
    let sql = format!("SELECT count(*) AS n FROM {table}");
    let rows = database(storage)
        .query(
            &sql,
            &Params::None,
            crate::storage::plugin_db::RowLimits::default(),
        )
        .unwrap();
    rows.maps().next().unwrap()["n"].as_i64().unwrap()
}

fn with_table() -> Fixture {
    let storage = Fixture::new();
    database(&storage)
        .execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v)", &Params::None)
        .unwrap();
    storage
}

pub(super) fn eval(
    language: Language,
    body: &str,
    storage: &Fixture,
) -> Result<Value, ScriptError> {
    let program =
        compile(language, &language.plugin(body)).unwrap_or_else(|error| panic!("{body}: {error}"));
    let body = Value::map([("x", Value::Int(1))]);
    route(&program, "GET", "/", body, database(storage))
}

/// What was written as the data of a reply.
fn data(reply: &Value) -> Value {
    reply.get("data").cloned().unwrap().unpacked()
}

fn message(result: Result<Value, ScriptError>) -> String {
    match result {
        Err(ScriptError::Raised { message, .. }) => message,
        other => panic!("not raised: {other:?}"),
    }
}

#[test]
fn the_examples_of_the_contract_run_as_they_are_written() {
    let lua = r##"local plugin = { metadata = { name = "Notes", version = "1.0.0", author = "…", description = "…" } }

function plugin.install(userId, tenantId, config, context)
  context.db.execute([[CREATE TABLE "]] .. tenantId .. [[".notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL)]])
  return { success = true, message = "Notes installed" }
end

function plugin.uninstall(userId, tenantId, context) end

plugin.router = {
  ["GET /notes/:id"] = function(ctx)
    local rows = ctx.db.query("SELECT id, title FROM notes WHERE id = :id", { id = ctx.params.id })
    if #rows == 0 then return { status = 404, data = "No such note" } end
    return { data = rows[1] }
  end,
}
return plugin"##;
    let rhai = r##"fn metadata() { #{ name: "Notes", version: "1.0.0", author: "…", description: "…" } }
fn install(userId, tenantId, config, context) {
  context.db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL)");
  #{ success: true, message: "Notes installed" }
}
fn uninstall(userId, tenantId, context) { }
fn router() { #{ "GET /notes/:id": Fn("show_note") } }
fn show_note(ctx) {
  let rows = ctx.db.query("SELECT id, title FROM notes WHERE id = ?", [ctx.params.id]);
  if rows.is_empty() { return #{ status: 404, data: "No such note" }; }
  #{ data: rows[0] }
}"##;
    for (language, source) in [(Language::Lua, lua), (Language::Rhai, rhai)] {
        let storage = Fixture::new();
        let program = compile(language, source).unwrap();
        let reply = install(&program, database(&storage)).unwrap();
        assert_eq!(reply.get("success"), Some(&Value::Bool(true)));
        database(&storage)
            .execute("INSERT INTO notes VALUES (3, 'Hi')", &Params::None)
            .unwrap();
        let found = route(&program, "GET", "/notes/3", Value::Null, database(&storage)).unwrap();
        let row = Value::map([("id", Value::Int(3)), ("title", "Hi".into())]);
        assert_eq!(data(&found), row, "{language:?}");
        let none = route(&program, "GET", "/notes/4", Value::Null, database(&storage)).unwrap();
        assert_eq!(none.get("status"), Some(&Value::Int(404)), "{language:?}");
    }
}

#[test]
fn rows_and_parameters_keep_their_types() {
    let storage = with_table();
    for (language, insert, select) in [
        (
            Language::Lua,
            "local done = ctx.db.execute('INSERT INTO t (v) VALUES (?), (?), (?), (?), (?)', { 1, 2.5, ctx.json.null, true, 'ü' }) return done.changes",
            "return ctx.db.query('SELECT v FROM t ORDER BY id')",
        ),
        (
            Language::Rhai,
            "ctx.db.execute(\"INSERT INTO t (v) VALUES (?), (?), (?), (?), (?)\", [1, 2.5, (), true, \"ü\"]).changes",
            "ctx.db.query(\"SELECT v FROM t ORDER BY id\")",
        ),
    ] {
        assert_eq!(eval(language, insert, &storage).unwrap(), Value::Int(5));
        let rows = eval(language, select, &storage).unwrap().unpacked();
        let row = |value: Value| Value::map([("v", value)]);
        assert_eq!(
            rows,
            Value::List(vec![
                row(Value::Int(1)),
                row(Value::Float(2.5)),
                row(Value::Null),
                row(Value::Int(1)),
                row("ü".into())
            ]),
            "{language:?}"
        );
        database(&storage)
            .execute("DELETE FROM t", &Params::None)
            .unwrap();
        assert_eq!(
            eval(language, select, &storage).unwrap().unpacked(),
            Value::List(Vec::new())
        );
    }
}

#[test]
fn a_transaction_is_kept_whole_or_not_at_all() {
    let storage = with_table();
    for (language, well, badly) in [
        (
            Language::Lua,
            "return ctx.db.transaction(function(tx) tx.execute('INSERT INTO t (v) VALUES (1)') return 'kept' end)",
            "ctx.db.transaction(function(tx) tx.execute('INSERT INTO t (v) VALUES (1)') error({ status = 409, message = 'no' }) end)",
        ),
        (
            Language::Rhai,
            "ctx.db.transaction(|tx| { tx.execute(\"INSERT INTO t (v) VALUES (1)\"); \"kept\" })",
            "ctx.db.transaction(|tx| { tx.execute(\"INSERT INTO t (v) VALUES (1)\"); throw #{ status: 409, message: \"no\" } })",
        ),
    ] {
        let before = count(&storage, "t");
        assert_eq!(eval(language, well, &storage).unwrap(), "kept".into());
        assert_eq!(count(&storage, "t"), before + 1);
        match eval(language, badly, &storage) {
            Err(ScriptError::Raised {
                status: Some(409),
                message,
            }) if message == "no" => {}
            other => panic!("{language:?}: {other:?}"),
        }
        assert_eq!(count(&storage, "t"), before + 1, "{language:?}");
    }
}

#[test]
fn a_call_that_ends_inside_a_transaction_leaves_nothing() {
    let storage = with_table();
    let insert = "tx.execute('INSERT INTO t (v) VALUES (1)')";
    let left_open = format!(
        "local co = coroutine.create(function() ctx.db.transaction(function(tx) {insert} coroutine.yield() end) end)
        coroutine.resume(co) return 1"
    );
    assert!(message(eval(Language::Lua, &left_open, &storage)).contains("left open"));
    let endless =
        format!("pcall(ctx.db.transaction, function(tx) {insert} while true do end end) return 1");
    let program = fixture::compile_with(
        Language::Lua,
        &Language::Lua.plugin(&endless),
        super::Limits {
            script_time: Duration::from_millis(200),
            ..super::Limits::default()
        },
    )
    .unwrap();
    let stopped = route(&program, "GET", "/", Value::Null, database(&storage));
    assert!(
        matches!(stopped, Err(ScriptError::Limit { .. })),
        "{stopped:?}"
    );
    assert_eq!(count(&storage, "t"), 0);
    assert_eq!(
        eval(
            Language::Lua,
            "return ctx.db.execute('INSERT INTO t (v) VALUES (1)').changes",
            &storage
        )
        .unwrap(),
        Value::Int(1)
    );
}

#[test]
fn a_closure_may_use_ctx_inside_a_transaction() {
    let storage = with_table();
    let lua = "ctx.db.transaction(function(tx) tx.execute('INSERT INTO t (v) VALUES (?)', { ctx.body.x }) end) return 1";
    assert!(eval(Language::Lua, lua, &storage).is_ok());
    let rhai = "let db = ctx.db; db.transaction(|tx| { tx.execute(\"INSERT INTO t (v) VALUES (?)\", [ctx.body.x]); }); 1";
    assert!(eval(Language::Rhai, rhai, &storage).is_ok());
    // In Rhai a method call on `ctx.db` holds `ctx`; a closure that reads it meets a clear error, not a lock.
    let held = "ctx.db.transaction(|tx| { tx.execute(\"INSERT INTO t (v) VALUES (?)\", [ctx.body.x]); }); 1";
    let why = message(eval(Language::Rhai, held, &storage));
    assert!(why.contains("let db = ctx.db"), "{why}");
}

#[test]
fn a_wrong_statement_is_told_with_its_place() {
    let storage = with_table();
    for (language, body) in [
        (
            Language::Lua,
            "ctx.db.query('SELECT id,\\n nothing FROM t')",
        ),
        (
            Language::Rhai,
            "ctx.db.query(\"SELECT id,\\n nothing FROM t\")",
        ),
    ] {
        let why = message(eval(language, body, &storage));
        for part in [language.entry_point(), "db.query: ", "nothing", "line 2"] {
            assert!(why.contains(part), "{why}");
        }
    }
}

#[test]
fn nothing_is_fetched_while_a_transaction_is_open() {
    let storage = with_table();
    let fetch_first = "fetch first, then write";
    let lua =
        "ctx.db.transaction(function(tx) ctx.http.request({ url = 'http://127.0.0.1:1/' }) end)";
    assert!(message(eval(Language::Lua, lua, &storage)).contains(fetch_first));
    let rhai = "let http = ctx.http; ctx.db.transaction(|tx| http.request(#{ url: \"http://127.0.0.1:1/\" }))";
    assert!(message(eval(Language::Rhai, rhai, &storage)).contains(fetch_first));

    let hook = compile(
        Language::Lua,
        "local p = { metadata = {}, uninstall = function() end }
        function p.install(u, t, c, context)
            local ok, before = pcall(context.http.request, { url = 'http://127.0.0.1:1/' })
            context.db.query('SELECT 1 AS one')
            local ok, after = pcall(context.http.request, { url = 'http://127.0.0.1:1/' })
            return { before, after }
        end
        return p",
    )
    .unwrap();
    let Value::List(told) = install(&hook, database(&storage)).unwrap() else {
        panic!();
    };
    assert!(
        told[0].as_str().unwrap().contains("outbound.allow"),
        "{told:?}"
    );
    assert!(told[1].as_str().unwrap().contains(fetch_first), "{told:?}");
}

#[test]
fn a_busy_database_keeps_its_type_unless_it_is_caught() {
    let storage = with_table();
    let mut writer = database(&storage);
    writer.begin().unwrap();
    for (language, body, caught) in [
        (
            Language::Lua,
            "ctx.db.execute('DELETE FROM t')",
            "local ok, why = pcall(ctx.db.execute, 'DELETE FROM t') return why",
        ),
        (
            Language::Rhai,
            "ctx.db.execute(\"DELETE FROM t\")",
            "try { ctx.db.execute(\"DELETE FROM t\"); } catch (why) { return why; }",
        ),
    ] {
        let short = |body: &str| {
            let program = compile(language, &language.plugin(body)).unwrap();
            let route = program.routes().find("GET", "/").unwrap();
            program
                .run_route(&route, Map::new(), call_with(database(&storage)))
                .result
        };
        match short(body) {
            Err(ScriptError::Host(Error::Busy { .. })) => {}
            other => panic!("{language:?}: {other:?}"),
        }
        let why = short(caught).unwrap();
        assert!(why.as_str().unwrap().contains("try again"), "{why:?}");
    }
}

#[test]
fn the_plugins_of_the_bench_run_unchanged() {
    let lua = include_str!("../../tests/fixtures/scripts/rows.lua");
    let rhai = include_str!("../../tests/fixtures/scripts/rows.rhai");
    for (language, source) in [(Language::Lua, lua), (Language::Rhai, rhai)] {
        let storage = Fixture::new();
        let program = compile(language, source).unwrap();
        install(&program, database(&storage)).unwrap();
        let page = route(&program, "GET", "/page", Value::Null, database(&storage)).unwrap();
        let Value::List(rows) = data(&page) else {
            panic!("{page:?}");
        };
        assert_eq!(rows.len(), 50);
        assert_eq!(rows[0].get("name"), Some(&"model-0001".into()));
        let one = route(
            &program,
            "GET",
            "/models/7",
            Value::Null,
            database(&storage),
        )
        .unwrap();
        assert_eq!(data(&one).get("id"), Some(&Value::Int(7)));
        let none = route(
            &program,
            "GET",
            "/models/x",
            Value::Null,
            database(&storage),
        )
        .unwrap();
        assert_eq!(none.get("status"), Some(&Value::Int(404)));
    }
}

/// Answers each request with what it was sent, as JSON text of head and body.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut received = Vec::new();
            let mut buffer = [0; 4096];
            while !complete(&received) {
                let n = stream.read(&mut buffer).unwrap();
                received.extend_from_slice(&buffer[..n]);
            }
            let text = String::from_utf8_lossy(&received).into_owned();
            let (status, body) = match text.lines().next() {
                Some(line) if line.contains("/bytes") => ("200 OK", vec![0xff, 0x00]),
                Some(line) if line.contains("/gone") => ("410 Gone", b"gone".to_vec()),
                _ => (
                    "200 OK",
                    serde_json::json!({ "got": text }).to_string().into_bytes(),
                ),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nX-Twice: a\r\nX-Twice: b\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&body);
        }
    });
    address
}

fn complete(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.trim().parse().unwrap());
    body.len() >= length
}

fn fetch(language: Language, address: &str, request: &str) -> Result<Value, ScriptError> {
    let request = request.replace("ADDRESS", address);
    let body = match language {
        Language::Lua => format!(
            "return ctx.http.request({{ {} }})",
            request
                .replace(": ", " = ")
                .replace('«', "{")
                .replace('»', "}")
        ),
        Language::Rhai => format!(
            "ctx.http.request(#{{ {} }})",
            request.replace('«', "#{").replace('»', "}")
        ),
    };
    let program = compile(language, &language.plugin(&body))
        .unwrap_or_else(|error| panic!("{body}: {error}"));
    let policy = OutboundPolicy {
        allow: vec![AllowEntry::parse(address).unwrap()],
        ..OutboundPolicy::default()
    };
    let call = Call {
        outbound: Arc::new(Outbound::new(policy)),
        grant: Grant::reaching(&[
            "http://h",
            "http://127.0.0.2",
            "https://127.0.0.1",
            &format!("http://{address}"),
        ]),
        ..fixture::call()
    };
    fixture::run_as(&program, Map::new(), call)
}

#[test]
fn names_are_looked_up_on_account_of_the_plugin() {
    for language in Language::BOTH {
        for function in ["request", "check"] {
            let body = match language {
                Language::Lua => {
                    format!("return ctx.http.{function}({{ url = \"http://h.example/\" }})")
                }
                Language::Rhai => format!("ctx.http.{function}(#{{ url: \"http://h.example/\" }})"),
            };
            let program = compile(language, &language.plugin(&body))
                .unwrap_or_else(|error| panic!("{body}: {error}"));
            let ledger = Arc::new(Ledger::default());
            let call = Call {
                outbound: Arc::new(Outbound::with_ledger(&ledger)),
                grant: Grant::reaching(&["http://h.example"]),
                ..fixture::call()
            };
            let asker = Asker {
                tenant: call.tenant.clone(),
                plugin: call.plugin.clone(),
            };
            let _not_found = fixture::run_as(&program, Map::new(), call);
            assert_eq!(ledger.take(), [Some(asker)], "{language:?} {function}");
        }
    }
}

#[test]
fn a_request_sends_and_brings_back_what_it_should() {
    let address = echo();
    for language in Language::BOTH {
        let reply = fetch(
            language,
            &address,
            "method: \"post\", url: \"http://ADDRESS/p?a=1\", query: «b: \"x y\", c: 2», headers: «Authorization: \"Basic k\"», json: «n: 1»",
        )
        .unwrap();
        assert_eq!(reply.get("status"), Some(&Value::Int(200)));
        assert_eq!(
            reply.get("headers").unwrap().get("x-twice"),
            Some(&"a, b".into())
        );
        let got = reply
            .get("json")
            .unwrap()
            .get("got")
            .unwrap()
            .as_str()
            .unwrap()
            .to_ascii_lowercase();
        for part in [
            "post /p?a=1&",
            "b=x+y",
            "c=2",
            "authorization: basic k",
            "content-type: application/json",
            "{\"n\":1}",
        ] {
            assert!(got.contains(part), "{language:?}: {got}");
        }
        let reply = fetch(
            language,
            &address,
            "method: \"POST\", url: \"http://ADDRESS/\", form: «a: \"ü &\"»",
        )
        .unwrap();
        assert!(
            reply
                .get("body")
                .unwrap()
                .as_str()
                .unwrap()
                .contains("a=%C3%BC+%26"),
            "{reply:?}"
        );
        let reply = fetch(language, &address, "url: \"http://ADDRESS/bytes\"").unwrap();
        assert_eq!(reply.get("body"), Some(&Value::Bytes(vec![0xff, 0])));
        assert_eq!(reply.get("json"), Some(&Value::Null));
        let reply = fetch(language, &address, "url: \"http://ADDRESS/gone\"").unwrap();
        assert_eq!(reply.get("status"), Some(&Value::Int(410)));
        assert_eq!(reply.get("body"), Some(&"gone".into()));
    }
}

#[test]
fn a_request_that_cannot_be_made_says_why() {
    for (request, part) in [
        ("method: \"GET\"", "url is required"),
        ("url: \"nonsense\"", "this is not a URL"),
        ("url: \"http://h/\", verb: \"GET\"", "unknown field 'verb'"),
        (
            "url: \"http://h/\", method: \"BREW\"",
            "method must be one of",
        ),
        (
            "url: \"http://h/\", json: 1, body: \"x\"",
            "give one of json, form and body",
        ),
        ("url: \"http://h/\", timeoutMs: -1", "timeoutMs must be"),
        (
            "url: \"http://h/\", verifyTls: 1",
            "verifyTls must be true or false",
        ),
        ("url: \"http://127.0.0.2/\"", "outbound.allow"),
        (
            "url: \"https://127.0.0.1/\", verifyTls: false",
            "outbound.insecure_tls",
        ),
    ] {
        for language in Language::BOTH {
            let why = message(fetch(language, "127.0.0.1:9", request));
            assert!(
                why.contains(part) && why.contains("http.request: "),
                "{language:?} {request}: {why}"
            );
        }
    }
}
