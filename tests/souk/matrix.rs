//! Every route × every role × {own, the other organization's, a thing that nobody has} × {no token,
//! forged, the other organization's token}, each with the exact answer.

mod requests;
mod stage;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use souk::http::routes::{ROUTES, Route, Who};

use crate::support::{Answer, Client, Serving, TestServer};
use requests::{Absent, Request, lines, told};
use stage::{ABSENT_KEY, Asker, Stage, Standing};

/// What `asker` must be answered where those who are let through get `admitted`.
fn expected(route: &Route, request: &Request, asker: &Asker, admitted: u16) -> u16 {
    match (route.who, asker.who) {
        (Who::Anyone, _) => admitted,
        (_, Standing::Unknown) => 401,
        (Who::Admin, Standing::Signed { role, .. }) if role != "Admin" => 403,
        // Only where there is a plugin: nobody is told that one exists by being kept from it.
        (
            _,
            Standing::Signed {
                role: "Auditor", ..
            },
        ) if request.is_plugin_write && admitted < 300 => 403,
        _ => admitted,
    }
}

fn ask(
    stage: &Stage,
    asker: &Asker,
    request: &Request,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let (cookies, origin) = (
        request.with_cookie.then(|| stage.cookies()),
        stage.server.address(),
    );
    let headers: Vec<(&str, &str)> = cookies
        .iter()
        .flat_map(|cookies| [("cookie", cookies.as_str()), ("origin", origin.as_str())])
        .collect();
    asker.client.send(
        request.method,
        path,
        body.map(|body| body.to_string().into_bytes()),
        &headers,
    )
}

/// The key of the plugin that a request is about, as its answer may repeat it.
fn key_of(path: &str, body: Option<&Value>) -> String {
    let in_body = body.and_then(|body| body["pluginKey"].as_str());
    in_body
        .or_else(|| path.strip_prefix("/api/plugins/")?.split('/').next())
        .unwrap_or(ABSENT_KEY)
        .to_owned()
}

#[test]
fn every_route_answers_every_asker_as_its_line_says() {
    let stage = Stage::set();
    let lines = lines(&stage);
    let known: BTreeSet<_> = lines
        .iter()
        .map(|line| (line.method, line.path, format!("{:?}", line.who)))
        .collect();
    let all: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| (route.method, route.path, format!("{:?}", route.who)))
        .collect();
    assert_eq!(known, all, "each route has its line in the matrix");

    let askers = stage.askers();
    let (mut cells, mut compared) = (0, 0);
    for line in &lines {
        let route = ROUTES
            .iter()
            .find(|route| (route.method, route.path) == (line.method, line.path))
            .unwrap();
        for request in &line.requests {
            for asker in &askers {
                // First what nobody has: a request about it changes nothing.
                let of_nothing = request.absent.as_ref().map(|absent| {
                    cells += 1;
                    absent_cell(&stage, route, request, asker, absent)
                });
                let admitted = match asker.who {
                    Standing::Signed {
                        organization: 2, ..
                    } => request.stranger,
                    _ => request.good,
                };
                let answer = ask(&stage, asker, request, &request.path, request.body.as_ref());
                cells += 1;
                assert_eq!(
                    answer.status,
                    expected(route, request, asker, admitted),
                    "{} {} by {}: {}",
                    request.method,
                    request.path,
                    asker.name,
                    String::from_utf8_lossy(&answer.body)
                );
                let is_stranger = matches!(
                    asker.who,
                    Standing::Signed {
                        organization: 2,
                        ..
                    }
                );
                if let (Some(of_nothing), Some(absent), true) =
                    (of_nothing, &request.absent, is_stranger)
                    && absent.is_like_a_strangers
                {
                    compared += 1;
                    assert_eq!(
                        told(&answer, &key_of(&request.path, request.body.as_ref())),
                        told(&of_nothing, &key_of(&absent.path, absent.body.as_ref())),
                        "{} {} by {}",
                        request.method,
                        request.path,
                        asker.name
                    );
                }
            }
        }
    }
    println!(
        "{cells} cells asserted; {compared} answers about another organization's things are those about nothing"
    );
}

fn absent_cell(
    stage: &Stage,
    route: &Route,
    request: &Request,
    asker: &Asker,
    absent: &Absent,
) -> Answer {
    let answer = ask(stage, asker, request, &absent.path, absent.body.as_ref());
    assert_eq!(
        answer.status,
        expected(route, request, asker, absent.status),
        "{} {} by {}: {}",
        request.method,
        absent.path,
        asker.name,
        String::from_utf8_lossy(&answer.body)
    );
    answer
}

#[test]
fn the_first_run_link_opens_for_whoever_has_it_and_closes_behind_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(folder.path());
    let link = serving.link();
    let (base, token) = link.split_once("/setup?token=").unwrap();
    let check = format!("/api/users/setup?token={token}");
    let answers = json!({
        "token": token, "organizationName": "Gamma", "name": "Grace", "email": "grace@gamma.example",
        "password": "long enough for this",
    });
    let [nobody, forger] = [None, Some("x.y.z".to_owned())].map(|token| Client {
        base: base.to_owned(),
        token,
    });
    nobody.get(&check).is(200);
    forger.get(&check).is(200);
    forger.post("/api/users/setup", answers.clone()).is(200);
    for client in [nobody, forger] {
        client.get(&check).is(404);
        client.post("/api/users/setup", answers.clone()).is(404);
    }
}

#[test]
fn a_disabled_or_moved_user_is_out_at_the_next_request() {
    let server = TestServer::builtin();
    let editor = server.as_role(1, "Editor");
    editor.get("/api/users/me").is(200);
    let conn = rusqlite::Connection::open(server.data.join("souk.db")).unwrap();
    conn.execute(
        "UPDATE users SET role = 'Auditor' WHERE email = 'editor@acme.example'",
        [],
    )
    .unwrap();
    assert_eq!(
        editor.get("/api/users/me").is(200).data()["roleName"],
        "Auditor"
    );
    conn.execute(
        "UPDATE users SET disabled = 1 WHERE email = 'editor@acme.example'",
        [],
    )
    .unwrap();
    editor.get("/api/users/me").is(401);
}
