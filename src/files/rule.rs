//! Conditions under which a path is followed.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

use super::error::Fault;
use super::trusted::Trusted;
use super::walk::Directory;

const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITE: u32 = 0o020;
const STICKY: u32 = 0o1000;
const OTHERS_SEARCH: u32 = 0o001;

/// Conditions under which a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Follows only root's links, not those of this process's user.
    only_roots_links: bool,
    exchange: Exchange,
}

/// Users whose right to exchange a directory on the way is a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exchange {
    Nobody,
    Others,
    OthersAndGroup,
}

/// Users besides its owner who can make and exchange entries of a directory.
#[derive(Debug, Clone, Copy)]
struct Writers {
    others: bool,
    group: bool,
    /// They can make entries, but exchange only their own.
    sticky: bool,
}

impl Rule {
    /// Rule for a file that is read: others must not be able to exchange it. `group_counts` is for a file that its group must not
    /// change: the group could exchange the whole file instead. A group that may change a file may also exchange it.
    #[must_use]
    pub const fn reading(group_counts: bool) -> Self {
        Self {
            only_roots_links: false,
            exchange: if group_counts {
                Exchange::OthersAndGroup
            } else {
                Exchange::Others
            },
        }
    }

    /// Rule for a file that is created. Directories may belong to any user: without links, their owners can replace one only by
    /// directories that they can write to themselves.
    #[must_use]
    pub const fn creating() -> Self {
        Self {
            only_roots_links: true,
            exchange: Exchange::Nobody,
        }
    }

    /// Judges a directory on the way.
    pub(super) fn judge_directory(self, directory: &Directory) -> Result<(), Fault> {
        if self.exchange == Exchange::Nobody {
            return Ok(());
        }
        let (metadata, writers) = (directory.metadata(), self.writers(directory));
        let mode = metadata.mode() & 0o7777;
        match writers {
            Writers { sticky: true, .. } => Ok(()),
            Writers { others: true, .. } => Err(Fault::Directory { mode }),
            Writers { group: true, .. } => Err(Fault::GroupDirectory {
                mode,
                gid: metadata.gid(),
            }),
            _ => Ok(()),
        }
    }

    /// Judges an entry of a directory on the way. In a directory that others can write, even with the sticky bit, they can make a
    /// file or a link under a free name. So only entries of the directory's owner, root and ourselves count (as protected_symlinks
    /// in proc(5)).
    pub(super) fn judge_entry(self, directory: &Directory, entry: &Metadata) -> Result<(), Fault> {
        if self.exchange == Exchange::Nobody {
            return Ok(());
        }
        let (uid, owner) = (entry.uid(), directory.metadata().uid());
        let writers = self.writers(directory);
        let trusted = Trusted::ours().and(Some(owner)).includes(uid);
        if (writers.others || writers.group) && !trusted {
            Err(Fault::Owner { uid })
        } else {
            Ok(())
        }
    }

    /// Judges a symbolic link on the way: whether an untrusted user can exchange it, or made it.
    pub(super) fn judge_link(self, directory: &Directory, link: &Metadata) -> Result<(), Fault> {
        let trusted = match self.only_roots_links {
            true => Trusted::root(),
            false => Trusted::ours(),
        };
        let owner = directory.metadata().uid();
        if !trusted.includes(owner) {
            return Err(Fault::LinkDirectory { uid: owner });
        }
        let writers = Writers::of(directory, trusted);
        let shared = writers.others || writers.group;
        if shared && !writers.sticky {
            let mode = directory.metadata().mode() & 0o7777;
            return Err(Fault::LinkShared { mode });
        }
        if !trusted.includes(link.uid()) {
            return Err(Fault::Link { uid: link.uid() });
        }
        // Where hard links are not protected (proc(5)), others can give a trusted user's link a name of their choice. A link that
        // was replaced in between has no name left.
        if shared && link.nlink() > 1 {
            return Err(Fault::LinkNames);
        }
        Ok(())
    }

    /// Writers that count by this rule. The directory's owner may write it anyway.
    fn writers(self, directory: &Directory) -> Writers {
        let owner = directory.metadata().uid();
        let mut writers = Writers::of(directory, Trusted::ours().and(Some(owner)));
        writers.group &= self.exchange == Exchange::OthersAndGroup;
        writers
    }
}

/// Whether a directory keeps others from everything in it: they cannot search it, and its owner is trusted. Its group may search it,
/// as the group of a secret may read it.
pub(super) fn is_closed(directory: &Metadata) -> bool {
    directory.mode() & OTHERS_SEARCH == 0 && Trusted::ours().includes(directory.uid())
}

impl Writers {
    /// Writers other than `trusted` users. A read-only mount has none: volumes of Kubernetes are 0777 below it (ConfigMaps), or 2775
    /// for the group of the pod.
    fn of(directory: &Directory, trusted: Trusted) -> Self {
        let metadata = directory.metadata();
        let mode = metadata.mode();
        let open = mode & (OTHERS_WRITE | GROUP_WRITE) != 0 && !directory.is_on_read_only_mount();
        Self {
            others: open && mode & OTHERS_WRITE != 0,
            group: open && mode & GROUP_WRITE != 0 && !super::groups::is_private(metadata.gid(), trusted),
            sticky: mode & STICKY != 0,
        }
    }
}
