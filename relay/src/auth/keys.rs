//! The keys of one relay.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use secrecy::zeroize::Zeroizing;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::revocation::Revocation;
use super::scopes::Scopes;
use crate::ids::unhex;
use crate::limits;
use crate::mistake::Mistake;

/// The option that names the keys file.
pub(crate) const FILE: &str = "--keys-file";
/// The variable that holds lines of a keys file.
const VARIABLE: &str = "TUNNEL_RELAY_KEYS";

/// One key: its name for the log, what it allows, and the SHA-256 of its text.
#[derive(Clone)]
pub(crate) struct Key {
    /// For the log and for telling callers apart; unique.
    pub(crate) name: Arc<str>,
    /// What it allows.
    pub(crate) scopes: Scopes,
    /// Tells what the key has under way that it was removed.
    pub(crate) revocation: Revocation,
    hash: [u8; 32],
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.name)
    }
}

/// All keys; at least one.
#[derive(Debug)]
pub(crate) struct Keys(Vec<Arc<Key>>);

/// Lines with keys, hashed, each with its number.
#[derive(Debug, Default, Clone)]
pub(crate) struct Lines(Vec<(usize, Result<Key, String>)>);

impl Lines {
    /// Reads `NAME SCOPES KEY` a line; empty lines and lines that begin with `#` are skipped.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().map(str::trim).zip(1..);
        let lines = lines.filter(|(line, _)| hides_a_line(line) || !line.is_empty() && !line.starts_with('#'));
        let read = |line| {
            if hides_a_line(line) {
                Err(HIDDEN_LINE.to_owned())
            } else {
                parse_line(line)
            }
        };
        Self(lines.map(|(line, number)| (number, read(line))).collect())
    }
}

const HIDDEN_LINE: &str =
    "a carriage return or another control character stands in the line; remove it, or end each line with a line feed";

/// Detects a line that editors show as two: a key behind a comment would be part of the comment.
fn hides_a_line(line: &str) -> bool {
    line.contains(|char: char| matches!(char, '\u{2028}' | '\u{2029}') || char.is_control() && char != '\t')
}

impl Keys {
    /// Joins the keys of the file and of the variable. Reports all mistakes at once, with their line numbers and without
    /// the text of the lines.
    pub(crate) fn join(file: Option<(&Path, Lines)>, variable: Lines) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut keys: Vec<Key> = Vec::new();
        let file = file.map(|(path, lines)| (Mistake::of_file(FILE, path, ""), lines));
        let variable = (Mistake::new(VARIABLE, ""), variable);
        for (source, Lines(lines)) in file.into_iter().chain([variable]) {
            for (number, line) in lines {
                let line = line.and_then(|key| match twice(&keys, &key) {
                    Some(reason) => Err(reason),
                    None => Ok(key),
                });
                match line {
                    Ok(key) => keys.push(key),
                    Err(reason) => mistakes.push(source.clone().at_line(number, reason)),
                }
            }
        }
        if keys.is_empty() && mistakes.is_empty() {
            mistakes.push(Mistake::new(
                FILE,
                "no keys: give --keys-file or TUNNEL_RELAY_KEYS (tunnel-relay keygen makes one)",
            ));
        }
        if keys.len() > limits::KEYS {
            let reason = format!("{} keys: a relay takes at most {}", keys.len(), limits::KEYS);
            mistakes.push(Mistake::new(FILE, reason));
        }
        if mistakes.is_empty() {
            Ok(Self(keys.into_iter().map(Arc::new).collect()))
        } else {
            Err(mistakes)
        }
    }

    /// Mistakes in the lines of the variable, independent of the file.
    pub(crate) fn mistakes_of(variable: &Lines) -> Vec<Mistake> {
        let wrong = |(line, read): &(usize, Result<Key, String>)| {
            let reason = read.as_ref().err()?;
            Some(Mistake::new(VARIABLE, "").at_line(*line, reason.clone()))
        };
        variable.0.iter().filter_map(wrong).collect()
    }

    /// The key with this text. Every key is compared, all of its hash, so that the time tells nothing.
    pub(crate) fn find(&self, text: &[u8]) -> Option<&Arc<Key>> {
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

    /// Prepares these keys to follow `before`: what a key has under way goes on if it is the same key and allows as
    /// much as it did.
    pub(crate) fn following(self, before: &Self) -> Self {
        let follow = |key: Arc<Key>| match before.0.iter().find(|old| key.continues(old)) {
            Some(old) => Arc::new(Key {
                revocation: old.revocation.clone(),
                ..Key::clone(&key)
            }),
            None => key,
        };
        Self(self.0.into_iter().map(follow).collect())
    }

    /// Revokes those of these keys that do not continue in `after`; returns their names.
    pub(crate) fn revoke_missing(&self, after: &Self) -> Vec<Arc<str>> {
        let gone = |key: &&Arc<Key>| !after.0.iter().any(|new| new.continues(key));
        let gone = self.0.iter().filter(gone);
        gone.map(|key| {
            key.revocation.revoke();
            Arc::clone(&key.name)
        })
        .collect()
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn of(text: &str) -> Result<Self, Vec<Mistake>> {
        Self::join(None, Lines::parse(text))
    }
}

impl Key {
    /// Whether it has the same name and text as `old`, and allows all that `old` allows.
    fn continues(&self, old: &Self) -> bool {
        self.name == old.name && self.hash == old.hash && self.scopes.cover(&old.scopes)
    }
}

/// The hash as the keys file writes it.
pub(crate) fn written_hash(key: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    format!("sha256:{}", crate::ids::hex(&hash))
}

/// Lines of the keys file. Its text is wiped once it is hashed.
pub(crate) fn read(path: &Path, file: File) -> Result<Lines, Mistake> {
    let fail = |reason: String| Mistake::of_file(FILE, path, reason);
    let limit = u64::try_from(limits::KEYS_FILE).unwrap_or(u64::MAX);
    let metadata = file.metadata().ok();
    // Room for all of it at once: a string that grows leaves copies behind.
    let size = metadata.as_ref().map_or(0, |data| data.len().min(limit));
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(size).unwrap_or(0) + 64));
    file.take(limit + 1)
        .read_to_string(&mut text)
        .map_err(|error| fail(error.to_string()))?;
    if text.len() > limits::KEYS_FILE {
        return Err(fail(format!("larger than {} bytes", limits::KEYS_FILE)));
    }
    if metadata.is_some_and(|data| data.permissions().mode() & 0o077 != 0) {
        warn_if_plain(path, &text);
    }
    Ok(Lines::parse(&text))
}

/// Hashes may be read by anybody, keys may not.
fn warn_if_plain(path: &Path, text: &str) {
    let plain = text
        .lines()
        .map(str::trim)
        .any(|line| !line.is_empty() && !line.starts_with('#') && !line.contains("sha256:"));
    if plain {
        let message =
            "keys file holds keys in plain and others may read it: use chmod 600, or hashes (tunnel-relay keygen)";
        crate::log::warn(message, &[("path", &path.display())]);
    }
}

/// Conflict of a key with those before it: the same name or the same text.
fn twice(keys: &[Key], key: &Key) -> Option<String> {
    if keys.iter().any(|other| other.name == key.name) {
        return Some(format!("the name {} is used twice", key.name));
    }
    let same = keys.iter().any(|other| other.hash == key.hash);
    same.then(|| format!("the key of {} is used twice", key.name))
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
        revocation: Revocation::default(),
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
        let keys = Keys::of(&text).unwrap();
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
        let mistakes = Keys::of(&text).unwrap_err();
        assert_eq!(mistakes.len(), 6);
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
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
            let mistakes = Keys::of(&text).unwrap_err();
            assert!(
                matches!(&mistakes[..], [one] if one.to_string().starts_with("TUNNEL_RELAY_KEYS, line 2: a carriage return")),
                "{end:?}: {mistakes:?}"
            );
        }
        let text = format!("\u{feff}# people\r\na read {PLAIN}\r\n");
        assert_eq!(Keys::of(&text).unwrap().len(), 1);
    }

    #[test]
    fn no_key_at_all_is_a_mistake() {
        assert!(Keys::of("").unwrap_err()[0].to_string().contains("keygen"));
    }

    #[test]
    fn a_key_continues_only_with_its_text_and_its_scopes() {
        let before = Keys::of(&format!(
            "a read {PLAIN}\nb connect {PLAIN}b\nc read,use {PLAIN}c\nd read {PLAIN}d\n"
        ));
        let before = before.unwrap();
        // a: more scopes; b: another text; c: fewer scopes; d: removed.
        let after = format!("a read,connect {PLAIN}\nb connect {PLAIN}x\nc read {PLAIN}c\ne read {PLAIN}e\n");
        let after = Keys::of(&after).unwrap().following(&before);
        let revoked = before.revoke_missing(&after);
        assert_eq!(revoked, [Arc::from("b"), Arc::from("c"), Arc::from("d")]);
        let is_revoked = |keys: &Keys, text: &str| keys.find(text.as_bytes()).unwrap().revocation.is_revoked();
        assert!(!is_revoked(&before, PLAIN) && is_revoked(&before, &format!("{PLAIN}c")));
        for text in ["", "x", "c", "e"] {
            assert!(!is_revoked(&after, &format!("{PLAIN}{text}")), "{text}");
        }
        // And again, for those that were taken over.
        let last = Keys::of(&format!("e read {PLAIN}e\n")).unwrap().following(&after);
        after.revoke_missing(&last);
        assert!(is_revoked(&before, PLAIN));
    }
}
