//! What people do: fifty requests that come round and round, one tenant after the other.

use serde_json::json;

use crate::client::Client;
use crate::stage::{Stage, Tenant};

/// How many of fifty requests are of each kind.
const SHARES: [(u64, Kind); 14] = [
    (2, Kind::Health),
    (2, Kind::WebPage),
    (4, Kind::Asset),
    (3, Kind::Marketplace),
    (2, Kind::Search),
    (2, Kind::Manifest),
    (5, Kind::Installations),
    (4, Kind::Me),
    (1, Kind::SignIn),
    (7, Kind::Ok),
    (7, Kind::One),
    (5, Kind::Page),
    (1, Kind::List),
    (5, Kind::Insert),
];
const ROUND: u64 = 50;
/// Has no divisor in common with the round, so that kinds are mixed and each still comes as often as it should.
const STRIDE: u64 = 23;

#[derive(Clone, Copy)]
enum Kind {
    Health,
    WebPage,
    Asset,
    Marketplace,
    Search,
    Manifest,
    Installations,
    Me,
    SignIn,
    Ok,
    One,
    Page,
    List,
    Insert,
}

/// The request of that number: an error says what went wrong.
pub fn send(stage: &Stage, agent: &ureq::Agent, number: u64) -> Result<(), String> {
    let round = number / ROUND;
    let tenants = stage.tenants.len() as u64;
    let tenant = stage
        .tenants
        .get(((round + number) % tenants) as usize)
        .ok_or("there is no tenant")?;
    let (method, path, body, status) = request(stage, tenant, kind(number), number);
    let client = Client {
        base: stage.nobody.base.clone(),
        token: tenant.admin.token.clone(),
    };
    let answer = client.try_send_by(agent, method, &path, body.map(String::into_bytes), &[])?;
    if answer.status == status {
        Ok(())
    } else {
        let text = String::from_utf8_lossy(&answer.body);
        Err(format!("{method} {path}: {} {text}", answer.status))
    }
}

fn kind(number: u64) -> Kind {
    let mut place = number * STRIDE % ROUND;
    for (share, kind) in SHARES {
        if place < share {
            return kind;
        }
        place -= share;
    }
    Kind::Health
}

fn request(
    stage: &Stage,
    tenant: &Tenant,
    kind: Kind,
    number: u64,
) -> (&'static str, String, Option<String>, u16) {
    let get = |path: &str| ("GET", path.to_owned(), None, 200);
    let of_plugin = |path: &str| get(&format!("/api/plugins/{}/{path}", tenant.steady));
    match kind {
        Kind::Health => get("/healthz"),
        Kind::WebPage => get("/plugins"),
        Kind::Asset => get(&stage.asset),
        Kind::Marketplace => get("/api/plugins/marketplace"),
        Kind::Search => get("/api/plugins/marketplace/search?q=figures"),
        Kind::Manifest => get(&format!("/api/plugins/marketplace/{}", tenant.cycled)),
        Kind::Installations => get("/api/plugins/installations"),
        Kind::Me => get("/api/users/me"),
        Kind::SignIn => {
            let body = json!({ "email": tenant.email, "password": tenant.password });
            (
                "POST",
                "/api/users/login".to_owned(),
                Some(body.to_string()),
                200,
            )
        }
        Kind::Ok => of_plugin("ok"),
        Kind::One => of_plugin(&format!("models/{}", number % 1000 + 1)),
        Kind::Page => of_plugin("page"),
        Kind::List => of_plugin("models"),
        Kind::Insert => {
            let body = json!({
                "name": format!("model-{number}"), "version": "1", "stage": "None", "run_id": "0",
                "source": "s3://bucket/model", "created_at": "2026-01-01T00:00:00Z",
            });
            let path = format!("/api/plugins/{}/models", tenant.steady);
            ("POST", path, Some(body.to_string()), 201)
        }
    }
}
