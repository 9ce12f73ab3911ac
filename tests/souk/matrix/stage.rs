//! The server of the matrix, and everyone who asks it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use souk::tenant::TenantId;

use crate::support::{Client, TestServer};

/// A row of organization 1's model inventory.
pub const MODEL: i64 = 4711;
pub const ABSENT_ID: i64 = 999_999;
/// As a key it is lawful, and no plugin has it.
pub const ABSENT_KEY: &str = "absent-key";

const ROLES: [&str; 4] = ["Auditor", "Editor", "Reviewer", "Admin"];

/// Two organizations; the first has a model and plugins that the second has not.
pub struct Stage {
    pub server: TestServer,
    pub configurable: Value,
    pub counter: Value,
    pub password: Value,
}

/// Someone who asks.
#[derive(Clone)]
pub struct Asker {
    pub name: String,
    pub who: Standing,
    pub client: Client,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No token, or one that we did not make.
    Unknown,
    Signed {
        organization: i64,
        role: &'static str,
    },
}

impl Stage {
    pub fn set() -> Self {
        let server = TestServer::with_test_plugins();
        let install = |key: &str| {
            server
                .admin()
                .post("/api/plugins/install", json!({"pluginKey": key}))
                .is(201)
                .data()["id"]
                .clone()
        };
        install("echo");
        install("ui-only");
        let (configurable, counter) = (install("configurable"), install("counter"));
        let tenant = TenantId::of_organization(1);
        let shard = tenant.as_str()[..2].to_lowercase();
        rusqlite::Connection::open(server.data.join(format!("tenants/{shard}/{tenant}.db")))
            .unwrap()
            .execute_batch(&format!(
                "CREATE TEMP TABLE copied AS SELECT * FROM model_inventory LIMIT 1;
                 UPDATE copied SET id = {MODEL};
                 INSERT INTO model_inventory SELECT * FROM copied;"
            ))
            .unwrap();
        let password = server.user(1, "Admin")["password"].clone();
        Self {
            server,
            configurable,
            counter,
            password,
        }
    }

    /// Nobody and forgers first, then organization 2, then organization 1 with its Admin last:
    /// the only one who can take away what the others are asked about.
    pub fn askers(&self) -> Vec<Asker> {
        let mut askers = vec![Asker {
            name: "nobody".to_owned(),
            who: Standing::Unknown,
            client: self.server.nobody(),
        }];
        for (name, token) in self.forged_tokens() {
            askers.push(Asker {
                name: name.to_owned(),
                who: Standing::Unknown,
                client: Client {
                    base: self.server.address(),
                    token: Some(token),
                },
            });
        }
        for organization in [2, 1] {
            for role in ROLES {
                askers.push(Asker {
                    name: format!("{role} of {organization}"),
                    who: Standing::Signed { organization, role },
                    client: self.server.as_role(organization, role),
                });
            }
        }
        askers
    }

    /// The cookies of a fresh sign-in as organization 1's Admin.
    pub fn cookies(&self) -> String {
        let credentials = json!({"email": "admin@acme.example", "password": self.password});
        let answer = self
            .server
            .nobody()
            .post("/api/users/login", credentials)
            .is(200);
        let pairs: Vec<&str> = answer
            .headers("set-cookie")
            .iter()
            .filter_map(|cookie| cookie.split(';').next())
            .collect();
        pairs.join("; ")
    }

    fn forged_tokens(&self) -> Vec<(&'static str, String)> {
        let of = |organization| {
            self.server.user(organization, "Admin")["token"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let (ours, theirs) = (of(1), of(2));
        let [head, claims, signature] = parts(&ours);
        let [_, _, their_signature] = parts(&theirs);
        let none = BASE64.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let refresh = self.cookies();
        let refresh = refresh
            .split("souk_refresh=")
            .nth(1)
            .unwrap()
            .split(';')
            .next()
            .unwrap();
        vec![
            ("an empty token", String::new()),
            ("no JWT", "x.y.z".to_owned()),
            ("a very long token", "a".repeat(5000)),
            ("an unsigned token", format!("{none}.{claims}.")),
            (
                "a signature cut off",
                format!("{head}.{claims}.{}", &signature[..signature.len() - 2]),
            ),
            (
                "another token's signature",
                format!("{head}.{claims}.{their_signature}"),
            ),
            ("a refresh token", refresh.to_owned()),
        ]
    }
}

fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().unwrap()
}
