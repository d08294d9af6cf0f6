//! `tunnel-relay keygen`: a fresh key and the line of the keys file that lets it in.

use super::keys::{parse_line, written_hash};
use crate::ids::{hex, random};

/// A fresh key (256 random bits) and the file line with its hash.
pub(crate) fn fresh(name: &str, scopes: &str) -> Result<(String, String), String> {
    let key = format!("trk_{}", hex(&random::<32>()));
    let line = format!("{name} {scopes} {}", written_hash(&key));
    parse_line(&line)?;
    Ok((key, line))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::Keys;
    use super::*;

    #[test]
    fn the_line_lets_the_key_in() {
        let (key, line) = fresh("me", "read,use").unwrap();
        let keys = Keys::of(&line).unwrap();
        assert_eq!(&*keys.find(key.as_bytes()).unwrap().name, "me");
        assert!(!line.contains(&key));
    }

    #[test]
    fn what_would_make_no_line_is_refused() {
        for (name, scopes) in [("two words", "read"), ("", "read"), ("me", "all"), ("#me", "read")] {
            assert!(fresh(name, scopes).is_err(), "{name} {scopes}");
        }
    }
}
