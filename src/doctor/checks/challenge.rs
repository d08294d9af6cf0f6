//! `WWW-Authenticate` challenges.

use crate::net::challenges;

/// `resource_metadata` of the first Bearer challenge that has it (RFC 9110, section 11.6.1; RFC 9728, section 5.1).
pub(super) fn resource_metadata(header: &str) -> Option<String> {
    challenges(header)
        .into_iter()
        .filter(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer"))
        .flat_map(|challenge| challenge.parameters)
        .find(|(name, _)| name.eq_ignore_ascii_case("resource_metadata"))
        .map(|(_, value)| value.into_owned())
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
            (
                r#"Bearer error = "e", resource_metadata = "https://h/a""#,
                Some("https://h/a"),
            ),
            (r#"Bearer resource_metadata="https:\/\/h\/b""#, Some("https://h/b")),
            ("Bearer resource_metadata=", None),
            ("Bearer", None),
            ("", None),
        ] {
            assert_eq!(resource_metadata(header).as_deref(), expected, "{header}");
        }
    }
}
