//! `WWW-Authenticate` challenges.

use crate::net::outside_quotes;

/// `resource_metadata` of the first Bearer challenge that has it (RFC 9110, section 11.6.1; RFC 9728, section 5.1).
pub(super) fn resource_metadata(header: &str) -> Option<String> {
    let mut bearer = false;
    for part in outside_quotes(header) {
        let part = part.trim();
        let (first, rest) = part.split_once(' ').unwrap_or((part, ""));
        let mut parameter = part;
        // A word before a parameter is the scheme of a new challenge.
        if !first.contains('=') {
            bearer = first.eq_ignore_ascii_case("bearer");
            parameter = rest.trim_start();
        }
        if let (true, Some((name, value))) = (bearer, parameter.split_once('='))
            && name.trim().eq_ignore_ascii_case("resource_metadata")
        {
            return Some(value.trim().trim_matches('"').to_owned());
        }
    }
    None
}

/// Door for `fuzz/`.
#[cfg(fuzzing)]
pub mod fuzzing {
    /// `resource_metadata` of the first Bearer challenge that has it.
    pub fn resource_metadata(header: &str) -> Option<String> {
        super::resource_metadata(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bearer_challenge_is_found_among_others() {
        for (header, expected) in [
            (r#"Bearer resource_metadata="https://h/x""#, Some("https://h/x")),
            (
                r#"bearer realm="a, b", resource_metadata=https://h/y, error="z""#,
                Some("https://h/y"),
            ),
            (
                r#"Basic realm="x", Bearer error="e", resource_metadata="https://h/z""#,
                Some("https://h/z"),
            ),
            (r#"Digest resource_metadata="https://h/no""#, None),
            (r#"Bearer realm="resource_metadata=https://h/no""#, None),
            ("Bearer", None),
            ("", None),
        ] {
            assert_eq!(resource_metadata(header).as_deref(), expected, "{header}");
        }
    }
}
