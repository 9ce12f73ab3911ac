//! The rows of the table that are ours: which request goes to which server, what a right answer is, and what
//! the row should reach.

use serde_json::Value;

use crate::aims::Aim;
use crate::client::{Answer, Client};
use crate::servers::{Servers, Souk};
use crate::trivial;
use crate::wrk::Request;

/// The routes of both plugins, and of the peers.
const ROUTES: [Route; 5] = [
    Route {
        name: "ok",
        method: "GET",
        path: "ok",
        status: 200,
        is_right: |data| data["ok"] == true,
        peer_factor: 3.0,
    },
    Route {
        name: "one",
        method: "GET",
        path: "models/{n}",
        status: 200,
        is_right: |data| data["id"] == 7 && is_model(data),
        peer_factor: 3.0,
    },
    Route {
        name: "page",
        method: "GET",
        path: "page",
        status: 200,
        is_right: is_page,
        peer_factor: 3.0,
    },
    Route {
        name: "list",
        method: "GET",
        path: "models",
        status: 200,
        is_right: is_page,
        peer_factor: 5.0,
    },
    Route {
        name: "insert",
        method: "POST",
        path: "models",
        status: 201,
        is_right: |data| data["id"].as_i64() > Some(1000),
        peer_factor: 1.0,
    },
];

const LANGUAGES: [&str; 2] = ["lua", "rhai"];

const INSERTED: &str = r#"{"name":"model-{n}","version":"1","stage":"None","run_id":"0123456789abcdef0123456789abcdef","source":"s3://bucket/path/model","created_at":"2026-01-01T00:00:00Z"}"#;

/// Rhai may be so much slower than Lua.
const RHAI_BEHIND_LUA: f64 = 1.5;
/// What a build keeps of the one before it.
const KEEPS_OF_BEFORE: f64 = 0.85;
/// What the edge keeps of tiny_http alone.
const EDGE_KEEPS: f64 = 0.65;

/// Put in place of `{n}` when a row is checked.
const CHECKED: &str = "7";

struct Route {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    status: u16,
    is_right: fn(&Value) -> bool,
    /// Lua should do so many times what PocketBase does.
    peer_factor: f64,
}

pub struct Row {
    pub name: String,
    pub base: String,
    /// The process that serves it.
    pub pid: u32,
    pub request: Request,
    pub aim: Option<Aim>,
    /// Only rows of Souk: whether the spread of their latencies is looked at.
    pub is_souk: bool,
    status: u16,
    is_right: Box<dyn Fn(&Answer) -> bool>,
}

pub fn all(servers: &Servers) -> Result<Vec<Row>, String> {
    let souk = &servers.souk;
    if let Some(before) = &servers.before {
        return Ok(side_by_side(souk, before));
    }
    let mut rows = vec![
        trivial_row("tiny_http", &servers.bare, None),
        trivial_row(
            "edge + tiny_http",
            &servers.edge,
            Some(Aim::at_least(EDGE_KEEPS, "tiny_http")),
        ),
        souk_row(souk, "healthz", Request::get("/healthz"), 200, |answer| {
            !answer.body.is_empty()
        }),
        asset_row(souk)?,
        souk_row(
            souk,
            "installations",
            Request::get("/api/plugins/installations").signed_in(souk.admin.token.as_deref()),
            200,
            |answer| answer.data().as_array().is_some_and(|rows| rows.len() == 2),
        ),
    ];
    for language in LANGUAGES {
        rows.extend(ROUTES.iter().map(|route| plugin_row(souk, language, route)));
    }
    Ok(rows)
}

/// The plugins' routes on both builds, one right after the other.
fn side_by_side(souk: &Souk, before: &Souk) -> Vec<Row> {
    let mut rows = Vec::new();
    for language in LANGUAGES {
        for route in &ROUTES {
            let old = plugin_row(before, language, route);
            let name = format!("before: {}", old.name);
            rows.push(Row {
                aim: Some(Aim::at_least(KEEPS_OF_BEFORE, &name)),
                ..plugin_row(souk, language, route)
            });
            rows.push(Row {
                name,
                aim: None,
                ..old
            });
        }
    }
    rows
}

impl Row {
    /// One request of the kind that will be measured, and its answer looked at.
    pub fn check(&self) -> Result<(), String> {
        let answer = self.ask(true)?;
        if answer.status != self.status || !(self.is_right)(&answer) {
            return Err(self.wrong(&answer));
        }
        if self.request.is_signed_in() {
            let refused = self.ask(false)?;
            if refused.status != 401 {
                return Err(format!("without a token, {}", self.wrong(&refused)));
            }
        }
        Ok(())
    }

    fn ask(&self, signed_in: bool) -> Result<Answer, String> {
        let client = Client {
            base: self.base.clone(),
            token: None,
        };
        let headers: Vec<(&str, &str)> = self
            .request
            .headers
            .iter()
            .filter(|(name, _)| signed_in || *name != "Authorization")
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let filled = |text: &str| text.replace("{n}", CHECKED);
        let body = self.request.body.map(|body| filled(body).into_bytes());
        client.try_send(
            self.request.method,
            &filled(&self.request.path),
            body,
            &headers,
        )
    }

    fn wrong(&self, answer: &Answer) -> String {
        let body = String::from_utf8_lossy(&answer.body);
        let start: String = body.chars().take(200).collect();
        format!("{} answers wrongly: {} {start}", self.name, answer.status)
    }
}

fn trivial_row(name: &str, server: &trivial::Trivial, aim: Option<Aim>) -> Row {
    Row {
        name: name.to_owned(),
        base: server.base.clone(),
        pid: server.pid(),
        request: Request::get("/"),
        aim,
        is_souk: false,
        status: 200,
        is_right: Box::new(|answer| answer.body == trivial::REPLY.as_bytes()),
    }
}

fn souk_row(
    souk: &Souk,
    name: &str,
    request: Request,
    status: u16,
    is_right: impl Fn(&Answer) -> bool + 'static,
) -> Row {
    Row {
        name: name.to_owned(),
        base: souk.server.address(),
        pid: souk.server.pid(),
        request,
        aim: None,
        is_souk: true,
        status,
        is_right: Box::new(is_right),
    }
}

/// The script that the page names, as a browser asks for it.
fn asset_row(souk: &Souk) -> Result<Row, String> {
    let page = souk.server.nobody().try_send("GET", "/", None, &[])?;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    let path = page
        .split('"')
        .find(|part| part.starts_with("/static/") && part.ends_with(".js"))
        .ok_or("the page names no script: was Souk built with SOUK_SKIP_ASSETS?")?;
    let mut request = Request::get(path);
    request.headers.push(("Accept-Encoding", "gzip".to_owned()));
    Ok(souk_row(souk, "static asset", request, 200, |answer| {
        // The client that checks has unpacked it already.
        answer
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/javascript"))
    }))
}

fn plugin_row(souk: &Souk, language: &str, route: &'static Route) -> Row {
    let mut request = Request::get(&format!("/api/plugins/figures-{language}/{}", route.path))
        .signed_in(souk.admin.token.as_deref());
    request.method = route.method;
    request.body = (route.method == "POST").then_some(INSERTED);
    let name = format!("{language} {}", route.name);
    let aim = if language == "lua" {
        Aim::at_least(route.peer_factor, &format!("pocketbase {}", route.name))
    } else {
        Aim::at_least(1.0 / RHAI_BEHIND_LUA, &format!("lua {}", route.name))
    };
    Row {
        aim: Some(aim),
        ..souk_row(souk, &name, request, route.status, |answer| {
            (route.is_right)(&answer.data())
        })
    }
}

fn is_model(data: &Value) -> bool {
    ["name", "version", "stage", "run_id", "source", "created_at"]
        .iter()
        .all(|field| data[*field].is_string())
}

fn is_page(data: &Value) -> bool {
    data.as_array()
        .is_some_and(|rows| rows.len() == 50 && rows.iter().all(is_model))
}
