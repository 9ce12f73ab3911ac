//! Writes archives byte by byte, with headers that may say anything.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

const STORED: u16 = 0;
pub const DEFLATED: u16 = 8;
const UNIX: u16 = 3 << 8;

/// One file of an archive, as its two headers tell of it.
#[derive(Clone)]
pub struct Member {
    pub name: Vec<u8>,
    pub local_name: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub mode: u32,
    pub packed: Vec<u8>,
    pub size: u32,
    pub crc: u32,
    /// Another place than the one where it is written.
    pub offset: Option<u32>,
}

pub fn member(name: &str, bytes: &[u8]) -> Member {
    Member {
        name: name.into(),
        local_name: name.into(),
        method: STORED,
        flags: 0,
        mode: 0o100_644,
        packed: bytes.to_vec(),
        size: bytes.len().try_into().unwrap(),
        crc: crc(bytes),
        offset: None,
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn archive(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        let at = u32::try_from(out.len()).unwrap();
        let packed = u32::try_from(member.packed.len()).unwrap();
        let common = |name: &[u8]| {
            let mut header = Vec::new();
            for half in [20, member.flags, member.method, 0, 33] {
                header.extend(half.to_le_bytes());
            }
            for word in [member.crc, packed, member.size] {
                header.extend(word.to_le_bytes());
            }
            header.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            header.extend(0_u16.to_le_bytes());
            header
        };
        if member.offset.is_none() {
            out.extend(b"PK\x03\x04");
            out.extend(common(&member.local_name));
            out.extend(&member.local_name);
            out.extend(&member.packed);
        }
        directory.extend(b"PK\x01\x02");
        directory.extend((UNIX | 20).to_le_bytes());
        directory.extend(common(&member.name));
        directory.extend([0; 6]);
        directory.extend((member.mode << 16).to_le_bytes());
        directory.extend(member.offset.unwrap_or(at).to_le_bytes());
        directory.extend(&member.name);
    }
    let (start, count) = (u32::try_from(out.len()).unwrap(), members.len());
    let length = u32::try_from(directory.len()).unwrap();
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        out.extend(u16::try_from(count.min(0xffff)).unwrap().to_le_bytes());
    }
    out.extend(length.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}
