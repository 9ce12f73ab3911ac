//! Many clients at once: a thousand that are idle, and thousands that come and go.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::TestServer;

const IDLE: usize = 1000;
const MOST_MEMORY_EACH: u64 = 32 * 1024;

/// Connects per second of the storm, and its seconds in the gate; `TEST_STORM_SECONDS=20` is the whole test.
const CONNECTS: u32 = 2000;
const STORM_SECONDS: u32 = 3;

fn ask(stream: &mut TcpStream) {
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 1024];
    while !answer.ends_with(b"}") {
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..count]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

#[test]
fn a_thousand_idle_connections_cost_no_thread_and_little_memory() {
    let server = TestServer::builtin();
    let connect = || {
        let mut stream = TcpStream::connect(server.socket()).unwrap();
        ask(&mut stream);
        stream
    };
    // What is allocated once for all is not the connections' own.
    drop((0..50).map(|_| connect()).collect::<Vec<_>>());
    server.until("edge_connections_open", |open| open <= 2.0);
    let (memory, threads) = (server.resident(), server.threads());
    let mut idle: Vec<TcpStream> = (0..IDLE).map(|_| connect()).collect();
    let each = server.resident().saturating_sub(memory) / IDLE as u64;
    println!(
        "{IDLE} idle connections: {each} bytes each, {} threads more",
        server.threads().saturating_sub(threads)
    );
    assert!(server.figure("edge_connections_open") >= IDLE as f64);
    assert!(each <= MOST_MEMORY_EACH, "{each} bytes each");
    assert!(server.threads() <= threads);
    // All of them are alive, in any order.
    for stream in idle.iter_mut().rev() {
        ask(stream);
    }
}

#[test]
fn a_storm_of_connects_is_survived() {
    let seconds =
        std::env::var("TEST_STORM_SECONDS").map_or(STORM_SECONDS, |text| text.parse().unwrap());
    let mut server = TestServer::builtin();
    let (start, mut connected, mut refused) = (Instant::now(), 0, 0);
    let mut held = std::collections::VecDeque::new();
    for number in 0..CONNECTS * seconds {
        // Half of them say something; each is held for a while, so that they add up.
        match TcpStream::connect(server.socket()) {
            Ok(mut stream) => {
                connected += 1;
                if number % 2 == 0 {
                    let _reset = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
                }
                held.push_back(stream);
            }
            Err(_) => refused += 1,
        }
        if held.len() > 1500 {
            held.pop_front();
        }
        let due = start + Duration::from_secs(1) * number / CONNECTS;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let took = start.elapsed();
    drop(held);
    println!("{connected} connects in {took:?}, {refused} refused by the kernel");
    let freed = Instant::now();
    while !server
        .nobody()
        .try_send("GET", "/healthz", None, &[])
        .is_ok_and(|answer| answer.status == 200)
    {
        assert!(
            freed.elapsed() < Duration::from_secs(1),
            "no answer a second after the storm"
        );
    }
    assert!(server.is_running());
}
