//! Members of groups. A child of `files::groups`.

use super::Groups;
use crate::files::Trusted;

/// Whether only root and this user are in a group, by the texts of `/etc/passwd` and `/etc/group`; `own`: user and group of the process.
#[must_use]
pub fn is_private(users: &str, groups: &str, gid: u32, trusted: u32, own: (u32, u32)) -> bool {
    Groups::parse(users, groups).is_private(gid, Trusted::root().and(Some(trusted)), own)
}
