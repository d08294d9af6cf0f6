//! Credentials that follow the name of their scheme (RFC 9110, section 11.4) without the name of a header before it.

use super::{Hit, REDACTED, run_end};

/// Whose credentials are one token.
const TOKEN_SCHEMES: [&[u8]; 5] = [b"bearer", b"dpop", b"negotiate", b"ntlm", b"gnap"];

/// The credentials behind the word at `start..end`.
pub(super) fn hit(bytes: &[u8], start: usize, end: usize) -> Option<Hit> {
    let word = bytes.get(start..end)?;
    let is_one_of = |names: &[&[u8]]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    let value = run_end(bytes, end, |byte| byte == b' ');
    if value == end {
        return None;
    }
    let token_end = run_end(bytes, value, is_token_byte);
    let token = bytes.get(value..token_end)?;
    let value_end = match () {
        () if is_one_of(&TOKEN_SCHEMES) => looks_like_token(token).then_some(token_end)?,
        () if is_one_of(&[b"basic"]) => (looks_like_token(token) || is_pair(token)).then_some(token_end)?,
        () if is_one_of(&[b"digest"]) => {
            let is_answer = token.starts_with(b"username=") || token.starts_with(b"response=");
            let line_end = run_end(bytes, value, |byte| !matches!(byte, b'\r' | b'\n'));
            is_answer.then_some(line_end)?
        }
        () => return None,
    };
    Some(Hit {
        start: value,
        end: value_end,
        instead: REDACTED,
    })
}

/// Long, or with a digit, so that prose about bearer tokens stays readable.
fn looks_like_token(token: &[u8]) -> bool {
    token.len() >= 20 || token.len() >= 8 && token.iter().any(u8::is_ascii_digit)
}

/// Whether base64 hides a colon and nothing but text: `user:password` (RFC 7617).
fn is_pair(token: &[u8]) -> bool {
    let digits = token.iter().take_while(|byte| **byte != b'=');
    let (mut bits, mut filled, mut has_colon) = (0_u32, 0, false);
    for byte in digits {
        let Some(value) = super::encoded::base64_digit(*byte) else {
            return false;
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        filled += 6;
        if filled >= 8 {
            filled -= 8;
            let [.., char] = (bits >> filled).to_be_bytes();
            if char.is_ascii_control() {
                return false;
            }
            has_colon |= char == b':';
        }
    }
    has_colon
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}
