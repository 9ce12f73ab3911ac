//! A listener outlives its process: restarts under a steady load of requests, and none of them is lost.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub const PATIENCE: Duration = Duration::from_secs(60);
pub const RESTARTS: usize = 4;
/// Answers that a fresh process gives before it is replaced in its turn.
const ANSWERS_EACH: usize = 100;

/// Clients that ask without pause. Half of them open a connection for each request; the others keep theirs,
/// and repeat a request only where HTTP allows it: a kept connection ended without a byte of an answer.
pub struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    pub fn on(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicUsize::new(0));
        let clients = (0..6)
            .map(|number| {
                let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
                std::thread::spawn(move || {
                    let mut lost = Vec::new();
                    let mut kept = None;
                    while !stop.load(Ordering::Relaxed) {
                        match ask(address, &mut kept, number % 2 == 0) {
                            Ok(()) => drop(answered.fetch_add(1, Ordering::Relaxed)),
                            Err(error) => lost.push(error),
                        }
                    }
                    lost
                })
            })
            .collect();
        Self {
            stop,
            answered,
            clients,
        }
    }

    pub fn wait_for_answers(&self) {
        let enough = self.answered.load(Ordering::Relaxed) + ANSWERS_EACH;
        let start = Instant::now();
        while self.answered.load(Ordering::Relaxed) < enough {
            assert!(start.elapsed() < PATIENCE, "the load came to a halt");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What was answered, and what was not.
    pub fn end(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let lost = self.clients.into_iter().flat_map(|one| one.join().unwrap());
        let lost = lost.collect();
        (self.answered.load(Ordering::Relaxed), lost)
    }
}

fn ask(address: SocketAddr, kept: &mut Option<TcpStream>, keep: bool) -> Result<(), String> {
    let reused = kept.take();
    if let Some(mut stream) = reused {
        match exchange(&mut stream, keep) {
            Ok(stays) => {
                *kept = stays.then_some(stream);
                return Ok(());
            }
            Err(Failure::BeforeAnAnswer(_)) => {}
            Err(Failure::WithinAnAnswer(error)) => return Err(error),
        }
    }
    let mut stream = TcpStream::connect(address).map_err(|error| format!("connect: {error}"))?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    match exchange(&mut stream, keep) {
        Ok(stays) => {
            *kept = stays.then_some(stream);
            Ok(())
        }
        Err(Failure::BeforeAnAnswer(error)) => Err(format!("new connection: {error}")),
        Err(Failure::WithinAnAnswer(error)) => Err(error),
    }
}

enum Failure {
    BeforeAnAnswer(String),
    WithinAnAnswer(String),
}

/// True if the connection stays open for another request.
fn exchange(stream: &mut TcpStream, keep: bool) -> Result<bool, Failure> {
    let close = if keep { "" } else { "Connection: close\r\n" };
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: x\r\n{close}\r\n")
        .map_err(|error| Failure::BeforeAnAnswer(format!("write: {error}")))?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while !answer.ends_with(b"}") {
        let failed = |error: String| match answer.len() {
            0 => Failure::BeforeAnAnswer(error),
            _ => Failure::WithinAnAnswer(error),
        };
        match stream.read(&mut piece) {
            Ok(0) => return Err(failed("closed".to_owned())),
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) => return Err(failed(format!("read: {error}"))),
        }
    }
    let answer = String::from_utf8(answer).unwrap();
    if !answer.starts_with("HTTP/1.1 200") {
        return Err(Failure::WithinAnAnswer(answer));
    }
    Ok(!answer.to_ascii_lowercase().contains("connection: close"))
}

/// The program's arguments, over a folder that holds its data and key.
fn arguments(folder: &Path) -> Vec<String> {
    let key = folder.join("secret.key");
    std::fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let data = folder.join("data");
    [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data.to_str().unwrap(),
    ]
    .into_iter()
    .chain(["--secret-key-file", key.to_str().unwrap()])
    .map(str::to_owned)
    .collect()
}

/// Starts the program as systemd does: the socket is its descriptor 3, and two variables say so.
fn start_on(listener: &TcpListener, folder: &Path) -> Child {
    let script = format!(
        "exec env LISTEN_PID=$$ LISTEN_FDS=1 \"$0\" \"$@\" 3<&{}",
        listener.as_raw_fd()
    );
    Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_souk")])
        .args(arguments(folder))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn what_is_handed_over_and_is_no_socket_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let script = "exec env LISTEN_PID=$$ LISTEN_FDS=1 \"$0\" \"$@\" 3</dev/null";
    let refused = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_souk")])
        .args(arguments(folder.path()))
        .output()
        .unwrap();
    let text = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(
        text.contains("LISTEN_FDS") && text.contains("not a socket"),
        "{text}"
    );
}

fn tell(child: &Child, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).unwrap();
}

#[test]
fn a_listener_that_is_handed_over_loses_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Whoever is started from here on inherits it.
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty()).unwrap();
    let mut running = start_on(&listener, folder.path());
    let load = Load::on(listener.local_addr().unwrap());
    for round in 0..RESTARTS {
        load.wait_for_answers();
        tell(&running, rustix::process::Signal::TERM);
        // The next one may come early: it waits until the data folder is free.
        let early = (round % 2 == 0).then(|| start_on(&listener, folder.path()));
        assert_eq!(running.wait().unwrap().code(), Some(0));
        running = early.unwrap_or_else(|| start_on(&listener, folder.path()));
    }
    load.wait_for_answers();
    let (answered, lost) = load.end();
    tell(&running, rustix::process::Signal::TERM);
    assert_eq!(running.wait().unwrap().code(), Some(0));
    println!(
        "{RESTARTS} restarts on a listener handed over: {answered} requests answered, {} lost",
        lost.len()
    );
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn the_program_starts_itself_anew_on_its_own_socket_and_loses_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(arguments(folder.path()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Each start prints a link of its own, after the sockets are bound.
    let mut out = BufReader::new(running.stdout.take().unwrap());
    let mut address = || -> SocketAddr {
        let mut line = String::new();
        while !line.contains("/setup?token=") {
            line.clear();
            assert!(out.read_line(&mut line).unwrap() > 0, "it ended");
        }
        let rest = line.trim().strip_prefix("http://").unwrap();
        rest.split('/').next().unwrap().parse().unwrap()
    };
    let first = address();
    let load = Load::on(first);
    for _ in 0..RESTARTS {
        load.wait_for_answers();
        tell(&running, rustix::process::Signal::USR2);
        assert_eq!(address(), first, "the same process, on the same socket");
    }
    load.wait_for_answers();
    let (answered, lost) = load.end();
    tell(&running, rustix::process::Signal::TERM);
    assert_eq!(running.wait().unwrap().code(), Some(0));
    assert!(
        TcpStream::connect(first).is_err(),
        "nobody holds its socket"
    );
    println!(
        "{RESTARTS} restarts in place: {answered} requests answered, {} lost",
        lost.len()
    );
    assert_eq!(lost, Vec::<String>::new());
}
