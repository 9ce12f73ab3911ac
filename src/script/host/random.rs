//! `random`: from the operating system; neither language has a generator of its own.

use super::{ARGUMENTS, Arguments, Body, HostError, HostFn, Kind, Param, raised};
use crate::hex;
use crate::random;
use crate::script::grant::Capability;
use crate::value::Value;

const MOST_BYTES: usize = 65_536;

pub const BYTES: HostFn = HostFn {
    module: "random",
    name: "bytes",
    needs: Capability::Random,
    doc: "random.bytes(n) → n random bytes, at most 65536",
    params: &[Param::required("n", Kind::Int)],
    size: ARGUMENTS,
    body: Body::Call(|_, args| some(&args).map(Value::Bytes)),
};

pub const HEX: HostFn = HostFn {
    module: "random",
    name: "hex",
    needs: Capability::Random,
    doc: "random.hex(n) → n random bytes as hex text",
    params: &[Param::required("n", Kind::Int)],
    size: ARGUMENTS,
    body: Body::Call(|_, args| Ok(Value::Text(hex::encode(&some(&args)?)))),
};

pub const UUID: HostFn = HostFn {
    module: "random",
    name: "uuid",
    needs: Capability::Random,
    doc: "random.uuid() → a version 4 UUID",
    params: &[],
    size: ARGUMENTS,
    body: Body::Call(|_, _| {
        let mut bytes = [0; 16];
        fill(&mut bytes)?;
        let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
        Ok(Value::Text(uuid.to_string()))
    }),
};

pub const INT: HostFn = HostFn {
    module: "random",
    name: "int",
    needs: Capability::Random,
    doc: "random.int(min, max) → a whole number, both ends included",
    params: &[
        Param::required("min", Kind::Int),
        Param::required("max", Kind::Int),
    ],
    size: ARGUMENTS,
    body: Body::Call(|_, args| {
        let (min, max) = (args.int(0), args.int(1));
        if min > max {
            return raised(format!("min must not be above max, got {min} and {max}"));
        }
        let above_min = below(max.abs_diff(min))?;
        Ok(Value::Int(min.wrapping_add_unsigned(above_min)))
    }),
};

/// A number from 0 to `last`, each as likely as the others.
fn below(last: u64) -> Result<u64, HostError> {
    let Some(count) = last.checked_add(1) else {
        return draw();
    };
    // Numbers of the last, incomplete round would favour the low ones.
    let incomplete = (u64::MAX % count).wrapping_add(1) % count;
    loop {
        let number = draw()?;
        if number <= u64::MAX - incomplete {
            return Ok(number % count);
        }
    }
}

fn draw() -> Result<u64, HostError> {
    let mut bytes = [0; 8];
    fill(&mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

fn some(args: &Arguments) -> Result<Vec<u8>, HostError> {
    match usize::try_from(args.int(0)) {
        Ok(n) if n <= MOST_BYTES => {
            let mut bytes = vec![0; n];
            fill(&mut bytes)?;
            Ok(bytes)
        }
        _ => raised(format!(
            "n must be from 0 to {MOST_BYTES}, got {}",
            args.int(0)
        )),
    }
}

fn fill(bytes: &mut [u8]) -> Result<(), HostError> {
    random::fill(bytes).map_err(HostError::Fatal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_a_range_comes_up_and_no_other() {
        let mut seen = [0; 6];
        for _ in 0..600 {
            seen[usize::try_from(below(5).unwrap()).unwrap()] += 1;
        }
        assert!(seen.iter().all(|&count| count > 20), "{seen:?}");
        assert!(below(u64::MAX).is_ok());
        assert_eq!(below(0).unwrap(), 0);
    }
}
