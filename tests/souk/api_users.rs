//! `/api/users`: sign-in, sessions, passwords, people.

use serde_json::json;

use crate::support::{Answer, Client, Start, TestServer};

const PASSWORD: &str = "souk-demo-2026";

fn sign_in(server: &TestServer, email: &str, password: &str) -> Answer {
    server.nobody().post(
        "/api/users/login",
        json!({"email": email, "password": password}),
    )
}

fn cookies(answer: &Answer) -> String {
    let pairs: Vec<&str> = answer
        .headers("set-cookie")
        .iter()
        .filter_map(|cookie| cookie.split(';').next())
        .collect();
    pairs.join("; ")
}

fn with_cookies(
    server: &TestServer,
    method: &str,
    path: &str,
    cookies: &str,
    more: &[(&str, &str)],
) -> Answer {
    let mut headers = vec![("cookie", cookies)];
    headers.extend(more);
    let body = (method != "GET").then(|| b"{}".to_vec());
    server.nobody().send(method, path, body, &headers)
}

#[test]
fn signing_in_gives_a_token_the_user_and_two_cookies_out_of_reach_of_scripts() {
    let server = TestServer::builtin();
    let answer = sign_in(&server, "ADMIN@acme.example", PASSWORD).is(200);
    let data = answer.data();
    assert_eq!(data["user"]["roleName"], "Admin");
    assert_eq!(data["user"]["organizationName"], "Acme Bank");
    assert_eq!(data["user"]["tenantId"], "a4ayc80OGd");
    for cookie in answer.headers("set-cookie") {
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
            "{cookie}"
        );
    }
    let client = Client {
        base: server.address(),
        token: data["token"].as_str().map(str::to_owned),
    };
    assert_eq!(
        client.get("/api/users/me").is(200).data()["email"],
        "admin@acme.example"
    );
}

#[test]
fn wrong_credentials_get_one_answer_and_missing_fields_are_named() {
    let server = TestServer::builtin();
    let wrong = sign_in(&server, "admin@acme.example", "not this one").is(401);
    let unknown = sign_in(&server, "nobody@acme.example", "not this one").is(401);
    assert_eq!(wrong.json(), unknown.json());
    let missing = server
        .nobody()
        .post("/api/users/login", json!({"email": "a@b.example"}))
        .is(400);
    assert_eq!(missing.data(), "password is required");
    let number = server
        .nobody()
        .post("/api/users/login", json!({"email": 7, "password": "x"}))
        .is(400);
    assert_eq!(number.data(), "email must be a text");
}

#[test]
fn guessing_is_slowed_down_per_account() {
    let server = TestServer::builtin();
    for _ in 0..10 {
        sign_in(&server, "editor@acme.example", "guess guess guess").is(401);
    }
    let limited = sign_in(&server, "editor@acme.example", PASSWORD).is(429);
    assert!(limited.header("retry-after").is_some());
    sign_in(&server, "reviewer@acme.example", PASSWORD).is(200);
}

#[test]
fn requests_without_a_valid_token_are_401() {
    let server = TestServer::builtin();
    for token in [None, Some("x"), Some("a.b.c")] {
        let client = Client {
            base: server.address(),
            token: token.map(str::to_owned),
        };
        client.get("/api/plugins/marketplace").is(401);
    }
    let basic = server.nobody().send(
        "GET",
        "/api/users/me",
        None,
        &[("authorization", "Basic YTpi")],
    );
    basic.is(401);
}

#[test]
fn the_session_cookie_reads_anywhere_and_writes_only_from_a_page_of_ours() {
    let server = TestServer::builtin();
    let cookies = cookies(&sign_in(&server, "admin@acme.example", PASSWORD).is(200));
    with_cookies(&server, "GET", "/api/users/me", &cookies, &[]).is(200);
    let path = "/api/plugins/marketplace/refresh";
    with_cookies(&server, "POST", path, &cookies, &[]).is(403);
    with_cookies(
        &server,
        "POST",
        path,
        &cookies,
        &[("origin", "http://evil.example")],
    )
    .is(403);
    with_cookies(
        &server,
        "POST",
        path,
        &cookies,
        &[("sec-fetch-site", "cross-site")],
    )
    .is(403);
    with_cookies(
        &server,
        "POST",
        path,
        &cookies,
        &[("origin", &server.address())],
    )
    .is(200);
    with_cookies(
        &server,
        "POST",
        path,
        &cookies,
        &[("sec-fetch-site", "same-origin")],
    )
    .is(200);
}

#[test]
fn a_refresh_token_counts_once() {
    let server = TestServer::builtin();
    let first = cookies(&sign_in(&server, "admin@acme.example", PASSWORD).is(200));
    let here = server.address();
    let origin = [("origin", here.as_str())];
    let second =
        cookies(&with_cookies(&server, "POST", "/api/users/refresh", &first, &origin).is(200));
    with_cookies(&server, "POST", "/api/users/refresh", &first, &origin).is(401);
    with_cookies(&server, "POST", "/api/users/refresh", &second, &[]).is(403);
    with_cookies(&server, "POST", "/api/users/logout", &second, &origin).is(200);
    with_cookies(&server, "POST", "/api/users/refresh", &second, &origin).is(401);
}

#[test]
fn a_new_password_ends_every_other_session() {
    let server = TestServer::builtin();
    let old = server.admin();
    let body = json!({"currentPassword": PASSWORD, "newPassword": "a much longer one"});
    let short = json!({"currentPassword": PASSWORD, "newPassword": "short"});
    assert!(
        old.put("/api/users/me/password", short)
            .is(400)
            .data()
            .as_str()
            .unwrap()
            .contains("12 to 256")
    );
    let wrong = json!({"currentPassword": "wrong wrong wrong", "newPassword": "a much longer one"});
    old.put("/api/users/me/password", wrong).is(400);
    let token = old.put("/api/users/me/password", body).is(200).data()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    old.get("/api/users/me").is(401);
    Client {
        base: server.address(),
        token: Some(token),
    }
    .get("/api/users/me")
    .is(200);
    sign_in(&server, "admin@acme.example", PASSWORD).is(401);
    sign_in(&server, "admin@acme.example", "a much longer one").is(200);
}

#[test]
fn people_of_another_organization_are_not_listed() {
    let server = TestServer::builtin();
    let users = server
        .as_role(2, "Auditor")
        .get("/api/users")
        .is(200)
        .data();
    let users = users.as_array().unwrap();
    assert_eq!(users.len(), 4);
    assert!(
        users
            .iter()
            .all(|user| user["organizationId"] == 2 && user["passwordHash"].is_null())
    );
}

#[test]
fn a_second_start_has_the_same_accounts_with_fresh_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = |server: &TestServer| {
        let mut users = server.users().to_vec();
        for user in &mut users {
            user.as_object_mut().unwrap().remove("token");
        }
        users
    };
    let mut first = Start::default().on(folder.path()).go();
    let (before, token) = (accounts(&first), first.admin());
    first.kill();
    let second = Start::default().on(folder.path()).go();
    assert_eq!(accounts(&second), before);
    second.admin().get("/api/users/me").is(200);
    // Signing keys live in the data folder: an old token holds as long as it would have.
    Client {
        base: second.address(),
        ..token
    }
    .get("/api/users/me")
    .is(200);
}

#[test]
fn a_body_that_no_form_has_is_refused_before_anything_is_kept() {
    let server = TestServer::builtin();
    let size = || std::fs::metadata(server.data.join("souk.db-wal")).map_or(0, |meta| meta.len());
    let before = size();
    let email = format!("{}@acme.example", "a".repeat(9 << 20));
    for _ in 0..5 {
        sign_in(&server, &email, PASSWORD).is(413);
    }
    sign_in(
        &server,
        &format!("{}@acme.example", "a".repeat(60_000)),
        PASSWORD,
    )
    .is(400);
    assert_eq!(size(), before);
}

#[test]
fn guesses_at_the_same_moment_count_like_any_others() {
    let server = TestServer::builtin();
    let guesses: Vec<_> = (0..40)
        .map(|_| {
            let client = server.nobody();
            std::thread::spawn(move || {
                let body = json!({"email": "editor@acme.example", "password": "guess guess guess"});
                client.post("/api/users/login", body).status
            })
        })
        .collect();
    let statuses: Vec<u16> = guesses
        .into_iter()
        .map(|guess| guess.join().unwrap())
        .collect();
    let tried = statuses.iter().filter(|status| **status == 401).count();
    let limited = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!((tried, limited), (10, 30));
}
