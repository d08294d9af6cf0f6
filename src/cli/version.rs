//! The version, as scripts and as people read it.

use clap::{ArgMatches, Command};

use super::start::Start;
use super::{Error, args, print};
use crate::identity::{BUILD_SHA, is_sha};

/// The name that the client gives itself towards a control plane, too.
const NAME: &str = "tunnel-client-hardened";

pub(super) fn arguments() -> Command {
    Command::new("version").about("Print the name, the version and the commit")
}

pub(super) fn execute(_: &mut ArgMatches, _: Start) -> Result<(), Error> {
    print(&for_people(BUILD_SHA))
}

/// `0.1.0 tunnel-client-hardened`, or `0.1.0+5ce4fed (git sha: 5ce4fed) tunnel-client-hardened` when the commit is known
/// (contract: cli, section 2): scripts read the beginning.
pub(super) fn text() -> String {
    format!("{} {NAME}", with_sha(BUILD_SHA))
}

fn for_people(sha: Option<&str>) -> String {
    let commit = sha.filter(|sha| is_sha(sha));
    format!(
        "{} ({NAME}) {}\ncommit: {}",
        args::PROGRAM,
        env!("CARGO_PKG_VERSION"),
        commit.unwrap_or("not recorded in this build")
    )
}

fn with_sha(sha: Option<&str>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match sha.filter(|sha| is_sha(sha)) {
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
        assert!(for_people(Some("5ce4fed")).ends_with("\ncommit: 5ce4fed"));
        for no_sha in [None, Some(""), Some("main"), Some("5ce4fed dirty"), Some("5ce4fe")] {
            assert_eq!(with_sha(no_sha), plain);
            assert!(for_people(no_sha).ends_with("\ncommit: not recorded in this build"));
        }
    }
}
