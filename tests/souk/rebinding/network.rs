//! The namespace's network: public and inner addresses on its loopback device, and who listens there.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub const NAME_SERVER: &str = "127.0.0.53";
pub const PUBLIC: [&str; 1] = ["93.184.216.34"];
/// Of each range that must never be reached, one address or more.
pub const INNER: [&str; 14] = [
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "169.254.169.254",
    "169.254.1.1",
    "fc00::1",
    "fd00:ec2::254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::1",
    "10.0.0.5",
    "172.16.0.5",
    "192.168.7.7",
    "100.64.0.1",
];

/// Whether this machine knows IPv6.
pub struct Families {
    v6: bool,
}

impl Families {
    pub fn has(&self, address: &str) -> bool {
        self.v6 || !address.contains(':')
    }
}

/// Makes the loopback device of this namespace the whole world, and its name server the only one.
pub fn set_up() -> Families {
    assert!(ip(&["link", "set", "lo", "up"]));
    let v6 = ip(&["-6", "addr", "add", "fc00::1/128", "dev", "lo", "nodad"]);
    if !v6 {
        println!("without IPv6: this machine has none");
    }
    for address in PUBLIC.iter().chain(&INNER) {
        let is_v6 = address.contains(':');
        if is_v6 && v6 && !matches!(*address, "::1" | "fc00::1") {
            assert!(ip(&[
                "-6",
                "addr",
                "add",
                &format!("{address}/128"),
                "dev",
                "lo",
                "nodad"
            ]));
        } else if !is_v6 && !address.starts_with("127.") {
            assert!(ip(&["addr", "add", &format!("{address}/32"), "dev", "lo"]));
        }
    }
    // The namespace of mounts is our own, so nobody else sees this file in its place.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        format!("nameserver {NAME_SERVER}\noptions timeout:1\n"),
    )
    .unwrap();
    let mounted = Command::new("mount")
        .args(["--bind", file.path().to_str().unwrap(), "/etc/resolv.conf"])
        .status();
    assert!(mounted.unwrap().success());
    Families { v6 }
}

fn ip(arguments: &[&str]) -> bool {
    let run = Command::new("ip").args(arguments).output();
    run.is_ok_and(|done| done.status.success())
}

/// A listener that counts who comes.
pub struct Listening {
    pub address: String,
    socket: (IpAddr, u16),
    connections: Arc<AtomicUsize>,
}

impl Listening {
    /// Whoever comes here came too far.
    pub fn canary(address: &str, port: u16) -> Self {
        Self::start(address, port, |_| {
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ninner".to_owned()
        })
    }

    /// The one server on the public address: `/to/<url>` redirects there, `/3/...` by way of itself,
    /// `/again` to where it was asked.
    pub fn web(address: &str) -> Self {
        Self::start(address, 80, |head| {
            let path = head.split(' ').nth(1).unwrap_or_default();
            let host = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("host: ")
                        .map(str::to_owned)
                })
                .unwrap_or_default();
            let place = match path {
                "/again" => format!("http://{host}/again"),
                path if path.starts_with("/3/") => path.replacen("/3/", "/2/", 1),
                path if path.starts_with("/2/") => path.replacen("/2/", "/1/", 1),
                path if path.starts_with("/1/") => path.replacen("/1/", "/", 1),
                path => match path.strip_prefix("/to/") {
                    Some(url) => percent_encoding::percent_decode_str(url)
                        .decode_utf8_lossy()
                        .into_owned(),
                    None => return "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npublic".to_owned(),
                },
            };
            format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n")
        })
    }

    fn start(address: &str, port: u16, answer: fn(&str) -> String) -> Self {
        let socket = (address.parse().unwrap(), port);
        let listener = TcpListener::bind(socket).unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let _silent = stream.set_read_timeout(Some(Duration::from_secs(1)));
                let mut head = [0; 8192];
                let length = stream.read(&mut head).unwrap_or(0);
                let reply = answer(&String::from_utf8_lossy(&head[..length]));
                let _gone = stream.write_all(reply.as_bytes());
            }
        });
        Self {
            address: format!("{address} port {port}"),
            socket,
            connections,
        }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Somebody does listen there. Not counted.
    pub fn assert_reachable(&self) {
        let mut stream = TcpStream::connect(self.socket).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.ends_with("inner"), "{}", self.address);
        assert_eq!(self.connections.swap(0, Ordering::SeqCst), 1);
    }
}
