//! Lower-case hexadecimal digits. There is one way to write each value, so that each byte of a line counts.

use std::fmt::{self, Write as _};

const DIGITS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
];

/// Shows bytes as digits, one by one: a key is in no buffer of its own.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| {
            f.write_char(DIGITS[usize::from(byte >> 4)])?;
            f.write_char(DIGITS[usize::from(byte & 15)])
        })
    }
}

/// Reads exactly `N` bytes into place, so that no copy is left elsewhere.
pub(crate) fn read_into<const N: usize>(text: &[u8], bytes: &mut [u8; N]) -> Option<()> {
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(())
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_in_one_form_alone() {
        let mut bytes = [0; 2];
        assert_eq!(read_into(b"0aff", &mut bytes), Some(()));
        assert_eq!((bytes, Hex(&bytes).to_string()), ([0x0a, 0xff], "0aff".to_owned()));
        for text in ["0AFF", "0af", "0aff0", "0a f", ""] {
            assert_eq!(read_into(text.as_bytes(), &mut bytes), None, "{text}");
        }
    }
}
