//! How many connections the process can hold: each is a file descriptor.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{limits, log};

/// Raises the soft limit of descriptors to the hard one, and returns how many connections fit below it, at most `most`.
pub(super) fn places(most: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Refused by a sandbox: what there is must do.
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let places = fitting(current, most);
    if places < most {
        log::warn(
            "few connections fit below the limit of open files; raise it (ulimit -n, LimitNOFILE=)",
            &[("connections", &places)],
        );
    }
    places
}

/// How many connections fit into so many descriptors; none is no limit. At least one: a relay that serves nobody
/// would only look as if it ran.
fn fitting(descriptors: Option<u64>, most: usize) -> usize {
    let descriptors = descriptors.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    descriptors.saturating_sub(limits::OWN_DESCRIPTORS).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_relay_itself() {
        assert_eq!(fitting(None, limits::CONNECTIONS), limits::CONNECTIONS);
        assert_eq!(fitting(Some(1 << 20), limits::CONNECTIONS), limits::CONNECTIONS);
        assert_eq!(fitting(Some(1024), limits::CONNECTIONS), 1024 - limits::OWN_DESCRIPTORS);
        assert_eq!(fitting(Some(3), limits::CONNECTIONS), 1);
    }
}
