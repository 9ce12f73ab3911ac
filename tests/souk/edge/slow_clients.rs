//! T20: hundreds of clients that are as slow as they can be, and good ones that must not notice.
//!
//! The gate lets them attack for 20 s; `TEST_SLOW_SECONDS=60` is the whole test. A second server
//! that nobody attacks serves the same good clients at the same time: what both suffer is the machine's
//! own noise, and no fault of the edge.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::TestServer;

const SLOW_HEADS: usize = 512;
const SLOW_BODIES: usize = 64;
const SLOW_READERS: usize = 16;

const GOOD_CLIENTS: usize = 4;
/// Each good client asks both servers this often.
const PAUSE: Duration = Duration::from_millis(10);
const IDLE_TIME: Duration = Duration::from_secs(3);

const MOST_MEMORY: u64 = 64 * 1024 * 1024;
const MOST_P99: Duration = Duration::from_millis(50);
const MOST_TIMES_IDLE: u32 = 5;
/// Below this the ratio is not asked: half a scheduler's slice of another process is more.
const TOO_SHORT_TO_COMPARE: Duration = Duration::from_millis(10);
/// Share of a core that the attack may cost.
const MOST_BUSY: f64 = 0.25;
/// The edge's own limits, and what two noisy cores may add.
const CUT_AFTER: Duration = Duration::from_secs(10);
const SLACK: Duration = Duration::from_secs(4);

/// One slow client, replaced by the next when it is cut.
struct Slow {
    is_body: bool,
    stream: TcpStream,
    since: Instant,
}

impl Slow {
    fn begin(server: &TestServer, is_body: bool) -> Self {
        let mut stream = TcpStream::connect(server.socket()).unwrap();
        let start = if is_body {
            "POST /api/users/login HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"
        } else {
            "GET /healthz HTTP/1.1\r\nX-Slow: "
        };
        stream.write_all(start.as_bytes()).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self {
            is_body,
            stream,
            since: Instant::now(),
        }
    }

    /// A byte of a head, or less than a kilobyte of a body.
    fn trickle(&mut self) {
        let piece = if self.is_body { 500 } else { 1 };
        // What the edge thinks of it is seen by reading.
        let _cut = self.stream.write(&[b'a'; 500][..piece]);
    }

    fn is_cut(&mut self) -> bool {
        let mut answer = [0; 512];
        !matches!(self.stream.read(&mut answer), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

/// Keeps all slow clients at it, and says how long those lived that were cut.
fn attack(server: &TestServer, stop: &AtomicBool) -> [Vec<Duration>; 2] {
    let mut slow: Vec<Slow> = (0..SLOW_HEADS + SLOW_BODIES)
        .map(|number| Slow::begin(server, number < SLOW_BODIES))
        .collect();
    let mut lives = [Vec::new(), Vec::new()];
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        for one in &mut slow {
            if one.is_cut() {
                lives[usize::from(one.is_body)].push(one.since.elapsed());
                *one = Slow::begin(server, one.is_body);
            } else if round % 4 == 0 {
                one.trickle();
            }
        }
        round += 1;
        std::thread::sleep(Duration::from_millis(250));
    }
    lives
}

/// Clients that ask for far more than they will ever read.
fn slow_readers(server: &TestServer) -> Vec<TcpStream> {
    let requests = "GET /api HTTP/1.1\r\nHost: x\r\n\r\n".repeat(4000);
    (0..SLOW_READERS)
        .map(|_| {
            let mut stream = TcpStream::connect(server.socket()).unwrap();
            rustix::net::sockopt::set_socket_recv_buffer_size(&stream, 4096).unwrap();
            stream.set_nonblocking(true).unwrap();
            let _as_much_as_fits = stream.write(requests.as_bytes());
            stream
        })
        .collect()
}

/// How long each request of the good clients took, per server, until they are told to stop.
fn good_clients(servers: [&TestServer; 2], stop: &AtomicBool) -> [Vec<Duration>; 2] {
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..GOOD_CLIENTS)
            .map(|number| scope.spawn(move || good_client(servers, stop, number % 2 == 0)))
            .collect();
        let mut all = [Vec::new(), Vec::new()];
        for client in clients {
            for (all, times) in all.iter_mut().zip(client.join().unwrap()) {
                all.extend(times);
            }
        }
        all
    })
}

fn good_client(servers: [&TestServer; 2], stop: &AtomicBool, keeps: bool) -> [Vec<Duration>; 2] {
    let mut times = [Vec::new(), Vec::new()];
    let mut kept = [None, None];
    while !stop.load(Ordering::Relaxed) {
        for at in 0..2 {
            let start = Instant::now();
            let mut stream = kept[at].take().unwrap_or_else(|| {
                let stream = TcpStream::connect(servers[at].socket()).unwrap();
                stream.set_nodelay(true).unwrap();
                stream
            });
            let token = servers[at].admin().token.unwrap();
            write!(
                stream,
                "GET /api/plugins/installations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
            )
            .unwrap();
            let mut answer = Vec::new();
            let mut piece = [0; 4096];
            while !answer.ends_with(b"}") {
                let count = stream.read(&mut piece).unwrap();
                assert!(count > 0, "{}", String::from_utf8_lossy(&answer));
                answer.extend_from_slice(&piece[..count]);
            }
            times[at].push(start.elapsed());
            assert!(answer.starts_with(b"HTTP/1.1 200"));
            kept[at] = keeps.then_some(stream);
        }
        std::thread::sleep(PAUSE);
    }
    times
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}

/// p99 of both servers over a time.
fn measure(servers: [&TestServer; 2], time: Duration) -> [Duration; 2] {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients = scope.spawn(|| good_clients(servers, &stop));
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        clients.join().unwrap().map(p99)
    })
}

#[test]
fn good_clients_do_not_notice_hundreds_of_slow_ones() {
    let seconds = std::env::var("TEST_SLOW_SECONDS").map_or(20, |text| text.parse().unwrap());
    let (attacked, control) = (TestServer::builtin(), TestServer::builtin());
    let servers = [&attacked, &control];
    let [idle, _] = measure(servers, IDLE_TIME);
    let (memory, threads) = (attacked.resident(), attacked.threads());
    let cpu = servers.map(TestServer::cpu);
    attacked.forget_peak();

    let stop = Arc::new(AtomicBool::new(false));
    let (lives, [p99, beside], readers_cut) = std::thread::scope(|scope| {
        let attacker = scope.spawn(|| attack(&attacked, &stop));
        let readers = slow_readers(&attacked);
        let both = measure(servers, Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
        // A reader stalls once the kernel's buffers are full, which a busy machine reaches late.
        let end = Instant::now() + CUT_AFTER + SLACK;
        let left = loop {
            let held = attacked.client_ports();
            let left = readers
                .iter()
                .filter(|reader| held.contains(&reader.local_addr().unwrap().port()))
                .count();
            if left == 0 || Instant::now() > end {
                break left;
            }
            std::thread::sleep(PAUSE);
        };
        assert_eq!(left, 0, "readers are still held");
        (attacker.join().unwrap(), both, SLOW_READERS - left)
    });
    let [heads, bodies] = lives;
    let more = attacked.peak().saturating_sub(memory);
    let busy = (attacked.cpu() - cpu[0]) - (control.cpu() - cpu[1]);
    // Where the server beside it is slow too, it is the machine that is.
    let by_machine = beside * MOST_TIMES_IDLE;
    let (most, bound) = if by_machine > MOST_P99 {
        (by_machine, "of 5 times the server beside it")
    } else {
        (MOST_P99, "that is asked of a quiet machine")
    };
    println!(
        "{SLOW_HEADS} slow heads, {SLOW_BODIES} slow bodies and {SLOW_READERS} slow readers for {seconds} s: \
         good clients' p99 {p99:?} (idle before {idle:?}, a server beside it {beside:?}; held against the bound \
         {bound}, {most:?}), {} KB and {busy:.2} s of processor more, \
         cut: {} heads after {:?}, {} bodies after {:?}, {readers_cut} readers",
        more / 1024,
        heads.len(),
        heads.iter().max(),
        bodies.len(),
        bodies.iter().max(),
    );
    let reference = idle.max(beside);
    assert!(p99 <= TOO_SHORT_TO_COMPARE || p99 <= reference * MOST_TIMES_IDLE);
    assert!(p99 <= most, "{p99:?} is beyond the bound {bound}, {most:?}");
    assert!(more <= MOST_MEMORY, "{more} bytes more");
    assert!(
        busy <= MOST_BUSY * seconds as f64,
        "{busy} s of processor more"
    );
    assert!(attacked.threads() <= threads, "none has a thread");
    for (lives, fewest) in [(heads, SLOW_HEADS), (bodies, SLOW_BODIES)] {
        assert!(lives.len() >= fewest, "only {} were cut", lives.len());
        assert!(
            lives.iter().all(|life| *life <= CUT_AFTER + SLACK),
            "{:?}",
            lives.iter().max()
        );
        assert!(
            lives.iter().all(|life| *life >= CUT_AFTER - SLACK),
            "{:?}",
            lives.iter().min()
        );
    }
}
