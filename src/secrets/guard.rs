//! Who may get at a file, by its use.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{StatVfsMountFlags, fstatvfs};
use rustix::process::geteuid;

use super::error::{Excess, Fault, Remedy};
use super::seclusion::{Accepted, Seclusion};
use crate::files::{Found, Rule};

/// What a file is used for; decides who else may get at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// It holds a secret: others must not read it, and neither they nor members of its group may change it. A mode that lets others
    /// read it is accepted where something else keeps them from it.
    Secret(Accepted),
    /// It decides what we do: others must not change it.
    Config,
    /// The file decides whom we trust: neither other users nor members of its group may change it.
    Trust,
    /// It only tells how another process is: nobody is kept out.
    Report,
}

const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;
const GROUP_READ: u32 = 0o040;
const GROUP_WRITE: u32 = 0o020;

impl Guard {
    /// Judges an opened file, or an opened pipe, that was found by `way`; none for a descriptor. Its group may read a secret: that is
    /// how service managers and Kubernetes hand one to a user that is not root, and an access control list shows itself as the mode
    /// of the group. Returns what keeps others from a secret that its mode lets them read.
    ///
    /// # Errors
    ///
    /// What is wrong; `path` only decides the words.
    pub(super) fn judge(
        self,
        path: &Path,
        way: Option<&Found>,
        (file, metadata): (&File, &Metadata),
    ) -> Result<Option<Seclusion>, Fault> {
        let mode = metadata.mode() & 0o7777;
        let forbidden: &[(u32, Excess)] = match self {
            Self::Secret(_) => &[(OTHERS_WRITE, Excess::OthersWrite), (GROUP_WRITE, Excess::GroupWrite)],
            Self::Config => &[(OTHERS_WRITE, Excess::OthersWrite)],
            Self::Trust => &[(OTHERS_WRITE, Excess::OthersWrite), (GROUP_WRITE, Excess::GroupWrite)],
            Self::Report => &[],
        };
        // Nothing can be changed through a read-only mount; it can be read.
        let is_read_only = || fstatvfs(file).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY));
        let fault = |excess, open| Fault::Mode {
            excess,
            mode,
            open,
            remedy: match (is_kubernetes_volume(path), is_read_only()) {
                (true, _) => Remedy::Kubernetes,
                (false, true) => Remedy::Container,
                (false, false) => Remedy::Chmod(self.enough(metadata)),
            },
        };
        let excess = forbidden
            .iter()
            .find(|(bit, _)| mode & bit != 0)
            .map(|(_, excess)| *excess);
        let seclusion = match (self, excess) {
            // Another mount may have the file, too, and let it be changed.
            (Self::Secret(accepted), Some(excess)) if is_read_only() => {
                Seclusion::from_changes(way, (file, metadata), accepted).map_err(|open| fault(excess, Some(open)))?
            }
            (_, Some(excess)) => return Err(fault(excess, None)),
            (Self::Secret(accepted), None) if mode & OTHERS_READ != 0 => {
                Seclusion::of(way, (file, metadata), self.rule(), accepted)
                    .map_err(|open| fault(Excess::OthersRead, Some(open)))?
            }
            (_, None) => return Ok(None),
        };
        Ok(Some(seclusion))
    }

    /// The way to the file: a group that must not change the file must not exchange it either.
    pub(super) fn rule(self) -> Rule {
        Rule::reading(!matches!(self, Self::Config | Self::Report))
    }

    /// The mode to set. A secret of somebody else is read by way of its group.
    fn enough(self, metadata: &Metadata) -> u32 {
        match self {
            Self::Config | Self::Report => metadata.mode() & 0o777 & !OTHERS_WRITE,
            Self::Trust => metadata.mode() & 0o777 & !(OTHERS_WRITE | GROUP_WRITE),
            Self::Secret(_) if metadata.uid() != geteuid().as_raw() && metadata.mode() & GROUP_READ != 0 => 0o640,
            Self::Secret(_) => 0o600,
        }
    }
}

/// The kubelet keeps a volume in a directory with a time in its name, which `..data` links to.
fn is_kubernetes_volume(path: &Path) -> bool {
    let volume = |directory: &Path| std::fs::symlink_metadata(directory.join("..data")).is_ok();
    path.parent().is_some_and(volume)
}
