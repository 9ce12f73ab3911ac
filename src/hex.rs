//! Bytes as text of lower-case hex digits, and back.

pub fn encode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// `None` unless the text is exactly `N` bytes in hex digits of either case.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut digits = text.chars().map(|digit| digit.to_digit(16));
    let mut bytes = [0; N];
    for byte in &mut bytes {
        let (high, low) = (digits.next()??, digits.next()??);
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_in_either_case() {
        let bytes = [0x00, 0x7f, 0xa0, 0xff];
        assert_eq!(encode(&bytes), "007fa0ff");
        assert_eq!(decode("007fa0ff"), Some(bytes));
        assert_eq!(decode("007FA0FF"), Some(bytes));
    }

    #[test]
    fn other_lengths_and_other_digits_are_nothing() {
        for text in ["", "00", "000", "00000", "0g00", "+000", "ü0", "üü"] {
            assert_eq!(decode::<2>(text), None, "{text}");
        }
    }
}
