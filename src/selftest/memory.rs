//! What a process holds in memory, as its system tells it. Where no system tells, memory is not judged.

/// The memory of one process.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    process: u32,
}

impl Memory {
    pub fn of(process: u32) -> Self {
        Self { process }
    }

    /// Resident bytes.
    pub fn resident(self) -> Option<u64> {
        self.field("VmRSS:")
    }

    /// The most resident bytes since `forget_peak`.
    pub fn peak(self) -> Option<u64> {
        self.field("VmHWM:")
    }

    pub fn forget_peak(self) {
        // Where the system does not offer it, a peak is that of the whole run, and an earlier case's at worst.
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.process), "5");
    }

    fn field(self, name: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes << 10)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_seen_and_forgotten() {
        let memory = Memory::of(std::process::id());
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(memory.peak().unwrap() >= 64 << 20);
        drop(block);
        assert!(memory.resident().unwrap() <= memory.peak().unwrap());
    }
}
