//! A good request for every line of the route table, about things that only organization 1 has.

use serde_json::{Value, json};
use souk::http::routes::Who::{self, Admin, Anyone, Member};

use super::stage::{ABSENT_ID, ABSENT_KEY, MODEL, Stage};
use crate::support::Answer;

/// One line of the route table with the requests that try it.
pub struct Line {
    pub method: &'static str,
    pub path: &'static str,
    /// Written down here once more: a line of the table that opens a route must be meant.
    pub who: Who,
    pub requests: Vec<Request>,
}

/// What is sent, and what those who may send it get.
#[derive(Clone)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub body: Option<Value>,
    /// In organization 1, and of anyone where the route is open.
    pub good: u16,
    /// In organization 2.
    pub stranger: u16,
    /// The same about a thing that nobody has.
    pub absent: Option<Absent>,
    /// Auditors do not write.
    pub is_plugin_write: bool,
    /// A refresh cookie counts once: each cell gets its own.
    pub with_cookie: bool,
}

#[derive(Clone)]
pub struct Absent {
    pub path: String,
    pub body: Option<Value>,
    pub status: u16,
    /// Whether organization 2 must be told the very same of organization 1's thing.
    pub is_like_a_strangers: bool,
}

impl Request {
    fn new(method: &'static str, path: impl Into<String>, good: u16) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            good,
            stranger: good,
            absent: None,
            is_plugin_write: false,
            with_cookie: false,
        }
    }

    fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// About a thing of organization 1: for strangers it is as absent as one that nobody has.
    fn of_tenant(mut self, path: impl Into<String>) -> Self {
        self.stranger = 404;
        self.absent = Some(Absent {
            path: path.into(),
            body: self.body.clone(),
            status: 404,
            is_like_a_strangers: true,
        });
        self
    }

    /// The thing is named in the body.
    fn of_tenant_by_body(self, body: Value) -> Self {
        let path = self.path.clone();
        self.of_tenant(path).absent_body(body)
    }

    fn absent_body(mut self, body: Value) -> Self {
        if let Some(absent) = &mut self.absent {
            absent.body = Some(body);
        }
        self
    }

    /// About a thing that all organizations see.
    fn of_all(mut self, path: impl Into<String>, status: u16) -> Self {
        self.absent = Some(Absent {
            path: path.into(),
            body: self.body.clone(),
            status,
            is_like_a_strangers: false,
        });
        self
    }
}

fn get(path: impl Into<String>) -> Request {
    Request::new("GET", path, 200)
}

fn line(method: &'static str, path: &'static str, who: Who, request: Request) -> Line {
    Line {
        method,
        path,
        who,
        requests: vec![request],
    }
}

/// In the order in which they are asked: what takes something away comes last.
pub fn lines(stage: &Stage) -> Vec<Line> {
    let Stage {
        configurable,
        counter,
        ..
    } = stage;
    let absent = ABSENT_KEY;
    let configuration =
        json!({"configuration": {"server_url": "https://example.org", "password": "right horse"}});
    let credentials = json!({"email": "admin@acme.example", "password": stage.password});
    let shown = format!("/api/plugins/marketplace/{absent}");
    vec![
        line("GET", "/healthz", Anyone, get("/healthz")),
        line("GET", "/readyz", Anyone, get("/readyz")),
        line("GET", "/metrics", Anyone, get("/metrics")),
        line("GET", "/api", Anyone, get("/api")),
        line("POST", "/api/users/login", Anyone, Request::new("POST", "/api/users/login", 200).body(credentials)),
        line("POST", "/api/users/logout", Anyone, Request::new("POST", "/api/users/logout", 200)),
        line("POST", "/api/users/refresh", Anyone, Request { with_cookie: true, ..Request::new("POST", "/api/users/refresh", 200) }),
        line("GET", "/api/users/me", Member, get("/api/users/me")),
        // Closed for good once there is an organization; open links have a test of their own.
        line("GET", "/api/users/setup", Anyone, Request::new("GET", "/api/users/setup?token=guessed", 404)),
        line("POST", "/api/users/setup", Anyone,
            Request::new("POST", "/api/users/setup", 404).body(json!({
                "token": "guessed", "organizationName": "Gamma", "name": "Grace", "email": "grace@gamma.example",
                "password": "long enough for this",
            })),
        ),
        line("GET", "/api/users", Member, get("/api/users")),
        line("GET", "/api/modelInventory", Member, get("/api/modelInventory")),
        line("GET", "/api/modelInventory/:id", Member,
            get(format!("/api/modelInventory/{MODEL}")).of_tenant(format!("/api/modelInventory/{ABSENT_ID}")),
        ),
        line("GET", "/api/plugins/marketplace", Member, get("/api/plugins/marketplace")),
        line("GET", "/api/plugins/marketplace/search", Member, get("/api/plugins/marketplace/search?q=echo")),
        line("POST", "/api/plugins/marketplace/refresh", Admin, Request::new("POST", "/api/plugins/marketplace/refresh", 200)),
        line("GET", "/api/plugins/marketplace/:key", Member, get("/api/plugins/marketplace/echo").of_all(&shown, 404)),
        // A key without a picture gets a letter tile, so that no page shows a broken image.
        line("GET", "/api/plugins/marketplace/:key/icon", Member,
            get("/api/plugins/marketplace/echo/icon").of_all(format!("{shown}/icon"), 200),
        ),
        line("GET", "/api/plugins/marketplace/:key/readme", Member,
            get("/api/plugins/marketplace/ui-only/readme").of_all(format!("{shown}/readme"), 404),
        ),
        line("GET", "/api/plugins/categories", Member, get("/api/plugins/categories")),
        line("GET", "/api/plugins/health", Member, get("/api/plugins/health")),
        line("POST", "/api/plugins/ui-metrics", Member,
            Request::new("POST", "/api/plugins/ui-metrics", 204)
                .body(json!({"pluginKey": "ui-only", "loadTimeMs": 1, "ok": true}))
                .of_tenant_by_body(json!({"pluginKey": absent, "loadTimeMs": 1, "ok": true})),
        ),
        line("GET", "/api/plugins/installations", Member, get("/api/plugins/installations")),
        line("PUT", "/api/plugins/installations/:id/configuration", Admin,
            Request::new("PUT", format!("/api/plugins/installations/{configurable}/configuration"), 200)
                .body(configuration.clone())
                .of_tenant(format!("/api/plugins/installations/{ABSENT_ID}/configuration")),
        ),
        line("PUT", "/api/plugins/installations/:id/permissions", Admin,
            Request::new("PUT", format!("/api/plugins/installations/{configurable}/permissions"), 200)
                .body(json!({"granted": []}))
                .of_tenant(format!("/api/plugins/installations/{ABSENT_ID}/permissions")),
        ),
        line("GET", "/api/plugins/installations/:id/runs", Admin,
            get(format!("/api/plugins/installations/{configurable}/runs"))
                .of_tenant(format!("/api/plugins/installations/{ABSENT_ID}/runs")),
        ),
        line("POST", "/api/plugins/installations/:id/resume", Admin,
            Request::new("POST", format!("/api/plugins/installations/{configurable}/resume"), 200)
                .of_tenant(format!("/api/plugins/installations/{ABSENT_ID}/resume")),
        ),
        line("POST", "/api/plugins/:key/test-connection", Admin,
            Request::new("POST", "/api/plugins/configurable/test-connection", 200)
                .body(configuration)
                .of_tenant(format!("/api/plugins/{absent}/test-connection")),
        ),
        line("GET", "/api/plugins/:key/ui/bundle.js", Member,
            get("/api/plugins/ui-only/ui/bundle.js").of_tenant(format!("/api/plugins/{absent}/ui/bundle.js")),
        ),
        line("GET", "/api/plugins/:key/ui/dist/:filename", Member,
            get("/api/plugins/ui-only/ui/dist/index.esm.js")
                .of_tenant(format!("/api/plugins/{absent}/ui/dist/index.esm.js")),
        ),
        Line { method: "ANY", path: "/api/plugins/:key", who: Member, requests: vec![plugin_route("GET", "", 200), plugin_route("POST", "", 200)] },
        Line {
            method: "ANY",
            path: "/api/plugins/:key/*", who: Member,
            requests: vec![
                plugin_route("GET", "/items", 200),
                plugin_route("POST", "/items", 201),
                plugin_route("PUT", "/items/1", 200),
                plugin_route("PATCH", "/items/1", 200),
                plugin_route("DELETE", "/items/1", 200),
            ],
        },
        line("POST", "/api/plugins/install", Admin,
            Request::new("POST", "/api/plugins/install", 201)
                .body(json!({"pluginKey": "tables"}))
                .of_all("/api/plugins/install", 404)
                .absent_body(json!({"pluginKey": absent})),
        ),
        line("DELETE", "/api/plugins/installations/:id", Admin,
            Request::new("DELETE", format!("/api/plugins/installations/{counter}"), 200)
                .of_tenant(format!("/api/plugins/installations/{ABSENT_ID}")),
        ),
        // Ends the session of whoever may do it.
        line("PUT", "/api/users/me/password", Member,
            Request::new("PUT", "/api/users/me/password", 200)
                .body(json!({"currentPassword": stage.password, "newPassword": "a much longer one"})),
        ),
    ]
}

fn plugin_route(method: &'static str, below: &str, good: u16) -> Request {
    let request = Request {
        is_plugin_write: method != "GET",
        ..Request::new(method, format!("/api/plugins/echo{below}"), good)
    };
    let request = if method == "GET" {
        request
    } else {
        request.body(json!({"a": 1}))
    };
    request.of_tenant(format!("/api/plugins/{ABSENT_KEY}{below}"))
}

/// An answer without the plugin's key that was asked for: a text may repeat what the caller has sent.
pub fn told(answer: &Answer, key: &str) -> (u16, String) {
    let body = String::from_utf8_lossy(&answer.body);
    (answer.status, body.replace(key, "KEY"))
}
