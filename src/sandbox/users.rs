//! Users and groups, from the files of the system: a static program has no other directory service.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::UserName;
use crate::limits::USER_FILE_MAX;
use crate::secrets::{self, FileError, Guard};

const USERS: &str = "/etc/passwd";
const GROUPS: &str = "/etc/group";

/// Who a process is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// The supplementary groups, the first one among them.
    pub(super) groups: Vec<u32>,
}

/// The number of a user, if there is such a user.
#[must_use]
pub fn uid_of(name: &UserName) -> Option<u32> {
    User::find(name).ok().map(|user| user.uid)
}

/// There is no such user.
#[derive(Debug)]
pub enum Error {
    /// One of the files cannot be read.
    File(&'static str, FileError),
    /// The name is not in [`USERS`].
    Unknown(String),
    /// The name is root's.
    Root(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{path}: {error}"),
            Self::Unknown(name) => write!(
                f,
                "there is no user {name} in {USERS}; create it, or write UID:GID (users of a directory service are not seen)"
            ),
            Self::Root(name) => write!(f, "user {name} has the number of root; name another"),
        }
    }
}

impl std::error::Error for Error {}

impl User {
    /// Looks a user up.
    pub(super) fn find(name: &UserName) -> Result<Self, Error> {
        match name {
            UserName::Ids(uid, gid) => Ok(Self::new(*uid, *gid, Vec::new())),
            UserName::Name(name) => {
                let (uid, gid) = entry(&read(USERS)?, name).ok_or_else(|| Error::Unknown(name.clone()))?;
                if uid == 0 || gid == 0 {
                    return Err(Error::Root(name.clone()));
                }
                Ok(Self::new(uid, gid, groups(&read(GROUPS)?, name)))
            }
        }
    }

    fn new(uid: u32, gid: u32, mut groups: Vec<u32>) -> Self {
        groups.retain(|group| *group != gid && *group != 0);
        groups.insert(0, gid);
        Self { uid, gid, groups }
    }
}

fn read(path: &'static str) -> Result<String, Error> {
    let contents =
        secrets::read(Path::new(path), USER_FILE_MAX, Guard::Config).map_err(|error| Error::File(path, error))?;
    Ok(String::from_utf8_lossy(&contents).into_owned())
}

/// `name:password:UID:GID:...` (passwd(5)).
fn entry(users: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields = users.lines().map(|line| line.split(':'));
    let mut fields = fields.find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
    let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
    (uid != u32::MAX && gid != u32::MAX).then_some((uid, gid))
}

/// `name:password:GID:member,member` (group(5)).
fn groups(groups: &str, member: &str) -> Vec<u32> {
    let of_line = |line: &str| {
        let mut fields = line.split(':').skip(2);
        let gid = fields.next()?.parse().ok()?;
        fields.next()?.split(',').any(|name| name == member).then_some(gid)
    };
    groups.lines().filter_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups_are_read_from_the_files_of_the_system() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\ntunnel:x:990:991::/:/bin/false\n";
        assert_eq!(entry(users, "tunnel"), Some((990, 991)));
        assert_eq!(entry(users, "tun"), None);
        assert_eq!(entry(users, "broken"), None);
        assert_eq!(
            groups("a:x:5:x,tunnel\nb:x:6:tunnelx\nc:x:7:tunnel\nd:x", "tunnel"),
            [5, 7]
        );
    }

    #[test]
    fn a_user_keeps_no_group_of_root() {
        let user = User::new(990, 991, vec![0, 991, 5]);
        assert_eq!(user.groups, [991, 5]);
    }
}
