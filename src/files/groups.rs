//! Members of groups, from the files of the system: whether a group has members who are not trusted.

use std::fs::File;
use std::io::Read as _;
use std::sync::OnceLock;

use rustix::process::{getegid, geteuid};

use super::trusted::Trusted;
use crate::limits::USER_FILE_MAX;

#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    //! Members of groups.

    use super::Groups;
    use crate::files::Trusted;

    /// Whether only root and this user are in a group, by the texts of `/etc/passwd` and `/etc/group`; `own`: user and group of the process.
    #[must_use]
    pub fn is_private(users: &str, groups: &str, gid: u32, trusted: u32, own: (u32, u32)) -> bool {
        Groups::parse(users, groups).is_private(gid, Trusted::root().and(Some(trusted)), own)
    }
}

/// Whether only trusted users are in a group, so that a directory that the group can write is as good as one that it cannot.
///
/// Such groups are root's, and the group of its own that most distributions give each user (with a mask of 002, home directories
/// are 0775 there). A group of a directory service is in neither file; it counts when it has the number of the user, as
/// such services number these groups (sssd.conf(5), `auto_private_groups`). An access control list of the directory is not
/// looked at: its owner made it.
pub(super) fn is_private(gid: u32, trusted: Trusted) -> bool {
    static GROUPS: OnceLock<Groups> = OnceLock::new();
    // Read before the sandbox closes these files: a key that is read again was read at start.
    let groups = GROUPS.get_or_init(|| Groups::parse(&read("/etc/passwd"), &read("/etc/group")));
    gid == 0 || groups.is_private(gid, trusted, (geteuid().as_raw(), getegid().as_raw()))
}

fn read(path: &str) -> String {
    let mut text = Vec::new();
    if let Ok(file) = File::open(path) {
        // Groups that are missing from a part are not private.
        let limit = u64::try_from(USER_FILE_MAX).unwrap_or(u64::MAX);
        let _ = file.take(limit).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[derive(Debug, Default)]
struct Groups {
    /// Numbers of the groups that the files know.
    listed: Vec<u32>,
    /// Group and member; `None` for a member who is not among the users.
    members: Vec<(u32, Option<u32>)>,
}

impl Groups {
    /// passwd(5) and group(5).
    fn parse(users: &str, groups: &str) -> Self {
        let users: Vec<(&str, u32, u32)> = users
            .lines()
            .filter_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next()?;
                Some((name, fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
            })
            .collect();
        let mut parsed = Self::default();
        parsed
            .members
            .extend(users.iter().map(|(_, uid, gid)| (*gid, Some(*uid))));
        for line in groups.lines() {
            let mut fields = line.split(':').skip(2);
            let Some(gid) = fields.next().and_then(|gid| gid.parse().ok()) else {
                continue;
            };
            parsed.listed.push(gid);
            let names = fields.next().unwrap_or_default().split(',').map(str::trim);
            for name in names.filter(|name| !name.is_empty()) {
                let user = users.iter().find(|(user, ..)| *user == name);
                parsed.members.push((gid, user.map(|(_, uid, _)| *uid)));
            }
        }
        parsed
    }

    fn is_private(&self, gid: u32, trusted: Trusted, (own_uid, own_gid): (u32, u32)) -> bool {
        let known = self.listed.contains(&gid) || (gid == own_gid && gid == own_uid);
        let mut members = self.members.iter().filter(|(group, _)| *group == gid);
        known && members.all(|(_, uid)| uid.is_some_and(|uid| trusted.includes(uid)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0::/root:/bin/sh\nann:x:1001:1001::/:/bin/sh\nbob:x:1002:100::/:/bin/sh\n\
                         cid:x:1003:100::/:/bin/sh\nbroken\n";
    const GROUPS: &str =
        "root:x:0:\nann:x:1001:\nusers:x:100:\nwheel:x:10:root\nops:x:20:ann,bob\nremote:x:30:dora\nempty:x:40:\n";

    #[test]
    fn a_group_is_private_when_every_known_member_is_trusted() {
        let groups = Groups::parse(USERS, GROUPS);
        let ann = Trusted::root().and(Some(1001));
        for (gid, private) in [
            (1001, true),
            (100, false),
            (10, true),
            (20, false),
            (30, false),
            (40, true),
            (77, false),
        ] {
            assert_eq!(groups.is_private(gid, ann, (1001, 1001)), private, "{gid}");
        }
    }

    #[test]
    fn a_group_of_a_directory_service_is_private_when_it_has_the_number_of_its_user() {
        let groups = Groups::parse(USERS, GROUPS);
        let dora = Trusted::root().and(Some(200_001));
        assert!(groups.is_private(200_001, dora, (200_001, 200_001)));
        assert!(!groups.is_private(200_513, dora, (200_001, 200_513)));
        assert!(!groups.is_private(200_001, dora, (200_001, 200_513)));
    }
}
