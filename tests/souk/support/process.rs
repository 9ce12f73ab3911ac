//! What the kernel says about a server: its memory, threads, processor time and sockets.

use super::TestServer;

/// The readings that the benches take.
#[allow(dead_code)]
#[path = "../../bench/process.rs"]
pub mod readings;

const KB: u64 = 1024;

impl TestServer {
    /// Resident memory now, in bytes.
    pub fn resident(&self) -> u64 {
        readings::resident_kb(self.pid()).unwrap() * KB
    }

    /// The most resident memory since `forget_peak`.
    pub fn peak(&self) -> u64 {
        readings::peak_kb(self.pid()).unwrap() * KB
    }

    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").unwrap();
    }

    /// Threads that a client can be the cause of. Housekeeping begins by itself soon after the start.
    pub fn threads(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap();
        let names = tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
            .filter(|name| name.trim() != "housekeeping");
        names.count() as u64
    }

    /// Processor time so far, in seconds.
    pub fn cpu(&self) -> f64 {
        readings::cpu_time(self.pid()).unwrap().as_secs_f64()
    }

    /// The ports of clients whose connections the server still has. A socket that it has closed may
    /// linger in the kernel, and belongs to no process then.
    pub fn client_ports(&self) -> Vec<u16> {
        let own: u16 = self.socket().rsplit(':').next().unwrap().parse().unwrap();
        let table = std::fs::read_to_string(format!("/proc/{}/net/tcp", self.pid())).unwrap();
        let port = |address: &str| {
            let (_, hex) = address.split_once(':')?;
            u16::from_str_radix(hex, 16).ok()
        };
        table
            .lines()
            .filter_map(|line| {
                let fields: Vec<&str> = line.split_whitespace().collect();
                let held = *fields.get(9)? != "0";
                let (local, remote) = (port(fields.get(1)?)?, port(fields.get(2)?)?);
                (held && local == own && remote != 0).then_some(remote)
            })
            .collect()
    }
}
