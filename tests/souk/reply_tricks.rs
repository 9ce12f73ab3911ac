//! T34: what a plugin puts into a reply to get more than a reply, in both languages, through the built server.
//!
//! A trick is neutralised: the reply arrives without it. The one exception is a status that is none: it is
//! answered 500, as the plugin's error, with the reason.

use serde_json::{Value, json};

use crate::support::client::agent;
use crate::support::homemade::{Homemade, marketplace};
use crate::support::{Answer, Client, Start};

const LUA: &str = r#"
local plugin = { metadata = { name = "Tricks", version = "1.0.0" } }
function plugin.install() return { success = true } end
function plugin.uninstall() return { success = true } end
local ODD = { nan = 0/0, inf = 1/0, half = 200.5, list = { 200 }, map = { a = 1 }, flag = true }
plugin.router = {
  ["POST /reply"] = function(ctx) return ctx.body end,
  ["GET /odd/:name"] = function(ctx) return { status = ODD[ctx.params.name], data = "x" } end,
  ["GET /raise/:status"] = function(ctx) error({ status = tonumber(ctx.params.status), message = "raised" }) end,
}
return plugin
"#;

const RHAI: &str = r#"
fn metadata() { #{ name: "Tricks", version: "1.0.0" } }
fn install(userId, tenantId, config, context) { #{ success: true } }
fn uninstall(userId, tenantId, context) { #{ success: true } }
fn router() { #{ "POST /reply": Fn("reply"), "GET /odd/:name": Fn("odd"), "GET /raise/:status": Fn("raise") } }
fn reply(ctx) { ctx.body }
fn odd(ctx) {
  let odd = #{ nan: 0.0 / 0.0, inf: 1.0 / 0.0, half: 200.5, list: [200], map: #{ a: 1 }, flag: true };
  #{ status: odd[ctx.params.name], data: "x" }
}
fn raise(ctx) { throw #{ status: parse_int(ctx.params.status), message: "raised" } }
"#;

/// What the host itself sends beside what a plugin may set.
const EXPECTED: [&str; 23] = [
    "content-type",
    "content-length",
    "content-security-policy",
    "content-disposition",
    "cache-control",
    "content-language",
    "etag",
    "expires",
    "last-modified",
    "link",
    "retry-after",
    "x-total-count",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "x-request-id",
    "date",
    "server",
    "connection",
    "vary",
    "content-encoding",
];

/// Replies that a plugin gives, all of which must arrive as what they claim to be and no more.
fn tricks() -> Vec<Value> {
    let mut tricks = Vec::new();
    for (name, value) in [
        ("Set-Cookie", "souk_session=stolen; Path=/"),
        ("set-cookie", "a=1"),
        ("Location", "https://evil.example/"),
        ("Refresh", "0;url=https://evil.example/"),
        ("Content-Length", "0"),
        ("Content-Length", "99999"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close, X-Evil"),
        ("Upgrade", "websocket"),
        ("Trailer", "X-Evil"),
        ("Content-Encoding", "gzip"),
        ("Content-Type", "text/html"),
        ("Content-Security-Policy", "default-src *"),
        ("X-Content-Type-Options", "sniff"),
        ("X-Frame-Options", "ALLOWALL"),
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Strict-Transport-Security", "max-age=0"),
        ("Clear-Site-Data", "\"cookies\""),
        ("Service-Worker-Allowed", "/"),
        ("SourceMap", "https://evil.example/x.map"),
        ("Alt-Svc", "h3=\"evil.example:443\""),
        ("NEL", "{}"),
        ("Report-To", "{}"),
        ("WWW-Authenticate", "Basic realm=\"sign in\""),
        ("X-Request-Id", "forged"),
        ("X-Accel-Redirect", "/etc/passwd"),
        ("X-Sendfile", "/etc/passwd"),
        ("ETag", "\"x\"\r\nX-Evil: 1"),
        ("ETag", "\"x\"\nX-Evil: 1"),
        ("ETag", "\"x\"\rX-Evil: 1"),
        ("ETag", "\"x\"\0X-Evil: 1"),
        ("ETag", "\"x\"\u{85}X-Evil: 1"),
        ("ETag", "\"x\"\u{2028}X-Evil: 1"),
        ("ETag", "\"嘊嘍X-Evil: 1"),
        ("ETag\r\nX-Evil", "1"),
        ("ETag: 1\r\nX-Evil", "1"),
        ("X-Evil", "1"),
        ("", "X-Evil: 1"),
        (" ETag", "\"x\""),
        ("ETag ", "\"x\""),
        ("Link", "<https://evil.example/>; rel=preload"),
        ("Link", "</x>; rel=stylesheet"),
        ("Cache-Control", "public, s-maxage=31536000"),
        ("Retry-After", "1\r\n\r\n<script>"),
    ] {
        tricks.push(json!({"data": 1, "headers": {name: value}}));
    }
    tricks.push(json!({"data": 1, "headers": {"ETag": "\"a\"", "etag": "\"b\"", "ETAG": "\"c\""}}));
    tricks.push(json!({"data": 1, "headers": {"ETag": ["\"a\"", "\"b\""], "Expires": {"a": 1}, "Link": true}}));
    tricks.push(json!({"data": 1, "headers": ["Set-Cookie: a=1"]}));
    tricks.push(json!({"data": 1, "headers": "Set-Cookie: a=1"}));
    tricks.push(json!({"data": 1, "headers": {"X-Total-Count": "9".repeat(70_000)}}));
    let names: serde_json::Map<String, Value> = (0..5_000)
        .map(|n| (format!("X-Evil-{n}"), json!("1")))
        .collect();
    tricks.push(json!({"data": 1, "headers": names}));

    for kind in [
        "text/html",
        "TEXT/HTML",
        "text/html; charset=utf-8",
        " text/html ",
        "text/html;",
        "text/html\t",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/xml",
        "application/xml",
        "application/vnd.mozilla.xul+xml",
        "application/rss+xml",
        "text/xsl",
        "text/javascript",
        "application/javascript",
        "text/css",
        "text/cache-manifest",
        "multipart/x-mixed-replace; boundary=x",
        "message/rfc822",
        "application/x-shockwave-flash",
        "text/plain, text/html",
        "text/plain\r\nContent-Type: text/html",
        "text/plain\0text/html",
        "text/plain; charset=\"utf-8\r\nX-Evil: 1\"",
        "",
        "nonsense",
        "*/*",
        &format!("text/{}", "x".repeat(5_000)),
    ] {
        tricks.push(json!({"buffer": "<script>alert(1)</script>", "contentType": kind}));
    }
    for name in [
        "a\"; filename=\"evil.html",
        "a.csv\r\nX-Evil: 1",
        "a.csv\nX-Evil: 1\n\n<script>",
        "../../../etc/passwd",
        "..\\..\\evil.bat",
        "\0",
        "",
        ".",
        "..",
        "annexe\u{202e}fdp.exe",
        "a;b=c.csv",
        "a%0d%0aX-Evil: 1",
        "=?utf-8?Q?evil?=.html",
        "嘊嘍X-Evil: 1",
        "CON",
        "a\u{2028}b",
        &"x".repeat(10_000),
        &"ü".repeat(10_000),
    ] {
        tricks.push(json!({"buffer": "x", "contentType": "text/csv", "filename": name}));
    }
    for (status, content) in [
        (204, "data"),
        (204, "buffer"),
        (205, "buffer"),
        (304, "buffer"),
        (304, "data"),
        (206, "buffer"),
        (301, "data"),
        (302, "buffer"),
        (399, "data"),
        (200, "data"),
        (418, "buffer"),
        (499, "data"),
    ] {
        tricks.push(
            json!({"status": status, content: "HTTP/1.1 200 OK\r\nX-Evil: 1\r\n\r\n",
            "headers": {"Location": "https://evil.example/"}}),
        );
    }
    tricks
}

/// Statuses that are none, as JSON carries them.
fn no_statuses() -> Vec<Value> {
    vec![
        json!(0),
        json!(-1),
        json!(-200),
        json!(99),
        json!(100),
        json!(101),
        json!(103),
        json!(199),
        json!(600),
        json!(999),
        json!(65_736),
        json!(4_294_967_496_i64),
        json!(i64::MIN),
        json!("200"),
        json!("200 OK\r\nX-Evil: 1"),
        json!([200]),
        json!({"code": 200}),
        json!(true),
    ]
}

#[test]
fn no_reply_of_a_plugin_says_more_than_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = |key, entry_point, source| Homemade {
        key,
        entry_point,
        source,
        manifest: json!({}),
    };
    let market = marketplace(
        folder.path(),
        &[
            plugin("tricks-lua", "main.lua", LUA),
            plugin("tricks-rhai", "main.rhai", RHAI),
        ],
    );
    let server = Start::with_flags(&["--marketplace", &market]).go();
    let admin = server.admin();
    let (mut neutral, mut refused) = (0, 0);
    for key in ["tricks-lua", "tricks-rhai"] {
        admin
            .post("/api/plugins/install", json!({"pluginKey": key}))
            .is(201);
        // One connection for all: a reply of the wrong length would be seen in the next one.
        let connection = agent();
        let send = |method: &str, path: &str, body: Option<&Value>| {
            let body = body.map(|body| body.to_string().into_bytes());
            let path = format!("/api/plugins/{key}{path}");
            let answer = try_send(&admin, &connection, method, &path, body);
            // A good reply in between: without one, a plugin that fails again and again is paused.
            let good = Some(b"{\"data\": 1}".to_vec());
            let path = format!("/api/plugins/{key}/reply");
            let alive = try_send(&admin, &connection, "POST", &path, good);
            assert_eq!((alive.status, alive.data()), (200, json!(1)));
            answer
        };
        for trick in tricks() {
            let answer = send("POST", "/reply", Some(&trick));
            let told = format!("{key}: {trick:.200}\n{:?}", answer.headers);
            let wanted = trick["status"].as_u64().unwrap_or(200);
            assert_eq!(u64::from(answer.status), wanted, "{told}");
            assert_harmless(&answer, &told);
            neutral += 1;
        }
        let odd = ["nan", "inf", "half", "list", "map", "flag"];
        let odd = odd.map(|name| send("GET", &format!("/odd/{name}"), None));
        let raised = ["0", "-404", "99", "100", "200", "302", "600", "65940"];
        let raised = raised.map(|status| send("GET", &format!("/raise/{status}"), None));
        let plain = no_statuses().into_iter().map(|status| {
            let reply = json!({"status": status, "data": "x"});
            send("POST", "/reply", Some(&reply))
        });
        for answer in plain.chain(odd).chain(raised) {
            let told = format!("{key}: {}", String::from_utf8_lossy(&answer.body));
            assert_eq!(answer.status, 500, "{told}");
            let error = answer.json()["error"].to_string();
            assert!(
                error.contains("status") || error.contains("raised"),
                "{told}"
            );
            assert_harmless(&answer, &told);
            refused += 1;
        }
    }
    assert!(neutral >= 100 && refused >= 50, "{neutral} {refused}");
    println!("{neutral} tricks neutralised, {refused} statuses answered as the plugin's error");
}

fn try_send(
    client: &Client,
    connection: &ureq::Agent,
    method: &str,
    path: &str,
    body: Option<Vec<u8>>,
) -> Answer {
    client
        .try_send_by(connection, method, path, body, &[])
        .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

fn assert_harmless(answer: &Answer, told: &str) {
    for (name, value) in &answer.headers {
        assert!(EXPECTED.contains(&name.as_str()), "{name}: {value}: {told}");
        assert!(
            name == "content-disposition" || !value.contains("evil.example"),
            "{told}"
        );
        assert_eq!(answer.headers(name).len(), 1, "{name} twice: {told}");
    }
    let kind = answer.header("content-type").unwrap_or_default();
    for page in ["html", "xml", "script", "css", "multipart", "message"] {
        assert!(!kind.contains(page), "{told}");
    }
    assert_eq!(
        answer.header("x-content-type-options"),
        Some("nosniff"),
        "{told}"
    );
    assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{told}");
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'"), "{told}");
    let caching = answer.header("cache-control").unwrap_or_default();
    assert!(
        caching.contains("private") || caching.contains("no-store"),
        "{told}"
    );
    if let Some(disposition) = answer.header("content-disposition") {
        let names = disposition.strip_prefix("attachment; filename=\"").unwrap();
        let (plain, exact) = names.split_once("\"; filename*=UTF-8''").unwrap();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || " ._-()".contains(c);
        assert!(!plain.is_empty() && plain.chars().all(is_plain), "{told}");
        let is_encoded = |c: char| c.is_ascii_alphanumeric() || c == '%';
        assert!(
            exact.chars().all(is_encoded) && !exact.contains("%2F"),
            "{told}"
        );
    }
}
