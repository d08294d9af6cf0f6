//! Accounts that must not be able to change a file, or what a path leads to: the user that stdio servers run as, when that is not
//! the client's own. A server of the client's own user is kept from its files by its cage.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::io::Errno;

use super::error::{Fault, FileError};
use crate::limits::SYMLINKS_MAX;

const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITE: u32 = 0o020;
const STICKY: u32 = 0o1000;

/// A user with its groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub uid: u32,
    /// All its groups.
    pub groups: Vec<u32>,
}

/// Accounts that must not be able to change a file.
#[derive(Debug, Clone, Default)]
pub struct Outsiders(pub Vec<Account>);

impl Outsiders {
    /// Looks at the file, at every link and at every directory that leads to it. The first of them that an outsider may change
    /// stays: it cannot be swapped for another behind our back, because all before it cannot be changed either.
    ///
    /// # Errors
    /// [`FileError::Exposed`] with what an outsider may change, and why.
    pub fn judge(&self, path: &Path) -> Result<(), FileError> {
        for account in &self.0 {
            if let Some(path) = account.changes(path)? {
                let fault = Fault::Changeable { uid: account.uid };
                return Err(FileError::Exposed { path, fault });
            }
        }
        Ok(())
    }
}

impl Account {
    /// The first of what decides what is in a file that this user may change: a directory, a link, the file.
    ///
    /// # Errors
    /// The path leads nowhere.
    pub fn changes(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        let mut at = PathBuf::from("/");
        let mut ahead: Vec<OsString> = steps(&std::path::absolute(path)?).collect();
        let mut links = 0;
        while let Some(step) = ahead.pop() {
            if step == ".." {
                at.pop();
                continue;
            }
            let next = at.join(step);
            let found = std::fs::symlink_metadata(&next)?;
            if self.may_change(&found) {
                return Ok(Some(next));
            }
            if !found.is_symlink() {
                at = next;
                continue;
            }
            links += 1;
            if links > SYMLINKS_MAX {
                return Err(Errno::LOOP.into());
            }
            let target = std::fs::read_link(&next)?;
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            ahead.extend(steps(&target));
        }
        Ok(None)
    }

    /// An owner may give itself the right to write. In a directory with a sticky bit only the owner of an entry may exchange it, and
    /// that one is judged next. The mode of a link means nothing: who may exchange it, its directory says.
    fn may_change(&self, found: &Metadata) -> bool {
        let mode = found.mode();
        let is_owner = found.uid() == self.uid;
        if self.uid == 0 || is_owner {
            return true;
        }
        let needed = match self.groups.contains(&found.gid()) {
            true => GROUP_WRITE,
            false => OTHERS_WRITE,
        };
        let is_sticky = found.is_dir() && mode & STICKY != 0;
        mode & needed != 0 && !is_sticky && !found.is_symlink()
    }
}

/// The names in a path, the last one first.
fn steps(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    })
}

/// Whether nobody but root may change a file or directory itself, by its owner and mode.
pub(crate) fn is_roots_alone(found: &Metadata) -> bool {
    found.uid() == 0 && found.mode() & (GROUP_WRITE | OTHERS_WRITE) == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use rustix::process::geteuid;

    use super::*;

    fn account(uid: u32, groups: &[u32]) -> Account {
        Account {
            uid,
            groups: groups.to_vec(),
        }
    }

    #[test]
    fn the_first_place_that_an_account_may_change_is_found_through_links() {
        if !geteuid().is_root() {
            return;
        }
        let base = std::env::temp_dir().canonicalize().unwrap();
        let base = base.join(format!("tunnel-client-outsiders-{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        fs::create_dir_all(base.join("real")).unwrap();
        fs::create_dir_all(base.join("theirs")).unwrap();
        let (bundle, link) = (base.join("real/ca.pem"), base.join("theirs/ca.pem"));
        fs::write(&bundle, "x").unwrap();
        symlink("../real/ca.pem", &link).unwrap();
        let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        for (path, bits) in [
            (&base, 0o755),
            (&base.join("real"), 0o755),
            (&base.join("theirs"), 0o755),
        ] {
            mode(path, bits);
        }
        mode(&bundle, 0o644);
        let other = account(4242, &[4242, 4243]);
        assert_eq!(other.changes(&link).unwrap(), None);
        // The directory of a link, by its owner, though the file is root's.
        chown(base.join("theirs"), Some(4242), None).unwrap();
        assert_eq!(other.changes(&link).unwrap(), Some(base.join("theirs")));
        assert_eq!(other.changes(&bundle).unwrap(), None);
        // The file by its group; another group does not count.
        chown(&bundle, None, Some(4243)).unwrap();
        mode(&bundle, 0o664);
        assert_eq!(other.changes(&bundle).unwrap(), Some(bundle.clone()));
        assert_eq!(account(4242, &[4242]).changes(&bundle).unwrap(), None);
        // The directory of the file, by its group.
        mode(&bundle, 0o644);
        chown(base.join("real"), None, Some(4242)).unwrap();
        mode(&base.join("real"), 0o775);
        assert_eq!(other.changes(&bundle).unwrap(), Some(base.join("real")));
        let said = Outsiders(vec![other]).judge(&bundle).unwrap_err().to_string();
        assert!(said.contains("user 4242") && said.contains("chmod go-w"), "{said}");
        Outsiders::default().judge(&bundle).unwrap();
        fs::remove_dir_all(base).unwrap();
    }
}
