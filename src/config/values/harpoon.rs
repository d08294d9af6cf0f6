//! Values of the section `harpoon`.

use crate::limits::HARPOON_PATTERN_MAX;

/// Whether a text is the label of a target.
pub(in crate::config) fn is_label(text: &str) -> bool {
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

/// An entry of `harpoon.additional_transports`.
pub(in crate::config) fn transport(text: &str) -> Result<(), String> {
    if text == "http-streamable" {
        Ok(())
    } else {
        Err("harpoon.additional-transport is unknown; the only one is http-streamable".to_owned())
    }
}

/// A suffix of host names.
pub(in crate::config) fn suffix(text: &str) -> Result<(), String> {
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
pub(in crate::config) fn pattern(text: &str) -> Result<(), String> {
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
