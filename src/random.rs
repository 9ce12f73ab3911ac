//! Random bytes from the operating system, the only generator there is.

use crate::error::{Error, Result};

pub fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes)
        .map_err(|error| Error::internal("the random generator of the system", error))
}

pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}
