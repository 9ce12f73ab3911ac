//! T14: an organization that keeps every worker it may have at work, and one beside it that must not notice.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Answer, Client, Start, TestServer, marketplace};

/// Of each kind: scripts that never end, and requests to a server that takes its time.
const ATTACKERS: usize = 64;
const SERVER_TAKES: Duration = Duration::from_secs(30);

const IDLE_TIME: Duration = Duration::from_secs(2);
const ATTACK_TIME: Duration = Duration::from_secs(12);
/// Between two requests of a client.
const PAUSE: Duration = Duration::from_millis(10);
/// An attacker who was turned away comes again at once, or nearly: this is no test of floods.
const ATTACKERS_PAUSE: Duration = Duration::from_millis(100);

const MOST_P99: Duration = Duration::from_millis(50);
/// Where the machine is slow by itself, it is no fault of the attack.
const MOST_TIMES_IDLE: u32 = 5;

/// A quarter of eight workers.
const SHARE: f64 = 2.0;

/// Takes connections and answers none of them in time.
fn slow_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut stream = stream;
                let _head = stream.read(&mut [0; 4096]);
                std::thread::sleep(SERVER_TAKES);
                let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            });
        }
    });
    address
}

/// What the attackers were answered.
#[derive(Default)]
struct Answers {
    turned_away: AtomicUsize,
    others: Mutex<Vec<u16>>,
}

/// Asks for a route again and again, and resumes the plugin when it is paused for what that does.
fn attack(admin: &Client, path: &str, resume: &str, stop: &AtomicBool, answers: &Answers) {
    while !stop.load(Ordering::Relaxed) {
        let Ok(answer) = admin.try_send("GET", path, None, &[]) else {
            // The server has ended with the test.
            return;
        };
        if answer.status != 503 {
            answers.others.lock().unwrap().push(answer.status);
            continue;
        }
        if is_paused(&answer) {
            let _ended = admin.try_send("POST", resume, Some(b"{}".to_vec()), &[]);
        } else {
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!(wait > 0);
            answers.turned_away.fetch_add(1, Ordering::Relaxed);
        }
        std::thread::sleep(ATTACKERS_PAUSE);
    }
}

fn is_paused(answer: &Answer) -> bool {
    String::from_utf8_lossy(&answer.body).contains("is paused")
}

/// Two clients of the organization beside it; every answer must be good.
fn p99(client: &Client, time: Duration) -> (Duration, usize) {
    let end = Instant::now() + time;
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let ask = || {
            let mut times = Vec::new();
            while Instant::now() < end {
                let begun = Instant::now();
                client.get("/api/plugins/echo/items").is(200);
                times.push(begun.elapsed());
                std::thread::sleep(PAUSE);
            }
            times
        };
        let clients: Vec<_> = (0..2).map(|_| scope.spawn(ask)).collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    });
    times.sort();
    (times[times.len() * 99 / 100], times.len())
}

fn install(client: &Client, key: &str, config: serde_json::Value) -> String {
    let installation = client
        .post(
            "/api/plugins/install",
            json!({"pluginKey": key, "config": config}),
        )
        .is(201)
        .data();
    format!("/api/plugins/installations/{}/resume", installation["id"])
}

#[test]
fn one_organization_at_its_worst_leaves_the_other_as_fast_as_it_was() {
    let slow = slow_server();
    let flags = ["--marketplace", &marketplace(), "--outbound-allow", &slow];
    let server: TestServer = Start::with_flags(&flags).go();
    let (bad, good) = (server.admin(), server.as_role(2, "Admin"));
    // The endless scripts are those of a plugin that the other organization uses too.
    let echo = install(&bad, "echo", json!({}));
    let watched = install(
        &bad,
        "watched",
        json!({"server_url": format!("http://{slow}/")}),
    );
    install(&good, "echo", json!({}));
    let (idle, idle_count) = p99(&good, IDLE_TIME);

    let (stop, answers) = (AtomicBool::new(false), Answers::default());
    let (busy, count) = std::thread::scope(|scope| {
        for _ in 0..ATTACKERS {
            for (path, resume) in [
                ("/api/plugins/echo/loop", &echo),
                ("/api/plugins/watched/fetch", &watched),
            ] {
                let (bad, stop, answers) = (&bad, &stop, &answers);
                scope.spawn(move || attack(bad, path, resume, stop, answers));
            }
        }
        server.until("plugin_calls_waiting", |waiting| waiting > 60.0);
        assert_eq!(server.figure("plugin_calls_running"), SHARE);
        let measured = p99(&good, ATTACK_TIME);
        stop.store(true, Ordering::Relaxed);
        let turned_away = answers.turned_away.load(Ordering::Relaxed);
        println!(
            "{ATTACKERS} endless scripts and {ATTACKERS} requests of {SERVER_TAKES:?} of one organization: p99 of the \
             other {:?} in {} requests without an error (idle {idle:?} in {idle_count}); the first was turned away \
             {turned_away} times, and answered otherwise: {:?}",
            measured.0,
            measured.1,
            answers.others.lock().unwrap(),
        );
        assert!(turned_away > ATTACKERS, "{turned_away}");
        // Whoever still waits is let go by the end of the server.
        drop(server);
        measured
    });
    let most = MOST_P99.max(idle * MOST_TIMES_IDLE);
    assert!(busy <= most, "{busy:?} is more than {most:?}");
    assert!(count > 100, "{count}");
}
