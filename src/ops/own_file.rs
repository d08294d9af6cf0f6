//! A file that this process made and removes.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use log::warn;

use super::janitor::Entrusted;
use crate::files::{Identity, Spot};

/// A file with a name. Dropped, it is removed, unless another one has taken its place: that of a successor, which starts
/// before we end.
///
/// Its directory stays open: a link that another user puts in place of a directory above it does not redirect the removal.
#[derive(Debug)]
pub(super) struct OwnFile {
    spot: Spot,
    identity: Identity,
    /// Descriptor that prevents reuse of the inode, by which the file is recognized. `None` once another process removes the file.
    held: Option<File>,
}

impl OwnFile {
    /// The file that was opened there.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn new(spot: Spot, opened: File) -> io::Result<Self> {
        Ok(Self {
            spot,
            identity: Identity::from(&opened.metadata()?),
            held: Some(opened),
        })
    }

    /// Description by which another process can remove it.
    ///
    /// # Errors
    /// The path has no directory; the path of a created file always has one.
    pub(super) fn entrusted(&self) -> io::Result<Entrusted> {
        let path = self.spot.path();
        let directory = path.parent().map(Path::as_os_str);
        let (directory, name): (&OsStr, _) = directory.zip(path.file_name()).ok_or(ErrorKind::InvalidInput)?;
        let (device, inode) = self.identity.device_and_inode();
        Ok(Entrusted {
            directory: directory.into(),
            name: name.into(),
            device,
            inode,
        })
    }

    /// Leaves the removal to another process. Returns its path, and the file, which has to stay open until it is removed.
    pub(super) fn let_go(mut self) -> (PathBuf, Option<File>) {
        (self.spot.path(), self.held.take())
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if self.held.is_none() {
            return;
        }
        if let Err(error) = self.spot.remove_if(self.identity)
            && error.kind() != ErrorKind::NotFound
        {
            warn!(path:% = self.spot.path().display(), error:% = error;
                "file of tunnel-client not removed; put it into a directory that the user of the process can write");
        }
    }
}
