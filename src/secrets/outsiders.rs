//! Accounts that must not be able to change a file, or the target of a path: the user that stdio servers run as, when that is not
//! the client's own. The cage keeps a server of the client's own user from the client's files.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::error::{Fault, FileError};
use crate::files::Account;

const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITE: u32 = 0o020;

/// Accounts that must not be able to change a file.
#[derive(Debug, Clone, Default)]
pub struct Outsiders(pub Vec<Account>);

impl Outsiders {
    /// Checks the file, and every link and directory that leads to it. The first of them that an outsider may change is reported,
    /// and cannot be swapped for another meanwhile, because the ones before it cannot be changed either.
    ///
    /// # Errors
    /// [`FileError::Exposed`] with the entry that an outsider may change, and the reason.
    pub fn judge(&self, path: &Path) -> Result<(), FileError> {
        for account in &self.0 {
            if let Some(found) = account.replaceable(path, &|_| true) {
                let fault = Fault::Changeable { uid: account.uid };
                return Err(FileError::Exposed { path: found.by, fault });
            }
        }
        Ok(())
    }
}

/// Whether only root may change a file or directory itself, by its owner and mode.
pub(crate) fn is_roots_alone(found: &Metadata) -> bool {
    found.uid() == 0 && found.mode() & (GROUP_WRITE | OTHERS_WRITE) == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
    use std::path::PathBuf;

    use rustix::process::geteuid;

    use super::*;

    fn account(uid: u32, groups: &[u32]) -> Account {
        Account {
            uid,
            groups: groups.to_vec(),
        }
    }

    fn changes(account: &Account, path: &Path) -> Option<PathBuf> {
        account.replaceable(path, &|_| true).map(|found| found.by)
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
        assert_eq!(changes(&other, &link), None);
        // The directory of a link, by its owner, though the file is root's.
        chown(base.join("theirs"), Some(4242), None).unwrap();
        assert_eq!(changes(&other, &link), Some(base.join("theirs")));
        assert_eq!(changes(&other, &bundle), None);
        // The file by its group; another group does not count.
        chown(&bundle, None, Some(4243)).unwrap();
        mode(&bundle, 0o664);
        assert_eq!(changes(&other, &bundle), Some(bundle.clone()));
        assert_eq!(changes(&account(4242, &[4242]), &bundle), None);
        // The directory of the file, by its group.
        mode(&bundle, 0o644);
        chown(base.join("real"), None, Some(4242)).unwrap();
        mode(&base.join("real"), 0o775);
        assert_eq!(changes(&other, &bundle), Some(base.join("real")));
        let said = Outsiders(vec![other]).judge(&bundle).unwrap_err().to_string();
        assert!(said.contains("user 4242") && said.contains("chmod go-w"), "{said}");
        Outsiders::default().judge(&bundle).unwrap();
        fs::remove_dir_all(base).unwrap();
    }
}
