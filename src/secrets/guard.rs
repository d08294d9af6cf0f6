//! Who may get at a file, by its use.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::geteuid;

use super::error::{Excess, Fault};
use crate::files::Rule;

/// What a file is used for; decides who else may get at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// It holds a secret: others must not read it, and neither they nor members of its group may change it.
    Secret,
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
    /// Judges an opened file, or an opened pipe. Its group may read a secret: that is how service managers and Kubernetes
    /// hand one to a user that is not root, and an access control list shows itself as the mode of the group.
    ///
    /// # Errors
    ///
    /// What is wrong; `path` only decides the words.
    pub(super) fn judge(self, path: &Path, metadata: &Metadata) -> Result<(), Fault> {
        let mode = metadata.mode() & 0o7777;
        let forbidden: &[(u32, Excess)] = match self {
            Self::Secret => &[
                (OTHERS_WRITE, Excess::OthersWrite),
                (GROUP_WRITE, Excess::GroupWrite),
                (OTHERS_READ, Excess::OthersRead),
            ],
            Self::Config => &[(OTHERS_WRITE, Excess::OthersWrite)],
            Self::Trust => &[(OTHERS_WRITE, Excess::OthersWrite), (GROUP_WRITE, Excess::GroupWrite)],
            Self::Report => &[],
        };
        match forbidden.iter().find(|(bit, _)| mode & bit != 0) {
            None => Ok(()),
            Some((_, excess)) => Err(Fault::Mode {
                excess: *excess,
                mode,
                enough: self.enough(metadata),
                kubernetes: is_kubernetes_volume(path),
            }),
        }
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
            Self::Secret if metadata.uid() != geteuid().as_raw() && metadata.mode() & GROUP_READ != 0 => 0o640,
            Self::Secret => 0o600,
        }
    }
}

/// The kubelet keeps a volume in a directory with a time in its name, which `..data` links to.
fn is_kubernetes_volume(path: &Path) -> bool {
    let volume = |directory: &Path| std::fs::symlink_metadata(directory.join("..data")).is_ok();
    path.parent().is_some_and(volume)
}
