//! Exchanging single values in a JSON text and leaving every other byte as it is.

use std::ops::Range;

use bytes::Bytes;

/// Puts `values` in the place of their spans, which must lie in `text` and not overlap, and makes the text one line.
pub(super) fn splice(text: &str, mut values: Vec<(Range<usize>, &str)>) -> Bytes {
    values.sort_by_key(|(span, _)| span.start);
    let grown: usize = values.iter().map(|(_, value)| value.len()).sum();
    let mut out = Vec::with_capacity(text.len() + grown);
    let mut at = 0;
    for (span, value) in values {
        // Spans come from the parser of this very text; one that does not fit is left as it is.
        let Some(before) = text.as_bytes().get(at..span.start) else {
            continue;
        };
        out.extend_from_slice(before);
        out.extend_from_slice(value.as_bytes());
        at = span.end;
    }
    out.extend_from_slice(&text.as_bytes()[at..]);
    flatten(&mut out);
    out.into()
}

/// The text as one line.
pub(super) fn one_line(text: &Bytes) -> Bytes {
    if memchr::memchr2(b'\n', b'\r', text).is_none() {
        return text.clone();
    }
    let mut line = text.to_vec();
    flatten(&mut line);
    line.into()
}

/// Line ends in JSON text stand between tokens only (strings escape them), so a blank means the same.
fn flatten(text: &mut [u8]) {
    if memchr::memchr2(b'\n', b'\r', text).is_some() {
        text.iter_mut()
            .filter(|b| matches!(b, b'\n' | b'\r'))
            .for_each(|b| *b = b' ');
    }
}

#[cfg(test)]
mod exhaustive;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_spans_change() {
        let text = r#"{"b":1.50, "id":"x","a":[7]}"#;
        let id = text.find("\"x\"").map(|at| at..at + 3).unwrap_or_default();
        let seven = text.find('7').map(|at| at..at + 1).unwrap_or_default();
        assert_eq!(
            splice(text, vec![(seven, "70"), (id, "12")]),
            r#"{"b":1.50, "id":12,"a":[70]}"#
        );
    }

    #[test]
    fn a_message_is_one_line_on_the_pipe() {
        assert_eq!(
            one_line(&Bytes::from_static(b"{\r\n \"a\": \"x\\n\"\n}")),
            &b"{   \"a\": \"x\\n\" }"[..]
        );
    }
}
