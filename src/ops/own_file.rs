//! A file that this process made and removes.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::mem;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use log::warn;

use super::janitor::Entrusted;

/// A file with a name. Dropped, it is removed, unless another one has taken its place: that of a successor, which starts
/// before we end.
#[derive(Debug)]
pub(super) struct OwnFile {
    path: PathBuf,
    device_and_inode: (u64, u64),
    /// It is removed when this is dropped.
    is_ours: bool,
}

impl OwnFile {
    /// The file at `path` with this metadata.
    pub(super) fn new(path: PathBuf, metadata: &Metadata) -> Self {
        Self {
            path,
            device_and_inode: identity(metadata),
            is_ours: true,
        }
    }

    /// Description by which another process can remove it.
    ///
    /// # Errors
    /// The current directory is needed and unknown.
    pub(super) fn entrusted(&self) -> io::Result<Entrusted> {
        let path = std::path::absolute(&self.path)?;
        let (directory, name) = path.parent().zip(path.file_name()).ok_or(ErrorKind::InvalidInput)?;
        let (device, inode) = self.device_and_inode;
        Ok(Entrusted {
            directory: directory.into(),
            name: name.into(),
            device,
            inode,
        })
    }

    /// It is not removed here any more. Its path.
    pub(super) fn let_go(mut self) -> PathBuf {
        self.is_ours = false;
        mem::take(&mut self.path)
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if self.is_ours && fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == self.device_and_inode)
        {
            match fs::remove_file(&self.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    warn!(path:% = self.path.display(), error:% = error;
                        "this file of ours stays behind; put it into a directory that the user of the process can write");
                }
                // One that is gone already is as good.
                Ok(()) | Err(_) => {}
            }
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
