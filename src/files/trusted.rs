//! Users who may decide which file a path leads to.

use std::fs;
use std::sync::OnceLock;

use rustix::process::geteuid;

/// The user of unmapped owners unless the kernel is configured otherwise (user_namespaces(7)).
const OVERFLOW_UID: u32 = 65534;

/// Root, and up to two other users.
#[derive(Debug, Clone, Copy)]
pub struct Trusted([Option<u32>; 2]);

impl Trusted {
    /// Root.
    #[must_use]
    pub const fn root() -> Self {
        Self([None; 2])
    }

    /// Root and the user of this process.
    #[must_use]
    pub fn ours() -> Self {
        Self([Some(geteuid().as_raw()), None])
    }

    /// Adds this user.
    #[must_use]
    pub const fn and(self, uid: Option<u32>) -> Self {
        Self([self.0[0], uid])
    }

    /// Whether the user is one of them.
    #[must_use]
    pub fn includes(self, uid: u32) -> bool {
        uid == 0 || self.0.contains(&Some(uid)) || Some(uid) == shown_for_root()
    }
}

/// The user that root's files seem to belong to in a user namespace without root (`bwrap`, `PrivateUsers=` of a user's service
/// manager). Root's files cannot be distinguished there from those of other unmapped users, and without them no system file could
/// be read; only the starter of this process can have made the namespace.
///
/// The first call must come before the sandbox closes `/proc`.
fn shown_for_root() -> Option<u32> {
    static UID: OnceLock<Option<u32>> = OnceLock::new();
    *UID.get_or_init(|| {
        let map = fs::read_to_string("/proc/self/uid_map").ok()?;
        (!maps_root(&map)).then(|| {
            let uid = fs::read_to_string("/proc/sys/kernel/overflowuid").ok();
            uid.and_then(|uid| uid.trim().parse().ok()).unwrap_or(OVERFLOW_UID)
        })
    })
}

/// Whether a map has a user 0; a map that cannot be parsed is taken to have it.
fn maps_root(map: &str) -> bool {
    map.lines().next().is_none()
        || map
            .lines()
            .any(|line| line.split_whitespace().next().is_none_or(|first| first == "0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_without_root_is_recognized_by_its_map() {
        assert!(maps_root("         0          0 4294967295\n"));
        assert!(maps_root("1000 1000 1\n0 100000 1\n"));
        assert!(!maps_root("      1000       1000          1\n"));
        assert!(maps_root(""));
    }

    #[test]
    fn root_is_always_trusted_and_others_only_when_named() {
        assert!(Trusted::root().includes(0) && !Trusted::root().includes(12345));
        assert!(Trusted::ours().includes(geteuid().as_raw()));
        assert!(Trusted::ours().and(Some(12345)).includes(12345));
    }
}
