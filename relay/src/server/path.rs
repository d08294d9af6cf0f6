//! The segments of a request's path.

use crate::limits;

/// The segments as they are meant. A slash at the end or a second one between two segments means nothing (many base
/// URLs end in one), and `%61` is `a` (RFC 3986, section 6.2.2.2). `None`: more segments than any path has.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let segments: Vec<String> = segments.take(limits::PATH_SEGMENTS + 1).map(decoded).collect();
    (segments.len() <= limits::PATH_SEGMENTS).then_some(segments)
}

/// A segment with its escapes read; as it stands if they are none. What is decoded is not split again.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (Some(high), Some(low)) = (digit(tail.first()), digit(tail.get(1))) else {
            return segment.to_owned();
        };
        bytes.push(high << 4 | low);
        rest = tail.get(2..).unwrap_or_default();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}

fn digit(byte: Option<&u8>) -> Option<u8> {
    u8::try_from(char::from(*byte?).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_too_many_and_needless_escapes_mean_nothing() {
        for path in [
            "/v1/mcp/a",
            "/v1/mcp/a/",
            "//v1//mcp/a//",
            "/v1/%6dcp/%61",
            "/v1/mcp/%61/",
        ] {
            assert_eq!(segments(path).unwrap_or_default(), ["v1", "mcp", "a"], "{path}");
        }
        assert_eq!(segments("/").unwrap_or_default(), [""; 0]);
    }

    #[test]
    fn an_escaped_slash_does_not_divide_and_what_is_no_escape_stays() {
        for (path, segment) in [
            ("/a%2Fb", "a/b"),
            ("/a%2", "a%2"),
            ("/%zz", "%zz"),
            ("/%ff", "%ff"),
            ("/%", "%"),
        ] {
            assert_eq!(segments(path).unwrap_or_default(), [segment], "{path}");
        }
    }

    #[test]
    fn a_path_without_measure_is_none() {
        assert_eq!(segments(&"/a".repeat(limits::PATH_SEGMENTS + 1)), None);
        assert!(segments(&"/a".repeat(limits::PATH_SEGMENTS)).is_some());
    }
}
