//! A file that this process made and removes.

use std::fs::File;
use std::io;

use log::warn;

use crate::files::{Identity, Spot};

/// A file with a name. Dropped, it is removed, unless another one has taken its place: that of a successor, which starts
/// before we end.
///
/// Its directory stays open: a link that somebody puts in place of a directory above it has nothing else removed.
#[derive(Debug)]
pub(super) struct OwnFile {
    spot: Spot,
    identity: Identity,
    /// Keeps the inode, by which the file is recognized, from being used again.
    _held: File,
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
            _held: opened,
        })
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if let Err(error) = self.spot.remove_if(self.identity)
            && error.kind() != io::ErrorKind::NotFound
        {
            warn!(path:% = self.spot.path().display(), error:% = error;
                "this file of ours stays behind; put it into a directory that the user of the process can write");
        }
    }
}
