//! Access of a user to files as the kernel judges it: which files the user can replace or change.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::{getegid, geteuid, getgroups};

use super::walk::steps;
use crate::limits::SYMLINKS_MAX;

/// User and groups of a process. An access control list shows here only through the mode: the most that any named user or group has
/// (acl(5)). Whether this user is the named one is not known; that access counts as the group's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// User id.
    pub uid: u32,
    /// Ids of all its groups.
    pub groups: Vec<u32>,
}

/// A place on the way to a file that a user can replace or change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaceable {
    /// Path of the place.
    pub entry: PathBuf,
    /// File or directory that the user can write for that: the place itself, or its directory.
    pub by: PathBuf,
}

const STICKY: u32 = 0o1000;

impl Account {
    /// User and groups of this process.
    #[must_use]
    pub fn own() -> Self {
        let groups = getgroups().unwrap_or_default();
        Self {
            uid: geteuid().as_raw(),
            groups: groups.iter().chain([&getegid()]).map(|group| group.as_raw()).collect(),
        }
    }

    /// Whether the user is root, without capabilities.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// Finds the first place on the way to a file, or to a directory whose entries count, that this user can replace: an entry of a
    /// directory on the way that it can write, or the file itself. Links are followed as the kernel follows them. A missing path
    /// has such a place only in its existing directories. `reaches` says whether the process can write there at all.
    #[must_use]
    pub fn replaceable(&self, path: &Path, reaches: &dyn Fn(&Path) -> bool) -> Option<Replaceable> {
        let absolute = std::path::absolute(path).ok()?;
        let (mut at, mut links) = (PathBuf::from("/"), 0);
        let mut ahead: Vec<OsString> = steps(&absolute).collect();
        while let Some(step) = ahead.pop() {
            if step == ".." {
                at.pop();
                continue;
            }
            let next = at.join(&step);
            let (directory, entry) = (fs::metadata(&at).ok()?, fs::symlink_metadata(&next).ok());
            if self.exchanges(&directory, entry.as_ref()) && reaches(&at) {
                return Some(Replaceable { entry: next, by: at });
            }
            let entry = entry?;
            if entry.is_symlink() {
                links += 1;
                if links > SYMLINKS_MAX {
                    return None;
                }
                let target = fs::read_link(&next).ok()?;
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                ahead.extend(steps(&target));
            } else {
                at = next;
            }
        }
        let end = fs::metadata(&at).ok()?;
        (self.writes(&end) && reaches(&at)).then(|| Replaceable {
            entry: at.clone(),
            by: at,
        })
    }

    /// Whether the user can make files in this directory.
    #[must_use]
    pub fn makes_files_in(&self, directory: &Path) -> bool {
        fs::metadata(directory).is_ok_and(|found| found.is_dir() && self.writes(&found))
    }

    /// Whether the user can replace an entry of a directory, or add one.
    pub(super) fn exchanges(&self, directory: &Metadata, entry: Option<&Metadata>) -> bool {
        let is_owner = |found: &Metadata| found.uid() == self.uid;
        let is_spared =
            directory.mode() & STICKY != 0 && !is_owner(directory) && entry.is_some_and(|entry| !is_owner(entry));
        self.writes(directory) && !is_spared
    }

    /// Whether the user can read, at once or after a change of the mode, which an owner can make.
    pub(crate) fn reads(&self, found: &Metadata) -> bool {
        self.has(found, 0o4)
    }

    /// Whether the user can write, at once or after a change of the mode, which an owner can make.
    pub(crate) fn writes(&self, found: &Metadata) -> bool {
        self.has(found, 0o2)
    }

    /// Whether the user has this bit of its class, or owns the file.
    fn has(&self, found: &Metadata, bit: u32) -> bool {
        let class = match (found.uid() == self.uid, self.groups.contains(&found.gid())) {
            (true, _) => return true,
            (false, true) => bit << 3,
            (false, false) => bit,
        };
        found.mode() & class != 0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const EVERYWHERE: &dyn Fn(&Path) -> bool = &|_| true;

    fn tree(name: &str) -> PathBuf {
        let base = std::env::temp_dir().canonicalize().unwrap();
        let base = base.join(format!("tunnel-client-account-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        fs::create_dir_all(base.join("app/lib")).unwrap();
        fs::write(base.join("app/server"), "#!/bin/sh\n").unwrap();
        for (path, mode) in [("app", 0o755), ("app/lib", 0o755), ("app/server", 0o755), ("", 0o755)] {
            fs::set_permissions(base.join(path), Permissions::from_mode(mode)).unwrap();
        }
        base
    }

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn entry(account: &Account, path: &Path) -> Option<PathBuf> {
        account.replaceable(path, EVERYWHERE).map(|found| found.entry)
    }

    /// A user that owns nothing, in no group of a file here.
    fn stranger() -> Account {
        Account {
            uid: 4_000_000,
            groups: vec![4_000_000],
        }
    }

    #[test]
    fn an_owner_can_replace_its_files_and_a_stranger_only_what_all_may_write() {
        let base = tree("owner");
        let server = base.join("app/server");
        assert!(Account::own().replaceable(&server, EVERYWHERE).is_some());
        assert_eq!(entry(&stranger(), &server), None);
        mode(&server, 0o757);
        assert_eq!(entry(&stranger(), &server), Some(server.clone()));
        assert_eq!(stranger().replaceable(&server, &|_| false), None);
        mode(&server, 0o755);
        mode(&base.join("app"), 0o777);
        assert_eq!(entry(&stranger(), &server), Some(server.clone()));
        mode(&base.join("app"), 0o1777);
        assert_eq!(entry(&stranger(), &server), None);
        // A free name can be taken in a sticky directory, too.
        let free = base.join("app/not-there");
        assert_eq!(entry(&stranger(), &free), Some(free));
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn groups_count_and_so_does_the_way_of_every_link() {
        let base = tree("links");
        let group = fs::metadata(&base).unwrap().gid();
        let member = Account {
            groups: vec![group],
            ..stranger()
        };
        fs::create_dir(base.join("current")).unwrap();
        symlink("../app", base.join("current/link")).unwrap();
        let server = base.join("current/link/server");
        assert_eq!(entry(&member, &server), None);
        mode(&base.join("current"), 0o775);
        assert_eq!(entry(&member, &server), Some(base.join("current/link")));
        assert_eq!(entry(&stranger(), &server), None);
        mode(&base.join("current"), 0o755);
        mode(&base.join("app/lib"), 0o775);
        let lib = base.join("current/link/lib");
        assert_eq!(entry(&member, &lib), Some(base.join("app/lib")));
        fs::remove_dir_all(base).unwrap();
    }
}
