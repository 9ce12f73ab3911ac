//! Bytes that wait: a body that is being collected, and an outgoing message that is being sent.
//! Small ones stay in memory, large ones live in an unnamed temporary file.
//!
//! The loop writes and reads that file itself. It mostly meets the page cache, and a second thread
//! for it would cost every request a hand-over; a stalling disk stalls the database behind us too.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::limits::{KEPT_BUFFER_BYTES, READ_BYTES, TURNS};

/// Where large bodies go, and how much room all of them together have left.
#[derive(Debug)]
pub struct SpillFolder {
    path: PathBuf,
    room: Arc<AtomicU64>,
}

/// A body under collection.
#[derive(Debug, Default)]
pub struct Spool {
    memory: Vec<u8>,
    file: Option<SpillFile>,
    length: u64,
}

/// A message under way: bytes in memory first, then the rest of a file.
#[derive(Debug, Default)]
pub struct Outgoing {
    buffer: Vec<u8>,
    sent: usize,
    file: Option<SpillFile>,
    file_left: u64,
}

/// A temporary file without a name, and what it takes of its folder's room until it is dropped.
#[derive(Debug)]
struct SpillFile {
    file: File,
    taken: u64,
    room: Arc<AtomicU64>,
}

/// How far a flush came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    Done,
    /// The socket takes no more for now.
    Blocked,
    /// The turn is over; the socket may take more.
    Again,
}

impl SpillFolder {
    /// `room` is what all files together may hold, so that uploads cannot fill the disk.
    pub fn new(path: PathBuf, room: u64) -> Self {
        Self {
            path,
            room: Arc::new(AtomicU64::new(room)),
        }
    }

    fn file(&self) -> io::Result<SpillFile> {
        Ok(SpillFile {
            file: tempfile::tempfile_in(&self.path)?,
            taken: 0,
            room: Arc::clone(&self.room),
        })
    }
}

impl SpillFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let more = bytes.len() as u64;
        let take = |room: u64| room.checked_sub(more);
        self.room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .map_err(|_| io::Error::other("the temporary files have used up their room"))?;
        self.taken += more;
        self.file.write_all(bytes)
    }
}

impl Drop for SpillFile {
    fn drop(&mut self) {
        self.room.fetch_add(self.taken, Ordering::Relaxed);
    }
}

impl Spool {
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Adds bytes; moves to a file in `folder` when more than `in_memory` have come together.
    pub fn push(&mut self, bytes: &[u8], in_memory: usize, folder: &SpillFolder) -> io::Result<()> {
        if self.file.is_none() && self.memory.len() + bytes.len() > in_memory {
            let mut file = folder.file()?;
            file.append(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.append(bytes)?,
            None => self.memory.extend_from_slice(bytes),
        }
        self.length += bytes.len() as u64;
        Ok(())
    }
}

impl Outgoing {
    /// The buffer, emptied, to write a new message's head into.
    pub fn start(&mut self) -> &mut Vec<u8> {
        self.clear();
        &mut self.buffer
    }

    /// The buffer of a message that may already be under way.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Puts a collected body behind what is in the buffer.
    pub fn append(&mut self, body: &mut Spool) -> io::Result<()> {
        let mut body = std::mem::take(body);
        if let Some(file) = &mut body.file {
            file.file.rewind()?;
        }
        if self.buffer.is_empty() {
            self.buffer = body.memory;
        } else {
            self.buffer.extend_from_slice(&body.memory);
        }
        self.file_left = if body.file.is_some() { body.length } else { 0 };
        self.file = body.file;
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.sent >= self.buffer.len() && self.file.is_none()
    }

    pub fn clear(&mut self) {
        self.buffer.clear();
        if self.buffer.capacity() > KEPT_BUFFER_BYTES {
            self.buffer = Vec::new();
        }
        self.sent = 0;
        self.file = None;
        self.file_left = 0;
    }

    /// Writes what the socket takes, within one turn. The count of bytes written comes with it.
    pub fn flush(&mut self, socket: &mut impl Write) -> io::Result<(Flush, usize)> {
        let mut written = 0;
        for _ in 0..TURNS {
            let rest = self.buffer.get(self.sent..).unwrap_or_default();
            if rest.is_empty() {
                if self.file.is_none() {
                    self.clear();
                    return Ok((Flush::Done, written));
                }
                self.refill()?;
                continue;
            }
            match socket.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.sent += count;
                    written += count;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_not_yet(&error) => return Ok((Flush::Blocked, written)),
                Err(error) => return Err(error),
            }
        }
        if self.is_empty() {
            self.clear();
            return Ok((Flush::Done, written));
        }
        Ok((Flush::Again, written))
    }

    /// Takes the next piece of the file into the buffer.
    fn refill(&mut self) -> io::Result<()> {
        self.sent = 0;
        self.buffer.clear();
        let Some(file) = &self.file else {
            return Ok(());
        };
        let piece = (READ_BYTES as u64).min(self.file_left);
        let read = (&file.file).take(piece).read_to_end(&mut self.buffer)?;
        if read as u64 != piece {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.file_left -= piece;
        if self.file_left == 0 {
            self.file = None;
        }
        Ok(())
    }
}

/// The socket is not ready, or still connecting.
pub fn is_not_yet(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::NotConnected
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(mut out: Outgoing) -> Vec<u8> {
        let mut sink = Vec::new();
        while out.flush(&mut sink).unwrap().0 != Flush::Done {}
        sink
    }

    fn folder(room: u64) -> (tempfile::TempDir, SpillFolder) {
        let folder = tempfile::tempdir().unwrap();
        let spill = SpillFolder::new(folder.path().to_owned(), room);
        (folder, spill)
    }

    #[test]
    fn a_body_comes_out_as_it_went_in_on_either_side_of_the_threshold() {
        let (_folder, spill) = folder(1_000_000);
        for length in [0, 1, 99, 100, 101, 300_000] {
            let body: Vec<u8> = (0..length).map(|at: u32| (at % 251) as u8).collect();
            let mut spool = Spool::default();
            for piece in body.chunks(70) {
                spool.push(piece, 100, &spill).unwrap();
            }
            assert_eq!(spool.len(), u64::from(length));
            assert_eq!(spool.file.is_some(), length > 100);
            let mut out = Outgoing::default();
            out.start().extend_from_slice(b"head");
            out.append(&mut spool).unwrap();
            let all = read_all(out);
            assert_eq!(all.strip_prefix(b"head").unwrap(), body);
        }
    }

    #[test]
    fn a_folder_that_takes_no_file_is_an_error_and_not_a_lost_byte() {
        let mut spool = Spool::default();
        let missing = SpillFolder::new("/nonexistent-folder".into(), 1_000);
        assert!(spool.push(&[0; 200], 100, &missing).is_err());
        assert_eq!(spool.len(), 0);
    }

    #[test]
    fn files_share_their_room_and_give_it_back() {
        let (_folder, spill) = folder(1_000);
        let mut first = Spool::default();
        first.push(&[0; 600], 100, &spill).unwrap();
        let mut second = Spool::default();
        assert!(second.push(&[0; 600], 100, &spill).is_err());
        let mut out = Outgoing::default();
        out.append(&mut first).unwrap();
        assert_eq!(read_all(out).len(), 600);
        let mut third = Spool::default();
        third.push(&[0; 600], 100, &spill).unwrap();
    }
}
