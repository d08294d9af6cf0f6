//! The harpoon channel: internal URLs that callers may request by label. Not served yet; checked all the same.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use super::reader::{Checked, Reader};
use crate::config::settings::{Origin, RecordEntry, Source, Sources, referenced_path, socket_path, table};
use crate::config::values::HttpUrl;
use crate::limits::{HARPOON_PATTERN_MAX, HARPOON_TARGETS_MAX};

/// Keys of a target in text, and in a configuration file.
const KEYS: [(&str, &str); 4] = [
    ("label", "label"),
    ("url", "url"),
    ("unix-socket", "unix_socket"),
    ("desc", "description"),
];

/// The labels of the targets; each once.
pub(super) fn targets(reader: &mut Reader<'_>) -> Checked<BTreeSet<String>> {
    let setting = &table::HARPOON_TARGETS;
    let sources = reader.sources;
    let plaintext = sources
        .one(&table::HARPOON_PLAINTEXT)
        .and_then(|written| written.value.to_str())
        .is_some_and(|text| crate::config::values::scalar::boolean(text.trim()) == Some(true));
    let mut labels = BTreeSet::new();
    let mut outcome = Ok(());
    for entry in sources.records(setting).into_iter().take(HARPOON_TARGETS_MAX + 1) {
        let (label, origin) = match entry {
            RecordEntry::Text(written) => match reader.text(setting, &written) {
                Ok(text) => (of_text(&sources, &text, plaintext), written.origin),
                Err(reported) => {
                    outcome = Err(reported);
                    continue;
                }
            },
            RecordEntry::Fields(record) => {
                let field = |key: &str| record.field(key).map(|text| text.text.trim());
                let origin = Origin::new(Source::File(record.location.clone()));
                (target(&sources, field, true, plaintext), origin)
            }
        };
        let label = label.and_then(|label| {
            if labels.contains(&label) {
                Err(format!("has label {label} twice; rename one"))
            } else if labels.len() == HARPOON_TARGETS_MAX {
                Err(format!("must have less than or equal to {HARPOON_TARGETS_MAX} targets"))
            } else {
                Ok(label)
            }
        });
        match label {
            Ok(label) => {
                labels.insert(label);
            }
            Err(problem) => outcome = Err(reader.report(setting.flag, origin, format!("{} {problem}", setting.flag))),
        }
    }
    outcome.map(|()| labels)
}

/// `label=..,url=..,unix-socket=..,desc=..`.
fn of_text(sources: &Sources<'_>, text: &str, plaintext: bool) -> Result<String, String> {
    let mut fields: Vec<(&str, &str)> = Vec::with_capacity(KEYS.len());
    for part in text.split(',').map(str::trim) {
        let known = part.split_once('=').and_then(|(key, value)| {
            let (_, field) = KEYS.iter().find(|(name, _)| *name == key.trim())?;
            Some((*field, value.trim()))
        });
        let (key, value) = known.ok_or(
            "has a part that is not key=value with key label, url, unix-socket or desc; \
             a comma inside a value can only be written in a configuration file",
        )?;
        if fields.iter().any(|(field, _)| *field == key) {
            return Err(format!("has {key} twice; keep one"));
        }
        fields.push((key, value));
    }
    let field = |key: &str| {
        let found = fields.iter().find(|(field, value)| *field == key && !value.is_empty());
        found.map(|(_, value)| *value)
    };
    target(sources, field, false, plaintext)
}

/// The label of a target that makes sense.
fn target<'a>(
    sources: &Sources<'_>,
    field: impl Fn(&str) -> Option<&'a str>,
    in_file: bool,
    plaintext: bool,
) -> Result<String, String> {
    let label = field("label").ok_or("has no label; add it")?;
    if !is_label(label) {
        return Err("label must match ^[a-z0-9][a-z0-9_-]{0,63}$; rename it".to_owned());
    }
    let written = field("url").ok_or("has no url; add it")?;
    let url = if in_file {
        sources
            .referenced_value(written)
            .map_err(|error| format!("URL {error}"))?
    } else {
        written.to_owned().into()
    };
    let url = HttpUrl::parse(&url).map_err(|error| format!("URL {error}"))?;
    if !url.tls && !plaintext {
        return Err("URL must be https; write https://, or set harpoon.allow-plaintext-http".to_owned());
    }
    if climbs(&url) {
        return Err("URL has . or .. segments in its path; write the path they lead to".to_owned());
    }
    if let Some(socket) = field("unix-socket").or_else(|| field("unix_socket")) {
        referenced_path(sources, OsStr::new(socket))
            .and_then(socket_path)
            .map_err(|error| format!("unix-socket {error}"))?;
    }
    Ok(label.to_owned())
}

fn is_label(text: &str) -> bool {
    let first = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    first
        && text.len() <= 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}

/// Whether a path could leave its place, with dots plain or percent-encoded.
fn climbs(url: &HttpUrl) -> bool {
    let path = url.path_and_query.split('?').next().unwrap_or_default();
    path.split('/')
        .any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}

/// An entry of `harpoon.additional_transports`.
pub(super) fn transport(text: &str) -> Result<(), String> {
    if text == "http-streamable" {
        Ok(())
    } else {
        Err("harpoon.additional-transport is unknown; the only one is http-streamable".to_owned())
    }
}

/// A suffix of host names.
pub(super) fn suffix(text: &str) -> Result<(), String> {
    let name = text.strip_prefix('.').unwrap_or(text);
    let valid = text.len() <= 255
        && !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if valid {
        Ok(())
    } else {
        Err("harpoon.hosts-include-suffix is no suffix of a host name; write one such as .internal.example".to_owned())
    }
}

/// A regular expression, as far as it can be judged without compiling it: nothing uses it yet.
pub(super) fn pattern(text: &str) -> Result<(), String> {
    let error = |problem| Err(format!("harpoon.hosts-include-regex {problem}; correct it"));
    if text.len() > HARPOON_PATTERN_MAX {
        return error("is too long");
    }
    if text.starts_with(['*', '+', '?']) {
        return error("begins with a repetition of nothing");
    }
    let mut groups = 0_usize;
    let mut in_class = false;
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        match char {
            '\\' if rest.next().is_none() => return error("ends in a backslash"),
            '\\' => {}
            ']' if in_class => in_class = false,
            '[' if !in_class => {
                in_class = true;
                // A bracket that comes first in a class is a member of it.
                let ahead = rest.as_str();
                let first = ahead.strip_prefix('^').unwrap_or(ahead);
                if let Some(after) = first.strip_prefix(']') {
                    rest = after.chars();
                }
            }
            '(' if !in_class => groups += 1,
            ')' if !in_class => match groups.checked_sub(1) {
                Some(left) => groups = left,
                None => return error("has a ) without its ("),
            },
            _ => {}
        }
    }
    match (in_class, groups) {
        (true, _) => error("has a [ without its ]"),
        (false, 0) => Ok(()),
        (false, _) => error("has a ( without its )"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn labels_begin_with_a_letter_or_a_digit() {
        for text in ["a", "0", "a-b_c", &"x".repeat(64)] {
            assert!(is_label(text), "{text}");
        }
        for text in ["", "-a", "A", "a b", "\u{e4}", &"x".repeat(65)] {
            assert!(!is_label(text), "{text}");
        }
    }

    #[test]
    fn patterns_that_cannot_be_compiled_are_refused() {
        for text in [r"^a\.b$", "(a|b)+", "[]a]", "[^]a]", "[(]", r"\(", "a{1,2}", "(?:x)"] {
            assert!(pattern(text).is_ok(), "{text}");
        }
        for text in ["(", ")", "a)", "[", "[]", "*", "+a", "\\", "a\\", &"x".repeat(1025)] {
            assert!(pattern(text).is_err(), "{text}");
        }
    }

    #[test]
    fn suffixes_are_parts_of_host_names() {
        assert!(suffix(".internal").is_ok() && suffix("corp.example").is_ok());
        for text in [".", "a b", "http://h", "\u{e4}.x"] {
            assert!(suffix(text).is_err(), "{text}");
        }
    }
}
