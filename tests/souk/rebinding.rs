//! T31: the built program in a network of its own, where every inner address answers and must not be asked.
//!
//! The network is a namespace without a way out. A name server of the test says there what an attacker's would:
//! first a public address, then an inner one. Both kinds lie on the namespace's loopback device. Making
//! namespaces takes root and the tools `unshare`, `ip` and `mount`; without them the test says that it is
//! skipped, and `outbound::tests::spellings` stands alone.

mod names;
mod network;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::homemade::{Homemade, marketplace};
use crate::support::{Client, Start};
use names::Names;
use network::{INNER, Listening, PUBLIC};

/// Set in the process that runs inside the namespace.
const INSIDE: &str = "TEST_INSIDE_NAMESPACE";
const TEST: &str = "rebinding::no_spelling_redirect_or_rebinding_reaches_an_inner_address";
const HOSTS: &str = include_str!("../fixtures/inner_hosts.txt");
/// Ports that a grant opens without naming them, and one that it names.
const PORTS: [u16; 2] = [80, 8080];

const PLUGIN: &str = r#"
local plugin = { metadata = { name = "Fetcher", version = "1.0.0" } }
function plugin.install() return { success = true } end
function plugin.uninstall() return { success = true } end
plugin.router = {
  ["POST /fetch"] = function(ctx)
    if ctx.body.check then ctx.http.check({ url = ctx.body.url }) end
    local sent, reply = pcall(ctx.http.request, { url = ctx.body.url, timeoutMs = 3000 })
    if sent then return { data = { status = reply.status, body = reply.body } } end
    return { data = { failure = tostring(reply) } }
  end,
}
return plugin
"#;

#[test]
fn no_spelling_redirect_or_rebinding_reaches_an_inner_address() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root makes network namespaces");
        return;
    }
    let possible = Command::new("unshare")
        .args(["-n", "-m", "ip", "link", "set", "lo", "up"])
        .output();
    if !possible.is_ok_and(|tried| tried.status.success()) {
        println!("skipped: unshare and ip cannot make a network namespace here");
        return;
    }
    let output = Command::new("unshare")
        .args(["-n", "-m"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}");
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn inside() {
    let families = network::set_up();
    let names = Names::start();
    let public = Listening::web(PUBLIC[0]);
    let canaries: Vec<Listening> = INNER
        .iter()
        .filter(|address| families.has(address))
        .flat_map(|address| PORTS.map(|port| Listening::canary(address, port)))
        .collect();
    let proxy = Listening::canary("127.0.0.1", 3128);
    for canary in canaries.iter().chain([&proxy]) {
        canary.assert_reachable();
    }

    let folder = tempfile::tempdir().unwrap();
    let market = marketplace(
        folder.path(),
        &[Homemade {
            key: "fetcher",
            entry_point: "main.lua",
            source: PLUGIN,
            manifest: json!({"permissions": [
                {"capability": "network", "hosts": ["*.rebind.test", "*.rebind.test:8080"], "reason": "To be led astray"},
                {"capability": "network", "hostFromConfiguration": "upstream", "reason": "To ask for addresses"},
            ]}),
        }],
    );
    let mut start = Start::with_flags(&["--marketplace", &market]);
    for variable in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ] {
        start = start.environment(variable, "http://127.0.0.1:3128");
    }
    let server = start.go();
    let admin = server.admin();
    let row = admin.post("/api/plugins/install", json!({"pluginKey": "fetcher"}));
    let asker = Asker {
        admin: &admin,
        installation: row.is(201).data()["id"].to_string(),
        asked: AtomicUsize::new(0),
    };

    // The way to public addresses is open, and the names are those of this test.
    names.set("web.rebind.test", &[&PUBLIC[..1]]);
    let fine = asker.fetch("http://web.rebind.test/ok", false);
    assert_eq!(
        (&fine["status"], &fine["body"]),
        (&json!(200), &json!("public"))
    );
    assert_eq!(public.connections(), 1);

    for (number, inner) in INNER.iter().enumerate() {
        if families.has(inner) {
            led_astray(&asker, &names, number, inner);
        }
    }
    spelled(&asker);

    let reached: Vec<_> = canaries
        .iter()
        .chain([&proxy])
        .filter(|canary| canary.connections() > 0)
        .map(|canary| canary.address.clone())
        .collect();
    assert_eq!(reached, [""; 0], "connected to");
    println!(
        "{} requests, {} canaries, {} questions to the name server, 0 connections",
        asker.asked.load(Ordering::SeqCst),
        canaries.len() + 1,
        names.asked(),
    );
}

/// Names that lead to one inner address, at once or later.
fn led_astray(asker: &Asker<'_>, names: &Arc<Names>, number: usize, inner: &str) {
    let (public, inner) = (&PUBLIC[..1], &[inner][..]);
    let both = [public, inner].concat();
    for port in PORTS {
        let name = |kind: &str, answers: &[&[&str]]| {
            let name = format!("{kind}-{number}-{port}.rebind.test");
            names.set(&name, answers);
            format!("http://{name}:{port}")
        };
        let refused = |url: &str, check: bool| {
            let told = asker.fetch(url, check);
            let failure = told["failure"].as_str().unwrap_or_default();
            assert!(failure.contains("outbound.allow"), "{url}: {told}");
        };
        refused(&name("always", &[inner]), false);
        refused(&name("checked", &[public, inner]), true);
        // Redirects to itself, once or three times, and moves meanwhile.
        if port == 80 {
            refused(&format!("{}/again", name("once", &[public, inner])), false);
            let thrice = name("thrice", &[public, public, public, inner]);
            refused(&format!("{thrice}/again"), false);
            let other = name("other", &[inner]);
            refused(
                &format!("http://web.rebind.test/to/{}", encoded(&other)),
                false,
            );
        }
        // Of two addresses at once the public one may be used, and it alone; on 8080 nobody listens there.
        let mixed = asker.fetch(&name("mixed", &[&both]), false);
        let is_public = mixed["body"] == "public" || mixed["failure"].as_str().is_some();
        assert!(is_public, "{mixed}");
        // The other way round, in the end at the public address.
        refused(&name("back", &[inner, public]), false);
    }
}

/// Every spelling, granted by the configuration, at once and behind redirects.
fn spelled(asker: &Asker<'_>) {
    let hosts: Vec<&str> = HOSTS.lines().collect();
    assert!(hosts.len() >= 60, "{}", hosts.len());
    for host in hosts {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}/");
            asker.grant(&url);
            for asked in [
                url.clone(),
                format!("http://web.rebind.test/to/{}", encoded(&url)),
                format!("http://web.rebind.test/3/to/{}", encoded(&url)),
            ] {
                let told = asker.fetch(&asked, false);
                assert!(told["failure"].is_string(), "{asked}: {told}");
            }
        }
    }
}

fn encoded(url: &str) -> String {
    percent_encoding::utf8_percent_encode(url, percent_encoding::NON_ALPHANUMERIC).to_string()
}

struct Asker<'a> {
    admin: &'a Client,
    installation: String,
    asked: AtomicUsize,
}

impl Asker<'_> {
    fn fetch(&self, url: &str, check: bool) -> Value {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let body = json!({"url": url, "check": check});
        let answer = self.admin.post("/api/plugins/fetcher/fetch", body);
        answer.is(200).data()
    }

    /// By the field that the plugin's permission names.
    fn grant(&self, url: &str) {
        let path = format!(
            "/api/plugins/installations/{}/configuration",
            self.installation
        );
        let body = json!({"configuration": {"upstream": url}});
        self.admin.put(&path, body).is(200);
    }
}
