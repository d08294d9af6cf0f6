//! The version, with the commit that the build was told.

use std::sync::LazyLock;

/// `0.1.0`, or `0.1.0+5ce4fed (git sha: 5ce4fed)`; the build environment decides (`scripts/build-static`).
static TEXT: LazyLock<String> = LazyLock::new(|| with_sha(option_env!("TUNNEL_CLIENT_GIT_SHA")));

pub(super) fn text() -> &'static str {
    &TEXT
}

fn with_sha(sha: Option<&str>) -> String {
    let is_sha = |sha: &&str| (7..=64).contains(&sha.len()) && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    let version = env!("CARGO_PKG_VERSION");
    match sha.filter(is_sha) {
        Some(sha) => format!("{version}+{sha} (git sha: {sha})"),
        None => version.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_commit_stands_behind_the_version_and_anything_else_does_not() {
        let plain = env!("CARGO_PKG_VERSION");
        assert_eq!(with_sha(Some("5ce4fed")), format!("{plain}+5ce4fed (git sha: 5ce4fed)"));
        for no_sha in [None, Some(""), Some("main"), Some("5ce4fed dirty")] {
            assert_eq!(with_sha(no_sha), plain);
        }
    }
}
