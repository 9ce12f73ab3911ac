//! The decoding of a body by its framing: a length or chunks. Pure, and incremental: it takes any
//! split of the bytes and hands out the payload. Used for requests and for upstream's replies.

use super::fields::is_token;
use super::framing::Framing;
use super::limits::CHUNK_EXTRA_BYTES;
use super::refusal::Refusal;

/// More hexadecimal digits than this cannot be an honest chunk size.
const SIZE_DIGITS: u32 = 16;

/// Decodes one body.
#[derive(Debug)]
pub enum Decoder {
    Length { left: u64 },
    Chunked(Chunks),
}

/// The place inside a chunked body.
#[derive(Debug)]
pub struct Chunks {
    state: ChunkState,
    /// What the payload may still grow by.
    room: u64,
    /// What extensions and trailers may still grow by.
    extra: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChunkState {
    Size { value: u64, digits: u32 },
    Extension { size: u64 },
    SizeLineFeed { size: u64 },
    Data { left: u64 },
    DataReturn,
    DataLineFeed,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLineFeed,
    LastLineFeed,
    Done,
}

const TOO_LARGE: Refusal =
    Refusal::new(413, "The request body is larger than this server accepts.");

impl Decoder {
    /// Refuses at once what is announced as larger than `limit`.
    pub fn new(framing: Framing, limit: u64) -> Result<Self, Refusal> {
        match framing {
            Framing::Length(left) if left > limit => Err(TOO_LARGE),
            Framing::Length(left) => Ok(Self::Length { left }),
            Framing::Chunked => Ok(Self::Chunked(Chunks {
                state: ChunkState::Size {
                    value: 0,
                    digits: 0,
                },
                room: limit,
                extra: CHUNK_EXTRA_BYTES,
            })),
        }
    }

    pub fn is_done(&self) -> bool {
        match self {
            Self::Length { left } => *left == 0,
            Self::Chunked(chunks) => chunks.state == ChunkState::Done,
        }
    }

    /// Decodes from the start of `input`, gives the payload to `sink`, and returns how many bytes
    /// it used: all of them unless the body is done.
    pub fn feed(
        &mut self,
        input: &[u8],
        mut sink: impl FnMut(&[u8]) -> Result<(), Refusal>,
    ) -> Result<usize, Refusal> {
        match self {
            Self::Length { left } => {
                let data = up_to(input, *left);
                *left -= data.len() as u64;
                if !data.is_empty() {
                    sink(data)?;
                }
                Ok(data.len())
            }
            Self::Chunked(chunks) => chunks.feed(input, sink),
        }
    }
}

impl Chunks {
    fn feed(
        &mut self,
        input: &[u8],
        mut sink: impl FnMut(&[u8]) -> Result<(), Refusal>,
    ) -> Result<usize, Refusal> {
        let mut rest = input;
        while self.state != ChunkState::Done {
            if let ChunkState::Data { left } = self.state {
                let data = up_to(rest, left);
                if data.is_empty() {
                    break;
                }
                sink(data)?;
                rest = rest.get(data.len()..).unwrap_or_default();
                self.state = match left - data.len() as u64 {
                    0 => ChunkState::DataReturn,
                    left => ChunkState::Data { left },
                };
            } else if let Some((&byte, after)) = rest.split_first() {
                self.state = self.next(byte)?;
                rest = after;
            } else {
                break;
            }
        }
        Ok(input.len() - rest.len())
    }

    /// The state after one byte of a size line, a line end or a trailer.
    fn next(&mut self, byte: u8) -> Result<ChunkState, Refusal> {
        use ChunkState as S;
        match (self.state, byte) {
            (S::Size { value, digits }, _) if byte.is_ascii_hexdigit() => {
                if digits == SIZE_DIGITS {
                    return Err(Refusal::bad("A chunk size has more than 16 digits."));
                }
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                let value = value.saturating_mul(16).saturating_add(u64::from(digit));
                if value > self.room {
                    return Err(TOO_LARGE);
                }
                Ok(S::Size {
                    value,
                    digits: digits + 1,
                })
            }
            (S::Size { digits: 0, .. }, _) => Err(Refusal::bad("A chunk has no hexadecimal size.")),
            (S::Size { value, .. }, b';') => {
                self.spend_extra()?;
                Ok(S::Extension { size: value })
            }
            (S::Size { value: size, .. } | S::Extension { size }, b'\r') => {
                Ok(S::SizeLineFeed { size })
            }
            (S::Size { .. }, _) => Err(Refusal::bad("A chunk size is followed by something else.")),
            (S::Extension { size }, b'\t' | b' '..=b'~') => {
                self.spend_extra()?;
                Ok(S::Extension { size })
            }
            (S::Extension { .. }, _) => {
                Err(Refusal::bad("A chunk extension has a forbidden character."))
            }
            (S::SizeLineFeed { size: 0 }, b'\n') => Ok(S::TrailerStart),
            (S::SizeLineFeed { size }, b'\n') => {
                self.room -= size.min(self.room);
                Ok(S::Data { left: size })
            }
            (S::DataReturn, b'\r') => Ok(S::DataLineFeed),
            (S::DataLineFeed, b'\n') => Ok(S::Size {
                value: 0,
                digits: 0,
            }),
            (S::TrailerStart, b'\r') => Ok(S::LastLineFeed),
            (S::LastLineFeed, b'\n') => Ok(S::Done),
            (S::TrailerStart | S::TrailerName, _) if is_token(byte) => {
                self.spend_extra()?;
                Ok(S::TrailerName)
            }
            (S::TrailerName, b':') => Ok(S::TrailerValue),
            (S::TrailerStart | S::TrailerName, _) => {
                Err(Refusal::bad("A trailer line has no valid name."))
            }
            (S::TrailerValue, b'\r') => Ok(S::TrailerLineFeed),
            (S::TrailerValue, b'\t' | b' '..=b'~' | 128..) => {
                self.spend_extra()?;
                Ok(S::TrailerValue)
            }
            (S::TrailerValue, _) => Err(Refusal::bad("A trailer has a control character.")),
            (S::TrailerLineFeed, b'\n') => Ok(S::TrailerStart),
            (
                S::SizeLineFeed { .. }
                | S::DataReturn
                | S::DataLineFeed
                | S::TrailerLineFeed
                | S::LastLineFeed,
                _,
            ) => Err(Refusal::bad(
                "A chunk does not end with carriage return and line feed.",
            )),
            (state @ (S::Data { .. } | S::Done), _) => Ok(state),
        }
    }

    fn spend_extra(&mut self) -> Result<(), Refusal> {
        self.extra = self.extra.checked_sub(1).ok_or(Refusal::bad(
            "Chunk extensions and trailers are longer than 4 KB.",
        ))?;
        Ok(())
    }
}

fn up_to(input: &[u8], count: u64) -> &[u8] {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    input.get(..count).unwrap_or(input)
}

#[cfg(test)]
mod tests;
