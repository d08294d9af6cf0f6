//! The version, as scripts read it.

/// The commit that this was built from, if the build was told: the build environment decides, so that two builds of the
/// same source in the same environment are the same.
const BUILD_SHA: Option<&str> = option_env!("TUNNEL_CLIENT_GIT_SHA");

/// `0.1.0`, or `0.1.0+5ce4fed (git sha: 5ce4fed)` when the commit is known (spec: cli, section 1).
pub(super) fn text() -> String {
    with_sha(BUILD_SHA)
}

fn with_sha(sha: Option<&str>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match sha.filter(|sha| is_sha(sha)) {
        Some(sha) => format!("{version}+{sha} (git sha: {sha})"),
        None => version.to_owned(),
    }
}

/// What is no hash is left out: scripts take the version apart.
fn is_sha(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_commit_stands_behind_the_version_and_anything_else_does_not() {
        let plain = env!("CARGO_PKG_VERSION");
        assert_eq!(with_sha(Some("5ce4fed")), format!("{plain}+5ce4fed (git sha: 5ce4fed)"));
        for no_sha in [None, Some(""), Some("main"), Some("5ce4fed dirty"), Some("5ce4fe")] {
            assert_eq!(with_sha(no_sha), plain);
        }
    }
}
