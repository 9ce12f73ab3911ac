//! How a request says where its body ends. Pure. Every way in which two readers could disagree
//! is refused: a request that one server reads as one and the next as two is an attack.

use httparse::Header;

use super::fields::{is_token, list, one_value};
use super::refusal::Refusal;

/// How the body that follows is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Length(u64),
    Chunked,
}

impl Framing {
    /// Reads the framing of a request; without either header it has no body.
    pub fn of(headers: &[Header<'_>], old_version: bool) -> Result<Self, Refusal> {
        let length = one_value(headers, "content-length")
            .map_err(|_| Refusal::bad("The request has more than one Content-Length header."))?;
        let coding = one_value(headers, "transfer-encoding")
            .map_err(|_| Refusal::bad("The request has more than one Transfer-Encoding header."))?;
        match (length, coding) {
            (Some(_), Some(_)) => Err(Refusal::bad(
                "The request has both Content-Length and Transfer-Encoding; send one.",
            )),
            (None, None) => Ok(Framing::Length(0)),
            (Some(length), None) => content_length(length).map(Framing::Length),
            (None, Some(_)) if old_version => {
                Err(Refusal::bad("HTTP/1.0 has no Transfer-Encoding."))
            }
            (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
            (None, Some(coding)) => Err(other_coding(coding)),
        }
    }
}

/// One value of digits only. More digits than 64 bits hold is a large number, not a broken one.
fn content_length(value: &[u8]) -> Result<u64, Refusal> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::bad(
            "Content-Length is not one number of decimal digits.",
        ));
    }
    Ok(value.iter().fold(0_u64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(digit.wrapping_sub(b'0')))
    }))
}

/// `gzip` or `gzip, chunked` is a coding that we lack; anything that blurs the end of the body is an error.
fn other_coding(value: &[u8]) -> Refusal {
    let mut codings = 0_usize;
    let mut chunked_at = None;
    for coding in list(value) {
        if coding.is_empty() || !coding.iter().copied().all(is_token) {
            return Refusal::bad("Transfer-Encoding is not a list of coding names.");
        }
        if coding.eq_ignore_ascii_case(b"chunked") {
            if chunked_at.is_some() {
                return Refusal::bad("Transfer-Encoding names chunked more than once.");
            }
            chunked_at = Some(codings);
        }
        codings += 1;
    }
    if chunked_at.is_some_and(|at| at + 1 != codings) {
        return Refusal::bad("Transfer-Encoding names chunked before another coding.");
    }
    Refusal::new(501, "The only transfer coding of this server is chunked.")
}
