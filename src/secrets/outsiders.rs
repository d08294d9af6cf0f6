//! Accounts that must not be able to change a file, or the target of a path: the user that stdio servers run as, when that is not
//! the client's own. The cage keeps a server of the client's own user from the client's files.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

use std::path::Path;

use crate::files::{self, Account};

const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITE: u32 = 0o020;

/// Accounts that must not be able to change a file, nor a link or directory that leads to it. The walk to the file judges each step,
/// so what was judged is what is read.
#[derive(Debug, Clone, Default)]
pub struct Outsiders(pub Vec<Account>);

impl Outsiders {
    /// Judges a file that was handed over as a descriptor: no directory decides what it is.
    pub(super) fn judge(&self, path: &Path, opened: &Metadata) -> Result<(), files::Error> {
        match self.0.iter().find(|account| account.writes(opened)) {
            None => Ok(()),
            Some(account) => Err(files::Error::Refused {
                path: path.to_owned(),
                fault: files::Fault::Changeable { uid: account.uid },
            }),
        }
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

    use super::*;
    use crate::secrets::read_trusted;

    fn account(uid: u32, groups: &[u32]) -> Account {
        Account {
            uid,
            groups: groups.to_vec(),
        }
    }

    /// The place by which the account may change it, as the message names it.
    fn changes(account: &Account, path: &Path) -> Option<PathBuf> {
        let outsiders = Outsiders(vec![account.clone()]);
        let error = read_trusted(path, 100, &outsiders).err()?.to_string();
        let place = error.split_once("can change it through ").unwrap().1;
        Some(place.split_once(';').unwrap().0.into())
    }

    #[test]
    fn the_first_place_that_an_account_may_change_is_found_through_links() {
        if !crate::needs::root() {
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
        // The directory of the file, by its owner, also at the end of a link.
        chown(base.join("real"), Some(4242), None).unwrap();
        for path in [&bundle, &link] {
            assert_eq!(changes(&other, path), Some(base.join("real")));
            assert_eq!(changes(&account(4343, &[4343]), path), None);
        }
        // The file, by its owner.
        chown(base.join("real"), Some(0), None).unwrap();
        chown(&bundle, Some(4242), None).unwrap();
        assert_eq!(changes(&other, &link), Some(bundle.clone()));
        let said = read_trusted(&bundle, 100, &Outsiders(vec![other]))
            .unwrap_err()
            .to_string();
        assert!(said.contains("user 4242") && said.contains("chmod go-w"), "{said}");
        // What its group can change is refused for everybody.
        chown(&bundle, Some(0), Some(4243)).unwrap();
        read_trusted(&bundle, 100, &Outsiders::default()).unwrap();
        mode(&bundle, 0o664);
        assert!(read_trusted(&bundle, 100, &Outsiders::default()).is_err());
        fs::remove_dir_all(base).unwrap();
    }
}
