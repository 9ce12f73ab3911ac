//! T23: no descriptors, no threads. The process stays, and serves again within a second of their return.

use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit};

use crate::support::{Answer, Client, Start, TestServer};

const SERVES_AGAIN_WITHIN: Duration = Duration::from_secs(1);
/// Somebody who runs nothing else here: a limit on threads counts all of a user's.
const STRANGER: u32 = 64_123;
const ENOUGH_THREADS: u64 = 2_000;

/// Sets the descriptors of a running server, or back to ours, which it has inherited.
fn limit_descriptors(server: &TestServer, most: Option<u64>) {
    let ours = rustix::process::getrlimit(Resource::Nofile);
    let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap());
    let current = most.or(ours.current);
    let maximum = ours.maximum;
    rustix::process::prlimit(pid, Resource::Nofile, Rlimit { current, maximum }).unwrap();
}

/// Sets the threads of the stranger's server. In a container even root may not, but the stranger may.
fn limit_threads(server: &TestServer, most: u64) {
    let status = Command::new("prlimit")
        .args(["--pid", &server.pid().to_string()])
        .arg(format!("--nproc={most}:"))
        .uid(STRANGER)
        .gid(STRANGER)
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}

fn serves_again(client: &Client, since: Instant) {
    loop {
        let answer = client.try_send("GET", "/healthz", None, &[]);
        if answer.is_ok_and(|answer: Answer| answer.status == 200) {
            return;
        }
        assert!(
            since.elapsed() < SERVES_AGAIN_WITHIN,
            "no answer a second after the shortage"
        );
    }
}

#[test]
fn a_process_with_few_descriptors_survives_a_flood_of_connections() {
    for most in [64, 128] {
        let mut server = Start::default().descriptors(most).go();
        for _ in 0..3 {
            let flood: Vec<TcpStream> = (0..400)
                .filter_map(|_| TcpStream::connect(server.socket()).ok())
                .collect();
            std::thread::sleep(Duration::from_millis(300));
            drop(flood);
            serves_again(&server.nobody(), Instant::now());
        }
        assert!(server.is_running());
        server
            .admin()
            .post(
                "/api/plugins/install",
                serde_json::json!({"pluginKey": "notes"}),
            )
            .is(201);
    }
}

#[test]
fn a_process_that_is_left_without_any_descriptor_serves_again_when_they_return() {
    let mut server = TestServer::builtin();
    let accept_errors = server.figure("edge_accept_errors_total");
    for _ in 0..3 {
        // Fewer than it has open: nothing can be opened or accepted.
        limit_descriptors(&server, Some(10));
        let waiting: Vec<TcpStream> = (0..50)
            .filter_map(|_| TcpStream::connect(server.socket()).ok())
            .collect();
        std::thread::sleep(Duration::from_millis(300));
        limit_descriptors(&server, None);
        let returned = Instant::now();
        drop(waiting);
        serves_again(&server.nobody(), returned);
    }
    assert!(
        server.figure("edge_accept_errors_total") > accept_errors,
        "it was never short of any"
    );
    assert!(server.is_running());
    server
        .admin()
        .post(
            "/api/plugins/install",
            serde_json::json!({"pluginKey": "notes"}),
        )
        .is(201);
}

#[test]
fn a_process_that_can_start_no_thread_goes_on_and_recovers() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can run the server as a user with nothing else");
        return;
    }
    let mut server = Start::default().user(STRANGER).go();
    let admin = server.admin();
    admin
        .post(
            "/api/plugins/install",
            serde_json::json!({"pluginKey": "mlflow"}),
        )
        .is(201);
    let threads = server.threads();
    limit_threads(&server, threads);
    // Everything that needs no new thread goes on, for many at once.
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                server.nobody().get("/healthz").is(200);
                server.admin().get("/api/plugins/installations").is(200);
            });
        }
    });
    // What may need one, such as looking a name up, fails in an ordinary way.
    let configuration = serde_json::json!({
        "configuration": {"tracking_server_url": "http://mlflow.invalid:5000", "auth_method": "none"}
    });
    let test = || {
        admin
            .post("/api/plugins/mlflow/test-connection", configuration.clone())
            .is(200)
            .data()["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let starved = test();
    assert!(server.threads() <= threads);
    limit_threads(&server, ENOUGH_THREADS);
    serves_again(&server.nobody(), Instant::now());
    let recovered = test();
    println!("test connection without a thread to spare: {starved}; afterwards: {recovered}");
    assert!(starved.ends_with("try again") && !recovered.ends_with("try again"));
    assert!(server.is_running());
}
