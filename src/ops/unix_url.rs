//! `http+unix://PATH`: how the URL of a unix socket is written, the path in base64url without padding (RFC 4648,
//! section 5; contract: ops, section 3).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// The scheme and its separator.
pub const SCHEME: &str = "http+unix://";

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The URL of the socket at `path`.
#[must_use]
pub fn encode(path: &Path) -> String {
    let mut url = SCHEME.to_owned();
    for chunk in path.as_os_str().as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        // One digit more than there are bytes; the rest would be padding.
        for digit in 0..=chunk.len() {
            let index = bits >> (18 - 6 * digit) & 0x3f;
            url.extend(ALPHABET.get(index as usize).map(|byte| char::from(*byte)));
        }
    }
    url
}

/// The path of the socket that `url` names; `None` when it is no such URL.
#[must_use]
pub fn decode(url: &str) -> Option<PathBuf> {
    let digits = url.strip_prefix(SCHEME)?.as_bytes();
    let mut path = Vec::with_capacity(digits.len());
    for chunk in digits.chunks(4) {
        let mut bits = 0_u32;
        for digit in chunk {
            let value = ALPHABET.iter().position(|byte| byte == digit)?;
            bits = bits << 6 | u32::try_from(value).ok()?;
        }
        let bytes = (bits << (6 * (4 - chunk.len()))).to_be_bytes();
        // Four digits are three bytes; a lone digit is none.
        let count = chunk.len().checked_sub(1).filter(|count| *count > 0)?;
        let (digits, rest) = bytes.get(1..)?.split_at_checked(count)?;
        // Bits behind the last byte are zero: a path has one form.
        if rest.iter().any(|bits| *bits != 0) {
            return None;
        }
        path.extend_from_slice(digits);
    }
    (!path.is_empty()).then(|| OsStr::from_bytes(&path).to_os_string().into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn paths_are_written_in_base64url_without_padding() {
        for (path, digits) in [
            ("/", "Lw"),
            ("/r", "L3I"),
            ("/ru", "L3J1"),
            ("/run/tunnel.sock", "L3J1bi90dW5uZWwuc29jaw"),
            ("/\u{ff}~?>", "L8O_fj8-"),
        ] {
            let url = encode(Path::new(path));
            assert_eq!(url, format!("http+unix://{digits}"));
            assert_eq!(decode(&url).unwrap(), Path::new(path));
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused() {
        for url in [
            "",
            "http+unix://",
            "http://Lw",
            "http+unix://Lw==",
            "http+unix://L",
            "http+unix://L3J1L",
            "http+unix://Lx",
            "http+unix://L3J",
            "http+unix:///run",
        ] {
            assert_eq!(decode(url), None, "{url}");
        }
    }
}
