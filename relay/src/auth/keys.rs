//! The keys of one relay.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use secrecy::zeroize::Zeroizing;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::scopes::Scopes;
use crate::ids::unhex;
use crate::limits;

/// One key: its name for the log, what it allows, and the SHA-256 of its text.
pub(crate) struct Key {
    /// For the log and for telling callers apart; unique.
    pub(crate) name: Arc<str>,
    /// What it allows.
    pub(crate) scopes: Scopes,
    hash: [u8; 32],
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.name)
    }
}

/// All keys; at least one.
#[derive(Debug)]
pub(crate) struct Keys(Vec<Key>);

impl Keys {
    /// Reads the file and the variable, either of which may be missing; all mistakes are reported at once, with
    /// their line, and without what stands there.
    pub(crate) fn load(file: Option<&Path>, variable: Option<&str>) -> Result<Self, Vec<String>> {
        let mut mistakes = Vec::new();
        let mut keys = Vec::new();
        if let Some(path) = file {
            match read(path) {
                Ok(text) => {
                    let source = format!("--keys-file {}", path.display());
                    parse(&text, &source, &mut keys, &mut mistakes);
                    warn_if_shared(path, &text);
                }
                Err(reason) => mistakes.push(format!("--keys-file {}: {reason}", path.display())),
            }
        }
        if let Some(text) = variable {
            parse(text, "TUNNEL_RELAY_KEYS", &mut keys, &mut mistakes);
        }
        if keys.is_empty() && mistakes.is_empty() {
            mistakes.push("no keys: give --keys-file or TUNNEL_RELAY_KEYS (tunnel-relay keygen makes one)".into());
        }
        if keys.len() > limits::KEYS {
            mistakes.push(format!("{} keys: a relay takes at most {}", keys.len(), limits::KEYS));
        }
        if mistakes.is_empty() {
            Ok(Self(keys))
        } else {
            Err(mistakes)
        }
    }

    /// The key with this text. Every key is compared, all of its hash, so that the time tells nothing.
    pub(crate) fn find(&self, text: &[u8]) -> Option<&Key> {
        if text.len() > limits::KEY_MAX {
            return None;
        }
        let hash: [u8; 32] = Sha256::digest(text).into();
        self.0.iter().fold(None, |found, key| {
            if bool::from(key.hash.ct_eq(&hash)) {
                Some(key)
            } else {
                found
            }
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The hash as the keys file writes it.
pub(crate) fn written_hash(key: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    format!("sha256:{}", crate::ids::hex(&hash))
}

/// The file's text, which is wiped once it is hashed.
fn read(path: &Path) -> Result<Zeroizing<String>, String> {
    use std::io::Read as _;
    let file = crate::files::open(path).map_err(|error| error.to_string())?;
    let limit = u64::try_from(limits::KEYS_FILE).unwrap_or(u64::MAX);
    // Room for all of it at once: a string that grows leaves copies behind.
    let size = file.metadata().map_or(0, |data| data.len().min(limit));
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(size).unwrap_or(0) + 64));
    file.take(limit + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() > limits::KEYS_FILE {
        return Err(format!("larger than {} bytes", limits::KEYS_FILE));
    }
    Ok(text)
}

/// Hashes may be read by anybody, keys may not.
fn warn_if_shared(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let shared = std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0);
    let plain = text
        .lines()
        .map(str::trim)
        .any(|line| !line.is_empty() && !line.starts_with('#') && !line.contains("sha256:"));
    if shared && plain {
        let message =
            "keys file holds keys in plain and others may read it: use chmod 600, or hashes (tunnel-relay keygen)";
        crate::log::warn(message, &[("path", &path.display())]);
    }
}

/// `NAME SCOPES KEY` a line; empty lines and lines that begin with `#` are skipped.
fn parse(text: &str, source: &str, keys: &mut Vec<Key>, mistakes: &mut Vec<String>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        // Editors show two lines: a key behind a comment would be part of the comment.
        if line.contains(|char: char| matches!(char, '\u{2028}' | '\u{2029}') || char.is_control() && char != '\t') {
            mistakes.push(format!(
                "{source}, line {}: a carriage return or another control character stands in the line; remove it, or end each line with a line feed",
                number + 1
            ));
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match parse_line(line) {
            Ok(key) if keys.iter().any(|other| other.name == key.name) => {
                mistakes.push(format!(
                    "{source}, line {}: the name {} is used twice",
                    number + 1,
                    key.name
                ));
            }
            Ok(key) if keys.iter().any(|other| other.hash == key.hash) => {
                mistakes.push(format!(
                    "{source}, line {}: the key of {} is used twice",
                    number + 1,
                    key.name
                ));
            }
            Ok(key) => keys.push(key),
            Err(reason) => mistakes.push(format!("{source}, line {}: {reason}", number + 1)),
        }
    }
}

/// One line of the keys file.
pub(super) fn parse_line(line: &str) -> Result<Key, String> {
    let mut words = line.split_ascii_whitespace();
    let (Some(name), Some(scopes), Some(key), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Err("a line is: NAME SCOPES KEY".into());
    };
    let name_ok = name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !name_ok {
        return Err("a name is up to 64 letters, digits, dots, hyphens, underscores".into());
    }
    let scopes = Scopes::parse(scopes)?;
    let hash = match key.strip_prefix("sha256:") {
        Some(digits) => unhex(digits).ok_or("after sha256: come 64 lower-case hexadecimal digits")?,
        None => {
            let well_formed = (limits::KEY_MIN..=limits::KEY_MAX).contains(&key.len())
                && key.bytes().all(|byte| byte.is_ascii_graphic());
            if !well_formed {
                return Err(format!(
                    "a key is {} to {} visible ASCII characters",
                    limits::KEY_MIN,
                    limits::KEY_MAX
                ));
            }
            Sha256::digest(key.as_bytes()).into()
        }
    };
    Ok(Key {
        name: name.into(),
        scopes,
        hash,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::scopes::Need;
    use super::*;

    const PLAIN: &str = "0123456789abcdef-secret";

    #[test]
    fn a_key_is_found_by_its_text_whether_given_plain_or_hashed() {
        let text = format!(
            "# people\n\nplain read,use {PLAIN}\nhashed connect {}\n",
            written_hash("another-long-secret")
        );
        let keys = Keys::load(None, Some(&text)).unwrap();
        assert_eq!(keys.len(), 2);
        assert_eq!(&*keys.find(PLAIN.as_bytes()).unwrap().name, "plain");
        assert!(
            keys.find(b"another-long-secret")
                .unwrap()
                .scopes
                .allow(Need::Connect, None)
        );
        assert!(keys.find(b"another-long-secre").is_none());
        assert!(keys.find(written_hash(PLAIN).as_bytes()).is_none());
    }

    #[test]
    fn all_mistakes_are_reported_with_their_line_and_without_the_key() {
        let text = format!(
            "a read\nb admin {PLAIN}\nc read short\nd read sha256:12\ne read {PLAIN}\ne use {PLAIN}x\nf use {PLAIN}\n"
        );
        let mistakes = Keys::load(None, Some(&text)).unwrap_err();
        assert_eq!(mistakes.len(), 6);
        assert!(mistakes[0].starts_with("TUNNEL_RELAY_KEYS, line 1:"));
        assert!(
            mistakes
                .iter()
                .all(|mistake| !mistake.contains(PLAIN) && !mistake.contains("short")),
            "{mistakes:?}"
        );
    }

    #[test]
    fn a_key_that_an_editor_shows_behind_a_comment_is_not_passed_over() {
        for end in ["\r", "\u{2028}", "\u{85}", "\u{b}"] {
            let text = format!("a read {PLAIN}\n# people{end}b read {PLAIN}x\n");
            let mistakes = Keys::load(None, Some(&text)).unwrap_err();
            assert!(
                matches!(&mistakes[..], [one] if one.starts_with("TUNNEL_RELAY_KEYS, line 2: a carriage return")),
                "{end:?}: {mistakes:?}"
            );
        }
        let text = format!("\u{feff}# people\r\na read {PLAIN}\r\n");
        assert_eq!(Keys::load(None, Some(&text)).unwrap().len(), 1);
    }

    #[test]
    fn no_key_at_all_is_a_mistake() {
        assert!(Keys::load(None, None).unwrap_err()[0].contains("keygen"));
        assert!(Keys::load(Some(Path::new("/nonexistent/keys")), None).unwrap_err()[0].contains("--keys-file"));
    }
}
