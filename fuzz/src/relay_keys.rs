//! The keys file of the relay (`relay/src/auth`).
//!
//! Oracles: the grammar of its lines; keys in plain and as hashes are the same keys; a message repeats no key; a key that was removed,
//! or allows less, is revoked.

use arbitrary::Arbitrary;
use tunnel_relay::fuzzing::keys::{KeyFile, written_hash};

/// A file, and the one that replaces it.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    before: Text<'a>,
    after: Text<'a>,
}

#[derive(Debug, Arbitrary)]
enum Text<'a> {
    Any(&'a str),
    Lines(Vec<Line<'a>>),
}

#[derive(Debug, Arbitrary)]
enum Line<'a> {
    Any(&'a str),
    Key {
        name: u8,
        scopes: u8,
        key: u8,
        is_hashed: bool,
    },
}

const SCOPES: [&str; 6] = [
    "read",
    "read,use",
    "read,manage",
    "connect",
    "read,use,manage,connect",
    "connect@tunnel_00000000000000000000000000000000",
];

fn key(number: u8) -> String {
    format!("0123456789abcdef-{}", number % 8)
}

impl Text<'_> {
    fn text(&self) -> String {
        match self {
            Self::Any(text) => (*text).to_owned(),
            Self::Lines(lines) => lines.iter().map(|line| line.text() + "\n").collect(),
        }
    }
}

impl Line<'_> {
    fn text(&self) -> String {
        match self {
            Self::Any(text) => (*text).to_owned(),
            Self::Key {
                name,
                scopes,
                key: number,
                is_hashed,
            } => {
                let key = if *is_hashed {
                    written_hash(&key(*number))
                } else {
                    key(*number)
                };
                format!(
                    "name-{} {} {key}",
                    name % 8,
                    SCOPES[usize::from(*scopes) % SCOPES.len()]
                )
            }
        }
    }
}

/// Feeds two files.
pub fn check(input: &Input<'_>) {
    let [before, after] = [input.before.text(), input.after.text()];
    let (Some(old), Some(new)) = (read(&before), read(&after)) else {
        return;
    };
    let (new, revoked) = new.following(&old);
    for (name, scopes, key) in lines(&before) {
        let continues =
            lines(&after).any(|(other, more, same)| name == other && hash(key) == hash(same) && covers(more, scopes));
        assert_eq!(revoked.iter().any(|gone| gone == name), !continues, "{name}");
        if !key.starts_with("sha256:") {
            assert_eq!(old.is_revoked(key), Some(!continues));
        }
    }
    for (_, _, key) in lines(&after).filter(|(.., key)| !key.starts_with("sha256:")) {
        assert_eq!(new.is_revoked(key), Some(false));
    }
}

/// The lines with keys of a file that is accepted.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).split('\n').map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        Some((words.next()?, words.next()?, words.next()?))
    })
}

fn hash(key: &str) -> String {
    if key.starts_with("sha256:") {
        key.to_owned()
    } else {
        written_hash(key)
    }
}

fn covers(more: &str, scopes: &str) -> bool {
    let parts = |text: &str| {
        let (names, tunnel) = text
            .split_once('@')
            .map_or((text, None), |(names, tunnel)| (names, Some(tunnel.to_owned())));
        (names.split(',').map(str::to_owned).collect::<Vec<_>>(), tunnel)
    };
    let ((more, more_tunnel), (names, tunnel)) = (parts(more), parts(scopes));
    names.iter().all(|name| more.contains(name)) && (more_tunnel.is_none() || more_tunnel == tunnel)
}

fn read(text: &str) -> Option<KeyFile> {
    let file = match KeyFile::read(text) {
        Ok(file) => file,
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            // Names are repeated, and what begins the message is no key.
            let is_name = |key: &str| key.starts_with("TUNNEL") || lines(text).any(|(name, ..)| name.contains(key));
            for (.., key) in
                lines(text).filter(|(.., key)| key.len() >= 16 && !key.starts_with("sha256:") && !is_name(key))
            {
                assert!(!mistakes.iter().any(|mistake| mistake.contains(key)));
            }
            return None;
        }
    };
    assert_eq!(file.count(), lines(text).count());
    assert!((1..=1024).contains(&file.count()));
    for (name, scopes, key) in lines(text) {
        assert!((1..=64).contains(&name.len()) && !scopes.is_empty());
        assert!(!name.contains(|char: char| !char.is_ascii_alphanumeric() && !"._-".contains(char)));
        if let Some(digits) = key.strip_prefix("sha256:") {
            assert_eq!(digits.len(), 64);
            assert_eq!(file.name_of(key), None, "a hash is no key");
        } else {
            assert!((16..=512).contains(&key.len()));
            assert_eq!(file.name_of(key).as_deref(), Some(name));
            assert_eq!(
                file.name_of(&key[1..]).as_deref(),
                lines(text)
                    .find(|(.., other)| hash(other) == written_hash(&key[1..]))
                    .map(|(name, ..)| name)
            );
        }
    }
    Some(file)
}
